"""A run's folder: plain files that survive a killed process and a full disk.

``episodes.jsonl`` is only ever appended to, one whole line an episode. A line that a dying process
left half-written is the last one and is dropped on resume; a line that the disk had no room for is
taken back at once.
"""

import fcntl
import json
import os
import time
from collections.abc import Callable, Iterable, Iterator
from contextlib import suppress
from io import FileIO
from pathlib import Path
from typing import IO, Any, BinaryIO, TypeVar

from agentrl.codec import dump_episode, read_lines
from agentrl.episode import Episode
from agentrl.errors import AgentrlError, RecordError, StorageError
from agentrl.runs.appraisals import APPRAISALS, Appraisals, dump_appraisal

T = TypeVar("T")

SUITE, EPISODES, SUPERSEDED = "suite.yaml", "episodes.jsonl", "superseded.jsonl"
SUMMARY, METRICS, REPORT, LOG = "summary.json", "metrics.jsonl", "report.html", "log.txt"


class RunFolder:
    """A run folder that this process holds: nobody else can write to it meanwhile."""

    def __init__(self, path: Path) -> None:
        self.path = path
        self._lock = _guarded(path, lambda: _locked(path))
        self._files: dict[str, IO[bytes]] = {}

    @classmethod
    def create(cls, path: Path, suite_yaml: str) -> "RunFolder":
        """Make the folder of a new run.

        Raises:
            RecordError: there is a run in it already.
            StorageError: it cannot be written.
        """
        if (path / SUITE).exists():
            raise RecordError(
                f"{path} already holds a run; continue it with --resume {path} or name another "
                f"folder with --out"
            )
        _guarded(path, lambda: path.mkdir(parents=True, exist_ok=True))
        folder = cls(path)
        try:
            folder.write(SUITE, suite_yaml)
        except AgentrlError:
            folder.discard()
            raise
        return folder

    @classmethod
    def resume(cls, path: Path, keep: Callable[[Episode], bool] | None = None) -> "RunFolder":
        """Take up a run where it was left: a torn last line and unfinished episodes go.

        Episodes that a resumed run plays again (cancelled ones, and those that infrastructure
        failed) are moved to ``superseded.jsonl``, so that each id stands once in
        ``episodes.jsonl``.

        Args:
            path: the run's folder.
            keep: says of an episode that came to an end whether the resumed run still wants it;
                None: of every one.

        Raises:
            RecordError: the folder holds no run, or a line of its episodes cannot be read.
            StorageError: it cannot be written.
        """
        if not (path / SUITE).is_file():
            raise RecordError(f"{path} holds no run: it has no {SUITE}; give a run's folder")
        folder = cls(path)
        try:
            _guarded(path, lambda: folder._drop_unfinished(keep or (lambda _: True)))
        except AgentrlError:
            folder.close()
            raise
        return folder

    @property
    def suite_yaml(self) -> str:
        """The resolved suite that the run was begun with."""
        return (self.path / SUITE).read_text(encoding="utf-8")

    def append(self, episode: Episode, name: str = EPISODES) -> None:
        """Write one episode behind the others, whole or not at all.

        Args:
            episode: what to write.
            name: which file of episodes; a training run has several.

        Raises:
            RecordError: the episode holds a number that cannot be recorded.
            StorageError: the disk did not take it.
        """
        line = (dump_episode(episode) + "\n").encode()
        _guarded(self.path, lambda: self._append_line(line, name))

    def append_line(self, line: str, name: str) -> None:
        """Write one line, with its end, behind the others of a file, whole or not at all.

        Raises:
            StorageError: the disk did not take it.
        """
        _guarded(self.path, lambda: self._append_line(line.encode(), name))

    def append_appraisals(self, episodes: Iterable[Episode]) -> None:
        """Write down what episodes are worth that are recorded already; the last word counts.

        Raises:
            RecordError: a number is not finite.
            StorageError: the disk did not take it; a line is there whole or not at all.
        """
        for episode in episodes:
            self.append_line(dump_appraisal(episode), APPRAISALS)

    def write_appraisals(self, episodes: Iterable[Episode]) -> None:
        """Write down what every episode of the run is worth, in the place of what was known.

        Raises:
            RecordError: a number is not finite.
            StorageError: the disk did not take it; what was known before is kept.
        """
        self.write(APPRAISALS, "".join(map(dump_appraisal, episodes)))

    def append_metrics(self, metrics: dict[str, Any]) -> None:
        """Write one line of measurements to ``metrics.jsonl``, with the time."""
        line = json.dumps({"time": round(time.time(), 3), **metrics}, allow_nan=False) + "\n"
        _guarded(self.path, lambda: self._append_line(line.encode(), METRICS))

    def write(self, name: str, text: str) -> None:
        """Write a whole file of the folder; a reader sees the old one or the new one."""

        def replace() -> None:
            temporary = self.path / f".{name}.tmp"
            try:
                temporary.write_text(text, encoding="utf-8")
                temporary.replace(self.path / name)
            finally:
                temporary.unlink(missing_ok=True)

        _guarded(self.path, replace)

    def episodes(self) -> Iterator[Episode]:
        """Read the episodes so far, with what they are worth, one at a time."""
        return read_episodes(self.path)

    def recorded(self) -> Iterator[Episode]:
        """Read the episodes so far as they were recorded when they ended, one at a time."""
        file = self.path / EPISODES
        return (episode for _, episode in read_lines(file)) if file.exists() else iter(())

    def discard(self) -> bool:
        """Remove the folder if no episode stands in any file of it; return whether that was so.

        What is not ours in it stays.
        """
        if any(file.name != METRICS for file in self.path.glob("*.jsonl")):
            return False
        self.close()
        for name in (SUITE, METRICS, LOG, ".lock"):
            (self.path / name).unlink(missing_ok=True)
        with suppress(OSError):  # something else is in it
            self.path.rmdir()
        return True

    def close(self) -> None:
        """Let go of the folder; doing it again changes nothing."""
        for file in self._files.values():
            file.close()
        self._files.clear()
        self._lock.close()

    def __enter__(self) -> "RunFolder":
        return self

    def __exit__(self, *exc: object) -> None:
        self.close()

    def _append_line(self, line: bytes, name: str) -> None:
        if name not in self._files:
            self._files[name] = _open_behind_whole_lines(self.path / name)
        file = self._files[name]
        size = file.seek(0, os.SEEK_END)
        try:
            written = file.write(line)
            while written < len(line):
                written += file.write(line[written:])
        except OSError:
            file.truncate(size)
            raise

    def _drop_unfinished(self, wanted: Callable[[Episode], bool]) -> None:
        path = self.path / EPISODES
        if not path.exists():
            return
        kept = self.path / f".{EPISODES}.tmp"
        with kept.open("wb") as keep, (self.path / SUPERSEDED).open("ab") as supersede:
            for line, episode in read_lines(path):
                kept_on = episode.status.final and wanted(episode)
                (keep if kept_on else supersede).write(line)
        kept.replace(path)
        if (self.path / SUPERSEDED).stat().st_size == 0:
            (self.path / SUPERSEDED).unlink()


def _open_behind_whole_lines(path: Path) -> FileIO:
    """Open a file to append to it; a torn last line, left by a killed process, goes."""
    with path.open("a+b") as file:
        end = size = file.seek(0, os.SEEK_END)
        while end and _byte(file, end - 1) != b"\n":
            end -= 1
        if end < size:
            file.truncate(end)
    return path.open("ab", buffering=0)


def _byte(file: BinaryIO, place: int) -> bytes:
    file.seek(place)
    return file.read(1)


def read_episodes(path: Path) -> Iterator[Episode]:
    """Read the episodes of a run folder or of an ``episodes.jsonl``, one at a time.

    Of a run folder, each has the rewards that ``rewards.jsonl`` gives it, if any. A torn last line,
    left by a killed process, is passed over.

    Raises:
        RecordError: there is none, or a line cannot be read; the message names the line.
    """
    if path.is_dir():
        path = path / EPISODES
        if not path.exists() and (path.parent / SUITE).exists():
            return
    if not path.is_file():
        raise RecordError(f"{path}: no such file; give a run folder or an {EPISODES}")
    appraisals = Appraisals(path.with_name(APPRAISALS))
    for _, episode in read_lines(path):
        yield appraisals.applied(episode)


def _locked(path: Path) -> IO[str]:
    lock = (path / ".lock").open("w", encoding="utf-8")
    try:
        fcntl.flock(lock, fcntl.LOCK_EX | fcntl.LOCK_NB)
    except BlockingIOError:
        lock.close()
        raise RecordError(
            f"{path} is being written by another process; wait for it or name another folder"
        ) from None
    return lock


def _guarded(path: Path, write: Callable[[], T]) -> T:
    try:
        return write()
    except OSError as exc:
        raise StorageError(
            f"cannot write to {path}: {exc.strerror or exc}; make room or repair the permissions "
            f"(every episode written before this is kept)"
        ) from exc
