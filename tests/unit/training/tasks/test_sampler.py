"""Which tasks come next."""

import json
from collections import Counter
from collections.abc import Sequence
from typing import Any

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from agentrl.errors import CheckpointError, TaskError
from agentrl.suite.train import TrainSpec
from agentrl.task import Task
from agentrl.training.tasks import GroupResult, TaskSampler, build_sampler

Scene = tuple[str, int, list[int], list[list[bool]]]
"""A kind of sampler, a number of tasks, sizes of draws, and what comes of each draw's groups."""


def tasks(count: int) -> list[Task]:
    return [Task(id=f"t{number}") for number in range(count)]


def sampler(kind: str = "uniform", count: int = 6, seed: int = 0, **curriculum: Any) -> TaskSampler:
    section = {"kind": kind, "curriculum": curriculum}
    return build_sampler(TrainSpec.model_validate({"sampler": section, "seed": seed}), tasks(count))


def names(drawn: Sequence[Task]) -> list[str]:
    return [task.id for task in drawn]


def result(name: str, *successes: bool) -> GroupResult:
    return GroupResult(name, tuple(map(float, successes)), successes)


def teach(curriculum: TaskSampler, **successes: tuple[int, int]) -> None:
    """Let each task succeed so often, out of so many episodes."""
    for name, (good, of) in successes.items():
        curriculum.note(result(name, *(n < good for n in range(of))))


@st.composite
def scenes(draw: st.DrawFn) -> Scene:
    kind = draw(st.sampled_from(["uniform", "curriculum"]))
    count = draw(st.integers(1, 7))
    sizes = draw(st.lists(st.integers(0, 9), min_size=1, max_size=6))
    groups = st.lists(st.booleans(), max_size=4)
    outcomes = draw(st.lists(groups, min_size=len(sizes), max_size=len(sizes)))
    return kind, count, sizes, outcomes


def play(one: TaskSampler, sizes: Sequence[int], outcomes: Sequence[list[bool]]) -> list[list[str]]:
    drawn = []
    for size, successes in zip(sizes, outcomes, strict=True):
        drawn.append(names(one.draw(size)))
        for name in dict.fromkeys(drawn[-1]):
            one.note(result(name, *successes))
    return drawn


@settings(deadline=None)
@given(scenes(), st.data())
def test_a_restored_sampler_goes_on_as_if_nothing_had_happened(
    scene: Scene, data: st.DataObject
) -> None:
    kind, count, sizes, outcomes = scene
    cut = data.draw(st.integers(0, len(sizes)))
    whole = play(sampler(kind, count), sizes, outcomes)
    first, second = sampler(kind, count), sampler(kind, count)
    before = play(first, sizes[:cut], outcomes[:cut])
    second.draw(3)  # what it did before it was restored must not matter
    second.restore(json.loads(json.dumps(first.state())))
    assert before + play(second, sizes[cut:], outcomes[cut:]) == whole


@settings(deadline=None)
@given(scenes())
def test_a_task_comes_twice_in_a_draw_only_where_there_are_too_few(scene: Scene) -> None:
    kind, count, sizes, outcomes = scene
    for drawn, size in zip(play(sampler(kind, count), sizes, outcomes), sizes, strict=True):
        assert len(drawn) == size
        assert max(Counter(drawn).values(), default=0) <= -(-size // count)


@settings(deadline=None)
@given(st.integers(1, 7), st.lists(st.integers(0, 12), max_size=8))
def test_no_task_is_ever_two_draws_ahead_of_another(count: int, sizes: list[int]) -> None:
    uniform = sampler(count=count)
    drawn = Counter(name for size in sizes for name in names(uniform.draw(size)))
    times = [drawn[task.id] for task in tasks(count)]
    assert max(times) - min(times) <= 1


def test_each_pass_has_another_order_and_each_seed_others() -> None:
    uniform = sampler(count=30)
    first, second = names(uniform.draw(30)), names(uniform.draw(30))
    assert sorted(first) == sorted(second) == sorted(names(tasks(30)))
    assert first != second
    assert first != names(tasks(30))
    assert names(sampler(count=30).draw(30)) == first
    assert names(sampler(count=30, seed=1).draw(30)) != first


def test_a_curriculum_tries_every_task_before_any_again() -> None:
    curriculum = sampler("curriculum")
    seen: list[str] = []
    for _ in range(3):
        for task in curriculum.draw(2):
            seen.append(task.id)
            curriculum.note(result(task.id, True, False))
    assert sorted(seen) == names(tasks(6))


def test_a_curriculum_leaves_what_is_solved_and_what_is_hopeless() -> None:
    curriculum = sampler("curriculum", low=0.25, high=0.75, explore=0.0)
    curriculum.draw(6)
    teach(curriculum, t0=(0, 4), t1=(1, 4), t2=(2, 4), t3=(3, 4), t4=(4, 4), t5=(0, 4))
    drawn = [name for _ in range(5) for name in names(curriculum.draw(3))]
    assert Counter(drawn) == {"t1": 5, "t2": 5, "t3": 5}


def test_a_curriculum_looks_at_the_others_as_often_as_it_is_told() -> None:
    curriculum = sampler("curriculum", count=20, explore=0.3)
    curriculum.draw(20)
    outside = {f"t{number}" for number in range(10, 20)}
    for name in names(tasks(20)):
        teach(curriculum, **{name: (0, 2) if name in outside else (1, 2)})
    drawn = Counter(name for _ in range(500) for name in names(curriculum.draw(2)))
    assert 250 <= sum(drawn[name] for name in outside) <= 350  # 300 of 1000, deviation 14.5
    assert set(drawn) == set(names(tasks(20)))


def test_a_curriculum_takes_the_others_where_the_band_has_too_few() -> None:
    curriculum = sampler("curriculum", count=4, explore=0.0)
    curriculum.draw(4)
    teach(curriculum, t0=(1, 2), t1=(0, 2), t2=(2, 2), t3=(0, 2))
    drawn = names(curriculum.draw(3))
    assert drawn[0] == "t0"
    assert len(set(drawn)) == 3


def test_a_success_rate_is_a_running_mean() -> None:
    """By hand: 0.5; 0.7 * 0.5 + 0.3 * 1 = 0.65; 0.7 * 0.65 + 0.3 * 0 = 0.455."""
    curriculum = sampler("curriculum", memory=0.7)
    for successes in ((1, 2), (4, 4), (0, 8)):
        teach(curriculum, t0=successes)
    assert curriculum.state()["rates"] == {"t0": pytest.approx(0.455)}


def test_a_task_comes_back_into_the_band() -> None:
    """Rate 0, then a group of all successes with memory 0.7: 0.3, inside the band."""
    curriculum = sampler("curriculum", explore=0.0, memory=0.7)
    curriculum.draw(6)
    for name in names(tasks(6)):
        teach(curriculum, **{name: (0, 4)})
    teach(curriculum, t3=(4, 4))
    assert names(curriculum.draw(1)) == ["t3"]


def test_a_task_that_comes_into_the_band_late_is_not_drawn_more_than_others() -> None:
    curriculum = sampler("curriculum", count=4, explore=0.0, memory=0.0)
    curriculum.draw(4)
    teach(curriculum, t0=(1, 2), t1=(1, 2), t2=(1, 2), t3=(0, 2))
    for _ in range(30):
        curriculum.draw(1)
    teach(curriculum, t3=(1, 2))
    drawn = Counter(name for _ in range(8) for name in names(curriculum.draw(1)))
    assert drawn == {"t0": 2, "t1": 2, "t2": 2, "t3": 2}


def test_a_group_of_which_nothing_is_known_changes_nothing() -> None:
    curriculum = sampler("curriculum")
    before = curriculum.state()
    curriculum.note(result("t0"))
    assert curriculum.state() == before


@pytest.mark.parametrize("kind", ["uniform", "curriculum"])
def test_a_checkpoint_of_other_tasks_is_refused(kind: str) -> None:
    more = sampler(kind, count=6)
    more.draw(1)
    with pytest.raises(CheckpointError, match=r"tasks that the suite has not, such as 't\d'"):
        sampler(kind, count=2).restore(more.state())


@pytest.mark.parametrize("kind", ["uniform", "curriculum"])
def test_a_checkpoint_may_be_continued_with_more_tasks(kind: str) -> None:
    few, many = sampler(kind, count=2), sampler(kind, count=4)
    few.draw(1)
    many.restore(few.state())
    assert set(names(many.draw(5))) == set(names(tasks(4)))


def test_a_checkpoint_of_another_sampler_is_refused() -> None:
    with pytest.raises(CheckpointError, match=r"of kind 'uniform'.*'curriculum'"):
        sampler("curriculum").restore(sampler().state())


def test_without_tasks_there_is_nothing_to_draw() -> None:
    with pytest.raises(TaskError, match="at least one"):
        sampler(count=0)
