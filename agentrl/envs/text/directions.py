"""The four directions of a grid, as people name them."""

_NAMES = {
    "up": "up", "u": "up", "north": "up", "n": "up",
    "down": "down", "d": "down", "south": "down", "s": "down",
    "left": "left", "l": "left", "west": "left", "w": "left",
    "right": "right", "r": "right", "east": "right", "e": "right",
}  # fmt: skip
_VERBS = ("move ", "go ", "push ", "walk ", "turn ")


def direction_named(action: str) -> str | None:
    """Return ``up``, ``down``, ``left`` or ``right`` for what an action names, or None.

    >>> direction_named(" Move North. "), direction_named("jump")
    ('up', None)
    """
    plain = " ".join(action.lower().split()).strip(".!'\"` ")
    for verb in _VERBS:
        plain = plain.removeprefix(verb)
    return _NAMES.get(plain)
