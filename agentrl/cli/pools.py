"""The end of a command that may have asked workers."""

import sys
from collections.abc import Iterator
from contextlib import contextmanager


@contextmanager
def pools_closed() -> Iterator[None]:
    """Close at the end the pools that were built in this process, their models and servers."""
    try:
        yield
    finally:
        if "agentrl.orchestrator.loop" in sys.modules:  # else there are none
            from agentrl.orchestrator.loop import close_or_warn

            close_or_warn()
