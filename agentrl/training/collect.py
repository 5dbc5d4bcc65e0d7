"""Playing the episodes of a step, group by group."""

import asyncio
import re
from collections.abc import Callable, Mapping
from dataclasses import dataclass

from agentrl.envs.tasks import world_seed
from agentrl.episode import Episode, Status
from agentrl.rewards.appraiser import Appraiser
from agentrl.rollout.job import Job, agent_seed
from agentrl.rollout.rollout import Rollout
from agentrl.rollout.together import together
from agentrl.suite.spec import SuiteSpec
from agentrl.task import Task
from agentrl.training.playground import Playground
from agentrl.training.tasks import GroupResult, build_growth
from agentrl.training.tasks.growth import Growth

_KEY = re.compile(r"\d+(?:\.\d+)+/.*#(\d+)", re.DOTALL)

Emit = Callable[[Episode], None]


@dataclass(frozen=True, slots=True)
class Group:
    """The episodes of one task that were drawn together."""

    id: str
    task: Task
    episodes: tuple[Episode, ...]
    greedy_reward: float | None = None
    """Reward of the task's greedy episode, where one was asked for."""

    @property
    def scored(self) -> tuple[Episode, ...]:
        """Those whose reward is known."""
        return tuple(episode for episode in self.episodes if episode.status.scored)

    @property
    def result(self) -> GroupResult:
        """What the task sampler is told."""
        return GroupResult(
            self.task.id,
            tuple(episode.reward for episode in self.scored),
            tuple(episode.outcome.get("success", 0.0) >= 1.0 for episode in self.scored),
        )


class Collector:
    """Plays groups; each episode is handed over as it ends.

    Jobs are keyed by group and number, so an episode that an earlier start of the run had finished
    is taken instead of played again.
    """

    def __init__(
        self,
        playground: Playground,
        emit: Emit,
        *,
        seed: int,
        concurrency: int,
        finished: Mapping[str, Episode] | None = None,
        appraiser: Appraiser | None = None,
    ) -> None:
        """Prepare to play.

        Args:
            playground: where the policy plays.
            emit: takes each episode that was played, in the order in which they end.
            seed: decides every seed.
            concurrency: most episodes under way at a time.
            finished: episodes by key that need not be played again.
            appraiser: labels each group when it is whole; None: with nothing.
        """
        self.running = 0
        """Episodes under way."""
        self.done = 0
        """Episodes that have ended."""
        self.planned = 0
        """Episodes asked for so far."""
        self._playground = playground
        self._emit = emit
        self._seed = seed
        self._slots = asyncio.Semaphore(concurrency)
        self._finished = dict(finished or {})
        self._appraiser = appraiser or Appraiser()

    async def group(self, name: str, task: Task, spec: SuiteSpec) -> Group:
        """Play one group to the size that its growth wants, then label it.

        A growth that stops by rewards goes by those that an episode earns alone, before labels.

        Args:
            name: names the group and begins the keys of its jobs.
            task: what to attempt.
            spec: the rules: agent, limits, rewards.

        Raises:
            UsageError: the task cannot be used.
            RunStopped: the disk or a service gave out.
        """
        assert spec.train is not None
        greedy = None
        if spec.train.advantage.baseline == "greedy":
            greedy = await self._greedy_reward(name, task, spec)
        async with self._playground.rollout(spec) as rollout:
            episodes = await self._grown(rollout, name, task, build_growth(spec.train))
        return Group(name, task, tuple(await self._appraiser.label(episodes)), greedy)

    async def _grown(
        self, rollout: Rollout, name: str, task: Task, growth: Growth
    ) -> list[Episode]:
        episodes: list[Episode] = []
        rounds = 0
        while True:
            rewards = [episode.reward for episode in episodes if episode.status.scored]
            more = growth.more(rewards, rounds)
            if more == 0:
                return episodes
            rounds += 1
            numbers = range(len(episodes), len(episodes) + more)
            self.planned += more
            jobs = [self._job(name, task, str(number), number) for number in numbers]
            episodes += await together([self._play(rollout, job) for job in jobs])

    async def _greedy_reward(self, name: str, task: Task, spec: SuiteSpec) -> float | None:
        async with self._playground.rollout(spec, temperature=0.0) as rollout, self._slots:
            episode = await rollout.play(self._job(name, task, "greedy", 0))
        if episode.status is Status.CANCELLED:
            raise asyncio.CancelledError
        labelled = await self._appraiser.label([episode])
        ((greedy,),) = self._appraiser.preview(spec.reward, [labelled])
        return greedy.reward if greedy.status.scored else None

    def _job(self, name: str, task: Task, label: str, attempt: int) -> Job:
        key = f"{name}#{label}"
        return Job(
            key=key,
            task=task,
            seed=world_seed(self._seed, task),
            agent_seed=agent_seed(self._seed, key),
            attempt=attempt,
            group=name,
        )

    async def _play(self, rollout: Rollout, job: Job) -> Episode:
        known = self._finished.pop(job.key, None)
        if known is not None:
            self.done += 1
            return known
        async with self._slots:
            self.running += 1
            try:
                episode = await rollout.play(job)
            finally:
                self.running -= 1
        if episode.status is Status.CANCELLED:
            raise asyncio.CancelledError  # an attempt returns its record even when it is cancelled
        self._emit(episode)
        self.done += 1
        return episode


def number_in_group(episode_id: str) -> int | None:
    """Return which episode of its group one of a step is, from 0; None: it is of no step.

    >>> number_in_group("3.0.1/task#7"), number_in_group("rl-3/task#7")
    (7, None)
    """
    key = _KEY.fullmatch(episode_id)
    return int(key[1]) if key else None
