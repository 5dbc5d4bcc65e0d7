"""Loading the policy as a suite says."""

from pathlib import Path

import pytest
import torch
from transformers.modeling_layers import GradientCheckpointingLayer

from agentrl.errors import CheckpointError
from agentrl.models.scratch import build_checkpoint
from agentrl.suite import load_suite
from agentrl.suite.model import Scratch
from agentrl.training.load import load_policy, load_reference
from agentrl.training.lora import AdaptedPolicy
from agentrl.training.plan import Plan
from agentrl.training.policy import Policy

SUITE = """\
name: counting
env: {id: "agentrl.testing.worlds:agentrl-testing/Counter-v0"}
tasks: {inline: [{id: a}]}
agent: {model: {backend: transformers, checkpoint: MODEL}}
train: {steps: 1}
"""


@pytest.fixture(scope="module")
def checkpoint(tmp_path_factory: pytest.TempPathFactory) -> Path:
    return build_checkpoint(
        tmp_path_factory.mktemp("load") / "model",
        ["up and down"],
        Scratch(hidden_size=32, layers=2, vocabulary=300),
    )


def plan(checkpoint: Path, *overrides: str) -> Plan:
    path = checkpoint.parent / "suite.yaml"
    path.write_text(SUITE.replace("MODEL", str(checkpoint)))
    return Plan(load_suite(path, overrides), ())


def gradients(policy: Policy) -> tuple[list[torch.Tensor], int]:
    """Return the gradients of a loss, and how often a layer was computed for them."""
    computed = 0

    def count(*_: object) -> None:
        nonlocal computed
        computed += 1

    for module in policy.model.modules():
        if isinstance(module, GradientCheckpointingLayer):
            module.register_forward_pre_hook(count)
    ids = torch.tensor([[5, 6, 7, 8, 9]])
    policy.model(input_ids=ids, use_cache=False).logits.log_softmax(-1)[..., 3].sum().backward()
    return [p.grad for p in policy.parameters() if p.grad is not None], computed


def test_gradient_checkpointing_computes_layers_twice_for_the_same_gradient(
    checkpoint: Path,
) -> None:
    kept, once = gradients(load_policy(checkpoint, plan(checkpoint)))
    again, twice = gradients(
        load_policy(checkpoint, plan(checkpoint, "policy.gradient_checkpointing=true"))
    )
    assert (once, twice) == (2, 4)
    for one, other in zip(kept, again, strict=True):
        torch.testing.assert_close(one, other)


def test_adapters_learn_with_gradient_checkpointing_too(checkpoint: Path) -> None:
    policy = load_policy(
        checkpoint, plan(checkpoint, "policy.lora={rank: 2}", "policy.gradient_checkpointing=true")
    )
    assert isinstance(policy, AdaptedPolicy)
    found, twice = gradients(policy)
    assert twice == 4
    assert any(bool(gradient.any()) for gradient in found)


def test_bfloat16_arithmetic_leaves_weights_and_gradients_in_float32(checkpoint: Path) -> None:
    exact = load_policy(checkpoint, plan(checkpoint))
    coarse = load_policy(checkpoint, plan(checkpoint, "policy.autocast=bfloat16"))
    one, other = (torch.tensor(p.logprobs((5, 6), (7, 8, 9))) for p in (exact, coarse))
    assert not torch.equal(one, other)
    torch.testing.assert_close(one, other, atol=0.05, rtol=0)
    assert {p.dtype for p in coarse.parameters()} == {torch.float32}


def test_a_reference_has_no_adapters(checkpoint: Path) -> None:
    reference = load_reference(checkpoint, plan(checkpoint, "policy.lora={rank: 2}"))
    assert not any("lora" in name for name in reference.model.state_dict())


def test_a_tokenizer_without_template_is_refused(checkpoint: Path, tmp_path: Path) -> None:
    for file in checkpoint.iterdir():
        if file.name != "chat_template.jinja":
            (tmp_path / file.name).write_bytes(file.read_bytes())
    with pytest.raises(CheckpointError, match="chat template"):
        load_policy(tmp_path, plan(tmp_path))
