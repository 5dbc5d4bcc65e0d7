from collections.abc import Callable
from dataclasses import replace
from pathlib import Path
from typing import Any

import pytest

from agentrl.envs.swe.grading.verdict import Verdict
from agentrl.envs.swe.instance import Source
from agentrl.grading.cache import VerdictCache, verdict_key
from agentrl.grading.job import Job

VERDICT = Verdict("i-0", resolved=False, fail_to_pass={"t": False}, messages={"t": "no"}, log="x")


def test_a_verdict_comes_back_whole(make_job: Callable[..., Job], tmp_path: Path) -> None:
    cache = VerdictCache("docker", folder=tmp_path)
    assert cache.get(make_job()) is None

    cache.put(make_job(), VERDICT)

    assert cache.get(make_job()) == VERDICT


@pytest.mark.parametrize(
    "change",
    [
        {"test_patch": "other"},
        {"bug_patch": "other"},
        {"image": "other"},
        {"workdir": "/other"},
        {"source": Source(package="p", release="1")},
        {"python": "/usr/bin/python3"},
    ],
)
def test_another_task_is_another_verdict(
    make_job: Callable[..., Job], change: dict[str, Any]
) -> None:
    job = make_job()

    assert verdict_key(replace(job, instance=replace(job.instance, **change))) != verdict_key(job)


def test_another_patch_or_setting_is_another_verdict(make_job: Callable[..., Job]) -> None:
    keys = {
        verdict_key(make_job()),
        verdict_key(make_job(patch="other")),
        verdict_key(make_job(), "x"),
    }

    assert len(keys) == 3


def test_who_made_a_patch_makes_no_difference(make_job: Callable[..., Job]) -> None:
    assert verdict_key(make_job(model="a")) == verdict_key(make_job(model="b"))


def test_a_timeout_is_not_kept(make_job: Callable[..., Job], tmp_path: Path) -> None:
    cache = VerdictCache("docker", folder=tmp_path)

    cache.put(make_job(), replace(VERDICT, timed_out=True))

    assert cache.get(make_job()) is None


def test_a_broken_file_is_no_verdict(make_job: Callable[..., Job], tmp_path: Path) -> None:
    cache = VerdictCache("docker", folder=tmp_path)
    cache.put(make_job(), VERDICT)
    (file,) = (path for path in tmp_path.rglob("*") if path.is_file())
    file.write_bytes(b"torn")

    assert cache.get(make_job()) is None
    assert not file.exists()
