"""The engine behind a vLLM server that agentrl starts."""

import asyncio
import logging
import shutil
import time
from pathlib import Path
from typing import TYPE_CHECKING

from agentrl.agents.base import Agent
from agentrl.agents.llm import LLMAgent
from agentrl.episode import Generation
from agentrl.errors import CheckpointError, ModelError, ServiceDownError, UsageError
from agentrl.models.base import Request
from agentrl.models.checkpoint import read_json
from agentrl.models.vllm.model import VllmModel
from agentrl.models.vllm.server import is_cpu_build
from agentrl.models.vllm.weights import reload_weights
from agentrl.suite.agent import AgentSpec
from agentrl.suite.model import VllmSpec
from agentrl.suite.train import PolicySpec
from agentrl.training.engines.base import SyncReport, WeightSource
from agentrl.training.engines.gate import GatedModel
from agentrl.training.engines.probe import probe

if TYPE_CHECKING:
    from agentrl.models.vllm.transfer import WeightTransfer

logger = logging.getLogger(__name__)

_CAUSES = (
    "Likely causes: tied embeddings, which vLLM reloads wrongly on a CPU (docs/training/vllm.md); "
    "a checkpoint of another architecture; a number format coarser than the trainer's (then raise "
    "policy.sync_tolerance). policy.sync: restart works where a reload does not"
)


class ServedEngine:
    """A vLLM server whose weights follow the trainer's.

    A server that dies is started again with its newest weights, once between two syncs; what was
    asked of it is asked again.
    """

    def __init__(
        self, spec: VllmSpec, policy: PolicySpec, *, work: Path, log_folder: Path | None
    ) -> None:
        """
        Args:
            spec: with the checkpoint of the first weights.
            policy: how weights reach it, and how large a gap is rounding.
            work: folder for the weights on their way.
            log_folder: where the server's output goes; None makes a temporary file.

        Raises:
            UsageError: ``policy.sync`` asks for a way that does not exist here.
            CheckpointError: the weights cannot be reloaded right.
        """
        self._spec = spec
        self._tolerance = policy.sync_tolerance
        self._restarts_to_sync = policy.sync == "restart"
        self._transfers = policy.sync == "transfer"
        self._gpus = policy.engine_gpus
        self._link: WeightTransfer | None = None
        self._work = work
        self._log = None if log_folder is None else log_folder / "vllm.log"
        _check(policy, Path(spec.checkpoint))
        self._newest = Path(spec.checkpoint)
        self._server = self._build()
        self._reviving = asyncio.Lock()
        self._revived = False
        self.model = GatedModel(lambda: self._server, self._generate)

    @property
    def busy_s(self) -> float:
        return self.model.busy_s

    @property
    def pid(self) -> int | None:
        """The server's process group, while it runs."""
        return self._server.server.pid if self._server.server else None

    def agent(self, spec: AgentSpec) -> Agent:
        return LLMAgent(self.model, spec)

    async def start(self) -> None:
        await self._server.start()

    async def sync(self, source: WeightSource, version: int) -> SyncReport:
        began = time.perf_counter()
        older, folder = self._newest, self._work / f"weights-{version}"
        if not self._transfers:
            await asyncio.to_thread(_write, source, folder)
        async with self.model.closed():
            if self._transfers:
                size = await self._hand_over(source)
            else:
                self._newest = folder
                size = await self._take()
            self.model.version = version
            self._revived = False
            gap, tokens = await probe(self._server, source, self._tolerance, _CAUSES)
        if older.parent == self._work and older != self._newest:
            await asyncio.to_thread(shutil.rmtree, older, ignore_errors=True)
        return SyncReport(version, time.perf_counter() - began, size, gap, tokens)

    async def close(self) -> None:
        await self._server.close()
        await asyncio.to_thread(shutil.rmtree, self._work, ignore_errors=True)

    def _build(self) -> VllmModel:
        arguments, environment = self._spec.args, _visible(self._gpus)
        if self._transfers:
            from agentrl.models.vllm.transfer import transfer_arguments, transfer_environment

            arguments = (*transfer_arguments(self._gpus), *arguments)
            environment |= transfer_environment(self._gpus)
        spec = self._spec.model_copy(update={"checkpoint": str(self._newest), "args": arguments})
        return VllmModel(spec, log=self._log, updatable=True, environment=environment)

    async def _take(self) -> int:
        """Have the server answer with the newest weights on the disk; return their size."""
        server = self._server.server
        if self._restarts_to_sync or server is None or not server.is_running:
            await self._restart()
        else:
            try:
                await asyncio.to_thread(reload_weights, server.base_url, self._newest)
            except ModelError:
                if server.is_running:
                    raise
                await self._restart()
        return sum(file.stat().st_size for file in self._newest.glob("*.safetensors"))

    async def _hand_over(self, source: WeightSource) -> int:
        """Have the server answer with the newest weights, from GPU to GPU; return their size."""
        from agentrl.models.vllm.transfer import WeightTransfer

        server = self._server.server
        assert server is not None
        weights = source.state_dict()
        if self._link is None:
            self._link = WeightTransfer(server.base_url, self._gpus)
        try:
            await asyncio.to_thread(self._link.send, weights)
        except ModelError as exc:
            if server.is_running:
                raise
            raise server.down("died while it was given weights") from exc
        return sum(tensor.nbytes for tensor in weights.values())

    async def _restart(self) -> None:
        await self._server.close()
        self._server = self._build()
        await self._server.start()

    async def _generate(self, request: Request) -> Generation:
        asked = self._server
        try:
            return await asked.generate(request)
        except (ModelError, ServiceDownError):
            if asked.server is None or asked.server.is_running:
                raise
        await self._revive(asked)
        return await self._server.generate(request)

    async def _revive(self, dead: VllmModel) -> None:
        async with self._reviving:
            if self._server is not dead:
                return  # another request has done it
            assert dead.server is not None
            if self._transfers and self._link is not None:
                raise dead.server.down("died, and its weights were nowhere but in its memory")
            if self._revived:
                raise dead.server.down("died twice with the same weights")
            self._revived = True
            logger.warning("the vLLM server died; it is started again with its newest weights")
            await self._restart()


def _check(policy: PolicySpec, checkpoint: Path) -> None:
    if policy.sync == "transfer" and is_cpu_build():
        raise UsageError(
            "policy.sync is 'transfer', which goes from GPU to GPU, and this vLLM is built for a "
            "CPU; use 'reload', which goes over the disk, or 'auto'"
        )
    tied = read_json(checkpoint / "config.json").get("tie_word_embeddings", False)
    if tied and policy.sync != "restart" and is_cpu_build():
        raise CheckpointError(
            f"checkpoint {str(checkpoint)!r} ties its input and output embeddings, which vLLM "
            f"reloads wrongly on a CPU, without a word; use policy.sync: restart, or "
            f"policy.engine: transformers, or save the model with tie_word_embeddings=false"
        )


def _visible(gpus: tuple[int, ...] | None) -> dict[str, str]:
    return {} if gpus is None else {"CUDA_VISIBLE_DEVICES": ",".join(map(str, gpus))}


def _write(source: WeightSource, folder: Path) -> None:
    made = folder.with_name(f".{folder.name}")
    for old in (made, folder):
        shutil.rmtree(old, ignore_errors=True)
    made.mkdir(parents=True)
    source.save(made)
    made.rename(folder)
