"""Samples side by side in rows: as little padding as possible, and nothing sees its neighbour.

A row holds several samples one after the other. Each begins again at position 0, which is how
transformers' attention tells where one ends and the next begins.
"""

from collections.abc import Iterable, Sequence
from dataclasses import dataclass, field

import torch
from torch import Tensor

from agentrl.training.sample import Sample
from agentrl.training.table import TokenTable


@dataclass(frozen=True, slots=True)
class Pass:
    """What goes through the model at a time: whole episodes.

    ``token_ids`` and ``positions`` are ``[rows, width]``, the others ``[tokens of the pass]``.
    """

    token_ids: Tensor
    positions: Tensor
    index: Tensor
    """Which tokens of the table it holds, ascending."""
    row: Tensor
    """Where each of them is predicted: the row, ..."""
    column: Tensor
    """... and the column of the token before it."""
    target: Tensor
    """The token itself."""


def pack(
    table: TokenTable, episodes: Sequence[int], budget: int, *, together: bool = True
) -> list[Pass]:
    """Return the passes that take some episodes through the model.

    Args:
        table: the batch's tokens.
        episodes: which of its episodes.
        budget: most tokens of a pass, padding included; an episode that is longer gets a pass of
            its own.
        together: several samples may share a row; a model that cannot tell them apart gets one
            each.
    """
    wanted = set(episodes)
    of_episode: dict[str, list[int]] = {table.episode_ids[n]: [] for n in sorted(wanted)}
    for index, sample in enumerate(table.samples):
        if sample.episode_id in of_episode:
            of_episode[sample.episode_id].append(index)
    units = [
        sorted(unit, key=lambda n: -len(table.samples[n].tokens.token_ids))
        for unit in of_episode.values()
        if unit
    ]
    lengths = [len(sample.tokens.token_ids) for sample in table.samples]
    units.sort(key=lambda unit: (-lengths[unit[0]], unit[0]))
    return [_pass(table, shelf.rows) for shelf in _shelve(units, lengths, budget, together)]


@dataclass(slots=True)
class _Shelf:
    """Rows of one width that are being filled."""

    width: int
    most_rows: int
    together: bool
    rows: list[list[int]] = field(default_factory=list)
    used: list[int] = field(default_factory=list)

    def take(self, unit: Sequence[int], lengths: Sequence[int], *, force: bool = False) -> bool:
        """Put a whole unit in, or nothing of it where it does not fit."""
        used, placed = list(self.used), []
        for sample in unit:
            row = self._row_for(lengths[sample], used, force)
            if row is None:
                return False
            if row == len(used):
                used.append(0)
            used[row] += lengths[sample]
            placed.append((row, sample))
        self.used = used
        for row, sample in placed:
            if row == len(self.rows):
                self.rows.append([])
            self.rows[row].append(sample)
        return True

    def _row_for(self, length: int, used: Sequence[int], force: bool) -> int | None:
        if self.together:
            for row, filled in enumerate(used):
                if filled + length <= self.width:
                    return row
        return len(used) if force or len(used) < self.most_rows else None


def _shelve(
    units: Iterable[Sequence[int]], lengths: Sequence[int], budget: int, together: bool
) -> list[_Shelf]:
    """Fill shelves first-fit; units come longest first, so a shelf is as wide as its first."""
    shelves: list[_Shelf] = []
    for unit in units:
        if any(shelf.take(unit, lengths) for shelf in shelves):
            continue
        width = lengths[unit[0]]
        shelf = _Shelf(width, max(1, budget // width), together)
        shelf.take(unit, lengths, force=True)
        shelves.append(shelf)
    return shelves


def _pass(table: TokenTable, rows: Sequence[Sequence[int]]) -> Pass:
    samples = table.samples
    width = max(sum(len(samples[n].tokens.token_ids) for n in row) for row in rows)
    token_ids = torch.zeros(len(rows), width, dtype=torch.long)
    positions = torch.zeros(len(rows), width, dtype=torch.long)
    place: dict[int, tuple[int, int]] = {}
    for number, row in enumerate(rows):
        start = 0
        for sample in row:
            ids = samples[sample].tokens.token_ids
            place[sample] = (number, start)
            # The last sample's positions go on over the padding, which nothing looks at.
            end = start + len(ids)
            token_ids[number, start:end] = torch.tensor(ids)
            positions[number, start:] = torch.arange(width - start)
            start = end
    index = torch.isin(table.sample, torch.tensor(sorted(place))).nonzero().squeeze(1)
    starts = torch.zeros(len(samples), 2, dtype=torch.long)
    for sample, (number, start) in place.items():
        starts[sample] = torch.tensor((number, start))
    in_row, begin = starts[table.sample[index]].unbind(1)
    column = begin + table.position[index] - 1
    return Pass(token_ids, positions, index, in_row, column, token_ids[in_row, column + 1])


def token_count(samples: Iterable[Sample]) -> int:
    """Return how many tokens, prompts included, some samples have."""
    return sum(len(sample.tokens.token_ids) for sample in samples)
