"""Where a step's groups come from."""

import asyncio
import json
from collections.abc import Callable, Sequence
from dataclasses import replace
from typing import Any, cast

import pytest

from agentrl.episode import Episode, Status, StopReason, Turn
from agentrl.errors import ServiceDownError
from agentrl.rewards.appraiser import Appraiser
from agentrl.suite.spec import SuiteSpec
from agentrl.task import Task
from agentrl.training.collect import Collector, Group
from agentrl.training.feed import AheadFeed, InTurnFeed, all_equal
from agentrl.training.tasks import build_sampler

TASKS = tuple(Task(id=f"task-{n}") for n in range(6))


def spec_with(**train: Any) -> SuiteSpec:
    return SuiteSpec.model_validate(
        {
            "name": "test",
            "env": {"id": "agentrl/Maze-v0"},
            "tasks": {"inline": [{"id": "a"}]},
            "agent": {"kind": "random"},
            "train": {"tasks_per_step": 2, "group_size": 2, **train},
        }
    )


def episode(number: int, reward: float) -> Episode:
    return Episode(
        id=f"e#{number}",
        task_id="t",
        group_id="g",
        seed=0,
        agent="m",
        status=Status.OK,
        stop_reason=StopReason.TERMINATED,
        turns=(Turn("", "", terms={"success": reward}),),
        outcome={"success": reward},
    )


class FakeCollector:
    """Gives groups whose rewards and order of ending a test decides."""

    def __init__(self, rewards: Callable[[str], Sequence[float]]) -> None:
        self.begun: list[str] = []
        self.gates: dict[str, asyncio.Event] = {}
        self._rewards = rewards

    async def group(self, name: str, task: Task, spec: SuiteSpec) -> Group:
        self.begun.append(name)
        if name in self.gates:
            await self.gates[name].wait()
        rewards = self._rewards(name)
        return Group(name, task, tuple(episode(n, reward) for n, reward in enumerate(rewards)))


MIXED = (0.0, 1.0)
ALL_WON = (1.0, 1.0)


def in_turn(collector: FakeCollector, spec: SuiteSpec) -> InTurnFeed:
    assert spec.train is not None
    return InTurnFeed(cast(Collector, collector), build_sampler(spec.train, TASKS), Appraiser())


def ahead(collector: FakeCollector, spec: SuiteSpec) -> AheadFeed:
    assert spec.train is not None
    sampler = build_sampler(spec.train, TASKS)
    return AheadFeed(cast(Collector, collector), sampler, Appraiser(), TASKS, spec.train.staleness)


def test_a_step_plays_as_many_groups_as_the_suite_says() -> None:
    spec = spec_with()
    draw = asyncio.run(in_turn(FakeCollector(lambda _: MIXED), spec).draw(1, spec))
    assert len(draw.groups) == len(draw.chosen) == 2
    assert draw.counts["groups/total"] == 2


def test_groups_of_equal_rewards_are_left_out_and_counted() -> None:
    spec = spec_with()
    feed = in_turn(FakeCollector(lambda name: ALL_WON if name.startswith("1.0.0") else MIXED), spec)
    draw = asyncio.run(feed.draw(1, spec))
    assert len(draw.groups) == 2
    assert len(draw.chosen) == 1
    assert draw.counts["groups/equal_rewards"] == draw.counts["groups/skipped"] == 1


def test_groups_of_equal_rewards_are_kept_where_the_suite_says_so() -> None:
    spec = spec_with(sampler={"equal_rewards": "keep"})
    draw = asyncio.run(in_turn(FakeCollector(lambda _: ALL_WON), spec).draw(1, spec))
    assert len(draw.chosen) == 2


def test_other_tasks_are_drawn_in_the_place_of_groups_that_teach_nothing() -> None:
    spec = spec_with(sampler={"equal_rewards": "refill", "refills": 2})
    feed = in_turn(FakeCollector(lambda name: ALL_WON if name.startswith("1.0") else MIXED), spec)
    draw = asyncio.run(feed.draw(1, spec))
    assert len(draw.groups) == 4
    assert len(draw.chosen) == 2
    assert draw.refilled == 2


def test_refilling_ends_where_nothing_ever_teaches() -> None:
    spec = spec_with(sampler={"equal_rewards": "refill", "refills": 2})
    draw = asyncio.run(in_turn(FakeCollector(lambda _: ALL_WON), spec).draw(1, spec))
    assert len(draw.groups) == 6
    assert not draw.chosen


def test_a_group_of_which_nothing_is_known_is_never_trained_on() -> None:
    spec = spec_with(sampler={"equal_rewards": "keep"})
    draw = asyncio.run(in_turn(FakeCollector(lambda _: ()), spec).draw(1, spec))
    assert not draw.chosen


def test_a_feed_that_is_ahead_begins_as_many_groups_as_may_be_stale() -> None:
    async def play() -> None:
        spec = spec_with(staleness=1)
        collector = FakeCollector(lambda _: MIXED)
        feed = ahead(collector, spec)
        assert len((await feed.draw(1, spec)).groups) == 2
        assert len(collector.begun) == 4
        await feed.draw(2, spec)
        await asyncio.sleep(0)  # those that were begun last get to run
        assert len(collector.begun) == 6
        await feed.close()

    asyncio.run(play())


def test_a_long_group_is_overtaken_but_waited_for_before_it_is_too_old() -> None:
    async def play() -> None:
        spec = spec_with(staleness=1)
        collector = FakeCollector(lambda _: MIXED)
        feed = ahead(collector, spec)
        first = build_sampler(spec.train, TASKS).draw(1)[0]  # type: ignore[arg-type]
        slow = f"1.1/{first.id}"
        gate = collector.gates[slow] = asyncio.Event()
        assert slow not in [group.id for group in (await feed.draw(1, spec)).groups]
        second = asyncio.create_task(feed.draw(2, spec))
        await asyncio.sleep(0.01)
        assert not second.done()
        gate.set()
        assert slow in [group.id for group in (await second).groups]
        await feed.close()

    asyncio.run(play())


def test_a_feed_goes_on_with_what_it_had_begun() -> None:
    async def play() -> None:
        spec = spec_with(staleness=1)
        collector = FakeCollector(lambda _: MIXED)
        feed = ahead(collector, spec)
        await feed.draw(1, spec)
        state = json.loads(json.dumps(feed.state()))
        await feed.close()
        left = [name for name in collector.begun if name.startswith("1.")][2:]
        again = FakeCollector(lambda _: MIXED)
        resumed = ahead(again, spec)
        resumed.restore(state)
        await resumed.draw(2, spec)
        assert again.begun[: len(left)] == left
        await resumed.close()

    asyncio.run(play())


def test_a_failure_ahead_ends_the_step() -> None:
    def fail(name: str) -> Sequence[float]:
        raise ServiceDownError("gone")

    async def play() -> None:
        spec = spec_with(staleness=1)
        feed = ahead(FakeCollector(fail), spec)
        with pytest.raises(ServiceDownError):
            await feed.draw(1, spec)
        await feed.close()

    asyncio.run(play())


@pytest.mark.parametrize(("rewards", "equal"), [((), True), ((1.0,), True), (MIXED, False)])
def test_rewards_are_equal_or_not(rewards: tuple[float, ...], equal: bool) -> None:
    episodes = tuple(episode(number, reward) for number, reward in enumerate(rewards))
    assert all_equal(Group("g", TASKS[0], episodes)) is equal


def test_equal_totals_that_were_earned_at_other_turns_teach_turn_level_credit() -> None:
    early, late = (
        replace(
            episode(number, 1.0),
            turns=tuple(Turn("", "", terms={"progress": value}) for value in values),
        )
        for number, values in enumerate([(1.0, 0.0), (0.0, 1.0)])
    )
    group = Group("g", TASKS[0], (early, late))
    assert all_equal(group)
    assert not all_equal(group, by_turn=True)
