"""Checkpoints of a training: written whole or not at all, checked when they are read.

Each is an ordinary transformers folder, ``step-000010``, which any library loads as a model, with
two more files: ``trainer.pt``, from which the training goes on, and ``checkpoint.json``, which
says what the folder holds. A checkpoint is written into a hidden folder that is renamed when all
of it is on the disk, so at every moment the one before is intact.
"""

import math
import pickle
import re
import shutil
from collections.abc import Callable, Iterable, Mapping
from contextlib import suppress
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import torch

from agentrl.errors import CheckpointError
from agentrl.training.durable import StorageErrors, locked, sync, sync_tree
from agentrl.training.manifest import read_manifest, verify, write_manifest

STATE = "trainer.pt"
LATEST, BEST = "latest", "best"
_NAME = re.compile(r"step-\d{6,}")
_LEFTOVER = re.compile(r"\.(writing|replaced|deleting)-(step-\d{6,})")


@dataclass(frozen=True, slots=True)
class Checkpoint:
    """A checkpoint on this disk."""

    path: Path
    """Its folder, which transformers and vLLM load."""
    step: int
    """How many steps of the training it has behind it."""
    score: float | None
    """Its held-out success, or whatever else is to be high; None: not known."""


class Checkpoints:
    """The checkpoints in a folder, of which the newest and the best stay.

    Anyone may read; only one process at a time may write. ``latest`` and ``best`` in the folder
    are links to those two, where the file system has links.

    Args:
        folder: where they are; made when the first is saved.
        keep_last: how many of the newest stay, at least 1.
        keep_best: how many of the best stay. One that is both stays once and counts for both.

    Raises:
        CheckpointError: a folder is named like a checkpoint and is none, or is of another format.
        StorageError: what a killed process left behind cannot be removed.
    """

    def __init__(self, folder: Path, keep_last: int, keep_best: int) -> None:
        if keep_last < 1 or keep_best < 0:
            raise ValueError(f"keep_last={keep_last}, keep_best={keep_best}: at least 1 and 0")
        self.folder = folder
        self._keep_last, self._keep_best = keep_last, keep_best
        self._clear_leftovers()
        self._known = {checkpoint.step: checkpoint for checkpoint in _found(folder)}

    def all(self) -> list[Checkpoint]:
        """Return those that are there, by step."""
        return [
            self._known[step] for step in sorted(self._known) if self._known[step].path.is_dir()
        ]

    def latest(self) -> Checkpoint | None:
        """Return the one with the most steps; None where there is none."""
        return max(self.all(), key=lambda checkpoint: checkpoint.step, default=None)

    def best(self) -> Checkpoint | None:
        """Return the one with the highest score, the newest of equals; None where none has one."""
        return next(iter(_by_score(self.all())), None)

    def save(
        self,
        step: int,
        write_model: Callable[[Path], None],
        state: Mapping[str, Any],
        score: float | None,
    ) -> Checkpoint:
        """Write a checkpoint, then remove those that need not stay.

        One of the same step is replaced. While it is written the disk holds one more than stay.

        Args:
            step: how many steps are behind it.
            write_model: writes config, weights and tokenizer into the folder it is given.
            state: what the training needs to go on: tensors, numbers, texts, None, and lists,
                tuples and dicts of them, so that reading it never runs code.
            score: held-out success, or whatever else is to be high. NaN counts as not known.

        Raises:
            StorageError: the disk is full or refuses; every earlier checkpoint is intact.
            CheckpointError: another process is writing to the folder.
            TypeError: the state holds something else.
        """
        if step < 0:
            raise ValueError(f"step must not be negative, got {step}")
        score = score if score is not None and math.isfinite(score) else None
        checkpoint = Checkpoint(self.folder / f"step-{step:06d}", step, score)
        with StorageErrors(checkpoint.path):
            self.folder.mkdir(parents=True, exist_ok=True)
            with locked(self.folder / ".lock"):
                self._write(checkpoint, write_model, state)
                self._known[step] = checkpoint
                self._link()
                self._prune(checkpoint)
        return checkpoint

    def load_state(self, checkpoint: Checkpoint) -> dict[str, Any]:
        """Return the state that was saved, its tensors on the CPU, after checking every file.

        Raises:
            CheckpointError: the checkpoint is missing, damaged, edited or of another format.
        """
        verify(checkpoint.path, read_manifest(checkpoint.path))
        try:
            return _read_state(checkpoint.path / STATE)
        except (OSError, RuntimeError, pickle.UnpicklingError) as exc:
            raise CheckpointError(
                f"{checkpoint.path / STATE}: cannot be read with torch {torch.__version__}: {exc}; "
                f"delete the folder to go on from the checkpoint before"
            ) from exc

    def _write(
        self, checkpoint: Checkpoint, write_model: Callable[[Path], None], state: Mapping[str, Any]
    ) -> None:
        made = self.folder / f".writing-{checkpoint.path.name}"
        self._recover()
        try:
            made.mkdir()
            write_model(made)
            _write_state(made / STATE, state)
            write_manifest(made, checkpoint.step, checkpoint.score)
            sync_tree(made)
            if checkpoint.path.exists():
                checkpoint.path.rename(self.folder / f".replaced-{checkpoint.path.name}")
            made.rename(checkpoint.path)
            sync(self.folder)
        finally:
            self._recover()

    def _recover(self) -> None:
        """Put back what was moved aside and never replaced; remove all that is unfinished."""
        for path, kind, name in _leftovers(self.folder):
            if kind == "replaced" and not (self.folder / name).exists():
                path.rename(self.folder / name)
            else:  # what a network file system still holds open goes the next time
                shutil.rmtree(path, ignore_errors=True)

    def _clear_leftovers(self) -> None:
        if not _leftovers(self.folder):
            return
        # Whoever holds the lock is alive and writing: that is no leftover.
        with suppress(CheckpointError), StorageErrors(self.folder), locked(self.folder / ".lock"):
            self._recover()

    def _link(self) -> None:
        for name, checkpoint in ((LATEST, self.latest()), (BEST, self.best())):
            with suppress(OSError):  # a convenience that not every file system has
                _link(self.folder / name, checkpoint)

    def _prune(self, saved: Checkpoint) -> None:
        checkpoints = self.all()
        stay = {saved, *checkpoints[-self._keep_last :]}
        stay.update(_by_score(checkpoints)[: self._keep_best])
        for checkpoint in set(checkpoints) - stay:
            checkpoint.path.rename(self.folder / f".deleting-{checkpoint.path.name}")
            del self._known[checkpoint.step]
        self._recover()


def _found(folder: Path) -> Iterable[Checkpoint]:
    for path in folder.glob("step-*"):
        if _NAME.fullmatch(path.name) and path.is_dir():
            manifest = read_manifest(path)
            yield Checkpoint(path, manifest.step, manifest.score)


def _leftovers(folder: Path) -> list[tuple[Path, str, str]]:
    """Return what an unfinished save left: its path, its kind, the name it was for."""
    found = ((path, _LEFTOVER.fullmatch(path.name)) for path in folder.glob(".*-step-*"))
    return [(path, match[1], match[2]) for path, match in found if match]


def _by_score(checkpoints: Iterable[Checkpoint]) -> list[Checkpoint]:
    scored = [(c.score, c.step, c) for c in checkpoints if c.score is not None]
    return [checkpoint for _, _, checkpoint in sorted(scored, key=lambda s: s[:2], reverse=True)]


def _link(link: Path, checkpoint: Checkpoint | None) -> None:
    if link.exists() and not link.is_symlink():
        return
    if checkpoint is None:
        link.unlink(missing_ok=True)
        return
    temporary = link.with_name(f".{link.name}.tmp")
    temporary.unlink(missing_ok=True)
    temporary.symlink_to(checkpoint.path.name)
    temporary.replace(link)


def _write_state(file: Path, state: Mapping[str, Any]) -> None:
    with file.open("wb") as opened:  # by itself torch hides why the disk refused
        torch.save(dict(state), opened)
    try:
        _read_state(file, mmap=True)
    except pickle.UnpicklingError as exc:
        raise TypeError(
            f"the training's state may hold tensors, numbers, texts, None, and lists, tuples and "
            f"dicts of them, nothing else: {exc}"
        ) from exc


def _read_state(file: Path, mmap: bool = False) -> dict[str, Any]:
    state: dict[str, Any] = torch.load(file, map_location="cpu", weights_only=True, mmap=mmap)
    return state
