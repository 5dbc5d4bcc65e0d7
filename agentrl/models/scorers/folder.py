"""A scorer's folder: ``scorer.json`` says what it is, and its weights stand beside it."""

import json
from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from dataclasses import asdict, dataclass, field
from pathlib import Path
from typing import Any

from pydantic import BaseModel

import agentrl
from agentrl.errors import CheckpointError, StorageError, UsageError
from agentrl.models.scorers.base import FitReport

CARD = "scorer.json"
_FORMAT = 1


@dataclass(frozen=True, slots=True)
class Card:
    """What a scorer's folder says of itself."""

    backend: str
    family: str
    """What its numbers mean something for: features of texts, or a model's tokens."""
    outcome: str
    """The result that it foretells."""
    options: Mapping[str, Any]
    """How it was fitted."""
    fit: Mapping[str, Any] | None = None
    """The report of its fit; None where it only learnt from updates."""
    agentrl: str = field(default_factory=lambda: agentrl.__version__)
    """The version that wrote it."""


def card_of(
    backend: str, family: str, outcome: str, spec: BaseModel, fit: FitReport | None
) -> Card:
    """Return the card of a scorer that was made as ``spec`` says."""
    report = None if fit is None else asdict(fit)
    return Card(backend, family, outcome, spec.model_dump(mode="json"), report)


def write_card(folder: Path, card: Card) -> None:
    """Write what a scorer is into its folder, which must be there."""
    text = json.dumps({"format": _FORMAT, **asdict(card)}, indent=2, allow_nan=False)
    (folder / CARD).write_text(text + "\n", encoding="utf-8")


def read_card(folder: Path) -> Card:
    """Return what a scorer's folder says of itself.

    Raises:
        CheckpointError: there is no such folder, it holds no scorer, or one of a newer version.
    """
    try:
        data = json.loads((folder / CARD).read_text(encoding="utf-8"))
    except FileNotFoundError:
        raise CheckpointError(
            f"scorer {str(folder)!r}: no {CARD} in it; expected a folder that "
            f"'agentrl train SUITE --progress RUN --out FOLDER' wrote"
        ) from None
    except (OSError, ValueError) as exc:
        raise CheckpointError(f"{folder / CARD}: cannot be read as JSON: {exc}") from None
    if not isinstance(data, dict) or not isinstance(data.get("options"), dict):
        raise CheckpointError(f"{folder / CARD}: describes no scorer; fit the scorer again")
    if data.pop("format", None) != _FORMAT:
        raise CheckpointError(
            f"{folder / CARD}: written by agentrl {data.get('agentrl')} in a form that this "
            f"version does not know; fit the scorer again"
        )
    try:
        return Card(**data)
    except TypeError as exc:
        raise CheckpointError(f"{folder / CARD}: describes no scorer: {exc}") from None


def check_family(card: Card, expected: str, where: str) -> None:
    """Refuse a scorer whose weights mean something else.

    Args:
        card: the scorer's.
        expected: the family that it is to be used with.
        where: names the scorer's folder.

    Raises:
        UsageError: it is of another family.
    """
    if card.family != expected:
        raise UsageError(
            f"scorer {where!r} is of another model family: {card.family}, expected {expected}; fit "
            f"a scorer for this one with 'agentrl train SUITE --progress RUN'"
        )


@contextmanager
def writing(folder: Path) -> Iterator[Path]:
    """Make a folder to write a scorer into.

    Raises:
        StorageError: it cannot be written.
    """
    try:
        folder.mkdir(parents=True, exist_ok=True)
        yield folder
    except OSError as exc:
        raise StorageError(f"cannot write the scorer {folder}: {exc.strerror or exc}") from None
