"""Puts the commands together and turns every error into one message and an exit code."""

import sys
from typing import Annotated

import typer

import agentrl
from agentrl.cli.doctor import doctor
from agentrl.cli.envs import envs
from agentrl.cli.grade import grade
from agentrl.cli.report import report
from agentrl.cli.rewards import rewards
from agentrl.cli.run import run
from agentrl.cli.sandbox import sandbox
from agentrl.cli.serve import serve
from agentrl.cli.tasks import tasks
from agentrl.cli.train import train
from agentrl.errors import EXIT_BAD_INPUT, AgentrlError

app = typer.Typer(
    name="agentrl",
    help="Run, grade and train LLM agents, and report how they fare.",
    no_args_is_help=True,
    add_completion=False,
    pretty_exceptions_enable=False,
    context_settings={"help_option_names": ["-h", "--help"]},
)
for command in (run, train, serve, grade, report, envs, doctor):
    app.command()(command)
app.add_typer(rewards)
app.add_typer(sandbox)
app.add_typer(tasks)


@app.callback(invoke_without_command=True)
def _options(
    version: Annotated[bool, typer.Option("--version", help="Print the version.")] = False,
    debug: Annotated[
        bool, typer.Option("--debug", help="Show the traceback of an error; stands anywhere.")
    ] = False,
) -> None:
    if version:
        typer.echo(f"agentrl {agentrl.__version__}")
        raise typer.Exit


def main(arguments: list[str] | None = None) -> None:
    """Run a command line and exit: 0 done, 2 bad input or stopped early, 130 interrupted."""
    arguments = sys.argv[1:] if arguments is None else arguments
    debug = "--debug" in arguments  # before or after the command, as a person types it
    try:
        _sweep()
        app([argument for argument in arguments if argument != "--debug"])
    except AgentrlError as exc:
        if debug:
            raise
        typer.echo(f"agentrl: {exc}", err=True)
        sys.exit(EXIT_BAD_INPUT)
    except BrokenPipeError:  # `agentrl ... | head`: the reader has seen enough
        sys.stderr.close()
        sys.exit(0)


def _sweep() -> None:
    """Remove the sandboxes of a command that was killed; costs nothing where there are none."""
    from agentrl.sandboxes.traces import sweep_abandoned

    count = sweep_abandoned()
    if count:
        typer.echo(f"removed {count} sandboxes that an earlier command left behind", err=True)
