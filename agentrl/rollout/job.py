"""A job: one episode to play, as plain data that any worker can be handed."""

import hashlib
from collections.abc import Sequence
from dataclasses import dataclass

from agentrl.envs.tasks import world_seed
from agentrl.episode import Episode, Failure, Status, StopReason
from agentrl.errors import AgentrlError
from agentrl.rollout.prefix import Prefix
from agentrl.suite.spec import RolloutsSpec
from agentrl.task import Task


@dataclass(frozen=True, slots=True)
class Job:
    """One attempt at one task. Its ``key`` is the episode's id, so that doing it twice is seen."""

    key: str
    task: Task
    seed: int
    """Seed of the world, shared by every attempt at the task."""
    agent_seed: int
    """Seed of the agent, another one for each attempt."""
    attempt: int = 0
    group: str = ""
    """Names the attempts that belong together; empty: the task's id does."""
    prefix: Prefix | None = None
    """What is played again before the agent goes on; no turn of it is in the episode."""

    @property
    def group_id(self) -> str:
        """What the episode's ``group_id`` will be."""
        return self.group or self.task.id


def plan_jobs(tasks: Sequence[Task], rollouts: RolloutsSpec) -> list[Job]:
    """Return every job of a run, attempts at the same task next to each other."""
    return [
        Job(
            key=key,
            task=task,
            seed=world_seed(rollouts.seed, task),
            agent_seed=agent_seed(rollouts.seed, key),
            attempt=attempt,
        )
        for task in tasks
        for attempt in range(rollouts.attempts)
        for key in [f"{task.id}#{attempt}"]
    ]


def unplayed_episode(job: Job, agent: str, error: AgentrlError | None = None) -> Episode:
    """Return the record of a job of which nothing could be recorded: failed, or cancelled."""
    return Episode(
        id=job.key,
        task_id=job.task.id,
        group_id=job.group_id,
        seed=job.seed,
        agent=agent,
        status=Status.INFRA_FAILED if error else Status.CANCELLED,
        stop_reason=StopReason.ERROR if error else StopReason.CANCELLED,
        error=Failure(type(error).__name__, str(error)) if error else None,
        task_group=job.task.group,
        attempt=job.attempt,
    )


def agent_seed(suite_seed: int, key: str) -> int:
    """Return the seed of the agent in one attempt: 31 bits, the same on every machine."""
    digest = hashlib.sha256(f"agent:{suite_seed}:{key}".encode()).digest()
    return int.from_bytes(digest[:4], "big") >> 1
