"""Which tasks come next."""

import json
from collections import Counter
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from agentrl.errors import CheckpointError
from agentrl.suite.train import TrainSpec
from agentrl.task import Task
from agentrl.training.tasks import GroupResult, TaskSampler, build_sampler

TASKS = tuple(Task(id=f"t{n}") for n in range(5))


def sampler(kind: str, **more: Any) -> TaskSampler:
    return build_sampler(TrainSpec.model_validate({"sampler": {"kind": kind, **more}}), TASKS)


def names(drawn: list[Task]) -> list[str]:
    return [task.id for task in drawn]


def solved(name: str, share: float) -> GroupResult:
    successes = tuple(n < share * 10 for n in range(10))
    return GroupResult(name, tuple(map(float, successes)), successes)


def test_every_task_comes_once_a_pass_in_another_order() -> None:
    uniform = sampler("uniform")
    first, second = names(uniform.draw(5)), names(uniform.draw(5))
    assert sorted(first) == sorted(second) == sorted(task.id for task in TASKS)
    assert first != second


@given(counts=st.lists(st.integers(0, 12), max_size=8))
def test_no_task_is_ever_two_draws_ahead_of_another(counts: list[int]) -> None:
    uniform = sampler("uniform")
    drawn = Counter(name for count in counts for name in names(uniform.draw(count)))
    times = [drawn[task.id] for task in TASKS]
    assert max(times) - min(times) <= 1


def test_the_seed_decides_the_order() -> None:
    one, same, other = (
        names(build_sampler(TrainSpec(seed=seed), TASKS).draw(20)) for seed in (1, 1, 2)
    )
    assert one == same != other


@pytest.mark.parametrize("kind", ["uniform", "curriculum"])
@given(before=st.lists(st.integers(1, 4), max_size=4), share=st.floats(0, 1))
def test_a_restored_sampler_goes_on_exactly(kind: str, before: list[int], share: float) -> None:
    original = sampler(kind)
    for count in before:
        for task in original.draw(count):
            original.note(solved(task.id, share))
    restored = sampler(kind)
    restored.restore(json.loads(json.dumps(original.state())))
    assert names(restored.draw(11)) == names(original.draw(11))


@pytest.mark.parametrize("kind", ["uniform", "curriculum"])
def test_a_state_of_other_tasks_is_refused(kind: str) -> None:
    state = build_sampler(
        TrainSpec.model_validate({"sampler": {"kind": kind}}), [Task(id="other"), Task(id="more")]
    )
    state.draw(1)
    with pytest.raises(CheckpointError, match="continue with the suite that it was begun with"):
        sampler(kind).restore(state.state())


def test_a_curriculum_tries_every_task_before_it_prefers_any() -> None:
    curriculum = sampler("curriculum", curriculum={"explore": 0.0})
    assert sorted(names(curriculum.draw(5))) == sorted(task.id for task in TASKS)


def test_a_curriculum_leaves_what_is_solved_and_what_is_hopeless() -> None:
    curriculum = sampler("curriculum", curriculum={"explore": 0.0, "low": 0.1, "high": 0.9})
    curriculum.draw(5)
    for name, share in (("t0", 0.0), ("t1", 1.0), ("t2", 0.5), ("t3", 0.0), ("t4", 1.0)):
        curriculum.note(solved(name, share))
    assert {names(curriculum.draw(1))[0] for _ in range(20)} == {"t2"}


def test_a_curriculum_looks_at_the_others_again() -> None:
    curriculum = sampler("curriculum", curriculum={"explore": 0.5})
    curriculum.draw(5)
    for name in ("t0", "t1", "t3", "t4"):
        curriculum.note(solved(name, 0.0))
    curriculum.note(solved("t2", 0.5))
    drawn = Counter(names(curriculum.draw(1))[0] for _ in range(400))
    assert 120 < drawn["t2"] < 280
    assert all(drawn[task.id] > 20 for task in TASKS)


def test_a_success_rate_moves_towards_the_newest_group() -> None:
    """Rate 0, then a group of all successes with memory 0.7: 0.3, inside the band."""
    curriculum = sampler("curriculum", curriculum={"explore": 0.0, "memory": 0.7})
    curriculum.draw(5)
    for task in TASKS:
        curriculum.note(solved(task.id, 0.0))
    curriculum.note(solved("t3", 1.0))
    assert names(curriculum.draw(1)) == ["t3"]


def test_a_group_of_which_nothing_is_known_changes_nothing() -> None:
    curriculum = sampler("curriculum")
    before = curriculum.state()
    curriculum.note(GroupResult("t0", (), ()))
    assert curriculum.state() == before
