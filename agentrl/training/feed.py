"""Where a step's groups come from: played when the step begins, or all the time beside it."""

import asyncio
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass, replace
from typing import Any, Protocol

from agentrl.episode import Episode
from agentrl.rewards.appraiser import Appraiser
from agentrl.rollout.together import together
from agentrl.suite.spec import SuiteSpec
from agentrl.suite.train import TrainSpec
from agentrl.task import Task
from agentrl.training.collect import Collector, Group
from agentrl.training.tasks import TaskSampler, build_growth

EQUAL = 1e-9
"""Rewards that differ by less are equal."""


@dataclass(frozen=True, slots=True)
class Draw:
    """The groups of a step."""

    groups: tuple[Group, ...]
    """All that were played."""
    chosen: tuple[Group, ...]
    """Those to train on, each with the episodes to train on."""
    refilled: int = 0
    """Groups that were drawn in the place of others."""

    @property
    def counts(self) -> dict[str, int]:
        """How many groups there were of each kind, by metric name."""
        return {
            "groups/total": len(self.groups),
            "groups/equal_rewards": sum(map(all_equal, self.groups)),
            "groups/refilled": self.refilled,
            "groups/skipped": len(self.groups) - len(self.chosen),
            "groups/short": sum(len(g.scored) < len(g.episodes) for g in self.groups),
        }


class Feed(Protocol):
    """Gives each step its groups."""

    async def draw(self, step: int, spec: SuiteSpec) -> Draw:
        """Return the groups of a step.

        Args:
            step: number of the step, from 1.
            spec: the suite as it is at this step.

        Raises:
            UsageError: a task cannot be used.
            RunStopped: the disk or a service gave out.
        """

    def state(self) -> dict[str, Any]:
        """Return, between two draws, what a checkpoint must hold of it."""

    def restore(self, state: Mapping[str, Any]) -> None:
        """Take up what ``state`` returned."""

    async def close(self) -> None:
        """End what is still being played."""


def build_feed(
    collector: Collector,
    tasks: Sequence[Task],
    train: TrainSpec,
    sampler: TaskSampler,
    appraiser: Appraiser,
) -> Feed:
    """Return the feed that ``train.staleness`` asks for."""
    if train.staleness == 0:
        return InTurnFeed(collector, sampler, appraiser)
    return AheadFeed(collector, sampler, appraiser, tasks, train.staleness)


class InTurnFeed:
    """Plays a step's groups when they are asked for, with the newest weights."""

    def __init__(self, collector: Collector, sampler: TaskSampler, appraiser: Appraiser) -> None:
        self._collector = collector
        self._sampler = sampler
        self._appraiser = appraiser

    async def draw(self, step: int, spec: SuiteSpec) -> Draw:
        """Play a step's groups; where the suite says so, play others for those of equal rewards."""
        train = _train(spec)
        groups: list[Group] = []
        refilled = 0
        for number in range(1 + _refills(train)):
            missing = train.tasks_per_step - sum(is_useful(group, train) for group in groups)
            if missing <= 0:
                break
            played = await self._play(f"{step}.{number}", self._sampler.draw(missing), spec)
            refilled += len(played) if number else 0
            groups = previewed(self._appraiser, spec, [*groups, *played])
            for group in groups[len(groups) - len(played) :]:
                self._sampler.note(group.result)
        return _draw(appraised(self._appraiser, spec, groups), train, refilled)

    def state(self) -> dict[str, Any]:
        """Nothing outlives a draw."""
        return {}

    def restore(self, state: Mapping[str, Any]) -> None:
        """Nothing to take up."""

    async def close(self) -> None:
        """Nothing is being played between two draws."""

    async def _play(self, prefix: str, tasks: Sequence[Task], spec: SuiteSpec) -> list[Group]:
        named = [(f"{prefix}.{number}/{task.id}", task) for number, task in enumerate(tasks)]
        return await together([self._collector.group(name, task, spec) for name, task in named])


@dataclass(slots=True)
class _Admitted:
    """A group that is being played ahead of its step."""

    number: int
    step: int
    """At which step it was begun."""
    task: Task
    playing: "asyncio.Task[Group]"


class AheadFeed:
    """Keeps playing while the trainer learns; what a step gets may be older than its weights.

    Groups are begun as long as there are no more than ``staleness`` steps' worth of them beyond
    the step at hand, and a step waits for every group that would become too old otherwise. So no
    episode is thrown away for its length, which would favour short ones.
    """

    def __init__(
        self,
        collector: Collector,
        sampler: TaskSampler,
        appraiser: Appraiser,
        tasks: Sequence[Task],
        staleness: int,
    ) -> None:
        """
        Args:
            collector: plays groups.
            sampler: says which.
            appraiser: says what they earned.
            tasks: every task, to find those of a checkpoint again.
            staleness: by how many updates a group's first weights may lag.
        """
        self._collector = collector
        self._sampler = sampler
        self._appraiser = appraiser
        self._tasks = {task.id: task for task in tasks}
        self._staleness = staleness
        self._begun = 0
        self._admitted: list[_Admitted] = []
        self._waiting: list[tuple[int, int, Task]] = []

    async def draw(self, step: int, spec: SuiteSpec) -> Draw:
        """Return the oldest finished groups; wait for enough of them, and for those due."""
        train = _train(spec)
        self._begin_again(spec)
        groups: list[Group] = []
        refilled, rounds = 0, _refills(train)
        wanted = train.tasks_per_step
        while wanted > 0:
            self._begin(step, wanted, spec)
            taken = await self._take(step, wanted)
            groups = previewed(self._appraiser, spec, [*groups, *taken])
            for group in groups[len(groups) - len(taken) :]:
                self._sampler.note(group.result)
            useful = sum(is_useful(group, train) for group in groups)
            wanted = max(0, train.tasks_per_step - useful)
            if rounds == 0:
                break
            rounds -= 1
            refilled += wanted
        return _draw(appraised(self._appraiser, spec, groups), train, refilled)

    def state(self) -> dict[str, Any]:
        """Return what was begun and not yet drawn; its episodes are in the run folder."""
        pending = [[one.number, one.step, one.task.id] for one in self._admitted]
        waiting = [[number, step, task.id] for number, step, task in self._waiting]
        return {"begun": self._begun, "pending": waiting + pending}

    def restore(self, state: Mapping[str, Any]) -> None:
        """Take up what ``state`` returned; it is begun again with the next draw."""
        self._begun = state["begun"]
        self._waiting = [
            (number, step, self._tasks[name]) for number, step, name in state["pending"]
        ]

    async def close(self) -> None:
        """End what is being played."""
        for one in self._admitted:
            one.playing.cancel()
        await asyncio.gather(*(one.playing for one in self._admitted), return_exceptions=True)
        self._admitted.clear()

    def _begin_again(self, spec: SuiteSpec) -> None:
        for number, step, task in self._waiting:
            self._admit(number, step, task, spec)
        self._waiting.clear()

    def _begin(self, step: int, wanted: int, spec: SuiteSpec) -> None:
        """Begin as many groups as this step and the ones that may be ahead of it need."""
        ahead = wanted + self._staleness * _train(spec).tasks_per_step
        missing = ahead - len(self._admitted)
        for task in self._sampler.draw(missing) if missing > 0 else ():
            self._begun += 1
            self._admit(self._begun, step, task, spec)

    def _admit(self, number: int, step: int, task: Task, spec: SuiteSpec) -> None:
        name = f"{step}.{number}/{task.id}"
        playing = asyncio.create_task(self._collector.group(name, task, spec))
        self._admitted.append(_Admitted(number, step, task, playing))

    async def _take(self, step: int, wanted: int) -> list[Group]:
        while not self._enough(step, wanted):
            playing = [one.playing for one in self._admitted if not one.playing.done()]
            await asyncio.wait(playing, return_when=asyncio.FIRST_COMPLETED)
        for one in self._admitted:
            if one.playing.done() and (error := one.playing.exception()):
                raise error
        due = sum(one.step <= step - self._staleness for one in self._admitted)
        taken = [one for one in self._admitted if one.playing.done()][: max(wanted, due)]
        self._admitted = [one for one in self._admitted if one not in taken]
        return [one.playing.result() for one in taken]

    def _enough(self, step: int, wanted: int) -> bool:
        due = [one for one in self._admitted if one.step <= step - self._staleness]
        failed = any(one.playing.done() and one.playing.exception() for one in self._admitted)
        done = sum(one.playing.done() for one in self._admitted)
        return bool(failed) or (done >= wanted and all(one.playing.done() for one in due))


def previewed(appraiser: Appraiser, spec: SuiteSpec, groups: Sequence[Group]) -> list[Group]:
    """Return groups with the rewards that they would have as a step's batch."""
    return _with(groups, appraiser.preview(spec.reward, [group.episodes for group in groups]))


def appraised(appraiser: Appraiser, spec: SuiteSpec, groups: Sequence[Group]) -> list[Group]:
    """Return the groups of a step with their rewards; the appraiser learns from them."""
    return _with(groups, appraiser.appraise(spec.reward, [group.episodes for group in groups]))


def _with(groups: Sequence[Group], episodes: Sequence[Sequence[Episode]]) -> list[Group]:
    pairs = zip(groups, episodes, strict=True)
    return [replace(group, episodes=tuple(of_group)) for group, of_group in pairs]


def is_useful(group: Group, train: TrainSpec) -> bool:
    """Whether a group can be trained on; one of which nothing is known never can."""
    if not group.scored:
        return False
    if train.sampler.equal_rewards in ("keep", "global"):
        return True
    return not all_equal(group, by_turn=train.advantage.credit != "episode")


def all_equal(group: Group, *, by_turn: bool = False) -> bool:
    """Whether all known rewards of a group are equal; ``by_turn``: and earned at the same turns."""
    earned = [episode.rewards for episode in group.scored]
    if not by_turn:
        earned = [(sum(rewards),) for rewards in earned]
    most = max(map(len, earned), default=0)
    columns = [[row[n] if n < len(row) else 0.0 for row in earned] for n in range(most)]
    return all(max(column) - min(column) <= EQUAL for column in columns)


def _draw(groups: Iterable[Group], train: TrainSpec, refilled: int) -> Draw:
    groups = tuple(groups)
    growth = build_growth(train)

    def kept(group: Group) -> Group:
        numbers = growth.keep(group.result.rewards)
        return replace(group, episodes=tuple(group.scored[number] for number in numbers))

    return Draw(groups, tuple(kept(g) for g in groups if is_useful(g, train)), refilled)


def _refills(train: TrainSpec) -> int:
    return train.sampler.refills if train.sampler.equal_rewards == "refill" else 0


def _train(spec: SuiteSpec) -> TrainSpec:
    assert spec.train is not None
    return spec.train
