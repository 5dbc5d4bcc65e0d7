"""Turning what the interpreter prints into what an agent may see.

The interpreter draws a banner, a prompt and a status line with the score, announces every change
of the score, and at the end tells the score and offers RESTART and QUIT. An agent sees none of it:
the score reaches it only as a signal.
"""

import re
from collections.abc import Sequence

_PROMPT = re.compile(r"\n>[^\n]*\s*\Z")
_SCORE = re.compile(r"^[^\S\n]*(Your score (has|changed)|You (have so far )?scored )[^\n]*$", re.M)
_END = re.compile(r"\*\*\* [^*\n]+ \*\*\*")
_EXTRA = re.compile(r"<(description|inventory|score|moves)>.*?</\1>", re.S)
_SUCCESS = re.compile(r"^\[([^]()]+) - succeeded\]", re.M)
_BLANK_LINES = re.compile(r"\n\s*\n")


def tidy(text: str) -> str:
    """Return ``text`` without trailing spaces and with at most one empty line in a row."""
    lines = "\n".join(line.rstrip() for line in text.strip().splitlines())
    return _BLANK_LINES.sub("\n\n", lines)


def clean_feedback(feedback: str) -> str:
    """Return the game's answer without prompt, status line, score and end menu."""
    text = _PROMPT.sub("", feedback)
    if end := _END.search(text):
        text = f"{text[: end.start()].rstrip()}\n\n{end.group()}"
    return tidy(_SCORE.sub("", text))


def was_accepted(raw: str) -> bool:
    """Return whether the world carried the last command out.

    Inform traces each action as ``[opening the fridge - succeeded]``, or as failed. A command that
    the parser does not understand leaves no trace, and the room and inventory that are appended to
    every turn are no action of the player.
    """
    return _SUCCESS.search(_EXTRA.sub("", raw)) is not None


def compose(
    feedback: str, room: str, inventory: str, goal: str = "", legal: Sequence[str] = ()
) -> str:
    """Return one observation: the goal, the answer, the room, the inventory, what may be done.

    What the answer already tells, as after ``look`` and ``inventory``, is not told twice.

    >>> print(compose("You open the door.", "-= Hall =-\\nA hall.", "You are carrying nothing."))
    You open the door.
    <BLANKLINE>
    -= Hall =-
    A hall.
    <BLANKLINE>
    You are carrying nothing.
    """
    news = "" if feedback == inventory else feedback.replace(room, "").strip()
    commands = f"You can: {'; '.join(legal)}" if legal else ""
    parts = (f"Goal: {goal}" if goal else "", news, room, inventory, commands)
    return "\n\n".join(part for part in parts if part)
