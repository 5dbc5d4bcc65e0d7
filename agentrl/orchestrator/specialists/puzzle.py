"""A task of one to four parts, each for another specialist."""

import random
from collections.abc import Mapping
from dataclasses import dataclass

from agentrl.orchestrator.skills.operations import Numbers, read_list, write_list
from agentrl.orchestrator.specialists.skills import (
    ADD,
    LOOK_UP,
    REGISTER,
    SKILLS,
    SORT,
    WRITE,
    done,
    names_of,
)

Shape = tuple[tuple[str, tuple[int, ...]], ...]
"""Parts in order: the skill, and which parts before it are seen."""

SHAPES: Mapping[int, tuple[Shape, ...]] = {
    1: tuple(((skill, ()),) for skill in SKILLS),
    2: (
        ((LOOK_UP, ()), (SORT, (0,))),
        ((LOOK_UP, ()), (ADD, (0,))),
        ((LOOK_UP, ()), (WRITE, (0,))),
        ((SORT, ()), (WRITE, (0,))),
        ((ADD, ()), (WRITE, (0,))),
    ),
    3: (
        ((LOOK_UP, ()), (SORT, (0,)), (WRITE, (1,))),
        ((LOOK_UP, ()), (ADD, (0,)), (WRITE, (1,))),
        ((SORT, ()), (ADD, ()), (WRITE, (0, 1))),
    ),
    4: (((LOOK_UP, ()), (SORT, (0,)), (ADD, (0,)), (WRITE, (1, 2))),),
}
"""What there is to do, by the number of parts."""

PARTS = (1, 2, 2, 3, 3, 4)
"""How many parts, as often as they stand here; our choice."""


@dataclass(frozen=True, slots=True)
class Puzzle:
    """Numbers, or names for them, and what is to be done with them."""

    shape: Shape
    numbers: Numbers
    """What is worked with, in order; where the first part looks them up, names stand for them."""

    @property
    def question(self) -> str:
        """The puzzle in words.

        >>> Puzzle(SHAPES[3][2], (9, 4, 7)).question
        '9 4 7. Sort and add. In words.'
        """
        skills = [skill for skill, _ in self.shape]
        looks_up = LOOK_UP in skills
        parts = [names_of(self.numbers) if looks_up else write_list(self.numbers)]
        parts += ["Look up"] if looks_up else []
        middle = " and ".join(skill for skill in skills if skill in (SORT, ADD))
        parts += [middle.capitalize()] if middle else []
        parts += ["In words"] if WRITE in skills else []
        return ". ".join(parts) + "."

    @property
    def answers(self) -> tuple[str, ...]:
        """What each part comes to."""
        answers: list[str] = []
        for skill, sees in self.shape:
            seen = [read_list(answers[index]) or () for index in sees] or [self.numbers]
            answers.append(done(skill, tuple(n for numbers in seen for n in numbers)))
        return tuple(answers)

    @property
    def workflow(self) -> str:
        """The known solution, as three lists of a conductor."""
        workers = [SKILLS.index(skill) for skill, _ in self.shape]
        texts = ", ".join(f'"{skill}"' for skill, _ in self.shape)
        access = [list(sees) for _, sees in self.shape]
        return f"model_id = {workers}\nsubtasks = [{texts}]\naccess_list = {access}"


def make_puzzle(seed: str, skill: str | None = None) -> Puzzle:
    """Return the puzzle of a seed.

    Args:
        seed: decides everything.
        skill: one that it needs; None: any.
    """
    rng = random.Random(f"specialists:{seed}")
    shape = rng.choice(SHAPES[rng.choice(PARTS)])
    while skill is not None and skill not in dict(shape):
        shape = rng.choice(SHAPES[rng.choice(PARTS)])
    numbers = _drawn(rng)
    while SORT in dict(shape) and list(numbers) == sorted(numbers):
        numbers = _drawn(rng)  # else sorting could be left out
    return Puzzle(shape, numbers)


def _drawn(rng: random.Random) -> Numbers:
    return tuple(rng.sample(sorted(REGISTER.values()), 3))
