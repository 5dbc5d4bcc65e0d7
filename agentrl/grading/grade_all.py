"""Grades many patches, several at a time, and tries again what failed for no fault of a patch."""

import logging
import threading
from collections.abc import Callable, Generator, Sequence
from concurrent.futures import FIRST_COMPLETED, Future, ThreadPoolExecutor, wait
from dataclasses import replace
from itertools import islice

from agentrl.envs.swe.grading.verdict import Verdict
from agentrl.errors import InfrastructureError, SandboxError, UsageError, boundary
from agentrl.grading.cache import VerdictCache
from agentrl.grading.job import Job
from agentrl.grading.result import Result

logger = logging.getLogger(__name__)

RETRIES = 2
"""How often a grading that infrastructure failed is tried again."""

PAUSE_S = 1.0
"""Time before the first of these tries; it doubles with each."""

Grade = Callable[[Job], Verdict]
"""Grades one patch; raises ``SandboxError`` where infrastructure fails."""


class Grading:
    """Patches on their way to verdicts.

    Args:
        grade: grades one patch; called by several threads.
        workers: how many patches are graded at a time.
        cache: verdicts that are known already; None: none are.
        release: ends what is being graded, where nobody waits for it any more: tests may take
            hours.
        pause_s: time before a first new try.
    """

    def __init__(
        self,
        grade: Grade,
        *,
        workers: int = 1,
        cache: VerdictCache | None = None,
        release: Callable[[], None] = lambda: None,
        pause_s: float = PAUSE_S,
    ) -> None:
        self._grade = grade
        self._workers = workers
        self._cache = cache
        self._release = release
        self._pause_s = pause_s
        self._stopped = threading.Event()

    def results(self, jobs: Sequence[Job]) -> Generator[Result, None, None]:
        """Yield the result of every job as it comes; leaving early begins no further one.

        Raises:
            RunStopped: nothing more can be graded.
        """
        waiting = iter(jobs)
        with ThreadPoolExecutor(self._workers, "grading") as threads:
            running: set[Future[Result]] = set()
            try:
                while True:
                    for job in islice(waiting, self._workers - len(running)):
                        running.add(threads.submit(self._result, job))
                    if not running:
                        return
                    # Woken now and then: a thread that waits for ever takes no Ctrl-C.
                    done, running = wait(running, timeout=0.5, return_when=FIRST_COMPLETED)
                    for future in done:
                        yield future.result()
            except BaseException:
                self._stopped.set()
                self._release()
                raise

    def _result(self, job: Job) -> Result:
        instance_id, model, digest = job.key
        result = Result(instance_id, model, digest)
        if self._cache is not None and (known := self._cache.get(job)) is not None:
            return replace(result, verdict=known, cached=True, tries=0)
        for tries in range(1, RETRIES + 2):
            result, final = self._attempt(job, replace(result, tries=tries))
            if final or tries > RETRIES or self._stopped.wait(self._pause_s * 2 ** (tries - 1)):
                break
        if self._cache is not None and result.verdict is not None:
            self._cache.put(job, result.verdict)
        return result

    def _attempt(self, job: Job, result: Result) -> tuple[Result, bool]:
        """Return what came of one try, and whether another could come to anything else."""
        try:
            with boundary(SandboxError, f"grading {job.instance.id}"):
                return replace(result, verdict=self._grade(job), error=""), True
        except (UsageError, InfrastructureError) as exc:
            if not self._stopped.is_set():
                logger.warning("%s is not graded: %s", job.instance.id, exc)
            # An instance that cannot be used cannot be used later either.
            return replace(result, error=str(exc)), isinstance(exc, UsageError)
