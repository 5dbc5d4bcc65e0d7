"""What a training is told before it begins."""

from pathlib import Path

import pytest

from agentrl.errors import SuiteError, UsageError
from agentrl.suite import Suite, load_suite
from agentrl.training.plan import check_training

SUITE = """\
name: counting
env: {id: "agentrl.testing.worlds:agentrl-testing/Counter-v0"}
tasks: {inline: [{id: a}, {id: b}]}
agent:
  model: {backend: transformers, scratch: {hidden_size: 32, layers: 1}}
train:
  sft: {tasks: {inline: [{id: s}]}}
  evaluation: {tasks: {inline: [{id: e}]}}
"""


def suite(tmp_path: Path, *overrides: str) -> Suite:
    path = tmp_path / "suite.yaml"
    path.write_text(SUITE)
    return load_suite(path, overrides)


def test_a_plan_holds_the_tasks_of_each_part(tmp_path: Path) -> None:
    plan = check_training(suite(tmp_path))
    assert [task.id for task in plan.tasks] == ["a", "b"]
    assert [task.id for task in plan.sft] == ["s"]
    assert [task.id for task in plan.held_out] == ["e"]


@pytest.mark.parametrize(
    ("override", "complaint"),
    [
        ("train=null", "it has no section 'train'"),
        ("agent.kind=random", "kind 'llm' or 'choice' can be trained, got 'random'"),
        ("agent.model={backend: scripted, answers: [up]}", "got 'scripted'"),
        ("rollouts.workers=2", "training plays its episodes in one process"),
        (
            "train.evaluation.tasks={inline: [{id: b}]}",
            "1 of its tasks are also in 'tasks', such as 'b'",
        ),
        ("train.sft.tasks={inline: [{id: e}]}", "also in 'train.sft.tasks', such as 'e'"),
        (
            "train.advantage={baseline: group_mean, credit: split, turn_terms: [tests]}",
            "'tests' is no term of 'reward'; there are success",
        ),
        ("reward={terms: {sucess: 1}, labels: {}}", "nothing states 'sucess'"),
        ("train.algorithm=grop", "unknown algorithm"),
        ("train.group_size=1", "'group_size' must be at least 2"),
    ],
)
def test_what_cannot_be_trained_is_said_at_once(
    tmp_path: Path, override: str, complaint: str
) -> None:
    with pytest.raises(SuiteError, match=complaint):
        check_training(suite(tmp_path, override))


def test_a_mistake_in_a_part_names_its_line(tmp_path: Path) -> None:
    path = tmp_path / "suite.yaml"
    path.write_text(SUITE.replace("[{id: e}]", "[{id: a}]"))
    with pytest.raises(SuiteError, match=r"suite.yaml:8: train\.evaluation\.tasks"):
        check_training(load_suite(path))


def test_a_greedy_baseline_cannot_be_ranked_in_a_group(tmp_path: Path) -> None:
    ranked = "reward={labels: {rank: {kind: tournament, rule: [{fact: score}]}}, terms: {rank: 1}}"
    with pytest.raises(SuiteError, match="label 'rank' ranks the episodes of a group"):
        check_training(suite(tmp_path, ranked, "train.algorithm=remax"))


def test_a_reward_program_that_is_not_there_is_told_at_once(tmp_path: Path) -> None:
    coded = "reward={labels: {mine: {kind: code, program: gone.py}}, terms: {mine: 1}}"
    with pytest.raises(UsageError, match=r"gone\.py"):
        check_training(suite(tmp_path, coded))
