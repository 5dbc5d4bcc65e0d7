"""The value of a prefix as the success of rollouts that go on from it (VSRM, MRT)."""

from collections.abc import Mapping, Sequence
from contextlib import closing
from dataclasses import replace
from typing import Any
from zlib import crc32

from agentrl.agents.base import Agent, View
from agentrl.envs.base import TextEnv
from agentrl.episode import Episode
from agentrl.errors import EnvError, InfrastructureError, UnscoredError, boundary
from agentrl.rewards.progress.source import Found
from agentrl.task import Task
from agentrl.training.progress.replay import Build, replayed, task_of, view_of


class MonteCarlo:
    """Values by ``rollouts`` attempts that begin where a prefix ends.

    The prefix is played again in a fresh environment of the same seed, and the agent then goes on
    in a session of its own: it sees the world as it is and none of the talk that led there. The
    value after the last turn is the outcome itself. VSRM (arXiv 2508.10293) and MRT (arXiv
    2503.07572) estimate so; how many rollouts is our choice.

    Args:
        build: returns a new environment.
        tasks: those of the episodes.
        agent: who goes on, started by the caller.
        rollouts: attempts from each prefix.
        outcome: the result whose mean is the value.
        max_turns: turns after which an attempt ends; None: what the environment advises.
        seed: decides the agent's draws.
    """

    def __init__(
        self,
        build: Build,
        tasks: Sequence[Task],
        agent: Agent,
        *,
        rollouts: int = 4,
        outcome: str = "success",
        max_turns: int | None = None,
        seed: int = 0,
    ) -> None:
        if rollouts < 1:
            raise ValueError(f"rollouts is {rollouts}, expected at least 1")
        self._build = build
        self._tasks = tuple(tasks)
        self._agent = agent
        self._rollouts = rollouts
        self._outcome = outcome
        self._max_turns = max_turns
        self._seed = seed

    async def values(self, group: Sequence[Episode]) -> list[Found]:
        """See ``ValueSource.values``; an episode that cannot be played again has none.

        Nor has one of which a rollout failed for no fault of the agent, or whose results lack the
        outcome: what is not known is no zero.
        """
        return [await self._found(episode) for episode in group]

    async def learn(self, group: Sequence[Episode]) -> None:
        """Nothing to learn."""

    def memory(self) -> dict[str, Any]:
        """Nothing to remember."""
        return {}

    def restore(self, memory: Mapping[str, Any]) -> None:
        """Nothing to take up."""

    async def close(self) -> None:
        """Nothing to give back: the agent is the caller's."""

    async def _found(self, episode: Episode) -> Found:
        try:
            task = task_of(episode, self._tasks)
            last = self._result(episode.outcome)
            values = [await self._value(task, episode, t) for t in range(len(episode.turns))]
        except UnscoredError as exc:
            return exc
        except InfrastructureError as exc:
            return UnscoredError(f"a rollout from episode {episode.id!r} failed: {exc}")
        return (*values, last)

    def _result(self, outcome: Mapping[str, float]) -> float:
        if self._outcome not in outcome:
            stated = ", ".join(outcome) or "nothing"
            raise UnscoredError(f"the outcome states {stated}, not {self._outcome!r}")
        return float(outcome[self._outcome])

    async def _value(self, task: Task, episode: Episode, turns: int) -> float:
        results = [
            await self._attempt(task, episode, turns, number) for number in range(self._rollouts)
        ]
        return sum(results) / len(results)

    async def _attempt(self, task: Task, episode: Episode, turns: int, number: int) -> float:
        with boundary(EnvError, f"playing episode {episode.id!r} again"):
            place = replayed(self._build, task, episode, turns, self._agent.needs)
        with closing(place.env) as env, boundary(EnvError, f"going on from {episode.id!r}"):
            if place.ended:
                return self._result(env.outcome())
            left = (self._max_turns or env.max_turns) - turns
            name = f"{episode.id}/{turns}.{number}"
            return await self._go_on(env, place.view, name, left)

    async def _go_on(self, env: TextEnv, view: View, name: str, left: int) -> float:
        session = self._agent.session(name, env.instructions, _seed_of(name, self._seed))
        for _ in range(left):
            action = await session.act(view)
            if action is None:
                break
            if action.refusal is not None:
                view = replace(view, observation=action.refusal)
                continue
            observation, _, terminated, truncated, info = env.step(action.text)
            if terminated or truncated:
                return self._result(info["outcome"])
            view = view_of(env, observation, self._agent.needs)
        return self._result(env.outcome())


def _seed_of(name: str, seed: int) -> int:
    return crc32(f"{seed}:{name}".encode())
