"""``agentrl serve``: a trained policy with its pool as an OpenAI-compatible chat endpoint."""

import asyncio
from pathlib import Path
from typing import Annotated

import typer

from agentrl.errors import MissingDependencyError


def serve(
    source: Annotated[
        Path,
        typer.Argument(
            metavar="RUN",
            help="The run folder of a training, a checkpoint in it, or a suite file.",
        ),
    ],
    checkpoint: Annotated[
        Path | None, typer.Option(help="Folder of the policy's weights, in place of its own.")
    ] = None,
    settings: Annotated[
        list[str] | None, typer.Option("--set", metavar="KEY=VALUE", help="Override a suite's key.")
    ] = None,
    host: Annotated[str, typer.Option(help="Address to listen on.")] = "127.0.0.1",
    port: Annotated[
        int, typer.Option(help="Port to listen on; 0: any that is free.", min=0, max=65535)
    ] = 8000,
    token: Annotated[
        str | None, typer.Option(envvar="AGENTRL_SERVE_TOKEN", help="API key clients must send.")
    ] = None,
    concurrency: Annotated[
        int, typer.Option(help="Most answers under way at a time; more get status 429.", min=1)
    ] = 32,
    grace: Annotated[
        float, typer.Option(help="Seconds that answers under way may take at the end.", min=0)
    ] = 10.0,
) -> None:
    """Offer a trained conductor, router or choice policy with its pool as one chat model.

    Of a run folder the best checkpoint is served. Ctrl-C ends it, with its workers.
    """
    try:
        import starlette  # noqa: F401
        import uvicorn  # noqa: F401
    except ImportError as exc:
        raise MissingDependencyError(
            f"serving needs {exc.name}: pip install 'agentrl[serve]'"
        ) from exc
    from agentrl.models.api import is_loopback
    from agentrl.orchestrator.serving.app import Endpoint
    from agentrl.orchestrator.serving.server import listen
    from agentrl.orchestrator.serving.server import serve as serve_until_stopped
    from agentrl.orchestrator.serving.solver import Solver
    from agentrl.orchestrator.serving.source import read_source

    served = read_source(source, checkpoint, settings or ())
    solver = Solver(served)
    endpoint = Endpoint(solver, token=token, concurrency=concurrency)
    listening = listen(host, port)
    shown = f"[{host}]" if ":" in host else host
    url = f"http://{shown}:{listening.getsockname()[1]}/v1"
    if token is None and not is_loopback(url):
        typer.echo("agentrl: anybody who reaches this address may ask; see --token", err=True)
    weights = f" with the weights of {served.checkpoint}" if served.checkpoint else ""

    def ready() -> None:
        typer.echo(f"serving {solver.name}{weights} on {url}", err=True)

    asyncio.run(serve_until_stopped(solver, endpoint, listening, ready=ready, grace_s=grace))
