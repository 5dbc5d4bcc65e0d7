"""``agentrl run``: an agent attempts every task of a suite, many at a time."""

import logging
from contextlib import AbstractContextManager, nullcontext
from pathlib import Path
from typing import TYPE_CHECKING, Annotated

import typer

from agentrl.errors import AgentrlError

if TYPE_CHECKING:
    from agentrl.rollout.run import Watch
    from agentrl.suite import Suite

logger = logging.getLogger(__name__)


def run(
    suite_file: Annotated[
        Path | None,
        typer.Argument(metavar="SUITE", help="A suite file, such as tasks/quickstart.yaml."),
    ] = None,
    agent: Annotated[
        str | None, typer.Option(help="Who acts: llm, expert, random, human or choice.")
    ] = None,
    workers: Annotated[int | None, typer.Option(help="Processes that play episodes.")] = None,
    settings: Annotated[
        list[str] | None, typer.Option("--set", metavar="KEY=VALUE", help="Override a suite's key.")
    ] = None,
    out: Annotated[Path | None, typer.Option(help="The run's folder; else runs/NAME-TIME.")] = None,
    resume: Annotated[Path | None, typer.Option(help="Continue the run in this folder.")] = None,
    as_json: Annotated[
        bool, typer.Option("--json", help="Print the summary as one line of JSON.")
    ] = False,
) -> None:
    """Attempt every task of a suite and report how it went.

    Exits with 0 when every episode came to an end, with 2 when the input was bad or
    infrastructure failed an episode for good, with 130 when interrupted.
    """
    from agentrl.cli.closing import close_run
    from agentrl.cli.logs import logging_to
    from agentrl.cli.pools import pools_closed
    from agentrl.cli.starting import open_folder, read_suite, with_advice
    from agentrl.rollout.run import check_suite, run_suite
    from agentrl.rollout.signals import EXIT_INTERRUPTED
    from agentrl.runs.folder import LOG
    from agentrl.sandboxes.owner import work_for

    overrides = list(settings or [])
    if agent is not None:
        overrides.append(f"agent.kind={agent}")
    if workers is not None:
        overrides.append(f"rollouts.workers={workers}")
    suite = read_suite(suite_file, overrides, resume)
    tasks = check_suite(suite)
    with (
        open_folder(suite, out, resume) as folder,
        logging_to(folder.path / LOG),
        pools_closed(),
    ):
        work_for(folder.path.name)
        try:
            with _progress(suite, len(tasks)) as progress:
                stats = run_suite(suite, tasks, folder, progress)
        except AgentrlError as exc:
            raise with_advice(exc, folder, "run") from exc
        except KeyboardInterrupt:  # before anything was played
            folder.discard()
            raise typer.Exit(EXIT_INTERRUPTED) from None
        code = close_run(suite, folder, stats, as_json=as_json)
    raise typer.Exit(code)


def _progress(suite: "Suite", tasks: int) -> "AbstractContextManager[Watch | None]":
    from agentrl.view.live import LiveProgress

    if suite.spec.agent.kind == "human":  # the terminal is the player's
        return nullcontext()
    return LiveProgress(tasks * suite.spec.rollouts.attempts)
