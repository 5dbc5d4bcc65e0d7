"""Whether an edit broke a Python file."""

import ast
from pathlib import Path

from agentrl.envs.swe.tools.output import say


def warn_of_syntax(path: Path, before: str, after: str) -> None:
    """Say when a Python file no longer parses, but did before."""
    if path.suffix == ".py" and not _error(before):
        error = _error(after)
        if error:
            say(f"warning: it is no valid Python any more: {error}")


def _error(text: str) -> str:
    try:
        ast.parse(text.encode("utf-8", "surrogateescape"))
    except (SyntaxError, ValueError) as exc:
        return str(exc)
    except (RecursionError, MemoryError):
        pass  # too deep for this parser, which says nothing about the program
    return ""
