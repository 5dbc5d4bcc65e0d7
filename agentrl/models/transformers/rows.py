"""Keys and values of the conversations under way, one row each, and the step that extends them.

Two kinds, because models differ in what they remember of a conversation:

- ``KeyValueRows``: every layer keeps the keys and values of all tokens. Rows of different lengths
  share one buffer; each row writes at its own length, and a mask hides what it has not reached.
- ``SingleRow``: anything else (sliding windows, recurrent state). transformers keeps the state in
  its own way, for one conversation at a time.
"""

import inspect
from collections.abc import Sequence
from typing import Any, Protocol

import torch
from torch import Tensor
from transformers import DynamicCache
from transformers.cache_utils import Cache, DynamicLayer

Prefix = tuple[tuple[Tensor, Tensor], ...]
"""Keys and values of a conversation's tokens, layer by layer, ``[heads, tokens, size]`` each."""

_CHUNK = 256  # buffers grow by whole chunks of tokens
_TOLERANCE = 0.05  # of the scores' spread: above the noise of bfloat16, far below a wrong position


class Rows(Protocol):
    """The conversations that a model is in the middle of, numbered from 0 without gaps."""

    capacity: int
    """Most rows."""

    def push(self, prefix: Prefix | None) -> None:
        """Add a row at the end, whose first tokens are already known where a prefix is given."""

    def drop(self, row: int) -> None:
        """Remove a row; the last row takes its number."""

    def prefix(self, row: int) -> Prefix | None:
        """Return a copy of what is known of a row, or None where it cannot be taken out."""

    def extend(self, first: int, tokens: Sequence[Sequence[int]]) -> Tensor:
        """Feed some tokens to each of the rows from ``first`` on.

        Returns:
            The logits after each row's last token, ``[rows, vocabulary]``.
        """


def can_batch(model: Any) -> bool:
    """Whether ``KeyValueRows`` suits a model: by what its layers keep, and by trying it.

    The trial feeds two rows of different lengths and compares with the model's own way, so that
    a model that takes its positions from elsewhere (ALiBi) is found out instead of babbling.
    """
    layers = DynamicCache(config=model.config).layers
    if not layers or any(type(layer) is not DynamicLayer for layer in layers):
        return False
    if "position_ids" not in inspect.signature(model.forward).parameters:
        return False
    vocabulary = model.get_input_embeddings().num_embeddings
    ids = [token % vocabulary for token in range(3, 12)]
    expected = torch.cat([SingleRow(model).extend(0, [row]) for row in (ids, ids[:2])]).float()
    rows = KeyValueRows(model, 2)
    try:
        rows.push(None)
        rows.extend(0, [ids[:5]])
        rows.push(None)
        got = rows.extend(0, [ids[5:], ids[:2]]).float()
    except (ValueError, TypeError, RuntimeError, IndexError):  # a mask of its own, say
        return False
    return bool((got - expected).abs().mean() <= _TOLERANCE * expected.std())


class KeyValueRows:
    """Rows of full attention in one buffer."""

    def __init__(self, model: Any, capacity: int) -> None:
        """Make room for at most ``capacity`` rows; memory is taken when it is needed."""
        self.capacity = capacity
        self._model = model
        self._lengths: list[int] = []
        layers = model.config.get_text_config(decoder=True).num_hidden_layers
        self._cache = _RowCache(layers, capacity)

    def push(self, prefix: Prefix | None) -> None:
        """Add a row at the end."""
        row = len(self._lengths)
        length = 0
        if prefix is not None:
            length = prefix[0][0].shape[1]
            for layer, (keys, values) in zip(self._cache.rows, prefix, strict=True):
                layer.write(row, keys, values)
        self._lengths.append(length)

    def drop(self, row: int) -> None:
        """Remove a row; the last row takes its number."""
        last = len(self._lengths) - 1
        if row != last:
            for layer in self._cache.rows:
                layer.write(row, *layer.read(last, self._lengths[last]))
            self._lengths[row] = self._lengths[last]
        self._lengths.pop()

    def prefix(self, row: int) -> Prefix:
        """Return a copy of a row's keys and values."""
        pairs = (layer.read(row, self._lengths[row]) for layer in self._cache.rows)
        return tuple((keys.clone(), values.clone()) for keys, values in pairs)

    def extend(self, first: int, tokens: Sequence[Sequence[int]]) -> Tensor:
        """Feed some tokens to each of the rows from ``first`` on.

        Rows with fewer tokens are filled up on the left, so that every row's last token stands in
        the last column. The filling is written behind the longest row, where no row looks.
        """
        starts = self._lengths[first : first + len(tokens)]
        width = max(map(len, tokens))
        total = max(start + len(new) for start, new in zip(starts, tokens, strict=True))
        device = self._model.device
        ids = torch.tensor([[0] * (width - len(new)) + list(new) for new in tokens], device=device)
        ends = torch.tensor(
            [[s + len(new)] for s, new in zip(starts, tokens, strict=True)], device=device
        )
        positions = ends + torch.arange(-width, 0, device=device)
        is_filling = positions < torch.tensor(starts, device=device).unsqueeze(1)
        columns = torch.where(is_filling, total, positions)
        positions = positions.masked_fill(is_filling, 0)
        mask = torch.arange(total + 1, device=device) <= positions.unsqueeze(-1)
        self._cache.aim(first, columns, total + 1)
        output = self._model(
            input_ids=ids,
            position_ids=positions,
            attention_mask=mask.unsqueeze(1),
            past_key_values=self._cache,
            use_cache=True,
            logits_to_keep=1,
        )
        for row, new in enumerate(tokens, start=first):
            self._lengths[row] += len(new)
        logits: Tensor = output.logits[:, -1]
        return logits


class SingleRow:
    """One conversation at a time, remembered by transformers' own cache."""

    capacity = 1

    def __init__(self, model: Any) -> None:
        """Wrap a model that is given one conversation at a time."""
        self._model = model
        self._cache: Any = None

    def push(self, prefix: Prefix | None) -> None:
        """Begin the conversation; there is never a prefix, as ``prefix`` gives none."""
        self._cache = None

    def drop(self, row: int) -> None:
        """Forget the conversation."""
        self._cache = None

    def prefix(self, row: int) -> None:
        """Return None: the state of such a model cannot be cut to a prefix."""

    def extend(self, first: int, tokens: Sequence[Sequence[int]]) -> Tensor:
        """Feed tokens to the conversation."""
        ids = torch.tensor(tokens, device=self._model.device)
        output = self._model(
            input_ids=ids, past_key_values=self._cache, use_cache=True, logits_to_keep=1
        )
        self._cache = output.past_key_values
        logits: Tensor = output.logits[:, -1]
        return logits


class _RowLayer(DynamicLayer):  # type: ignore[no-untyped-call]
    """One layer's buffer, ``[rows, heads, columns, size]``; it grows when a write needs it."""

    def __init__(self, cache: "_RowCache") -> None:
        super().__init__()  # type: ignore[no-untyped-call]
        self._cache = cache
        self._buffers: tuple[Tensor, Tensor] | None = None

    def update(
        self, key_states: Tensor, value_states: Tensor, *args: Any, **kwargs: Any
    ) -> tuple[Tensor, Tensor]:
        first, columns, width = self._cache.first, self._cache.columns, self._cache.width
        end = first + columns.shape[0]
        rows = torch.arange(first, end, device=columns.device).unsqueeze(1)
        both = self._room(end, width, key_states, value_states)
        for buffer, states in zip(both, (key_states, value_states), strict=True):
            buffer[rows, :, columns] = states.transpose(1, 2)
        return both[0][first:end, :, :width], both[1][first:end, :, :width]

    def write(self, row: int, keys: Tensor, values: Tensor) -> None:
        length = keys.shape[1]
        both = self._room(row + 1, length, keys[None], values[None])
        for buffer, states in zip(both, (keys, values), strict=True):
            buffer[row, :, :length] = states

    def read(self, row: int, length: int) -> tuple[Tensor, Tensor]:
        if self._buffers is None:
            raise RuntimeError(f"row {row} is read before anything was written")
        return self._buffers[0][row, :, :length], self._buffers[1][row, :, :length]

    def _room(self, rows: int, columns: int, keys: Tensor, values: Tensor) -> tuple[Tensor, Tensor]:
        """Return buffers of at least this size; new room is zero, since NaN survives a mask."""
        old = self._buffers
        have_rows, have_columns = (old[0].shape[0], old[0].shape[2]) if old else (0, 0)
        if old is None or rows > have_rows or columns > have_columns:
            most_rows = self._cache.capacity
            rows = have_rows if rows <= have_rows else min(most_rows, max(rows, 2 * have_rows))
            columns = max(have_columns, -(-columns // _CHUNK) * _CHUNK)
            self._buffers = (
                _grown(old and old[0], keys, rows, columns),
                _grown(old and old[1], values, rows, columns),
            )
        assert self._buffers is not None
        return self._buffers


def _grown(old: Tensor | None, like: Tensor, rows: int, columns: int) -> Tensor:
    new = like.new_zeros(rows, like.shape[1], columns, like.shape[3])
    if old is not None:
        new[: old.shape[0], :, : old.shape[2]] = old
    return new


class _RowCache(Cache):
    """What transformers sees: a cache whose layers write where ``aim`` said."""

    def __init__(self, layers: int, capacity: int) -> None:
        self.rows = [_RowLayer(self) for _ in range(layers)]
        super().__init__(layers=list(self.rows))
        self.capacity = capacity
        self.first = 0
        self.columns = torch.empty(0, 0, dtype=torch.long)
        self.width = 0

    def aim(self, first: int, columns: Tensor, width: int) -> None:
        """Say where the next tokens go: rows from ``first``, these columns, seen up to width."""
        self.first, self.columns, self.width = first, columns, width

    def get_seq_length(self, layer_idx: int = 0) -> int:
        return self.width
