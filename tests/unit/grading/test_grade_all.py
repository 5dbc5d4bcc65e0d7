import threading
from collections.abc import Callable
from contextlib import closing
from pathlib import Path

import pytest

from agentrl.envs.swe.grading.verdict import Verdict
from agentrl.errors import SandboxError, StorageError, TaskError
from agentrl.grading.cache import VerdictCache
from agentrl.grading.grade_all import RETRIES, Grading
from agentrl.grading.job import Job
from agentrl.grading.result import Result

Make = Callable[..., Job]
_KNOWN: dict[str, Verdict] = {}


def resolves(job: Job) -> Verdict:
    return Verdict(job.instance.id, resolved=True)


def results(grade: Callable[[Job], Verdict], jobs: list[Job], **keys: object) -> list[Result]:
    grading = Grading(grade, pause_s=0.0, **keys)  # type: ignore[arg-type]
    with closing(grading.results(jobs)) as found:
        return list(found)


@pytest.mark.parametrize("workers", [1, 3])
def test_every_job_has_one_result(make_job: Make, workers: int) -> None:
    jobs = [make_job(number) for number in range(10)]

    found = results(resolves, jobs, workers=workers)

    assert sorted(result.key for result in found) == sorted(job.key for job in jobs)
    assert all(result.verdict and result.verdict.resolved for result in found)


def test_as_many_are_graded_at_a_time_as_there_are_workers(make_job: Make) -> None:
    together = threading.Barrier(3, timeout=20)

    def grade(job: Job) -> Verdict:
        together.wait()
        return resolves(job)

    assert len(results(grade, [make_job(number) for number in range(6)], workers=3)) == 6


def test_what_infrastructure_failed_is_tried_again(make_job: Make) -> None:
    tries: list[str] = []

    def grade(job: Job) -> Verdict:
        tries.append(job.instance.id)
        if len(tries) <= RETRIES:
            raise SandboxError("the engine is away")
        return resolves(job)

    (result,) = results(grade, [make_job()])

    assert result.verdict is not None
    assert result.verdict.resolved
    assert (result.tries, result.error) == (RETRIES + 1, "")


def test_what_goes_on_failing_has_no_verdict_and_harms_no_other(make_job: Make) -> None:
    def grade(job: Job) -> Verdict:
        if job.instance.id == "i-1":
            raise SandboxError("the engine is away")
        return resolves(job)

    found = {r.instance_id: r for r in results(grade, [make_job(n) for n in range(3)])}

    assert found["i-1"].verdict is None
    assert found["i-1"].error == "the engine is away"
    assert found["i-1"].tries == RETRIES + 1
    assert found["i-0"].verdict
    assert found["i-2"].verdict


def test_an_instance_that_cannot_be_used_is_tried_once(make_job: Make) -> None:
    def grade(job: Job) -> Verdict:
        raise TaskError("its test patch does not apply")

    (result,) = results(grade, [make_job()])

    assert result.verdict is None
    assert result.tries == 1


def test_an_unexpected_error_is_infrastructure(make_job: Make) -> None:
    (result,) = results(lambda job: _KNOWN[job.model], [make_job()])

    assert result.verdict is None
    assert "KeyError" in result.error


def test_a_full_disk_ends_the_grading(make_job: Make) -> None:
    released: list[bool] = []

    def grade(job: Job) -> Verdict:
        raise StorageError("the disk is full")

    with pytest.raises(StorageError):
        results(grade, [make_job()], release=lambda: released.append(True))

    assert released == [True]


def test_leaving_early_ends_what_is_being_graded(make_job: Make) -> None:
    released = threading.Event()

    def grade(job: Job) -> Verdict:
        if job.instance.id != "i-0":
            assert released.wait(20)
            raise SandboxError("closed")
        return resolves(job)

    grading = Grading(grade, workers=2, release=released.set)
    with closing(grading.results([make_job(number) for number in range(5)])) as found:
        assert next(found).instance_id == "i-0"

    assert released.is_set()


def test_the_same_patch_is_graded_once(make_job: Make, tmp_path: Path) -> None:
    graded: list[str] = []

    def grade(job: Job) -> Verdict:
        graded.append(job.model)
        return Verdict(job.instance.id, resolved=True, dropped=("conftest.py",), log="said")

    cache = VerdictCache("docker", folder=tmp_path)
    first = results(grade, [make_job(model="a")], cache=cache)
    again = results(grade, [make_job(model="b")], cache=cache)

    assert graded == ["a"]
    assert (first[0].cached, again[0].cached) == (False, True)
    assert again[0].verdict == first[0].verdict
