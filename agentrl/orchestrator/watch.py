"""Seeing the execution of workflows while it goes on."""

from collections.abc import Callable, Iterator
from contextlib import contextmanager
from contextvars import ContextVar

from agentrl.episode import Call
from agentrl.orchestrator.workflow import Node, Workflow

Event = Workflow | Node | Call
"""A workflow that begins, a node of it whose worker is about to be asked, a call that ended."""

Watcher = Callable[[Event], None]

_watcher: ContextVar[Watcher | None] = ContextVar("watcher", default=None)


@contextmanager
def watched(watcher: Watcher) -> Iterator[None]:
    """Tell a watcher what workflows do that are executed in this context.

    Args:
        watcher: called on the loop that executes, so it must not block.
    """
    before = _watcher.set(watcher)
    try:
        yield
    finally:
        _watcher.reset(before)


def tell(event: Event) -> None:
    """Tell whoever watches."""
    watcher = _watcher.get()
    if watcher is not None:
        watcher(event)
