"""``agentrl grade``: verdicts on patches that anybody made."""

import json
import time
from collections.abc import Sequence
from contextlib import closing
from itertools import count
from pathlib import Path
from typing import TYPE_CHECKING, Annotated, Any

import typer
from rich.console import Console

from agentrl.errors import EXIT_BAD_INPUT, UsageError

if TYPE_CHECKING:
    from agentrl.grading.folder import GradingFolder
    from agentrl.grading.job import Job
    from agentrl.grading.result import Result
    from agentrl.suite.sandbox import SandboxSpec
    from agentrl.view.grading_live import GradingProgress


def grade(
    predictions: Annotated[
        str,
        typer.Argument(metavar="PREDICTIONS", help="A .json or .jsonl file, or: gold, empty."),
    ],
    tasks: Annotated[
        Path, typer.Option(help="The instances: a file, or a folder of tasks.", show_default=False)
    ],
    jobs: Annotated[
        int, typer.Option("--jobs", "-j", min=1, help="Patches that are graded at a time.")
    ] = 1,
    only: Annotated[
        list[str] | None, typer.Option("--instance", "-i", metavar="ID", help="Only this one.")
    ] = None,
    timeout: Annotated[
        float | None, typer.Option(min=1.0, help="Most seconds for one instance's tests.")
    ] = None,
    out: Annotated[Path | None, typer.Option(help="The folder; else runs/grade-...")] = None,
    resume: Annotated[
        bool, typer.Option("--resume", help="Continue the grading in --out, or the newest.")
    ] = False,
    cache: Annotated[
        bool, typer.Option("--cache/--no-cache", help="Use verdicts that are known already.")
    ] = True,
    settings: Annotated[
        list[str] | None,
        typer.Option("--set", metavar="KEY=VALUE", help="Set a key: sandbox.memory_mb=4096."),
    ] = None,
    as_json: Annotated[
        bool, typer.Option("--json", help="Print the summary as one line of JSON.")
    ] = False,
) -> None:
    """Grade patches for software engineering tasks, each in a fresh sandbox.

    Exits with 0 when every patch has a verdict, with 2 when the input was bad or infrastructure
    failed a patch for good, with 130 when interrupted.
    """
    from agentrl.cli.grading_input import read_jobs, read_sandbox
    from agentrl.cli.logs import logging_to
    from agentrl.envs.swe.dataset import read_instances
    from agentrl.runs.folder import LOG
    from agentrl.sandboxes.owner import work_for

    spec = read_sandbox(settings or [])
    instances = read_instances(tasks)
    work = read_jobs(predictions, instances, only or [])
    begun = _begun(predictions, tasks, timeout, spec)
    with _folder(begun, out, resume=resume) as folder, logging_to(folder.path / LOG):
        work_for(folder.path.name)
        ids = [instance.id for instance in instances if not only or instance.id in only]
        code = _Command(folder, work, ids, spec, timeout, cache=cache).run(jobs, as_json=as_json)
    raise typer.Exit(code)


class _Command:
    """One grading, from its open folder to the exit code."""

    def __init__(
        self,
        folder: "GradingFolder",
        jobs: "Sequence[Job]",
        instances: Sequence[str],
        spec: "SandboxSpec",
        timeout_s: float | None,
        *,
        cache: bool,
    ) -> None:
        self._folder = folder
        self._jobs = jobs
        self._instances = instances
        self._spec = spec
        self._timeout_s = timeout_s
        self._cache = cache

    def run(self, workers: int, *, as_json: bool) -> int:
        """Grade what is not graded yet, and report on everything."""
        from agentrl.rollout.signals import EXIT_INTERRUPTED
        from agentrl.view.grading_live import GradingProgress

        started = time.monotonic()
        results = dict(self._folder.results({job.key for job in self._jobs}))
        resumed = bool(results)
        interrupted = False
        progress = GradingProgress(len(self._jobs))
        with progress:
            for known in results.values():
                progress.count(known, resumed=True)
            try:
                self._grade(workers, results, progress)
            except KeyboardInterrupt:
                interrupted = True
        ordered = [results[job.key] for job in self._jobs if job.key in results]
        self._report(ordered, None if resumed else time.monotonic() - started, as_json=as_json)
        if interrupted:
            how = f"continue with --resume --out {self._folder.path}"
            _warn(f"interrupted with {len(ordered)} of {len(self._jobs)} patches graded; {how}")
            return EXIT_INTERRUPTED
        return self._exit_code(ordered)

    def _grade(
        self, workers: int, results: "dict[Any, Result]", progress: "GradingProgress"
    ) -> None:
        from agentrl.envs.swe.grading.grade import grade
        from agentrl.grading.cache import VerdictCache
        from agentrl.grading.grade_all import Grading
        from agentrl.sandboxes.connect import connect
        from agentrl.sandboxes.pool import Pool

        jobs = {job.key: job for job in self._jobs}
        left = [job for key, job in jobs.items() if key not in results]
        if not left:
            return
        backend = connect(self._spec)
        cache = VerdictCache(backend.name, self._timeout_s) if self._cache else None
        with closing(Pool(backend, self._spec)) as pool:
            grading = Grading(
                lambda job: grade(job.instance, job.patch, pool, timeout_s=self._timeout_s),
                workers=workers,
                cache=cache,
                release=pool.close,
            )
            with closing(grading.results(left)) as graded:
                for result in graded:
                    self._folder.add(jobs[result.key], result)
                    results[result.key] = result
                    progress.count(result)

    def _report(
        self, results: "Sequence[Result]", duration_s: float | None, *, as_json: bool
    ) -> None:
        from agentrl.grading.summary import by_model, summarise_model, summary_json
        from agentrl.grading.swebench import model_report, report_name
        from agentrl.runs.folder import REPORT, SUMMARY
        from agentrl.view.grading_report import grading_report
        from agentrl.view.grading_table import print_grading

        run, models = self._folder.path.name, by_model(results)
        for model, of_model in models.items():
            report = json.dumps(model_report(self._instances, of_model), indent=4)
            self._folder.write(report_name(model, run), report + "\n")
        summaries = [summarise_model(model, of_model) for model, of_model in models.items()]
        line = json.dumps(summary_json(run, summaries, len(self._instances), duration_s))
        self._folder.write(SUMMARY, line + "\n")
        self._folder.write(REPORT, grading_report(run, summaries, results))
        if as_json:
            typer.echo(line)
            return
        print_grading(run, summaries, results, Console())
        typer.echo(f"report: {self._folder.path / REPORT}")

    def _exit_code(self, results: "Sequence[Result]") -> int:
        failed = sum(result.verdict is None for result in results)
        if failed:
            _warn(
                f"{failed} of {len(results)} patches have no verdict for no fault of their own; "
                f"try them again with --resume --out {self._folder.path}"
            )
        return EXIT_BAD_INPUT if failed else 0


def _begun(
    predictions: str, tasks: Path, timeout: float | None, spec: "SandboxSpec"
) -> dict[str, Any]:
    """Return what a grading is told from another by."""
    is_file = Path(predictions).is_file()
    return {
        "predictions": str(Path(predictions).absolute()) if is_file else predictions,
        "tasks": str(tasks.absolute()),
        "timeout": timeout,
        "sandbox": spec.model_dump(mode="json"),
    }


def _folder(begun: dict[str, Any], out: Path | None, *, resume: bool) -> "GradingFolder":
    from agentrl.grading.folder import GradingFolder

    if not resume:
        return GradingFolder.create(out or _free_folder(begun), begun)
    return GradingFolder.resume(out or _newest_folder(begun), begun)


def _stem(begun: dict[str, Any]) -> str:
    return f"grade-{Path(begun['predictions']).stem}-{Path(begun['tasks']).stem}"


def _free_folder(begun: dict[str, Any]) -> Path:
    stem = f"{_stem(begun)}-{time.strftime('%Y%m%d-%H%M%S')}"
    numbered = (stem if n == 1 else f"{stem}-{n}" for n in count(1))
    return next(path for path in map(Path("runs").joinpath, numbered) if not path.exists())


def _newest_folder(begun: dict[str, Any]) -> Path:
    from agentrl.grading.folder import BEGUN

    found = [path.parent for path in Path("runs").glob(f"{_stem(begun)}-*/{BEGUN}")]
    if not found:
        raise UsageError(
            f"no grading of {begun['predictions']} on {begun['tasks']} below runs; name the "
            f"folder to continue with --out"
        )
    return max(found, key=lambda path: path.stat().st_mtime)


def _warn(text: str) -> None:
    typer.echo(f"agentrl: {text}", err=True)
