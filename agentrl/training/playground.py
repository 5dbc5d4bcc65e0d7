"""Where the policy plays: the suite's environments, with whatever weights the engine has."""

from agentrl.agents.base import Agent
from agentrl.agents.llm import LLMAgent
from agentrl.models.base import Model
from agentrl.rollout.local import LocalPlayer
from agentrl.rollout.rollout import Rollout
from agentrl.suite.spec import SuiteSpec

_MOST_PLAYERS = 4


class Playground:
    """Gives out rollouts; those that play by the same rules share a player."""

    def __init__(self, model: Model) -> None:
        """
        Args:
            model: started, and closed by somebody else.
        """
        self._model = model
        self._players: dict[str, LocalPlayer] = {}
        self._rollouts: dict[str, Rollout] = {}

    async def rollout(self, spec: SuiteSpec, *, temperature: float | None = None) -> Rollout:
        """Return what plays by the rules of ``spec``.

        Args:
            spec: environment, agent, reward and limits as they are now.
            temperature: samples so instead of as the suite says.
        """
        if temperature is not None:
            spec = with_temperature(spec, temperature)
        return await self.rollout_of(spec, LLMAgent(self._model, spec.agent))

    async def rollout_of(self, spec: SuiteSpec, agent: Agent) -> Rollout:
        """Return what plays with another agent."""
        key = agent.name + spec.model_dump_json(
            include={"env", "agent", "reward", "limits", "rollouts"}
        )
        if key not in self._players:
            await self._close_idle()
            player = LocalPlayer(spec, agent)
            await player.start()
            self._players[key] = player
            self._rollouts[key] = Rollout(
                player, concurrency=spec.rollouts.concurrency, retries=spec.rollouts.retries
            )
        return self._rollouts[key]

    async def _close_idle(self) -> None:
        """Close players whose rules are past: a schedule may change them with every step."""
        idle = [key for key, player in self._players.items() if not player.playing]
        for key in idle[: max(0, len(self._players) - _MOST_PLAYERS)]:
            del self._rollouts[key]
            await self._players.pop(key).close()

    async def close(self) -> None:
        """Close every player; the model goes on."""
        for player in self._players.values():
            await player.close()
        self._players.clear()
        self._rollouts.clear()


def with_temperature(spec: SuiteSpec, temperature: float) -> SuiteSpec:
    """Return the suite with another sampling temperature."""
    sampling = spec.agent.sampling.model_copy(update={"temperature": temperature})
    return spec.model_copy(update={"agent": spec.agent.model_copy(update={"sampling": sampling})})
