"""A served pool of workers that a test decides about, and the official client for it."""

import asyncio
import threading
import time
from collections.abc import Callable, Iterator, Sequence
from contextlib import ExitStack, contextmanager
from pathlib import Path
from typing import Any

import openai
import pytest
import yaml

from agentrl.orchestrator import orchestrated
from agentrl.orchestrator.pool import Pool
from agentrl.orchestrator.worker import Worker

pytest.importorskip("starlette")
uvicorn = pytest.importorskip("uvicorn")

from agentrl.orchestrator.serving.app import Endpoint  # noqa: E402
from agentrl.orchestrator.serving.server import listen  # noqa: E402
from agentrl.orchestrator.serving.solver import Solver  # noqa: E402
from agentrl.orchestrator.serving.source import read_source  # noqa: E402

Offer = Callable[..., openai.OpenAI]


@pytest.fixture
def offer(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Iterator[Offer]:
    """Return what serves workers and returns a client; options as in a suite."""
    with ExitStack() as stack:

        def offered(workers: Sequence[Worker], **options: Any) -> openai.OpenAI:
            pool = Pool(workers)
            monkeypatch.setattr(orchestrated, "shared_pool", lambda _: pool)
            more = options.pop("endpoint", {})
            suite = tmp_path / "served.yaml"
            suite.write_text(yaml.safe_dump(_suite(workers, options)), encoding="utf-8")
            solver = Solver(read_source(suite))
            url = stack.enter_context(_running(solver, Endpoint(solver, **more)))
            key = more.get("token", "any")
            client = openai.OpenAI(base_url=url, api_key=key, max_retries=0, timeout=10)
            return stack.enter_context(client)

        yield offered


def _suite(workers: Sequence[Worker], options: dict[str, Any]) -> dict[str, Any]:
    names = [worker.name for worker in workers]
    kind = options.pop("kind", "Conductor")
    plan = {"topology": {"topology": "vote", "workers": names}} if kind == "Conductor" else {}
    rest = {"env": {"id": "agentrl/QA-v0"}, **plan, **options.pop("env", {})}
    section = {"retries": 0, **options.pop("orchestrator", {})}
    return {
        "name": "team",
        "env": {"id": f"agentrl/{kind}-v0", "options": rest},
        "tasks": {"generate": {"count": 1, "seed": 1}},
        "agent": options.pop("agent", {"kind": "expert"}),
        "orchestrator": {"pool": {"workers": {n: {"kind": "self"} for n in names}}, **section},
        **options,
    }


@contextmanager
def _running(solver: Solver, endpoint: Endpoint) -> Iterator[str]:
    with listen("127.0.0.1", 0) as listening:
        config = uvicorn.Config(endpoint.app(), log_level="error", timeout_graceful_shutdown=1)
        server = uvicorn.Server(config)

        async def serve() -> None:
            await solver.start()
            try:
                await server.serve(sockets=[listening])
            finally:
                await endpoint.close()
                await solver.close()

        thread = threading.Thread(target=lambda: asyncio.run(serve()))
        thread.start()
        while not server.started:
            time.sleep(0.005)
        try:
            yield f"http://127.0.0.1:{listening.getsockname()[1]}/v1"
        finally:
            server.should_exit = True
            thread.join(20)
            assert not thread.is_alive()
