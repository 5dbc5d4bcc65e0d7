"""Makes instances of a repository by giving it flaws."""

from collections import Counter
from collections.abc import Callable, Iterable, Iterator, Mapping
from concurrent.futures import Future, ThreadPoolExecutor
from dataclasses import dataclass, replace
from itertools import islice

from agentrl.envs.swe.instance import Instance
from agentrl.envs.swe.mutate.bench import Baseline, Bench
from agentrl.envs.swe.mutate.candidates import Candidate, candidates
from agentrl.envs.swe.mutate.mutant import make_instance
from agentrl.envs.swe.mutate.trial import Finding, Trial, try_candidate
from agentrl.envs.swe.sources.parts import source_files
from agentrl.errors import TaskError
from agentrl.sandboxes.base import File


@dataclass(frozen=True, slots=True)
class Wanted:
    """Which flaws are wanted."""

    count: int = 50
    """How many instances."""
    seed: int = 0
    max_broken: float = 0.2
    """Largest share of the passing tests that a flaw may break; one is always allowed."""
    alike: int = 1
    """Most flaws of one function that break the very same tests."""
    jobs: int = 2
    """Flaws that are tried at the same time; the result does not depend on it."""


@dataclass(frozen=True, slots=True)
class Made:
    """What came out."""

    instances: tuple[Instance, ...]
    baseline: Baseline
    findings: Mapping[Finding, int]
    """What became of the flaws that were tried."""


Watch = Callable[[Trial, int], None]
"""Is told of each trial in turn, and how many instances there are by then."""


def make_mutants(
    bench: Bench, files: Mapping[str, File], wanted: Wanted, watch: Watch | None = None
) -> Made:
    """Put flaws into a repository one at a time, and keep those that its tests notice.

    The same repository and the same wishes give the same instances.

    Args:
        bench: runs the repository's tests; its instance becomes those that are made.
        files: the repository.
        wanted: which flaws, and how many.
        watch: is told how it goes on.

    Raises:
        TaskError: the tests do not run, none of them passes, or they reach no source.
        SandboxError: sandboxes failed several times.
    """
    baseline = bench.baseline()
    reached = bench.reached()
    source = bench.instance.source
    paths = source.import_paths if source else (".",)
    code = source_files(files, paths)
    sources = {name: file.data for name, file in code.items() if name.endswith(".py")}
    if not any(name in reached for name in sources):
        raise TaskError(
            f"the tests of {bench.instance.repo} reach none of its source in "
            f"{', '.join(paths)}; say where it lies with --import-path"
        )
    most = max(1, int(wanted.max_broken * len(baseline.passing)))
    trials = _in_order(
        candidates(sources, reached, wanted.seed),
        lambda candidate: try_candidate(candidate, bench, baseline, most),
        wanted.jobs,
        bench.pool.close,
    )
    chosen, findings = _choose(trials, wanted, watch)
    instances = (make_instance(trial, bench.instance, files, baseline, reached) for trial in chosen)
    return Made(tuple(instances), baseline, findings)


def _choose(
    trials: Iterator[Trial], wanted: Wanted, watch: Watch | None
) -> tuple[list[Trial], Counter[Finding]]:
    chosen: list[Trial] = []
    findings: Counter[Finding] = Counter()
    seen: Counter[tuple[str, str, tuple[str, ...]]] = Counter()
    for trial in trials:
        if trial.finding is Finding.KEPT:
            alike = (trial.candidate.path, trial.candidate.mutation.scope, trial.failing)
            seen[alike] += 1
            if seen[alike] > wanted.alike:
                trial = replace(trial, finding=Finding.DUPLICATE)
            else:
                chosen.append(trial)
        findings[trial.finding] += 1
        if watch is not None:
            watch(trial, len(chosen))
        if len(chosen) == wanted.count:
            break
    return chosen, findings


def _in_order(
    flaws: Iterable[Candidate],
    attempt: Callable[[Candidate], Trial],
    jobs: int,
    stop: Callable[[], None],
) -> Iterator[Trial]:
    """Try flaws, several at a time, and yield what came out in the order of the flaws."""
    waiting = iter(flaws)
    executor = ThreadPoolExecutor(jobs, thread_name_prefix="mutant")
    running: list[Future[Trial]] = [
        executor.submit(attempt, candidate) for candidate in islice(waiting, jobs)
    ]
    try:
        while running:
            trial = running.pop(0).result()
            running += [executor.submit(attempt, flaw) for flaw in islice(waiting, 1)]
            yield trial
    except KeyboardInterrupt:
        stop()  # what runs now would go on to its end
        raise
    finally:
        executor.shutdown(wait=True, cancel_futures=True)
