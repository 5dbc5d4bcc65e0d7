"""From a folder to the scorer in it."""

from pathlib import Path

from pydantic import ValidationError

from agentrl.errors import CheckpointError, UsageError
from agentrl.models.scorers.base import ProgressScorer
from agentrl.models.scorers.folder import Card, read_card
from agentrl.suite.reward.progress import Backend


def load_scorer(
    folder: Path, backend: Backend | None = None, outcome: str | None = None
) -> ProgressScorer:
    """Return the scorer that a folder holds.

    Args:
        folder: what ``ProgressScorer.save`` wrote.
        backend: the kind that it must be of; None: any.
        outcome: the result that it must foretell; None: any.

    Raises:
        CheckpointError: the folder holds no scorer, or a damaged one.
        UsageError: it is of another kind or model family, or foretells something else.
    """
    card = read_card(folder)
    if backend is not None and card.backend != backend:
        raise UsageError(
            f"scorer {str(folder)!r} is of another model family: its backend is {card.backend!r}, "
            f"expected {backend!r}; fit one with 'agentrl train SUITE --progress RUN --backend "
            f"{backend}'"
        )
    if outcome is not None and card.outcome != outcome:
        raise UsageError(
            f"scorer {str(folder)!r} was fitted to {card.outcome!r}, expected {outcome!r}; set "
            f"the label's 'outcome', or fit a scorer to {outcome!r}"
        )
    try:
        return _loaded(folder, card)
    except ValidationError as exc:
        first = exc.errors()[0]
        where = ".".join(str(part) for part in first["loc"])
        raise CheckpointError(
            f"scorer {str(folder)!r}: its options cannot be used: {where}: {first['msg']}; fit the "
            f"scorer again"
        ) from None


def _loaded(folder: Path, card: Card) -> ProgressScorer:
    """Each kind is imported when it is used: some bring large libraries."""
    match card.backend:
        case "text":
            from agentrl.rewards.progress.text import TextScorer

            return TextScorer.load(folder, card)
        case other:
            raise CheckpointError(
                f"scorer {str(folder)!r}: unknown backend {other!r}; this version of agentrl knows "
                f"text, lm, contrastive and log_ratio"
            )
