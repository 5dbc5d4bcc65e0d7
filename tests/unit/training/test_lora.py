"""Adapters that learn, while the rest of the model stands still."""

from pathlib import Path

import pytest
import torch
from transformers import AutoModelForCausalLM

from agentrl.agents.tokens import TokenSequence
from agentrl.episode import Sampling
from agentrl.errors import SuiteError
from agentrl.models.scratch import build_checkpoint
from agentrl.models.transformers.load import load_model
from agentrl.suite.model import Scratch, TransformersSpec
from agentrl.suite.train import LoraSpec, TrainSpec
from agentrl.training.learner import Learner
from agentrl.training.lesson import Lesson
from agentrl.training.lora import AdaptedPolicy
from agentrl.training.metrics import Metrics
from agentrl.training.sample import Batch, Sample, Trajectory

PROMPT, ANSWER = (5, 6, 7), (8, 9, 10, 11)


@pytest.fixture(scope="module")
def checkpoint(tmp_path_factory: pytest.TempPathFactory) -> Path:
    return build_checkpoint(
        tmp_path_factory.mktemp("lora") / "model",
        ["up and down"],
        Scratch(hidden_size=32, layers=2, vocabulary=300),
    )


def policy(checkpoint: Path, spec: LoraSpec | None = None) -> AdaptedPolicy:
    model = TransformersSpec(backend="transformers", checkpoint=str(checkpoint), threads=1)
    return AdaptedPolicy(load_model(checkpoint, model), spec=spec or LoraSpec(rank=4))


def lesson() -> Lesson:
    tokens = TokenSequence(
        token_ids=PROMPT + ANSWER,
        sampled=(False,) * 3 + (True,) * 4,
        logprobs=(0.0,) * 3 + (-5.6,) * 4,
        allowed=(None,) * 7,
        turns=(0,) * 7,
    )
    trajectories = (Trajectory("a", "g", (1.0,)), Trajectory("b", "g", (0.0,)))
    samples = (Sample("a", tokens, Sampling()), Sample("b", tokens, Sampling()))
    return Lesson(Batch(trajectories, samples), trajectories)


def learn(policy: AdaptedPolicy, learner: Learner | None = None, step: int = 1) -> Learner:
    spec = TrainSpec.model_validate(
        {
            "algorithm": "reinforce",
            "optimiser": {"lr": 0.01},
            "loss": {"old_logprobs": "trainer"},
        }
    )
    learner = learner or Learner(policy, spec)
    learner.learn(lesson(), spec, step, Metrics())
    return learner


def test_fresh_adapters_change_nothing(checkpoint: Path) -> None:
    plain = AutoModelForCausalLM.from_pretrained(checkpoint).state_dict()
    adapted = policy(checkpoint).state_dict()
    assert adapted.keys() == plain.keys()
    for name, value in plain.items():
        assert torch.equal(adapted[name], value), name


def test_only_the_adapters_learn(checkpoint: Path) -> None:
    learner = policy(checkpoint)
    count = sum(parameter.numel() for parameter in learner.parameters())
    assert 0 < count < sum(p.numel() for p in learner.model.parameters()) / 2
    before = {name: value.clone() for name, value in learner.model.state_dict().items()}
    likely = sum(learner.logprobs(PROMPT, ANSWER))
    learn(learner)
    assert sum(learner.logprobs(PROMPT, ANSWER)) > likely
    for name, value in learner.model.state_dict().items():
        if ".lora_" not in name:
            assert torch.equal(value, before[name]), name


def test_what_is_saved_is_one_ordinary_model_that_says_the_same(
    checkpoint: Path, tmp_path: Path
) -> None:
    learner = policy(checkpoint)
    learn(learner)
    learner.save(tmp_path)
    assert not list(tmp_path.glob("adapter*"))
    model = AutoModelForCausalLM.from_pretrained(tmp_path)
    ids = torch.tensor([[*PROMPT, *ANSWER]])
    with torch.no_grad():
        scores = model(ids).logits[0, 2:-1].log_softmax(-1)
    merged = scores.gather(1, ids[0, 3:].unsqueeze(1)).squeeze(1)
    expected = torch.tensor(learner.logprobs(PROMPT, ANSWER))
    torch.testing.assert_close(merged, expected, atol=1e-4, rtol=0)
    for name, value in learner.state_dict().items():
        assert torch.equal(model.state_dict()[name], value), name


def test_it_goes_on_from_a_checkpoint_bit_for_bit(checkpoint: Path) -> None:
    whole = policy(checkpoint)
    learn(whole, learn(whole), step=2)

    first = policy(checkpoint)
    state = learn(first).state()
    second = policy(checkpoint)
    learner = Learner(second, TrainSpec.model_validate({"optimiser": {"lr": 0.01}}))
    learner.restore(state)
    learn(second, learner, step=2)
    for name, value in whole.state_dict().items():
        assert torch.equal(second.state_dict()[name], value), name


def test_the_seed_decides_the_first_adapters(checkpoint: Path) -> None:
    model = TransformersSpec(backend="transformers", checkpoint=str(checkpoint), threads=1)
    first, again, other = (
        AdaptedPolicy(load_model(checkpoint, model), spec=LoraSpec(rank=4), seed=seed).adapters()
        for seed in (1, 1, 2)
    )
    assert all(torch.equal(first[name], again[name]) for name in first)
    assert not all(torch.equal(first[name], other[name]) for name in first)


def test_targets_that_no_layer_has_are_refused(checkpoint: Path) -> None:
    with pytest.raises(SuiteError, match=r"policy\.lora\.targets: .*nonsense"):
        policy(checkpoint, LoraSpec(targets=("nonsense",)))
