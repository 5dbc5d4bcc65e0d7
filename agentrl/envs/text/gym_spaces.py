"""Writing an observation of any Gymnasium environment as text, by its space."""

import re
from typing import Any

import numpy as np
from gymnasium import spaces

from agentrl.errors import UsageError

MOST_NUMBERS = 1024
"""An array with more numbers than this says nothing to a reader."""

_HIGHLIGHTED = re.compile(r"\x1b\[(?:\d+;)*4\d(?:;\d+)*m(.*?)\x1b\[0m", re.DOTALL)
_COLOUR = re.compile(r"\x1b\[[\d;]*m")


def readable(space: spaces.Space[Any], value: Any) -> str:
    """Return an observation as text.

    >>> readable(spaces.Tuple((spaces.Discrete(32), spaces.Discrete(2))), (14, 1))
    '14, 1'
    """
    if isinstance(space, spaces.Dict):
        return "\n".join(f"{name}: {readable(space[name], value[name])}" for name in space)
    if isinstance(space, spaces.Tuple):
        return ", ".join(readable(s, v) for s, v in zip(space, value, strict=True))
    if isinstance(value, np.ndarray):
        return _array(value)
    return _number(value) if isinstance(value, float | np.floating) else str(value)


def check_readable(space: spaces.Space[Any], what: str) -> None:
    """Refuse a space whose observations are too large to be read as numbers.

    Raises:
        UsageError: an array in it holds more than ``MOST_NUMBERS`` numbers.
    """
    if isinstance(space, spaces.Dict | spaces.Tuple):
        for inner in space.values() if isinstance(space, spaces.Dict) else space:
            check_readable(inner, what)
    elif space.shape and int(np.prod(space.shape)) > MOST_NUMBERS:
        raise UsageError(
            f"{what} shows arrays of shape {space.shape}, too many numbers to read; give the "
            f"environment a method describe(observation) that returns text"
        )


def without_colours(text: str) -> str:
    """Return terminal output as plain text; what was highlighted stands in square brackets."""
    return _COLOUR.sub("", _HIGHLIGHTED.sub(r"[\1]", text)).strip("\n")


def _array(value: np.ndarray[Any, Any]) -> str:
    if value.ndim <= 1:
        return "[" + ", ".join(_number(number) for number in np.atleast_1d(value)) + "]"
    if value.ndim == 2:
        return "\n" + "\n".join(" ".join(_number(number) for number in row) for row in value)
    return "\n".join(f"layer {index}:{_array(layer)}" for index, layer in enumerate(value))


def _number(value: Any) -> str:
    return f"{value:.4g}" if isinstance(value, float | np.floating) else str(value)
