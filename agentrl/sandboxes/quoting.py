"""Words for a shell, on one line whatever they hold."""

import re

from agentrl.errors import UsageError

_SPECIAL = re.compile(r"[\x00-\x1f\x7f'\\]")


def quoted(word: str) -> str:
    r"""Return a word in the shell's ``$'...'`` notation.

    Raises:
        UsageError: it holds a NUL character, which no command line can.

    >>> print(quoted("echo 'a\tb'"))
    $'echo \047a\011b\047'
    """
    return "$'" + _SPECIAL.sub(lambda found: f"\\{ord(found[0]):03o}", check_word(word)) + "'"


def check_word(word: str) -> str:
    """Return a word or command line that can be handed to a process.

    Raises:
        UsageError: it holds a NUL character.
    """
    if "\0" in word:
        raise UsageError(f"a command line cannot hold a NUL character; leave it out: {word[:80]!r}")
    return word
