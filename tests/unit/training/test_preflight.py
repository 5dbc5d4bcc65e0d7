"""What sample episodes show before training begins."""

from dataclasses import replace
from pathlib import Path

import pytest
import torch

from agentrl.agents.tokens import TokenSequence
from agentrl.episode import Episode, Failure, Generation, Sampling, Status, StopReason, Turn
from agentrl.models.scratch import build_checkpoint
from agentrl.models.transformers.load import load_model
from agentrl.suite.model import Scratch, TransformersSpec
from agentrl.suite.spec import SuiteSpec
from agentrl.suite.train import TrainSpec
from agentrl.task import Task
from agentrl.training.collect import Group
from agentrl.training.policy import Policy
from agentrl.training.preflight.checks import (
    check_episodes,
    check_expert,
    check_gap,
    check_mask,
    check_parser,
    check_prefix,
    check_rewards,
)
from agentrl.training.preflight.finding import Finding, Verdict
from agentrl.training.preflight.room import Need, available_bytes, check_memory, estimate
from agentrl.training.sample import Batch, Sample, Trajectory

OK, WARNING, PROBLEM = Verdict


def suite(**train: object) -> SuiteSpec:
    return SuiteSpec.model_validate(
        {
            "name": "counter",
            "env": {"id": "agentrl.testing.worlds:agentrl-testing/Counter-v0"},
            "tasks": {"inline": [{"id": "a"}]},
            "agent": {"model": {"backend": "scripted", "answers": ["up"]}},
            "train": train,
        }
    )


def episode(
    reward: float = 1.0, *, status: Status = Status.OK, parsed: bool = True, **changes: object
) -> Episode:
    generation = Generation("I would go up", "stop", model="m", sampling=Sampling())
    turn = Turn(
        "where?",
        "up",
        (generation,),
        signals={} if parsed else {"format_ok": 0.0},
        terms={"success": reward},
    )
    made = Episode(
        id="e",
        task_id="a",
        group_id="g",
        seed=0,
        agent="llm",
        status=status,
        stop_reason=StopReason.TERMINATED,
        turns=(turn,),
        outcome={"success": reward},
    )
    return replace(made, **changes)  # type: ignore[arg-type]


def group(*rewards: float) -> Group:
    return Group("g", Task(id="a"), tuple(episode(reward) for reward in rewards))


def batch(*samples: tuple[str, tuple[tuple[int, ...] | None, ...]]) -> Batch:
    """Return samples of one prompt token and one sampled token for each set of allowed ids."""
    made = tuple(
        Sample(
            name,
            TokenSequence(
                token_ids=(5,) * (1 + len(allowed)),
                sampled=(False, *(True for _ in allowed)),
                logprobs=(0.0,) * (1 + len(allowed)),
                allowed=(None, *allowed),
                turns=(0,) * (1 + len(allowed)),
            ),
            Sampling(),
        )
        for name, allowed in samples
    )
    names = dict.fromkeys(sample.episode_id for sample in made)
    return Batch(tuple(Trajectory(name, "g", (1.0,)) for name in names), made)


def assert_helps(finding: Finding, verdict: Verdict, says: str) -> None:
    assert finding.verdict is verdict, finding
    assert says in finding.says
    assert bool(finding.remedy) == (verdict is not Verdict.OK)


def test_episodes_that_ended_are_well() -> None:
    assert_helps(check_episodes([episode(), episode()], suite()), OK, "of 2, 2 ok")


def test_an_environment_that_never_works_is_a_problem_and_shows_its_error() -> None:
    failed = episode(status=Status.INFRA_FAILED, error=Failure("EnvError", "the door is stuck"))
    assert_helps(check_episodes([failed], suite()), PROBLEM, "the door is stuck")
    assert_helps(check_episodes([failed, episode()], suite()), WARNING, "1 infra_failed")


def test_episodes_that_all_end_at_a_limit_are_a_warning_unless_an_expert_teaches_first() -> None:
    cut = episode(status=Status.TRUNCATED)
    assert_helps(check_episodes([cut], suite()), WARNING, "none came to an end by itself")
    assert_helps(check_episodes([cut, episode()], suite()), OK, "1 truncated")
    assert_helps(check_episodes([cut], suite(sft={})), OK, "1 truncated")


def test_a_parser_that_never_fires_is_told_with_an_answer() -> None:
    finding = check_parser([episode(parsed=False)], suite())
    assert_helps(finding, WARNING, "'plain' read 0 of 1 answers, such as 'I would go up'")
    assert_helps(check_parser([episode(), episode(parsed=False)], suite()), OK, "1 of 2")


def test_an_expert_that_is_misread_or_fails_cannot_teach() -> None:
    assert_helps(check_expert([episode(), episode(0.0)]), OK, "solved 1 of 2 tasks")
    assert_helps(check_expert([episode(parsed=False)]), PROBLEM, "was not understood")
    assert_helps(check_expert([episode(0.0)]), PROBLEM, "solved 0 of 1 tasks")


def test_tokens_without_alternative_teach_nothing() -> None:
    assert_helps(
        check_mask(batch(("a", (None, (5, 6), (5,))))), OK, "3 of 4 tokens were sampled, 2"
    )
    assert_helps(check_mask(batch(("a", ((5,), (5,))))), PROBLEM, "0 of them with an alternative")


def test_an_episode_in_pieces_breaks_the_prefix_property() -> None:
    assert_helps(check_prefix(batch(("a", (None,)), ("b", (None,)))), OK, "one sequence")
    pieces = batch(("a", (None,)), ("a", (None,)), ("b", (None,)))
    assert_helps(check_prefix(pieces), WARNING, "1 of 2 episodes fall into several")


def test_rewards_that_never_differ_are_a_warning() -> None:
    assert_helps(check_rewards([group(0, 1), group(1, 1)], suite()), OK, "within 1 of 2 tasks")
    assert_helps(check_rewards([group(0, 0), group(1, 1)], suite()), WARNING, "within 0 of 2")
    assert_helps(check_rewards([group(0, 0)], suite(sft={})), OK, "before supervised training")


def test_a_sampler_with_other_weights_is_a_problem() -> None:
    sampler = torch.tensor([-1.0, -2.0])
    assert_helps(check_gap(sampler + 1e-4, sampler, 0.01), OK, "over 2 tokens")
    finding = check_gap(sampler + 0.5, sampler, 0.01)
    assert_helps(finding, PROBLEM, "5.0e-01 on average, 5.0e-01 at most")
    assert check_gap(sampler + torch.nan, sampler, 0.01).verdict is PROBLEM


def test_what_does_not_fit_is_told_before_it_is_tried() -> None:
    need = Need(state=4_000_000_000, activations=2_000_000_000)
    assert_helps(check_memory(need, 10**10), OK, "4.0 GB")
    assert_helps(check_memory(need, 5 * 10**9), WARNING, "5.0 GB are free")
    assert_helps(check_memory(need, 3 * 10**9), PROBLEM, "3.0 GB are free")
    assert_helps(check_memory(need, None), OK, "not told here")


@pytest.fixture(scope="module")
def policy(tmp_path_factory: pytest.TempPathFactory) -> Policy:
    folder = build_checkpoint(
        tmp_path_factory.mktemp("preflight") / "model",
        ["up and down"],
        Scratch(hidden_size=32, layers=2, vocabulary=300),
    )
    spec = TransformersSpec(backend="transformers", checkpoint=str(folder), threads=1)
    return Policy(load_model(Path(folder), spec))


def test_the_optimiser_s_state_is_counted_exactly(policy: Policy) -> None:
    size = sum(parameter.numel() * 4 for parameter in policy.parameters())
    one = batch(("a", (None,)))

    def state(**train: object) -> int:
        return estimate(policy, one, TrainSpec.model_validate(train)).state

    assert state() == 3 * size  # a gradient and two moments
    assert state(loss={"kl": "loss"}) == 4 * size  # and a reference
    assert state(algorithm="ppo") == 8 * size  # and a critic that learns
    assert state(algorithm="ppo", critic={"trunk": "shared"}) == 4 * size


def test_longer_passes_need_more_memory(policy: Policy) -> None:
    one = batch(("a", (None,)))
    short, long = (
        estimate(policy, one, TrainSpec(tokens_per_pass=tokens)).activations
        for tokens in (1000, 2000)
    )
    assert long == pytest.approx(2 * short)


def test_free_memory_is_positive_and_less_than_there_is() -> None:
    free = available_bytes(torch.device("cpu"))
    assert free is None or 0 < free < 1e15
