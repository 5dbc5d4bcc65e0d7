"""What the model already knows of conversations between their turns."""

from collections import OrderedDict
from dataclasses import dataclass

from agentrl.codec import common_prefix
from agentrl.models.transformers.rows import Prefix


@dataclass(frozen=True, slots=True)
class _Known:
    tokens: tuple[int, ...]
    prefix: Prefix

    @property
    def size(self) -> int:
        return sum(keys.nbytes + values.nbytes for keys, values in self.prefix)


class Conversations:
    """Keys and values by conversation; the ones unused for longest go first."""

    def __init__(self, limit: int) -> None:
        """Keep at most ``limit`` bytes; 0 keeps nothing."""
        self.limit = limit
        self._known: OrderedDict[str, _Known] = OrderedDict()
        self._size = 0

    def find(self, session: str, tokens: tuple[int, ...]) -> Prefix | None:
        """Return what is known of the beginning of ``tokens``, without the last token.

        The last token is left to be fed, because its logits are what is asked for.
        """
        known = self._known.get(session)
        if known is None:
            return None
        self._known.move_to_end(session)
        length = min(common_prefix(known.tokens, tokens), len(tokens) - 1)
        if length == 0:
            return None
        return tuple((keys[:, :length], values[:, :length]) for keys, values in known.prefix)

    def keep(self, session: str, tokens: tuple[int, ...], prefix: Prefix) -> None:
        """Remember a conversation in place of what was known of it."""
        self._forget(session)
        known = _Known(tokens, prefix)
        self._known[session] = known
        self._size += known.size
        while self._size > self.limit:
            self._forget(next(iter(self._known)))

    def clear(self) -> None:
        """Forget everything, as when the weights change."""
        self._known.clear()
        self._size = 0

    def _forget(self, session: str) -> None:
        known = self._known.pop(session, None)
        if known is not None:
            self._size -= known.size
