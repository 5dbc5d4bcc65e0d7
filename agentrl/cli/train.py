"""``agentrl train``: turns episodes into a better policy."""

from pathlib import Path
from typing import Annotated

import typer

from agentrl.errors import AgentrlError


def train(
    suite_file: Annotated[
        Path | None,
        typer.Argument(metavar="SUITE", help="A suite file, such as tasks/quickstart.yaml."),
    ] = None,
    sft_only: Annotated[
        bool, typer.Option("--sft-only", help="Stop after supervised training: no RL.")
    ] = False,
    settings: Annotated[
        list[str] | None, typer.Option("--set", metavar="KEY=VALUE", help="Override a suite's key.")
    ] = None,
    out: Annotated[Path | None, typer.Option(help="The run's folder; else runs/NAME-TIME.")] = None,
    resume: Annotated[Path | None, typer.Option(help="Continue the run in this folder.")] = None,
    as_json: Annotated[
        bool, typer.Option("--json", help="Print the summary as one line of JSON.")
    ] = False,
) -> None:
    """Train the suite's policy and report how much better it became on held-out tasks.

    Exits with 0 when training came to its end, with 2 when the input was bad or training had to
    stop early, with 130 when interrupted.
    """
    from agentrl.cli.logs import logging_to
    from agentrl.cli.starting import open_folder, read_suite, with_advice
    from agentrl.cli.training_result import tell_training
    from agentrl.rollout.signals import EXIT_INTERRUPTED
    from agentrl.runs.folder import LOG, SUMMARY
    from agentrl.sandboxes.owner import work_for
    from agentrl.training.checkpoint import Checkpoints
    from agentrl.training.plan import check_training
    from agentrl.training.ranks import join_ranks
    from agentrl.training.team import follow
    from agentrl.training.trainer import CHECKPOINTS, train_suite
    from agentrl.view.training_live import TrainingLive

    overrides = list(settings or [])
    if sft_only:
        overrides.append("train.steps=0")
    suite = read_suite(suite_file, overrides, resume)
    plan = check_training(suite)
    ranks = join_ranks()
    if not ranks.first:
        follow(plan, ranks)
        return
    version = 0
    if resume is not None:
        section = plan.train.checkpoints
        checkpoints = Checkpoints(resume / CHECKPOINTS, section.keep_last, section.keep_best)
        newest = checkpoints.latest()
        version = newest.step if newest else 0
    with (
        # Episodes of weights that no checkpoint has are of no use: they are played again.
        open_folder(suite, out, resume, lambda e: e.weights_version <= version) as folder,
        logging_to(folder.path / LOG),
    ):
        work_for(folder.path.name)
        try:
            with TrainingLive(plan.train.steps) as live:
                stats = train_suite(plan, folder, live, ranks)
        except AgentrlError as exc:
            raise with_advice(exc, folder, "train") from exc
        line = tell_training(folder.path, suite.spec, duration_s=stats.duration_s, as_json=as_json)
        folder.write(SUMMARY, line + "\n")
        if stats.interrupted:
            typer.echo(
                f"agentrl: interrupted after {stats.steps} of {plan.train.steps} steps; continue "
                f"with: agentrl train --resume {folder.path}",
                err=True,
            )
            raise typer.Exit(EXIT_INTERRUPTED)
