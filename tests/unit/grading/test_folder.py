from collections.abc import Callable
from pathlib import Path

import pytest

from agentrl.envs.swe.grading.verdict import Verdict
from agentrl.errors import RecordError
from agentrl.grading.folder import VERDICTS, GradingFolder
from agentrl.grading.job import Job
from agentrl.grading.result import Result

BEGUN = {"predictions": "p", "tasks": "t"}
Make = Callable[..., Job]


def graded(job: Job, log: str = "said\n") -> Result:
    return Result(*job.key, verdict=Verdict(job.instance.id, resolved=True, log=log))


def test_files_of_an_instance_lie_where_swebench_has_them(make_job: Make, tmp_path: Path) -> None:
    job = make_job(model="org/m", patch="diff é\r\n")
    with GradingFolder.create(tmp_path / "run", BEGUN) as folder:
        folder.add(job, graded(job))

    place = tmp_path / "run/logs/run_evaluation/run/org__m/i-0"
    assert sorted(path.name for path in place.iterdir()) == [
        "patch.diff",
        "report.json",
        "test_output.txt",
    ]
    assert (place / "patch.diff").read_bytes() == "diff é\r\n".encode()
    assert (place / "test_output.txt").read_text() == "said\n"


def test_a_torn_line_is_graded_again(make_job: Make, tmp_path: Path) -> None:
    jobs = [make_job(0), make_job(1)]
    with GradingFolder.create(tmp_path / "run", BEGUN) as folder:
        for job in jobs:
            folder.add(job, graded(job))
    file = tmp_path / "run" / VERDICTS
    file.write_bytes(file.read_bytes()[:-20])

    with GradingFolder.resume(tmp_path / "run", BEGUN) as folder:
        assert list(folder.results({job.key for job in jobs})) == [jobs[0].key]
    assert len(file.read_text().splitlines()) == 1


def test_another_patch_is_graded_again(make_job: Make, tmp_path: Path) -> None:
    with GradingFolder.create(tmp_path / "run", BEGUN) as folder:
        folder.add(make_job(), graded(make_job()))

    with GradingFolder.resume(tmp_path / "run", BEGUN) as folder:
        assert not folder.results({make_job(patch="other").key})


def test_what_has_no_verdict_is_tried_again(make_job: Make, tmp_path: Path) -> None:
    job = make_job()
    with GradingFolder.create(tmp_path / "run", BEGUN) as folder:
        folder.add(job, Result(*job.key, error="the engine is away"))

    with GradingFolder.resume(tmp_path / "run", BEGUN) as folder:
        assert not folder.results({job.key})


def test_a_folder_takes_one_grading(tmp_path: Path) -> None:
    GradingFolder.create(tmp_path / "run", BEGUN).close()

    with pytest.raises(RecordError, match="--resume"):
        GradingFolder.create(tmp_path / "run", BEGUN)
    with pytest.raises(RecordError, match="begun with tasks 't', not 'u'"):
        GradingFolder.resume(tmp_path / "run", {**BEGUN, "tasks": "u"})
    with pytest.raises(RecordError, match="holds no grading"):
        GradingFolder.resume(tmp_path, BEGUN)


def test_a_patch_of_any_bytes_is_kept(make_job: Make, tmp_path: Path) -> None:
    job = make_job(patch="a\udcff\ud800")
    with GradingFolder.create(tmp_path / "run", BEGUN) as folder:
        folder.add(job, graded(job, "log \ud800\n"))

        assert job.key in folder.results({job.key})
