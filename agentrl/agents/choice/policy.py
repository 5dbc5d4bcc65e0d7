"""The network behind a choice policy as it plays, in memory and on disk."""

import json
import zipfile
from dataclasses import asdict, dataclass
from pathlib import Path
from typing import Any

import numpy as np
from numpy.typing import NDArray

from agentrl.agents.choice.layout import Layout, Matrix
from agentrl.errors import CheckpointError
from agentrl.models.checkpoint import trained_checkpoint

WEIGHTS, DESCRIPTION = "policy.npz", "policy.json"
FORMAT = 1
_NAMES = ("hidden", "bias", "score")


@dataclass(frozen=True, slots=True)
class ChoicePolicy:
    """Scores actions with the same weights, whichever and however many there are.

    ``score(action) = v . tanh(row W + b)``, and the softmax of the scores is how likely each is.
    As rows hold what is known of an action and not which it is, their order does not matter, and
    an action that was never seen can be judged. Playing takes numpy alone; it learns in torch, in
    ``agentrl.training.choice``.
    """

    layout: Layout
    hidden: Matrix
    """``W``, ``[columns, width]``."""
    bias: Matrix
    """``b``, ``[width]``."""
    score: Matrix
    """``v``, ``[width]``."""
    version: int = 0
    """Updates behind the weights."""

    def logprobs(self, rows: Matrix, temperature: float = 1.0) -> Matrix:
        """Return the log-probability of each action, ``[actions]``.

        Args:
            rows: the actions, ``[actions, columns]``.
            temperature: what scores are divided by; above 0.
        """
        scores = self.scores(rows) / np.float32(temperature)
        scores -= scores.max()
        likely: Matrix = scores - np.log(np.exp(scores).sum())
        return likely

    def scores(self, rows: Matrix) -> Matrix:
        """Return the score of each action, ``[actions]``."""
        scores: Matrix = np.tanh(rows @ self.hidden + self.bias) @ self.score
        return scores

    @property
    def weights(self) -> tuple[Matrix, Matrix, Matrix]:
        """The hidden layer's weights and bias, and the scores' weights."""
        return self.hidden, self.bias, self.score

    @property
    def flat(self) -> Matrix:
        """Every weight in one row."""
        return np.concatenate([part.ravel() for part in self.weights])

    def with_flat(self, flat: NDArray[Any], version: int) -> "ChoicePolicy":
        """Return a policy of the same layout with weights in the form of ``flat``."""
        sizes = np.cumsum([part.size for part in self.weights])[:-1]
        parts = np.split(np.asarray(flat, np.float32), sizes)
        hidden, bias, score = (
            part.reshape(old.shape) for part, old in zip(parts, self.weights, strict=True)
        )
        return ChoicePolicy(self.layout, hidden, bias, score, version)

    def save(self, folder: Path) -> None:
        """Write the weights and what their columns are; the folder is made where it is missing."""
        folder.mkdir(parents=True, exist_ok=True)
        np.savez(folder / WEIGHTS, hidden=self.hidden, bias=self.bias, score=self.score)
        about = {"format": FORMAT, "version": self.version, "layout": asdict(self.layout)}
        (folder / DESCRIPTION).write_text(json.dumps(about, indent=2) + "\n", encoding="utf-8")


def scratch_policy(layout: Layout, width: int, seed: int = 0) -> ChoicePolicy:
    """Return a policy to which all actions are equally likely: the last layer begins at 0.

    Args:
        layout: what the columns are.
        width: size of the hidden layer.
        seed: decides the hidden layer's weights.
    """
    chance = np.random.default_rng([seed, 1])
    columns = layout.columns
    hidden = chance.normal(0.0, max(columns, 1) ** -0.5, (columns, width))
    nothing = np.zeros(width, np.float32)
    return ChoicePolicy(layout, hidden.astype(np.float32), nothing, nothing)


def load_policy(folder: Path) -> ChoicePolicy:
    """Return the policy of a folder: a checkpoint, or a training's run folder with its best one.

    Raises:
        CheckpointError: there is none, or it cannot be read.
    """
    folder = trained_checkpoint(folder) or folder
    try:
        about = json.loads((folder / DESCRIPTION).read_text(encoding="utf-8"))
        if about["format"] != FORMAT:
            raise CheckpointError(
                f"{folder}: a choice policy of format {about['format']!r}, and this agentrl reads "
                f"format {FORMAT}; train it anew, or load it with the version that wrote it"
            )
        described = {**about["layout"], "facts": tuple(about["layout"]["facts"])}
        with np.load(folder / WEIGHTS, allow_pickle=False) as stored:
            hidden, bias, score = (np.asarray(stored[name], np.float32) for name in _NAMES)
        layout, version = Layout(**described), int(about["version"])
    except (OSError, ValueError, KeyError, TypeError, zipfile.BadZipFile) as exc:
        if isinstance(exc, CheckpointError):
            raise
        raise CheckpointError(
            f"{folder} holds no choice policy that can be read ({type(exc).__name__}: {exc}); give "
            f"the run folder of a training with agent.kind: choice, or one of its checkpoints"
        ) from None
    width = len(bias)
    if [hidden.shape, bias.shape, score.shape] != [(layout.columns, width), (width,), (width,)]:
        raise CheckpointError(
            f"{folder}: the weights are not of the sizes that {DESCRIPTION} describes; the folder "
            f"is damaged, or a file of it is another checkpoint's"
        )
    return ChoicePolicy(layout, hidden, bias, score, version)
