"""Actions on a screen: a point in a box, and an action of the right kind with the right argument.

After UI-Venus (arXiv 2508.10833): grounding earns whether the point lies in the box; navigation
earns the kind of the action, and its argument by what the argument is.
"""

import math
from dataclasses import dataclass

from agentrl.errors import UsageError
from agentrl.rewards.verify.overlap import word_f1

Point = tuple[float, float]
"""``(x, y)``, in the units of the box."""


@dataclass(frozen=True, slots=True)
class Box:
    """A rectangle, edges included."""

    left: float
    top: float
    right: float
    bottom: float

    def __post_init__(self) -> None:
        edges = (self.left, self.top, self.right, self.bottom)
        if not (all(map(math.isfinite, edges)) and edges[0] <= edges[2] and edges[1] <= edges[3]):
            raise UsageError(f"the box {edges} is none: expected left, top, right, bottom")

    def holds(self, point: Point) -> bool:
        """Return whether a point lies in the box."""
        return self.left <= point[0] <= self.right and self.top <= point[1] <= self.bottom

    def nearness(self, point: Point) -> float:
        """Return 1 at the middle, falling with the distance to 1/2 at the corners' distance.

        It is ``1 / (1 + (d / r)^2)``, d the distance and r half the diagonal: graded credit for
        points that miss. Our choice.
        """
        if not all(map(math.isfinite, point)):
            return 0.0
        middle = ((self.left + self.right) / 2, (self.top + self.bottom) / 2)
        distance = math.dist(point, middle)
        radius = math.dist((self.left, self.top), (self.right, self.bottom)) / 2
        if distance == 0:
            return 1.0
        ratio = distance / radius if radius > 0 else math.inf
        return 1 / (1 + ratio * ratio)


@dataclass(frozen=True, slots=True)
class ScreenAction:
    """What is done on a screen."""

    kind: str
    """Such as ``click``, ``type`` or ``scroll``."""
    point: Point | None = None
    text: str | None = None
    """What is typed, or a direction, or the name of what is opened."""


@dataclass(frozen=True, slots=True)
class ScreenReference:
    """What should be done."""

    kind: str
    box: Box | None = None
    """Where the point must lie; None: the action has none."""
    text: str | None = None
    """None: the action has none."""


def facts(
    action: ScreenAction | None, reference: ScreenReference, *, least_f1: float = 0.5
) -> dict[str, float]:
    """Return ``format``, ``kind``, ``point``, ``text`` and ``exact`` of an action.

    ``point`` is whether it lies in the box, ``text`` the F1 of its words, where it reaches
    ``least_f1`` (our choice), else 0. Both are 0 for an action of the wrong kind, and 1 where the
    reference has none: neither can be had without the right kind.

    Args:
        action: what was done; None: what was said is no action.
        reference: what should be done.
        least_f1: least F1 that counts.
    """
    names = ("format", "kind", "point", "text", "exact")
    if action is None:
        return dict.fromkeys(names, 0.0)
    kind = action.kind.strip().lower() == reference.kind.strip().lower()
    point = reference.box is None or (
        action.point is not None and reference.box.holds(action.point)
    )
    text = 1.0 if reference.text is None else word_f1(action.text or "", reference.text)
    text = text if text >= least_f1 else 0.0
    exact = kind and point and text == 1.0
    return dict(
        zip(
            names, (1.0, float(kind), float(kind and point), kind * text, float(exact)), strict=True
        )
    )
