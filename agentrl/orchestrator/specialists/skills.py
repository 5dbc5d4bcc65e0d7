"""The four skills, each done right: what a specialist is to say for what it sees."""

from collections.abc import Mapping

from agentrl.orchestrator.skills.operations import FIGURES, LISTS, Numbers, write_list

LOOK_UP, SORT, ADD, WRITE = "look up", "sort", "add", "write"

SKILLS = (LOOK_UP, SORT, ADD, WRITE)
"""In the order of the specialists in the pool of ``tasks/conductor/specialists.yaml``."""

REGISTER: Mapping[str, int] = {
    "ann": 7, "bob": 2, "cy": 9, "dot": 4, "eve": 1, "fay": 6, "gus": 3, "hal": 8, "ida": 5
}  # fmt: skip
"""Whose number is which. No task tells it: who looks up knows it by heart."""

_WORDS = (
    *("zero", "one", "two", "three", "four", "five", "six", "seven", "eight", "nine", "ten"),
    *("eleven", "twelve", "thirteen", "fourteen", "fifteen", "sixteen", "seventeen", "eighteen"),
    *("nineteen", "twenty", "twenty-one", "twenty-two", "twenty-three", "twenty-four"),
)
"""24 is the largest sum of three numbers of the register."""


def done(skill: str, numbers: Numbers) -> str:
    """Return what a skill makes of numbers, as the text that the next step sees.

    >>> done("sort", (9, 4)), done("add", (9, 4)), done("write", (9, 21))
    ('4 9', '13', 'nine, twenty-one')
    """
    if skill == WRITE:
        return ", ".join(_WORDS[number] for number in numbers)
    if skill == LOOK_UP:
        return write_list(numbers)
    return write_list((LISTS["sort"] if skill == SORT else FIGURES["sum"])(numbers))


def names_of(numbers: Numbers) -> str:
    """Return the names behind numbers of the register.

    >>> names_of((7, 4))
    'ann, dot'
    """
    names = {number: name for name, number in REGISTER.items()}
    return ", ".join(names[number] for number in numbers)
