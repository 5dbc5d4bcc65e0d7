"""MiniGrid in words: the mission, and what the agent sees in front of itself."""

from collections.abc import Iterator
from typing import Any

_FACING = ("east", "south", "west", "north")
_PASSABLE = ("empty", "floor", "goal", "unseen")


def describe_minigrid(env: Any, observation: Any) -> str:
    """Return the mission, the direction, what is carried, and the objects in view."""
    from minigrid.core.constants import IDX_TO_COLOR, IDX_TO_OBJECT, STATE_TO_IDX

    states = {number: name for name, number in STATE_TO_IDX.items()}
    image = observation["image"]
    width, height = image.shape[:2]
    kinds = [[IDX_TO_OBJECT[int(image[x, y, 0])] for y in range(height)] for x in range(width)]

    def thing(x: int, y: int) -> str:
        kind = kinds[x][y]
        colour = "" if kind == "lava" else f"{IDX_TO_COLOR[int(image[x, y, 1])]} "
        state = f" ({states[int(image[x, y, 2])]})" if kind == "door" else ""
        return f"{_article(colour or kind)} {colour}{kind}{state}"

    here = (width // 2, height - 1)
    carried = kinds[here[0]][here[1]]
    hands = "nothing" if carried in _PASSABLE else thing(*here)
    seen = [f"- {thing(x, y)}, {_where(here, x, y)}" for x, y in _objects(kinds, here)]
    return "\n".join(
        [
            f"Mission: {observation['mission']}",
            f"You face {_FACING[int(observation['direction'])]} and carry {hands}.",
            f"Free squares: {_free(kinds, here, 0, -1)} ahead, {_free(kinds, here, -1, 0)} to the "
            f"left, {_free(kinds, here, 1, 0)} to the right.",
            "You see:" if seen else "You see no object.",
            *seen,
        ]
    )


def _article(word: str) -> str:
    return "an" if word[0] in "aeiou" else "a"


def _objects(kinds: list[list[str]], here: tuple[int, int]) -> Iterator[tuple[int, int]]:
    """Yield where objects are, the nearest first."""
    cells = [(x, y) for x, column in enumerate(kinds) for y in range(len(column))]
    cells.sort(key=lambda cell: (abs(cell[0] - here[0]) + abs(cell[1] - here[1]), cell))
    for x, y in cells:
        if (x, y) != here and kinds[x][y] not in ("unseen", "empty", "wall", "floor"):
            yield x, y


def _where(here: tuple[int, int], x: int, y: int) -> str:
    aside, ahead = x - here[0], here[1] - y
    parts = [f"{ahead} ahead"] if ahead else []
    if aside:
        parts.append(f"{abs(aside)} to the {'left' if aside < 0 else 'right'}")
    return " and ".join(parts)


def _free(kinds: list[list[str]], here: tuple[int, int], dx: int, dy: int) -> int:
    """Return how many squares can be walked in a direction, as far as one sees."""
    x, y, steps = here[0] + dx, here[1] + dy, 0
    while 0 <= x < len(kinds) and 0 <= y < len(kinds[0]) and kinds[x][y] in _PASSABLE[:3]:
        x, y, steps = x + dx, y + dy, steps + 1
    return steps
