"""Where the policy plays: the suite's environments, with whatever weights the engine has."""

import asyncio
from collections.abc import AsyncIterator, Callable
from contextlib import asynccontextmanager
from dataclasses import dataclass

from agentrl.agents.base import Agent
from agentrl.rollout.local import LocalPlayer
from agentrl.rollout.rollout import Rollout
from agentrl.suite.spec import AgentSpec, SuiteSpec

_MOST_PLACES = 4


@dataclass(slots=True)
class _Place:
    """A player and who uses it."""

    player: LocalPlayer
    rollout: Rollout
    users: int = 0


class Playground:
    """Gives out rollouts; those that play by the same rules share a player."""

    def __init__(self, agent: Callable[[AgentSpec], Agent]) -> None:
        """
        Args:
            agent: returns the policy as an agent by a suite's section; somebody else starts and
                closes what is behind it.
        """
        self._agent = agent
        self._places: dict[str, _Place] = {}
        self._building = asyncio.Lock()

    @asynccontextmanager
    async def rollout(
        self, spec: SuiteSpec, *, temperature: float | None = None
    ) -> AsyncIterator[Rollout]:
        """Lend what plays by the rules of ``spec``.

        Args:
            spec: environment, agent, reward and limits as they are now.
            temperature: samples so instead of as the suite says.
        """
        if temperature is not None:
            spec = with_temperature(spec, temperature)
        async with self.rollout_of(spec, self._agent(spec.agent)) as rollout:
            yield rollout

    @asynccontextmanager
    async def rollout_of(self, spec: SuiteSpec, agent: Agent) -> AsyncIterator[Rollout]:
        """Lend what plays with another agent."""
        key = agent.name + spec.model_dump_json(
            include={"env", "agent", "sandbox", "orchestrator", "reward", "limits", "rollouts"}
        )
        async with self._building:
            if key not in self._places:
                await self._close_idle()
                self._places[key] = await _place(spec, agent)
            place = self._places[key]
            place.users += 1
        try:
            yield place.rollout
        finally:
            place.users -= 1

    async def _close_idle(self) -> None:
        """Close players whose rules are past: a schedule may change them with every step."""
        idle = [key for key, place in self._places.items() if not place.users]
        for key in idle[: max(0, len(self._places) - _MOST_PLACES + 1)]:
            await self._places.pop(key).player.close()

    async def close(self) -> None:
        """Close every player; what is behind the agents goes on."""
        for place in self._places.values():
            await place.player.close()
        self._places.clear()


async def _place(spec: SuiteSpec, agent: Agent) -> _Place:
    player = LocalPlayer(spec, agent)
    await player.start()
    rollout = Rollout(player, concurrency=spec.rollouts.concurrency, retries=spec.rollouts.retries)
    return _Place(player, rollout)


def with_temperature(spec: SuiteSpec, temperature: float) -> SuiteSpec:
    """Return the suite with another sampling temperature."""
    sampling = spec.agent.sampling.model_copy(update={"temperature": temperature})
    return spec.model_copy(update={"agent": spec.agent.model_copy(update={"sampling": sampling})})
