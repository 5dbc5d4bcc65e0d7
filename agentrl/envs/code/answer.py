"""Where in an answer the program stands."""

import re

_FENCE = re.compile(
    r"^[ \t]*(`{3,})[^\n`]*\n(.*?)(?:^[ \t]*\1`*[ \t]*$|\Z)", re.MULTILINE | re.DOTALL
)


def program_of(answer: str) -> str:
    r"""Return the last fenced block of an answer, or the whole where there is none.

    The fence of the last block may be missing, as where an answer was cut off.

    >>> program_of("First\n```\nx = 1\n```\nthen\n```python\nx = 2\n```\nDone.")
    'x = 2\n'
    >>> program_of("    return 1")
    '    return 1'
    """
    blocks = [match[2] for match in _FENCE.finditer(answer)]
    return blocks[-1] if blocks else answer
