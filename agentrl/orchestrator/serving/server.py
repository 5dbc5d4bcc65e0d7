"""The server process: starts the policy, listens, and leaves nothing behind when it ends."""

import asyncio
import logging
import socket
from collections.abc import Callable, Iterator
from contextlib import contextmanager

import uvicorn

from agentrl.errors import UsageError
from agentrl.orchestrator.serving.app import Endpoint
from agentrl.orchestrator.serving.solver import Solver
from agentrl.rollout.signals import stop_on_signals

logger = logging.getLogger(__name__)


_FAREWELL_S = 15.0
"""Longest wait for clients to take what they are told at the end."""


def listen(host: str, port: int) -> socket.socket:
    """Return a socket that listens.

    Args:
        host: address.
        port: 0: any that is free.

    Raises:
        UsageError: the address is not to be had.
    """
    family = socket.AF_INET6 if ":" in host else socket.AF_INET
    made = socket.socket(family)
    made.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
    try:
        made.bind((host, port))
        made.listen(2048)
    except OSError as exc:
        made.close()
        raise UsageError(
            f"cannot listen on {host}:{port}: {exc.strerror or exc}; give another --port or --host"
        ) from None
    return made


async def serve(
    solver: Solver,
    endpoint: Endpoint,
    listening: socket.socket,
    *,
    ready: Callable[[], None],
    grace_s: float = 10.0,
) -> None:
    """Serve until SIGINT or SIGTERM, then end the policy and the workers.

    At the signal nobody new is let in, and what is under way has some time to end; then it is
    cancelled. A second signal ends the process at once.

    Args:
        solver: is started here and closed here.
        endpoint: offers it.
        listening: closed at the end.
        ready: called once requests are answered.
        grace_s: how long what is under way may take at the end.
    """
    patience = round(grace_s + _FAREWELL_S)
    config = uvicorn.Config(endpoint.app(), log_level="warning", timeout_graceful_shutdown=patience)
    server = _Server(config, ready)
    starting = asyncio.create_task(solver.start())
    loop = asyncio.get_running_loop()
    ends: list[asyncio.Task[None]] = []

    def stop() -> None:
        server.should_exit = True
        starting.cancel()
        endpoint.stop()
        loop.call_later(grace_s, lambda: ends.append(loop.create_task(endpoint.close())))

    with stop_on_signals(stop), listening:
        try:
            await asyncio.wait({starting})
            if not starting.cancelled():
                starting.result()
                await server.serve(sockets=[listening])
        finally:
            await endpoint.close()
            await solver.close()


class _Server(uvicorn.Server):
    """Says when it is ready, and leaves signals to whoever runs it.

    By itself uvicorn raises them again once it has ended, which would kill the process before the
    workers are closed.
    """

    def __init__(self, config: uvicorn.Config, ready: Callable[[], None]) -> None:
        super().__init__(config)
        self._ready = ready

    @contextmanager
    def capture_signals(self) -> Iterator[None]:
        yield

    async def startup(self, sockets: list[socket.socket] | None = None) -> None:
        await super().startup(sockets)
        self._ready()
