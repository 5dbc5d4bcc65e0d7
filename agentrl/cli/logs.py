"""Where log messages go: everything into the run's ``log.txt``, warnings to the terminal too."""

import logging
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path


@contextmanager
def logging_to(path: Path) -> Iterator[None]:
    """Log to ``path`` while the context lasts; a full disk costs log lines, not the run."""
    logging.raiseExceptions = False
    to_file = logging.FileHandler(path, encoding="utf-8", delay=True)
    to_file.setFormatter(logging.Formatter("%(asctime)s %(levelname)s %(name)s: %(message)s"))
    to_terminal = logging.StreamHandler()
    to_terminal.setLevel(logging.ERROR)
    to_terminal.setFormatter(logging.Formatter("agentrl: %(message)s"))
    logger = logging.getLogger("agentrl")
    level = logger.level
    logger.setLevel(logging.INFO)
    for handler in (to_file, to_terminal):
        logger.addHandler(handler)
    try:
        yield
    finally:
        logger.setLevel(level)
        for handler in (to_file, to_terminal):
            logger.removeHandler(handler)
            handler.close()
