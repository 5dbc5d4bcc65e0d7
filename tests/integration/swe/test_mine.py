"""Two real releases become an instance that their own change resolves."""

from collections.abc import Iterator
from pathlib import Path

import pytest

from agentrl.envs.swe.dataset import read_instances, write_instances
from agentrl.envs.swe.grading.grade import grade
from agentrl.envs.swe.mine.make import mine
from agentrl.envs.swe.mine.pair import Pair
from agentrl.envs.swe.source import complete, fetch_wheels
from agentrl.envs.swe.sources.registry import fetch_sdist, release_before, releases
from agentrl.errors import TaskError, UsageError
from agentrl.sandboxes.base import Backend
from agentrl.sandboxes.pool import Pool
from agentrl.suite.sandbox import SandboxSpec

PAIR = Pair("semver", "3.0.3", old="3.0.2")


@pytest.fixture(scope="module", autouse=True)
def index() -> None:
    """Skip where pip finds no packages."""
    try:
        fetch_sdist(PAIR.package, PAIR.new)
    except UsageError as exc:
        pytest.skip(f"pip finds no packages: {exc}")


@pytest.fixture(scope="module")
def pool(docker_backend: Backend) -> Iterator[Pool]:
    pool = Pool(docker_backend, SandboxSpec(backend="docker"))
    yield pool
    pool.close()


@pytest.mark.docker
def test_a_pair_of_releases_becomes_an_instance(pool: Pool, tmp_path: Path) -> None:
    mined = mine(PAIR, pool, times=1)
    write_instances([mined.instance], tmp_path / "mined.jsonl")
    (instance,) = read_instances(tmp_path / "mined.jsonl")
    assert instance == mined.instance
    assert instance.id == "semver__3.0.2__3.0.3"
    assert instance.tests.fail_to_pass
    assert not instance.patch
    assert not instance.test_patch
    whole = complete(instance)
    assert whole.problem.startswith("This repository holds semver 3.0.2.")
    assert "semver/" in whole.patch
    assert "tests/" in whole.test_patch
    assert not set(changed(whole.patch)) & set(changed(whole.test_patch))
    assert grade(instance, whole.patch, pool).resolved
    assert not grade(instance, "", pool).resolved


@pytest.mark.docker
def test_releases_whose_behaviour_is_the_same_give_none(pool: Pool) -> None:
    with pytest.raises(TaskError, match="no test fails on the earlier release and passes on"):
        mine(Pair("semver", "3.0.4", old="3.0.3"), pool, times=1)


def test_a_release_without_tests_gives_none() -> None:
    with pytest.raises(TaskError, match=r"cssselect 1\.1\.0 comes without tests"):
        mine(Pair("cssselect", "1.1.0"), pool=None)  # type: ignore[arg-type]  # not reached


def test_the_release_before_is_the_last_stable_one() -> None:
    known = [release.version for release in releases("semver") if release.stable]
    assert release_before("semver", "3.0.3") == "3.0.2"
    assert known.index("3.0.2") + 1 == known.index("3.0.3")
    with pytest.raises(UsageError, match=r"has no source release 0\.0\.99; there are"):
        release_before("semver", "0.0.99")


def test_packages_that_are_not_there_are_told() -> None:
    with pytest.raises(UsageError, match="pip finds no source release"):
        fetch_sdist("semver", "0.0.99")
    with pytest.raises(UsageError, match="pip finds no wheels for"):
        fetch_wheels(["semver==0.0.99"])


def test_what_was_fetched_once_needs_no_network(monkeypatch: pytest.MonkeyPatch) -> None:
    archive, wheels = fetch_sdist("semver", "3.0.3"), fetch_wheels(["semver==3.0.2"])
    monkeypatch.setenv("PIP_NO_INDEX", "1")
    assert fetch_sdist("semver", "3.0.3") == archive
    assert fetch_wheels(["semver==3.0.2"]) == wheels
    assert {wheel.name.split("-")[0] for wheel in wheels} == {"semver", "pip"}


def test_without_a_network_the_message_says_what_is_lacking(
    monkeypatch: pytest.MonkeyPatch, tmp_path: Path
) -> None:
    monkeypatch.setenv("AGENTRL_CACHE", str(tmp_path))
    monkeypatch.setenv("PIP_NO_INDEX", "1")
    monkeypatch.setenv("PIP_FIND_LINKS", str(tmp_path))
    with pytest.raises(UsageError, match=r"pip finds no source release 3\.0\.3 of 'semver'"):
        fetch_sdist("semver", "3.0.3")


def changed(patch: str) -> list[str]:
    return [line.split(" b/")[1] for line in patch.splitlines() if line.startswith("diff --git")]
