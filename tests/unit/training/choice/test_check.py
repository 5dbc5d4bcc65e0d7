"""What cannot be asked of the training of a choice policy."""

import importlib.util
from pathlib import Path

import pytest

from agentrl.agents.choice.layout import Layout
from agentrl.agents.choice.policy import scratch_policy
from agentrl.episode import Episode, Status, StopReason
from agentrl.errors import MissingDependencyError, SuiteError, UsageError
from agentrl.suite import load_suite
from agentrl.training.choice import check
from agentrl.training.plan import Plan, check_training

SUITE = """\
name: counter
env: {id: "agentrl.testing.worlds:agentrl-testing/Counter-v0"}
tasks: {inline: [{id: a}]}
agent: {kind: choice}
train: {steps: 1}
"""


def plan(folder: Path, *overrides: str) -> Plan:
    path = folder / "suite.yaml"
    path.write_text(SUITE)
    return check_training(load_suite(path, overrides))


def test_a_choice_policy_can_be_trained_by_any_algorithm_without_a_critic(tmp_path: Path) -> None:
    for algorithm in ("grpo", "rloo", "reinforce_pp", "remax", "dapo", "sep_cma_es"):
        assert plan(tmp_path, f"train.algorithm={algorithm}").chooses


@pytest.mark.parametrize(
    ("overrides", "complaint"),
    [
        (["train.sft={}"], "suite.yaml:5: train.sft: supervised training makes texts likelier"),
        (["train.algorithm=concurrent_il"], "an expert's texts cannot be imitated"),
        (["train.algorithm=ppo"], "take an algorithm that compares episodes"),
        (["train.staleness=1"], "there is nothing to overlap: leave it at 0"),
        (["agent.sampling.temperature=0"], "raise it above 0, or take train.algorithm sep_cma_es"),
        (["train.algorithm=sep_cma_es", "train.sampler.kind=adaptive"], "take 'uniform'"),
        (["agent.parser=fenced"], "agent.parser: it would have no effect"),
        (["agent.sampling.top_k=3"], "it needs a language model"),
        (["policy.engine=vllm"], "policy.engine: it would have no effect"),
        (["train.algorithm=sep_cma_es", "train.loss.entropy=0.1"], "that follows gradients"),
        (["train.evolution.sigma=1"], "it needs train.algorithm: sep_cma_es"),
        (["env={id: agentrl/Conductor-v0}"], "env.options.env: missing"),
        (
            ["agent.choice={checkpoint: nowhere}"],
            "agent.choice.checkpoint: nowhere holds no choice",
        ),
        (["agent.choice={checkpoint: a, scratch: {}}"], "give 'checkpoint' or 'scratch', not both"),
    ],
)
def test_what_does_not_apply_is_said_at_once(
    tmp_path: Path, overrides: list[str], complaint: str
) -> None:
    with pytest.raises(SuiteError, match=complaint):
        plan(tmp_path, *overrides)


def test_an_environment_without_legal_actions_is_refused(tmp_path: Path) -> None:
    with pytest.raises(SuiteError, match=r"agent.kind: .* CodeEnv lists none"):
        plan(tmp_path, "env={id: agentrl/Code-v0}")


def test_a_checkpoint_of_other_facts_is_refused(tmp_path: Path) -> None:
    scratch_policy(Layout(("price",)), 4).save(tmp_path)

    with pytest.raises(SuiteError, match="CounterEnv does not tell price"):
        plan(tmp_path, f"agent.choice.checkpoint={tmp_path}")


def test_without_cma_nothing_evolves(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(check, "find_spec", lambda _: None)
    with pytest.raises(MissingDependencyError, match=r"pip install 'agentrl\[train\]'"):
        plan(tmp_path, "train.algorithm=sep_cma_es")
    assert importlib.util.find_spec("numpy") is not None


def test_only_episodes_that_a_checkpoint_has_learnt_from_are_kept(tmp_path: Path) -> None:
    def episode(version: int) -> Episode:
        return Episode(
            *("e", "t", "g", 0, "choice", Status.OK, StopReason.TERMINATED),
            weights_version=version,
        )

    kept = [version for version in range(4) if plan(tmp_path).can_learn_from(episode(version), 2)]

    assert kept == [0, 1]


def test_torchrun_is_not_for_a_choice_policy(tmp_path: Path) -> None:
    chosen = plan(tmp_path)
    chosen.check_ranks(1)
    with pytest.raises(UsageError, match="trained by one process, and torchrun started 2"):
        chosen.check_ranks(2)
