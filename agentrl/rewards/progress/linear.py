"""A start and a weight for every feature: what scorers of texts have learnt."""

import zipfile
from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import numpy as np
import numpy.typing as npt

from agentrl.errors import CheckpointError, UsageError
from agentrl.models.scorers.base import Values

Vector = npt.NDArray[np.float64]

WEIGHTS = "weights.npz"


@dataclass(frozen=True, slots=True)
class Linear:
    """Values that begin at ``start`` and change with each turn by its features' weights."""

    start: float
    weights: Vector
    """Of shape (features,)."""

    @classmethod
    def nothing(cls, width: int) -> "Linear":
        """Return what knows nothing: every value is 0."""
        return cls(0.0, np.zeros(width))

    def values(self, rows: Any) -> Values:
        """Return the value of every prefix.

        Args:
            rows: of shape (turns, features).
        """
        changes = np.asarray(rows @ self.weights, dtype=np.float64)
        return tuple((self.start + np.concatenate([[0.0], np.cumsum(changes)])).tolist())

    def updated(self, sums: Any, outcomes: Vector, inertia: float) -> "Linear":
        """Return the least-squares fit to a few episodes that is held near this one.

        It is the least of ``sum_e (outcome_e - value_e)^2 + inertia * |change|^2``, which is found
        by a system of as many unknowns as there are episodes, and never overshoots.

        Args:
            sums: each episode's features, summed over its turns, of shape (episodes, features).
            outcomes: of shape (episodes,).
            inertia: above 0.
        """
        missed = outcomes - self.start - sums @ self.weights
        gram = np.asarray((sums @ sums.T).todense(), dtype=np.float64) + 1.0  # 1: the start's own
        pulls = np.linalg.solve(gram + inertia * np.eye(len(outcomes)), missed)
        start = self.start + float(pulls.sum())
        return Linear(start, np.asarray(self.weights + sums.T @ pulls, dtype=np.float64))

    def save(self, folder: Path) -> None:
        """Write it beside a scorer's card."""
        np.savez_compressed(folder / WEIGHTS, start=self.start, weights=self.weights)

    @classmethod
    def load(cls, folder: Path, width: int) -> "Linear":
        """Read it.

        Raises:
            CheckpointError: the file is missing, damaged or of another width.
        """
        file = folder / WEIGHTS
        try:
            with np.load(file, allow_pickle=False) as data:
                loaded = cls(float(data["start"]), np.asarray(data["weights"], dtype=np.float64))
        except FileNotFoundError:
            raise CheckpointError(f"{file}: no such file; fit the scorer again") from None
        except (OSError, ValueError, KeyError, EOFError, zipfile.BadZipFile) as exc:
            raise CheckpointError(f"{file}: cannot be read: {exc}; fit the scorer again") from None
        if loaded.weights.shape != (width,) or not np.isfinite(loaded.weights).all():
            raise CheckpointError(
                f"{file}: {loaded.weights.shape} numbers, expected {(width,)} finite ones; fit the "
                f"scorer again"
            )
        return loaded

    def to_data(self) -> dict[str, Any]:
        """Return it as plain data."""
        return {"start": self.start, "weights": self.weights.tolist()}

    @classmethod
    def remembered(cls, data: Mapping[str, Any], family: str) -> "Linear":
        """Take up what ``to_data`` returned and a scorer added its family to.

        Raises:
            UsageError: the memory is that of a scorer with other features.
        """
        if data["family"] != family:
            raise UsageError(
                f"the checkpoint's scorer is of another family: {data['family']}, expected "
                f"{family}; give the label its old scorer, or a new name"
            )
        return cls(float(data["start"]), np.asarray(data["weights"], dtype=np.float64))
