"""The value of a prefix as the mean result of attempts that go on from it (VSRM, MRT)."""

import asyncio
from collections.abc import Callable, Coroutine, Mapping, Sequence
from typing import Any

from agentrl.episode import Episode, Status
from agentrl.errors import UnscoredError
from agentrl.rewards.build import build_labelers
from agentrl.rewards.progress.source import Found
from agentrl.rollout.job import Job, agent_seed
from agentrl.rollout.prefix import Prefix
from agentrl.rollout.together import together
from agentrl.suite.reward.rollouts import RolloutsLabelSpec
from agentrl.suite.reward.spec import RewardSpec
from agentrl.task import Task

Play = Callable[[Job], Coroutine[Any, Any, Episode]]
"""Plays one attempt; how many at a time is its own business."""


def plays_on(spec: RewardSpec) -> bool:
    """Return whether a label of the reward plays on from the turns of an episode."""
    return any(isinstance(label, RolloutsLabelSpec) for label in spec.labels.values())


def check_labels(spec: RewardSpec, tasks: Sequence[Task]) -> None:
    """Check the labels of a reward; nothing starts and nobody plays.

    Raises:
        UsageError: a label's model, file or library is not there.
    """
    build_labelers(spec.labels, tasks, lambda label: RolloutValues(_nobody, tasks, label))


async def _nobody(job: Job) -> Episode:
    raise AssertionError(f"{job.key} was to be checked, not played")


class RolloutValues:
    """Values by attempts that begin where a prefix ends; a ``ValueSource``.

    The prefix is played again in a fresh environment of the same seed, and the agent then goes on
    in a session of its own: it sees the world as it is and none of the talk that led there. The
    value after the last turn is the outcome itself. VSRM (arXiv 2508.10293) and MRT (arXiv
    2503.07572) estimate so; how many attempts is our choice. An episode that cannot be played
    again has no values, nor has one of which an attempt failed for no fault of the agent, or whose
    results lack the outcome: what is not known is no zero.

    Args:
        play: plays a job.
        tasks: those of the episodes.
        spec: how many attempts, and what they are to reach.
        seed: decides the agent's draws.
    """

    def __init__(
        self, play: Play, tasks: Sequence[Task], spec: RolloutsLabelSpec, *, seed: int = 0
    ) -> None:
        self._play = play
        self._tasks = {task.id: task for task in tasks}
        self._spec = spec
        self._seed = seed

    async def values(self, group: Sequence[Episode]) -> list[Found]:
        """See ``ValueSource.values``."""
        return await together([self._found(episode) for episode in group])

    async def learn(self, group: Sequence[Episode]) -> None:
        """Nothing to learn."""

    def memory(self) -> dict[str, Any]:
        """Nothing to remember."""
        return {}

    def restore(self, memory: Mapping[str, Any]) -> None:
        """Nothing to take up."""

    async def close(self) -> None:
        """Nothing to give back: who plays is the caller's."""

    async def _found(self, episode: Episode) -> Found:
        turns = range(len(episode.turns))
        try:
            task = self._task_of(episode)
            last = self._result(episode)
            asked = [t for t in turns if t % self._spec.every == 0]
            found = await together([self._value(task, episode, t) for t in asked])
        except UnscoredError as exc:
            return exc
        return (*(found[t // self._spec.every] for t in turns), last)

    async def _value(self, task: Task, episode: Episode, turns: int) -> float:
        names = [f"{episode.id}/{turns}.{number}" for number in range(self._spec.attempts)]
        jobs = [
            Job(
                key=name,
                task=task,
                seed=episode.seed,
                agent_seed=agent_seed(self._seed, name),
                prefix=Prefix.of(episode, turns),
            )
            for name in names
        ]
        results = await together([self._reached(job) for job in jobs])
        return sum(results) / len(results)

    async def _reached(self, job: Job) -> float:
        return self._result(await self._play(job))

    def _task_of(self, episode: Episode) -> Task:
        if episode.task_id not in self._tasks:
            raise UnscoredError(f"the task {episode.task_id!r} of {episode.id!r} is not known")
        return self._tasks[episode.task_id]

    def _result(self, episode: Episode) -> float:
        if episode.status is Status.CANCELLED:
            raise asyncio.CancelledError
        if not episode.status.scored:
            why = episode.error.message if episode.error else str(episode.status)
            raise UnscoredError(f"attempt {episode.id!r} failed: {why}")
        if self._spec.outcome not in episode.outcome:
            stated = ", ".join(episode.outcome) or "nothing"
            raise UnscoredError(f"the outcome states {stated}, not {self._spec.outcome!r}")
        return float(episode.outcome[self._spec.outcome])
