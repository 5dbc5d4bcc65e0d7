"""Puts the commands together and turns every error into one message and an exit code."""

import sys
from typing import Annotated

import typer

import agentrl
from agentrl.cli.doctor import doctor
from agentrl.cli.envs import envs
from agentrl.cli.report import report
from agentrl.cli.run import run
from agentrl.cli.train import train
from agentrl.errors import EXIT_BAD_INPUT, AgentrlError

app = typer.Typer(
    name="agentrl",
    help="Run and train LLM agents in text environments, and report how they fare.",
    no_args_is_help=True,
    add_completion=False,
    pretty_exceptions_enable=False,
    context_settings={"help_option_names": ["-h", "--help"]},
)
for command in (run, train, report, envs, doctor):
    app.command()(command)


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
        app([argument for argument in arguments if argument != "--debug"])
    except AgentrlError as exc:
        if debug:
            raise
        typer.echo(f"agentrl: {exc}", err=True)
        sys.exit(EXIT_BAD_INPUT)
    except BrokenPipeError:  # `agentrl ... | head`: the reader has seen enough
        sys.stderr.close()
        sys.exit(0)
