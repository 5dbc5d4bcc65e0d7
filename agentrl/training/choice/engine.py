"""What plays a choice policy's episodes while it learns: numpy, on the event loop."""

import time

import numpy as np
import torch

from agentrl.agents.base import Agent
from agentrl.agents.choice.agent import ChoiceAgent
from agentrl.agents.choice.policy import ChoicePolicy
from agentrl.errors import SyncError
from agentrl.suite.agent import AgentSpec
from agentrl.training.choice.learning import LearningPolicy
from agentrl.training.collect import number_in_group
from agentrl.training.engines.base import SyncReport

_PROBE = 8  # made-up actions whose scores are compared
_TOLERANCE = 1e-4


class ChoiceEngine:
    """Plays with the policy's newest weights, or with those of its rivals."""

    def __init__(self, policy: LearningPolicy) -> None:
        """
        Args:
            policy: whose decisions are noted.
        """
        self.busy_s = 0.0
        """A choice takes microseconds, which nobody waits for."""
        self._policy = policy
        self._newest = policy.acting()

    def agent(self, spec: AgentSpec) -> Agent:
        """Return an agent that follows the newest weights."""
        note = self._policy.decisions.note
        return ChoiceAgent(self._plays, spec.sampling.temperature, note)

    async def start(self) -> None:
        """Nothing to make ready."""

    async def sync(self, source: LearningPolicy, version: int) -> SyncReport:
        """Take the newest weights, and forget the decisions that they have learnt from.

        Raises:
            SyncError: torch and numpy score made-up actions differently.
        """
        began = time.perf_counter()
        source.version = version
        self._newest = source.acting()
        source.decisions.forget()
        gap = _gap(source, self._newest)
        size = sum(part.nbytes for part in self._newest.weights)
        return SyncReport(version, time.perf_counter() - began, size, gap, _PROBE)

    async def close(self) -> None:
        """Nothing to give back."""

    def _plays(self, episode_id: str) -> ChoicePolicy:
        number, rivals = number_in_group(episode_id), self._policy.rivals
        if number is None or not rivals:
            return self._newest
        return rivals[number % len(rivals)]


@torch.no_grad()
def _gap(source: LearningPolicy, policy: ChoicePolicy) -> float:
    chance = np.random.default_rng(policy.version)
    rows = chance.normal(size=(_PROBE, policy.layout.columns)).astype(np.float32)
    learnt = source.model(torch.from_numpy(rows)).numpy()
    gap = float(np.abs(learnt - policy.scores(rows)).max())
    if not gap <= _TOLERANCE * (1 + float(np.abs(learnt).max())):
        raise SyncError(
            f"the choice policy scores made-up actions by up to {gap:g} differently in torch and "
            f"in numpy; weights that large come of a training that diverges: lower "
            f"train.optimiser.lr"
        )
    return gap
