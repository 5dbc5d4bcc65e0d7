"""From a suite's ``model`` section to a model; a backend is imported when it is asked for."""

import asyncio
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from pathlib import Path

from agentrl.errors import ServiceDownError
from agentrl.models.base import Model
from agentrl.suite.model import (
    ModelSpec,
    OpenAISpec,
    ReplaySpec,
    ScriptedSpec,
    TransformersSpec,
    VllmSpec,
)

SERVER_LOG = "vllm.log"
"""Name of the file with a shared server's output."""


def build_model(
    spec: ModelSpec, *, base_url: str | None = None, log_folder: Path | None = None
) -> Model:
    """Return the model that a suite describes; nothing is loaded before its ``start``.

    Args:
        spec: the suite's section.
        base_url: where ``shared_server`` serves it; None: the model starts what it needs.
        log_folder: where a server that it starts writes; None makes a temporary file.

    Raises:
        UsageError: the settings cannot be used.
        MissingDependencyError: the backend's library is not installed.
    """
    match spec:
        case TransformersSpec():
            from agentrl.models.transformers.model import TransformersModel

            return TransformersModel(spec)
        case VllmSpec():
            from agentrl.models.vllm.model import VllmModel

            return VllmModel(spec, base_url=base_url, log=_server_log(log_folder))
        case OpenAISpec():
            from agentrl.models.openai import OpenAIModel

            return OpenAIModel(spec)
        case ReplaySpec():
            from agentrl.models.replay import ReplayModel

            return ReplayModel(spec)
        case ScriptedSpec():
            from agentrl.models.scripted import ScriptedModel

            return ScriptedModel.from_spec(spec)


@asynccontextmanager
async def shared_server(
    spec: ModelSpec | None, *, log_folder: Path | None = None
) -> AsyncIterator[str | None]:
    """Run the one server that several worker processes share; gives its address.

    The address is None for a model that starts no server.

    Args:
        spec: the suite's section; None for an agent without a model.
        log_folder: where the server's output goes; None makes a temporary file.

    Raises:
        UsageError: the checkpoint cannot be used, or vLLM is not installed.
        ServiceDownError: the server does not come up, or died while it was needed.
    """
    if not isinstance(spec, VllmSpec):
        yield None
        return
    from agentrl.models.vllm.server import VllmServer

    server = VllmServer(spec, log=_server_log(log_folder))
    await server.start()
    try:
        yield server.base_url
    except ServiceDownError as exc:
        raise exc if server.is_running else server.down("died") from exc
    finally:
        await asyncio.to_thread(server.stop)


def _server_log(folder: Path | None) -> Path | None:
    return None if folder is None else folder / SERVER_LOG
