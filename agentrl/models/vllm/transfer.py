"""Handing weights to a running vLLM server from GPU to GPU, by vLLM's own protocol.

Where the server uses this process's GPU it opens the trainer's tensors in place (CUDA IPC); where
it has GPUs of its own they are broadcast to it (NCCL).
"""

import json
from collections.abc import Iterator, Mapping
from typing import Any

from torch import Tensor
from vllm.distributed.weight_transfer.base import ParamMeta, WeightSource
from vllm.distributed.weight_transfer.clients import HTTPVLLMWeightSyncClient

from agentrl.errors import ModelError
from agentrl.models.vllm.server import HOST, free_port
from agentrl.models.vllm.weights import TIMEOUT_S, forget_prefixes


def transfer_arguments(gpus: tuple[int, ...] | None) -> tuple[str, ...]:
    """Return what the server must be started with to take weights so.

    >>> transfer_arguments((1, 2))
    ('--weight-transfer-config={"backend": "nccl"}',)
    """
    backend = "ipc" if gpus is None else "nccl"
    return (f"--weight-transfer-config={json.dumps({'backend': backend})}",)


def transfer_environment(gpus: tuple[int, ...] | None) -> dict[str, str]:
    """Return the environment that the server must have to take weights so."""
    # Handles of GPU memory travel pickled, from us to a server on the loopback interface.
    return {"VLLM_ALLOW_INSECURE_SERIALIZATION": "1"} if gpus is None else {}


class WeightTransfer:
    """A link to one running server."""

    def __init__(self, base_url: str, gpus: tuple[int, ...] | None) -> None:
        """
        Args:
            base_url: ``VllmServer.base_url``.
            gpus: GPUs that the server has to itself; None: it shares this process's.
        """
        self._base_url = base_url
        self._gpus = gpus
        self._source = _Weights()
        self._sender: Any = None

    def send(self, weights: Mapping[str, Tensor]) -> None:
        """Hand over weights; nothing may be asked of the server meanwhile.

        Args:
            weights: on this process's GPU, by their transformers names.

        Raises:
            ModelError: the server refused, is gone, or the GPUs do not reach each other.
        """
        self._source.weights = weights
        try:
            if self._sender is None:
                self._sender = self._linked()
            self._sender.send_weights()
        except Exception as exc:  # vLLM, NCCL, CUDA and HTTP each have their own
            raise ModelError(
                f"the weights did not reach {self._base_url}: {type(exc).__name__}: {exc}; "
                f"policy.sync: reload goes over the disk instead"
            ) from exc
        finally:
            self._source.weights = {}
        forget_prefixes(self._base_url)

    def _linked(self) -> Any:
        root = self._base_url.removesuffix("/v1")
        client = HTTPVLLMWeightSyncClient(root, timeout=TIMEOUT_S)
        if self._gpus is None:
            from vllm.distributed.weight_transfer.ipc_engine import (
                IPCTrainerInitInfo,
                IPCTrainerWeightTransferEngine,
            )

            shared: Any = IPCTrainerWeightTransferEngine
            return shared.trainer_init(
                IPCTrainerInitInfo(rank=0), client=client, source=self._source
            )
        from vllm.distributed.weight_transfer.nccl_engine import (
            NCCLTrainerInitInfo,
            NCCLTrainerWeightTransferEngine,
        )

        info = NCCLTrainerInitInfo(HOST, free_port(), 1 + len(self._gpus), rank=0)
        apart: Any = NCCLTrainerWeightTransferEngine
        return apart.trainer_init(info, client=client, source=self._source)


class _Weights(WeightSource):
    """The trainer's weights as vLLM asks for them, anew for each transfer."""

    def __init__(self) -> None:
        self.weights: Mapping[str, Tensor] = {}

    def metadata(self) -> list[ParamMeta]:
        return [ParamMeta(name, t.dtype, tuple(t.shape)) for name, t in self.weights.items()]

    def __iter__(self) -> Iterator[tuple[str, Tensor]]:
        yield from self.weights.items()
