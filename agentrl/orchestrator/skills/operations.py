"""What workers of the pool of skills can do to a list of numbers, each by one word."""

import re
from collections.abc import Callable, Mapping, Sequence

Numbers = tuple[int, ...]

LISTS: Mapping[str, Callable[[Numbers], Numbers]] = {
    "sort": lambda numbers: tuple(sorted(numbers)),
    "reverse": lambda numbers: numbers[::-1],
    "odd": lambda numbers: tuple(n for n in numbers if n % 2),
    "large": lambda numbers: tuple(n for n in numbers if n > MIDDLE),
    "double": lambda numbers: tuple(2 * n for n in numbers),
    "increase": lambda numbers: tuple(n + 1 for n in numbers),
}
"""A list becomes a list."""

MIDDLE = 5
"""Numbers above this are large."""

FIGURES: Mapping[str, Callable[[Numbers], Numbers]] = {
    "sum": lambda numbers: (sum(numbers),),
    "largest": lambda numbers: (max(numbers),),
    "smallest": lambda numbers: (min(numbers),),
    "count": lambda numbers: (len(numbers),),
}
"""A list becomes one number."""

UNARY = {**LISTS, **FIGURES}
"""What is done to one list."""

SUBTRACT = "subtract"
"""Takes exactly two numbers, each the work of another step: the first minus the second."""

OPERATIONS = (*UNARY, SUBTRACT)

_WORD = re.compile(r"[a-z]+")
_LIST = re.compile(r"\s*-?\d+(?:\s+-?\d+)*\s*")


def named(text: str) -> list[str]:
    """Return the operations that a text names, in its order.

    >>> named("Please sort them, then sum.")
    ['sort', 'sum']
    """
    return [word for word in _WORD.findall(text.lower()) if word in OPERATIONS]


def read_list(text: str) -> Numbers | None:
    """Return the numbers that a text consists of; None: it is no list.

    >>> read_list("7 3"), read_list("7 apples")
    ((7, 3), None)
    """
    return tuple(map(int, text.split())) if _LIST.fullmatch(text) else None


def write_list(numbers: Sequence[int]) -> str:
    """Return numbers as a text that ``read_list`` reads; ``none`` where there are none."""
    return " ".join(map(str, numbers)) or "none"


def apply(operation: str, inputs: Sequence[Numbers]) -> Numbers | None:
    """Return what an operation makes of what it is given; None: it cannot be done.

    Several lists given to an operation of one list are taken as one long list, as a worker does
    that is shown more than its part.

    >>> apply("sum", [(1, 2), (3,)]), apply("subtract", [(9,), (2,)]), apply("largest", [()])
    ((6,), (7,), None)
    """
    if operation == SUBTRACT:
        if len(inputs) != 2 or any(len(numbers) != 1 for numbers in inputs):
            return None
        return (inputs[0][0] - inputs[1][0],)
    numbers = tuple(number for given in inputs for number in given)
    if not numbers or operation not in UNARY:
        return None
    return UNARY[operation](numbers)
