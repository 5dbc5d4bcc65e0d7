"""Which texts may reach the interpreter.

The interpreter is C code: a control character can end its process, a backslash speaks to the
interpreter itself, and letters outside ASCII cannot be encoded. Inform's own commands save and
restore files, end the game, tell the score or change how the game prints. So only one command of
printable ASCII passes, and none of Inform's own.
"""

import re
from itertools import pairwise

MAX_LENGTH = 160
"""Longest command, in characters; the interpreter's input buffer holds 198."""

_META = {
    *("save", "restore", "restart", "quit", "q", "undo", "again", "g", "oops", "o"),
    *("score", "fullscore", "notify", "verify", "version", "nouns", "pronouns"),
    *("brief", "verbose", "superbrief", "normal", "long", "short", "restrict", "enable", "disable"),
    *("script", "unscript", "transcript", "recording", "replay"),
}
_META_STEMS = ("print_", "superbrie", "transcrip", "tw-")
"""Inform tells words apart by their first nine letters, and by fewer after ``-`` and ``_``."""

_CHAIN = re.compile(r'[.,;:"]|\bthen\b', re.IGNORECASE)


def tidy_command(action: str) -> str:
    """Return ``action`` as one would type it: without outer spaces and a closing full stop.

    >>> tidy_command("  go east. ")
    'go east'
    """
    return action.strip().rstrip(".!").rstrip()


def problem_with(command: str) -> str | None:
    """Return why ``command`` must not reach the interpreter, or None for one that may.

    >>> problem_with("open the fridge")
    >>> problem_with("save")
    "'save' is a command to the game program, not an action in the world; try another action."
    """
    if not command:
        return "That holds no command; write one action, such as: look"
    if "\n" in command or "\r" in command:
        return "Write a single command on one line."
    if len(command) > MAX_LENGTH:
        return f"That is too long for a command; write at most {MAX_LENGTH} characters."
    if "\\" in command or not (command.isascii() and command.isprintable()):
        return "A command is made of plain letters, digits and spaces; that one is not understood."
    if _CHAIN.search(command):
        return "Write one command at a time, without punctuation and without 'then'."
    return _problem_with_verb(command.lower())


def _problem_with_verb(command: str) -> str | None:
    words = command.split()
    verbs = [words[0]] + [after for word, after in pairwise(words) if word == "and"]
    for verb in verbs:
        if verb in _META or verb.startswith(_META_STEMS):
            return (
                f"'{verb}' is a command to the game program, not an action in the world; "
                f"try another action."
            )
    return None
