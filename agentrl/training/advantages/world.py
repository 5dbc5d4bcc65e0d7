"""A world so small that every episode of it can be listed, to hold estimators to the truth.

Its agent spells each action in one or two tokens. There are three rooms, one to three turns,
rewards on several turns, and chance in where an action leads.
"""

from collections.abc import Iterator, Mapping
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

Vector = NDArray[np.float64]


@dataclass(frozen=True, slots=True)
class Outcome:
    """What an action may lead to."""

    probability: float
    reward: float
    place: str | None = None
    """Where the next turn is; None: the episode ends."""


@dataclass(frozen=True, slots=True)
class Path:
    """One possible episode."""

    probability: float
    rewards: tuple[float, ...]
    """Reward of each turn."""
    tokens: tuple[tuple[str, int], ...]
    """What was sampled: before which token the policy stood, and which it chose."""
    turns: tuple[int, ...]
    """The turn of each token."""

    @property
    def ends(self) -> tuple[bool, ...]:
        """Whether each token is the last of its turn."""
        following = (*self.turns[1:], len(self.rewards))
        return tuple(turn != later for turn, later in zip(self.turns, following, strict=True))


Choice = str | tuple[Outcome, ...]
"""What a token does: it leads to the action's next token, or the action is complete."""

CHOICES: Mapping[str, tuple[Choice, ...]] = {
    "hall": ((Outcome(0.7, 0.0, "cellar"), Outcome(0.3, 0.1)), "hall, second token"),
    "hall, second token": ((Outcome(1.0, 0.2, "attic"),), (Outcome(1.0, 0.4),)),
    "cellar": ((Outcome(0.5, 1.0), Outcome(0.5, 0.0)), (Outcome(1.0, -0.2, "attic"),)),
    "attic": ((Outcome(1.0, 0.5),), (Outcome(0.75, 0.0), Outcome(0.25, 1.5))),
}
"""By where the policy stands, what each of its two tokens does."""

LOGITS: Mapping[str, tuple[float, float]] = {
    "hall": (0.6, 0.1),
    "hall, second token": (0.3, -0.4),
    "cellar": (-0.5, 0.2),
    "attic": (-0.3, 0.5),
}
"""The policy's scores of the two tokens."""

TASKS = ("hall", "attic")
"""Where an episode of each task begins; the first takes up to three turns, the second one."""

NODES = tuple(CHOICES)
PARAMETERS = 2 * len(NODES)


def chances(node: str) -> Vector:
    """Return the policy's probabilities of the two tokens."""
    weights = np.exp(np.array(LOGITS[node]))
    return np.asarray(weights / weights.sum())


def paths(start: str, choose: Mapping[str, Vector] | None = None) -> tuple[Path, ...]:
    """Return every possible episode from ``start``.

    Args:
        start: a node.
        choose: probabilities of the two tokens by node; None: those of the policy.
    """
    chosen = {node: chances(node) for node in NODES} if choose is None else choose
    return tuple(_paths(start, Path(1.0, (), (), ()), chosen))


def greedy_policy() -> dict[str, Vector]:
    """Return the probabilities of a policy that takes the likelier token every time."""
    return {node: np.eye(2)[int(np.argmax(LOGITS[node]))] for node in NODES}


def score(node: str, choice: int) -> Vector:
    """Return the gradient of a token's log-probability, ``[PARAMETERS]``."""
    gradient = np.zeros((len(NODES), 2))
    gradient[NODES.index(node)] = np.eye(2)[choice] - chances(node)
    return gradient.reshape(-1)


def scores(path: Path) -> Vector:
    """Return the gradient of each of an episode's tokens, ``[tokens, PARAMETERS]``."""
    return np.stack([score(node, choice) for node, choice in path.tokens])


def value(node: str) -> float:
    """Return the expected reward from a node on."""
    return sum(path.probability * sum(path.rewards) for path in paths(node))


def exact_gradient(tasks: tuple[str, ...] = TASKS) -> Vector:
    """Return the gradient of the expected reward, averaged over the tasks, ``[PARAMETERS]``."""
    gradients = [
        path.probability * sum(path.rewards) * scores(path).sum(axis=0)
        for task in tasks
        for path in paths(task)
    ]
    return np.asarray(sum(gradients) / len(tasks))


def _paths(node: str, before: Path, choose: Mapping[str, Vector]) -> Iterator[Path]:
    for choice, does in enumerate(CHOICES[node]):
        probability = before.probability * float(choose[node][choice])
        if probability == 0:
            continue
        tokens = (*before.tokens, (node, choice))
        turns = (*before.turns, len(before.rewards))
        if isinstance(does, str):
            yield from _paths(does, Path(probability, before.rewards, tokens, turns), choose)
            continue
        for outcome in does:
            rewards = (*before.rewards, outcome.reward)
            path = Path(probability * outcome.probability, rewards, tokens, turns)
            if outcome.place is None:
                yield path
            else:
                yield from _paths(outcome.place, path, choose)
