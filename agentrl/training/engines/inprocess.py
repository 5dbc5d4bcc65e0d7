"""The engine in this process."""

import time

from agentrl.agents.base import Agent
from agentrl.agents.llm import LLMAgent
from agentrl.models.transformers.model import TransformersModel
from agentrl.suite.agent import AgentSpec
from agentrl.suite.model import TransformersSpec
from agentrl.training.engines.base import SyncReport, WeightSource
from agentrl.training.engines.gate import GatedModel
from agentrl.training.engines.probe import probe

_CAUSES = (
    "Its arithmetic may be coarser than the trainer's: set agent.model.dtype to float32, or raise "
    "policy.sync_tolerance"
)


class InProcessEngine:
    """A second copy of the weights in this process, on a thread of its own."""

    def __init__(self, spec: TransformersSpec, tolerance: float) -> None:
        """
        Args:
            spec: with a checkpoint, that of the first weights.
            tolerance: largest gap that is rounding.
        """
        self._own = TransformersModel(spec)
        self._tolerance = tolerance
        self.model = GatedModel(lambda: self._own)

    @property
    def busy_s(self) -> float:
        return self.model.busy_s

    def agent(self, spec: AgentSpec) -> Agent:
        return LLMAgent(self.model, spec)

    async def start(self) -> None:
        await self._own.start()

    async def sync(self, source: WeightSource, version: int) -> SyncReport:
        began = time.perf_counter()
        weights = source.state_dict()
        async with self.model.closed():
            await self._own.load_weights(weights, version)
            self.model.version = version
            gap, tokens = await probe(self._own, source, self._tolerance, _CAUSES)
        size = sum(tensor.nbytes for tensor in weights.values())
        return SyncReport(version, time.perf_counter() - began, size, gap, tokens)

    async def close(self) -> None:
        await self._own.close()
