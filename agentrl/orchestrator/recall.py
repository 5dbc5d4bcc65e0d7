"""What was found out before in this process, at hand without a disk or another thread."""

from collections import OrderedDict
from collections.abc import Hashable
from threading import Lock
from typing import Generic, TypeVar

T = TypeVar("T")


class Recall(Generic[T]):
    """The newest of some results, for whoever asks for exactly the same again.

    Any thread may use it.
    """

    def __init__(self, most: int) -> None:
        """
        Args:
            most: how many results stay; those that nobody asked for the longest go.
        """
        self._most = most
        self._known: OrderedDict[Hashable, T] = OrderedDict()
        self._lock = Lock()

    def get(self, key: Hashable) -> T | None:
        """Return what is known, if anything is."""
        with self._lock:
            found = self._known.get(key)
            if found is not None:
                self._known.move_to_end(key)
            return found

    def put(self, key: Hashable, result: T) -> None:
        """Keep a result."""
        with self._lock:
            self._known[key] = result
            while len(self._known) > self._most:
                self._known.popitem(last=False)
