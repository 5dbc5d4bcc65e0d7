"""Entries of the cache are filled once and trusted only as long as they are whole."""

from collections.abc import Callable
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path

import pytest

from agentrl.envs.swe.sources.store import filled
from agentrl.errors import StorageError, UsageError


@pytest.fixture(autouse=True)
def cache(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    monkeypatch.setenv("AGENTRL_CACHE", str(tmp_path / "cache"))
    return tmp_path / "cache"


def counting(calls: list[int]) -> Callable[[Path], None]:
    def fill(folder: Path) -> None:
        calls.append(1)
        (folder / "b.txt").write_text("b")
        (folder / "a.txt").write_text("a")

    return fill


def test_it_is_filled_once_by_many_at_the_same_time() -> None:
    calls: list[int] = []
    with ThreadPoolExecutor(8) as executor:
        results = list(executor.map(lambda _: filled("k", "x/1", counting(calls)), range(8)))
    assert len(calls) == 1
    assert {tuple(path.name for path in files) for files in results} == {("a.txt", "b.txt")}


def test_an_entry_that_was_damaged_is_filled_again() -> None:
    calls: list[int] = []
    first = filled("k", "x", counting(calls))
    first[0].write_text("damaged")
    assert filled("k", "x", counting(calls))[0].read_text() == "a"
    assert len(calls) == 2


def test_a_failure_leaves_nothing_that_counts() -> None:
    def fail(folder: Path) -> None:
        (folder / "half").write_text("half")
        raise UsageError("no network")

    with pytest.raises(UsageError, match="no network"):
        filled("k", "x", fail)
    calls: list[int] = []
    assert [path.name for path in filled("k", "x", counting(calls))] == ["a.txt", "b.txt"]


def test_a_cache_that_cannot_be_written_is_named(cache: Path) -> None:
    cache.write_text("a file in the way")
    with pytest.raises(StorageError, match="AGENTRL_CACHE"):
        filled("k", "x", counting([]))
