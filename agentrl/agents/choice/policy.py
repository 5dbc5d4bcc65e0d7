"""The network behind a choice policy, in memory and on disk: one hidden layer for all actions."""

import json
import zipfile
from collections.abc import Sequence
from dataclasses import asdict, dataclass
from pathlib import Path

import numpy as np
from numpy.typing import NDArray

from agentrl.agents.choice.layout import Layout, Matrix
from agentrl.envs.base import Choices
from agentrl.errors import CheckpointError

WEIGHTS, DESCRIPTION = "policy.npz", "policy.json"
FORMAT = 1
_NAMES = ("hidden", "bias", "score")


@dataclass(frozen=True, slots=True)
class Decision:
    """One decision, with all that learning from it needs."""

    rows: Matrix
    """Every legal action, ``[actions, columns]``."""
    taken: int
    """Which was taken."""
    logprob: float
    """Logarithm of its probability then."""


class ChoicePolicy:
    """Scores actions with the same weights, whichever and however many there are.

    ``score(action) = v . tanh(row W + b)``, and the softmax of the scores is how likely each is.
    As rows hold what is known of an action and not which it is, it can judge one it never saw.

    Args:
        layout: what the columns are.
        hidden: size of the hidden layer.
        seed: decides the first weights. The last layer begins at 0: all actions are equally likely.
    """

    def __init__(self, layout: Layout, hidden: int, seed: int = 0) -> None:
        chance = np.random.default_rng([seed, 1])
        columns = layout.columns
        self.layout = layout
        self.version = 0
        """Updates behind the weights."""
        self.weights: tuple[Matrix, Matrix, Matrix] = (
            chance.normal(0.0, columns**-0.5, (columns, hidden)),
            np.zeros(hidden),
            np.zeros(hidden),
        )
        """The hidden layer's weights ``[columns, hidden]`` and bias, and the scores' weights."""

    @property
    def flat(self) -> Matrix:
        """Every weight in one row."""
        return np.concatenate([part.ravel() for part in self.weights])

    def set_flat(self, flat: Matrix) -> None:
        """Take up weights in the form of ``flat``."""
        sizes = np.cumsum([part.size for part in self.weights])[:-1]
        first, second, third = (
            part.reshape(old.shape).copy()
            for part, old in zip(np.split(flat, sizes), self.weights, strict=True)
        )
        self.weights = (first, second, third)

    def probabilities(self, choices: Choices, temperature: float = 1.0) -> tuple[Matrix, Matrix]:
        """Return the rows of the actions and how likely each is; temperature 0 is all or nothing.

        Raises:
            UsageError: the environment tells other facts than the policy was made for.
        """
        rows = self.layout.rows(choices)
        scores = np.tanh(rows @ self.weights[0] + self.weights[1]) @ self.weights[2]
        if temperature == 0:
            return rows, (np.arange(len(scores)) == scores.argmax()).astype(float)
        odds = np.exp((scores - scores.max()) / temperature)
        return rows, odds / odds.sum()

    def save(self, folder: Path) -> None:
        """Write the weights and what their columns are."""
        hidden, bias, score = self.weights
        np.savez(folder / WEIGHTS, hidden=hidden, bias=bias, score=score)
        about = {"format": FORMAT, "version": self.version, "layout": asdict(self.layout)}
        (folder / DESCRIPTION).write_text(json.dumps(about, indent=2) + "\n", encoding="utf-8")


def load_policy(folder: Path) -> ChoicePolicy:
    """Return the policy of a folder: a checkpoint, or a training's run folder with its best one.

    Raises:
        CheckpointError: there is none, or it cannot be read.
    """
    for inner in ("checkpoints/best", "checkpoints/latest"):
        if (folder / inner / DESCRIPTION).is_file():
            folder = folder / inner
            break
    try:
        about = json.loads((folder / DESCRIPTION).read_text(encoding="utf-8"))
        if about["format"] != FORMAT:
            raise CheckpointError(f"{folder}: a choice policy of format {about['format']!r}")
        layout = about["layout"]
        layout["facts"] = tuple(layout["facts"])
        with np.load(folder / WEIGHTS, allow_pickle=False) as stored:
            parts: Sequence[NDArray[np.float64]] = [stored[name] for name in _NAMES]
        policy = ChoicePolicy(Layout(**layout), len(parts[1]))
        if [part.shape for part in parts] != [part.shape for part in policy.weights]:
            raise CheckpointError(f"{folder}: the weights are not of the sizes that it describes")
    except (OSError, ValueError, KeyError, TypeError, zipfile.BadZipFile) as exc:
        if isinstance(exc, CheckpointError):
            raise
        raise CheckpointError(
            f"{folder} holds no choice policy that can be read ({type(exc).__name__}: {exc}); give "
            f"the run folder of a training with agent.kind: choice, or one of its checkpoints"
        ) from None
    policy.weights = (parts[0], parts[1], parts[2])
    policy.version = int(about["version"])
    return policy
