"""Which tasks come next, in an order that a checkpoint can continue."""

import random
from collections import Counter, deque
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from typing import Any, Protocol

from agentrl.errors import CheckpointError, TaskError
from agentrl.suite.train import CurriculumSpec, TrainSpec
from agentrl.task import Task


@dataclass(frozen=True, slots=True)
class GroupResult:
    """What came of one group; only its scored episodes are in it."""

    task_id: str
    rewards: tuple[float, ...]
    successes: tuple[bool, ...]


class TaskSampler(Protocol):
    """Draws tasks."""

    def draw(self, count: int) -> list[Task]:
        """Return the next tasks; one comes twice only where there are fewer than asked for."""

    def note(self, group: GroupResult) -> None:
        """Learn what came of a task."""

    def state(self) -> dict[str, Any]:
        """Return what continues the same draws exactly; JSON values."""

    def restore(self, state: Mapping[str, Any]) -> None:
        """Take up what ``state`` returned.

        Raises:
            CheckpointError: it is of other tasks, or of another kind of sampler.
        """


def build_sampler(spec: TrainSpec, tasks: Sequence[Task]) -> TaskSampler:
    """Return the sampler that a suite's ``train.sampler`` asks for.

    Raises:
        TaskError: there is no task.
    """
    if not tasks:
        raise TaskError("there is no task to draw; a suite that trains needs at least one")
    if spec.sampler.kind == "curriculum":
        return CurriculumSampler(tasks, spec.seed, spec.sampler.curriculum)
    return UniformSampler(tasks, spec.seed)


class UniformSampler:
    """Every task once, then again in another order."""

    def __init__(self, tasks: Sequence[Task], seed: int) -> None:
        self._tasks = {task.id: task for task in tasks}
        self._seed = seed
        self._passes = 0
        self._left: list[str] = []

    def draw(self, count: int) -> list[Task]:
        """Return the next tasks of the pass, and of the next one where it ends."""
        drawn: list[str] = []
        while len(drawn) < count:
            self._left = self._left or self._next_pass(drawn)
            missing = count - len(drawn)
            drawn += self._left[:missing]
            self._left = self._left[missing:]
        return [self._tasks[name] for name in drawn]

    def note(self, group: GroupResult) -> None:
        """Every task comes as often as any other, whatever came of it."""

    def state(self) -> dict[str, Any]:
        """Return which tasks of which pass are left."""
        return {"kind": "uniform", "passes": self._passes, "left": list(self._left)}

    def restore(self, state: Mapping[str, Any]) -> None:
        """Go on within the pass."""
        _check(state, "uniform", state.get("left", ()), self._tasks)
        self._passes, self._left = state["passes"], list(state["left"])

    def _next_pass(self, drawn: Sequence[str]) -> list[str]:
        """Return every task in a new order; what the draw at hand has already comes last."""
        names = list(self._tasks)
        random.Random(f"{self._seed} tasks {self._passes}").shuffle(names)
        self._passes += 1
        already = Counter(drawn)
        return sorted(names, key=already.__getitem__)


class CurriculumSampler:
    """Prefers tasks that succeed sometimes; those never tried come first.

    A task's success rate is a running mean of its groups. Most draws are among the tasks whose rate
    lies in the band, whichever waited longest first; a share of them looks at the others again,
    because a task that was too hard becomes possible, and one that was solved may be forgotten.
    """

    def __init__(self, tasks: Sequence[Task], seed: int, spec: CurriculumSpec) -> None:
        self._tasks = {task.id: task for task in tasks}
        self._seed = seed
        self._spec = spec
        self._draws = 0
        self._last = dict.fromkeys(self._tasks, 0)
        self._rates: dict[str, float] = {}

    def draw(self, count: int) -> list[Task]:
        """Return tasks inside the band, but for a share of others; these too where it is empty."""
        self._draws += 1
        chance = random.Random(f"{self._seed} draw {self._draws}")
        inside, outside = deque[str](), deque[str]()
        drawn: list[str] = []
        while len(drawn) < count:
            if not inside and not outside:
                inside, outside = self._queues(chance)
            wanted = outside if chance.random() < self._spec.explore else inside
            drawn.append((wanted or inside or outside).popleft())
        self._last.update(dict.fromkeys(drawn, self._draws))
        return [self._tasks[name] for name in drawn]

    def note(self, group: GroupResult) -> None:
        """Move the task's success rate towards the group's."""
        if not group.successes:
            return
        rate = sum(group.successes) / len(group.successes)
        before = self._rates.get(group.task_id, rate)
        memory = self._spec.memory
        self._rates[group.task_id] = memory * before + (1 - memory) * rate

    def state(self) -> dict[str, Any]:
        """Return what is known of each task."""
        known = {"last": dict(self._last), "rates": dict(self._rates)}
        return {"kind": "curriculum", "draws": self._draws, **known}

    def restore(self, state: Mapping[str, Any]) -> None:
        """Go on with what was known."""
        _check(state, "curriculum", state.get("last", ()), self._tasks)
        self._last = dict.fromkeys(self._tasks, 0) | dict(state["last"])
        self._rates = dict(state["rates"])
        self._draws = state["draws"]

    def _queues(self, chance: random.Random) -> tuple[deque[str], deque[str]]:
        """Return the tasks inside and outside the band, the longest waiting first."""
        names = list(self._tasks)
        chance.shuffle(names)
        names.sort(key=self._last.__getitem__)
        inside = deque(name for name in names if self._in_band(name))
        return inside, deque(name for name in names if not self._in_band(name))

    def _in_band(self, name: str) -> bool:
        rate = self._rates.get(name)
        return rate is None or self._spec.low <= rate <= self._spec.high


def _check(
    state: Mapping[str, Any], kind: str, names: Iterable[str], tasks: Mapping[str, Task]
) -> None:
    if state.get("kind") != kind:
        raise CheckpointError(
            f"the checkpoint is of a task sampler of kind {state.get('kind')!r}, and the suite's "
            f"train.sampler makes one of kind {kind!r}; continue with the suite that it was begun "
            f"with"
        )
    unknown = [name for name in names if name not in tasks]
    if unknown:
        raise CheckpointError(
            f"the checkpoint knows {len(unknown)} tasks that the suite has not, such as "
            f"{unknown[0]!r}; continue with the suite that it was begun with"
        )
