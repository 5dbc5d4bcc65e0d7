"""``agentrl serve``: a pool with its conductor as an OpenAI-compatible chat endpoint."""

from pathlib import Path
from typing import Annotated

import typer

from agentrl.errors import MissingDependencyError


def serve(
    suite: Annotated[Path, typer.Argument(help="Suite with a Conductor-v0 environment.")],
    checkpoint: Annotated[
        Path | None, typer.Option(help="Folder of the conductor's weights, in place of its own.")
    ] = None,
    host: Annotated[str, typer.Option(help="Address to listen on.")] = "127.0.0.1",
    port: Annotated[int, typer.Option(help="Port to listen on.", min=1, max=65535)] = 8000,
    token: Annotated[
        str | None, typer.Option(envvar="AGENTRL_SERVE_TOKEN", help="API key clients must send.")
    ] = None,
) -> None:
    """Offer a pool with its conductor as one model with OpenAI's chat interface."""
    try:
        import starlette  # noqa: F401
        import uvicorn

    except ImportError as exc:
        raise MissingDependencyError(
            f"serving needs {exc.name}: pip install 'agentrl[serve]'"
        ) from exc
    from agentrl.orchestrator.serving.app import build_app
    from agentrl.orchestrator.serving.solver import Solver
    from agentrl.suite.load import load_suite

    overrides = [f"agent.model.checkpoint={checkpoint.resolve()}"] if checkpoint else []
    loaded = load_suite(suite, overrides)
    app = build_app(Solver(loaded.spec), loaded.spec.name, token)
    typer.echo(f"serving {loaded.spec.name} on http://{host}:{port}/v1", err=True)
    uvicorn.run(app, host=host, port=port, log_level="warning")
