"""A recording as a table: who was right, at what cost, and who said the same as whom.

What a policy that only chooses among recorded answers would come to can be looked up here, a
thousand times faster than it can be played, and comes to the same.
"""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from agentrl.errors import RecordError, UsageError
from agentrl.orchestrator.replay.recording import Item, Recorded, Recording
from agentrl.orchestrator.replay.said import said
from agentrl.orchestrator.vote import Ballot, VoteKind, ballot

Flags = NDArray[np.bool_]
Numbers = NDArray[np.float64]
Whole = NDArray[np.int64]


@dataclass(frozen=True, slots=True)
class Table:
    """The first answers of some models to some items; ``[items, models]`` where not said else."""

    items: tuple[Item, ...]
    models: tuple[str, ...]
    prices: Mapping[str, tuple[float, float]]
    """USD per million tokens in and out, by model."""
    correct: Flags
    usd: Numbers
    """What a thousand such answers cost."""
    party: Whole
    """Answers to an item that say the same have the same number, from 1; 0: it says nothing."""
    tokens_out: Numbers

    def __len__(self) -> int:
        return len(self.items)

    def of(self, rows: Sequence[int] | Whole) -> "Table":
        """Return the table of some of the items."""
        chosen = np.asarray(rows, np.int64)
        return Table(
            tuple(self.items[row] for row in chosen),
            self.models,
            self.prices,
            self.correct[chosen],
            self.usd[chosen],
            self.party[chosen],
            self.tokens_out[chosen],
        )


def read_table(
    recording: Recording,
    models: Sequence[str],
    compare: VoteKind = "auto",
    prices: Mapping[str, tuple[float, float]] | None = None,
) -> Table:
    """Return the table of a recording; items that not all of the models were asked are left out.

    Args:
        recording: has graded answers of the models.
        models: whose answers, in the order of the columns.
        compare: how answers are compared: see ``agentrl.orchestrator.vote.ballot``.
        prices: USD per million tokens in and out by model, where the recording does not tell them.

    Raises:
        UsageError: the recording lacks a model or its price.
        RecordError: there is no item that all were asked, or an answer was not graded.
    """
    for model in models:
        recording.require(model)
    priced = {model: _price(recording, model, prices or {}) for model in models}
    items = [i for i in recording.items.values() if all(recording.trials(m, i) for m in models)]
    if not items:
        raise RecordError(f"{recording.source}: no item was asked of all of {', '.join(models)}")
    shape = len(items), len(models)
    correct, usd = np.zeros(shape, np.bool_), np.zeros(shape)
    party, tokens_out = np.zeros(shape, np.int64), np.zeros(shape)
    for row, item in enumerate(items):
        answers = [recording.trials(model, item)[0] for model in models]
        correct[row] = [_graded(recording, item, answer) for answer in answers]
        party[row] = _parties(item, models, answers, compare)
        tokens_out[row] = [answer.tokens_out or 0 for answer in answers]
        for column, answer in enumerate(answers):
            price_in, price_out = priced[models[column]]
            spent = (answer.tokens_in or 0) * price_in + tokens_out[row, column] * price_out
            usd[row, column] = 1000 * spent / 1e6
    return Table(tuple(items), tuple(models), priced, correct, usd, party, tokens_out)


def _price(
    recording: Recording, model: str, stated: Mapping[str, tuple[float, float]]
) -> tuple[float, float]:
    found = stated.get(model) or recording.prices.get(model)
    if found is None:
        raise UsageError(f"{recording.source}: no price of {model!r}; state one, or leave it out")
    return found


def _graded(recording: Recording, item: Item, answer: Recorded) -> bool:
    if answer.correct is None:
        raise RecordError(
            f"{recording.source}: an answer to item {item.id!r} was not graded; a table needs "
            f"'correct' of every answer"
        )
    return answer.correct


def _parties(
    item: Item, models: Sequence[str], answers: Sequence[Recorded], compare: VoteKind
) -> list[int]:
    """Number what answers say as an environment would that asked for graded ones."""
    reference = item.answer if item.answer is not None else "right"
    numbers: dict[Ballot, int] = {}
    found = []
    for model, answer in zip(models, answers, strict=True):
        meant = ballot(said(answer, reference, "graded", model), compare)
        found.append(0 if meant is None else numbers.setdefault(meant, len(numbers) + 1))
    return found
