"""What of an episode may be new."""

import hashlib
import re
from collections.abc import Collection
from dataclasses import dataclass

from agentrl.episode import Episode

_DIGITS = re.compile(r"\d+")
_SPACE = re.compile(r"\s+")


@dataclass(frozen=True, slots=True)
class Trail:
    """The texts that an episode passed through."""

    start: str | None
    """Where it began, which is no merit of any action; None where nothing was seen before."""
    steps: tuple[str | None, ...]
    """One a turn; None where a turn led to nothing that could be seen."""

    @property
    def visited(self) -> list[str]:
        """All its texts, in order."""
        return [text for text in (self.start, *self.steps) if text is not None]


def trail(episode: Episode, of: str, ignore: Collection[str] = ()) -> Trail:
    """Return the texts of an episode whose novelty counts.

    Args:
        episode: with its turns.
        of: ``result`` (what each action led to; the first observation is the start),
            ``observation`` (what was seen before the action), ``action``, or ``both``.
        ignore: differences that do not count, see ``normalized``.
    """

    def clean(text: str) -> str:
        return normalized(text, ignore)

    turns = episode.turns
    match of:
        case "result":
            seen = [*(turn.observation for turn in turns[1:]), episode.final_observation]
            start = clean(turns[0].observation) if turns and turns[0].observation else None
            steps = [clean(text) if text else None for text in seen[: len(turns)]]
            return Trail(start, tuple(steps))
        case "observation":
            return Trail(None, tuple(clean(turn.observation) for turn in turns))
        case "action":
            return Trail(None, tuple(clean(turn.action) for turn in turns))
        case _:
            return Trail(None, tuple(clean(f"{t.observation}\n> {t.action}") for t in turns))


def normalized(text: str, ignore: Collection[str]) -> str:
    """Return a text without the differences that do not count.

    >>> normalized("Turn 12:  You  see\\na Lamp", ("case", "space", "digits"))
    'turn #: you see a lamp'
    """
    if "case" in ignore:
        text = text.casefold()
    if "digits" in ignore:
        text = _DIGITS.sub("#", text)
    return _SPACE.sub(" ", text).strip() if "space" in ignore else text


def digest(text: str) -> str:
    """Return a short name of a text: 16 hexadecimal digits."""
    return hashlib.blake2b(text.encode(errors="replace"), digest_size=8).hexdigest()
