"""From a kind to a new scorer, and from a folder to the scorer in it."""

from collections.abc import Callable, Mapping
from pathlib import Path
from typing import Any

from pydantic import ValidationError

from agentrl.errors import CheckpointError, UsageError
from agentrl.models.scorers.base import ProgressScorer
from agentrl.models.scorers.folder import Card, read_card
from agentrl.suite.reward.progress import Backend, ContrastiveSpec, TextScorerSpec
from agentrl.suite.reward.progress_models import LmScorerSpec, LogRatioSpec


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


def new_scorer(
    backend: Backend,
    options: Mapping[str, Any],
    outcome: str,
    checkpoint: Callable[[], Path],
) -> ProgressScorer:
    """Return a scorer that has learnt nothing.

    Args:
        backend: its kind.
        options: fields of the kind's section, such as ``ridge``.
        outcome: the result that it shall foretell.
        checkpoint: finds the language model that it stands on; only asked where there is one.

    Raises:
        ValidationError: an option is unknown, or has a value that it cannot have.
        UsageError: there is no language model.
    """
    match backend:
        case "text":
            from agentrl.rewards.progress.text import TextScorer

            return TextScorer(TextScorerSpec.model_validate(options), outcome)
        case "contrastive":
            from agentrl.rewards.progress.contrastive import ContrastiveScorer

            return ContrastiveScorer(ContrastiveSpec.model_validate(options), outcome)
        case "lm":
            from agentrl.models.scorers.lm import build as build_lm

            lm = LmScorerSpec.model_validate(options)
            return build_lm(lm, Path(lm.checkpoint) if lm.checkpoint else checkpoint(), outcome)
        case "log_ratio":
            from agentrl.models.scorers.log_ratio import build as build_log_ratio

            ratio = LogRatioSpec.model_validate(options)
            begun = Path(ratio.checkpoint) if ratio.checkpoint else checkpoint()
            return build_log_ratio(ratio, begun, outcome)


def _loaded(folder: Path, card: Card) -> ProgressScorer:
    """Each kind is imported when it is used: some bring large libraries."""
    match card.backend:
        case "text":
            from agentrl.rewards.progress.text import TextScorer

            return TextScorer.load(folder, card)
        case "contrastive":
            from agentrl.rewards.progress.contrastive import ContrastiveScorer

            return ContrastiveScorer.load(folder, card)
        case "lm":
            from agentrl.models.scorers.lm import LmScorer

            return LmScorer.load(folder, card)
        case "log_ratio":
            from agentrl.models.scorers.log_ratio import LogRatioScorer

            return LogRatioScorer.load(folder, card)
        case other:
            raise CheckpointError(
                f"scorer {str(folder)!r}: unknown backend {other!r}; this version of agentrl knows "
                f"text, lm, contrastive and log_ratio"
            )
