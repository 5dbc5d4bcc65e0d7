"""``agentrl train``: turns episodes into a better policy."""

from pathlib import Path
from typing import TYPE_CHECKING, Annotated, Literal

import typer

from agentrl.errors import AgentrlError

if TYPE_CHECKING:
    from agentrl.suite import Suite
    from agentrl.training.plan import Plan


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
    progress: Annotated[
        Path | None,
        typer.Option(metavar="RUN", help="Fit a scorer of progress to a run's episodes instead."),
    ] = None,
    backend: Annotated[
        Literal["text", "lm", "contrastive", "log_ratio"],
        typer.Option(help="With --progress: the kind of scorer."),
    ] = "text",
    outcome: Annotated[
        str, typer.Option(help="With --progress: the result to foretell.")
    ] = "success",
    fit: Annotated[
        list[str] | None,
        typer.Option("--fit", metavar="KEY=VALUE", help="With --progress: set up the scorer."),
    ] = None,
    out: Annotated[
        Path | None,
        typer.Option(help="The folder to write; else runs/NAME-TIME, or RUN/scorer-BACKEND."),
    ] = None,
    resume: Annotated[Path | None, typer.Option(help="Continue the run in this folder.")] = None,
    as_json: Annotated[
        bool, typer.Option("--json", help="Print the summary as one line of JSON.")
    ] = False,
) -> None:
    """Train the suite's policy and report how much better it became on held-out tasks.

    With --progress RUN it trains no policy: it fits a scorer that says how far each turn brings an
    episode, and writes the scorer's folder.

    Exits with 0 when training came to its end, with 2 when the input was bad or training had to
    stop early, with 130 when interrupted.
    """
    from agentrl.cli.starting import read_suite

    overrides = list(settings or [])
    if progress is not None:
        from agentrl.cli.progress import fit_progress

        fit_progress(
            read_suite(suite_file, overrides, resume),
            progress,
            backend=backend,
            outcome=outcome,
            options=fit or (),
            out=out,
            as_json=as_json,
        )
        return
    if sft_only:
        overrides.append("train.steps=0")
    _train(read_suite(suite_file, overrides, resume), out, resume, as_json=as_json)


def _train(suite: "Suite", out: Path | None, resume: Path | None, *, as_json: bool) -> None:
    """Train, on the first rank of several; the others follow it."""
    from agentrl.cli.logs import logging_to
    from agentrl.cli.pools import pools_closed
    from agentrl.cli.starting import open_folder, with_advice
    from agentrl.cli.training_result import tell_training
    from agentrl.rollout.signals import EXIT_INTERRUPTED
    from agentrl.runs.folder import LOG, SUMMARY
    from agentrl.sandboxes.owner import work_for
    from agentrl.training.plan import check_training
    from agentrl.training.ranks import join_ranks
    from agentrl.training.team import follow
    from agentrl.training.trainer import train_suite
    from agentrl.view.training_live import TrainingLive

    plan = check_training(suite)
    ranks = join_ranks()
    plan.check_ranks(ranks.count)
    if not ranks.first:
        follow(plan, ranks)
        return
    newest = _newest_step(plan, resume)
    with (
        open_folder(suite, out, resume, lambda e: plan.can_learn_from(e, newest)) as folder,
        logging_to(folder.path / LOG),
        pools_closed(),
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


def _newest_step(plan: "Plan", resume: Path | None) -> int:
    """Return how many steps the newest checkpoint of a run has behind it; 0 without one."""
    from agentrl.training.checkpoint import Checkpoints
    from agentrl.training.trainer import CHECKPOINTS

    if resume is None:
        return 0
    section = plan.train.checkpoints
    newest = Checkpoints(resume / CHECKPOINTS, section.keep_last, section.keep_best).latest()
    return newest.step if newest else 0
