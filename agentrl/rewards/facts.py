"""Reading numbers off an episode: results of its outcome, signals of its turns, meters."""

import math
from collections.abc import Callable, Iterable, Sequence
from fnmatch import fnmatchcase

from agentrl.episode import Episode, Turn
from agentrl.errors import RewardError
from agentrl.suite.reward.condition import Reduce

Row = tuple[float | None, ...]
"""What something is worth on each turn of an episode; None where it is not stated."""


def _spent(signal: str, turn: Turn) -> float:
    """Return what the environment itself spent on a turn, such as on the workers it asked."""
    return turn.signals.get(signal, 0.0)


METERS: dict[str, Callable[[Turn], float]] = {
    "meter/tokens_in": lambda turn: (
        sum([g.usage.prompt_tokens for g in turn.generations]) + _spent("worker_tokens_in", turn)
    ),
    "meter/tokens_out": lambda turn: (
        sum([g.usage.completion_tokens for g in turn.generations])
        + _spent("worker_tokens_out", turn)
    ),
    "meter/tokens": lambda turn: METERS["meter/tokens_in"](turn) + METERS["meter/tokens_out"](turn),
    "meter/usd": lambda turn: (
        sum([g.cost_usd for g in turn.generations]) + _spent("worker_usd", turn)
    ),
    "meter/seconds": lambda turn: turn.duration_s,
    "meter/turns": lambda turn: 1.0,
    "meter/calls": lambda turn: len(turn.generations) + _spent("worker_calls", turn),
}
"""What a turn spends, read off the record. An environment that spends on its own account (on
workers that it asks) states it as ``worker_tokens_in``, ``worker_tokens_out``, ``worker_usd`` and
``worker_calls``, which these add."""


def by_turn(episode: Episode, name: str) -> Row:
    """Return a fact of each turn; a result of the outcome stands on the last."""
    meter = METERS.get(name)
    if meter is not None:
        return tuple([float(meter(turn)) for turn in episode.turns])
    if name in episode.outcome:
        return on_last(len(episode.turns), episode.outcome[name])
    return tuple([turn.signals.get(name) for turn in episode.turns])


def number(episode: Episode, name: str, reduce: Reduce = "last") -> float | None:
    """Return a fact as one number for the episode; None where it is not stated."""
    if name in episode.outcome:
        return episode.outcome[name]
    return reduced(by_turn(episode, name), reduce)


def finite(value: float | None, name: str, episode: Episode) -> float | None:
    """Return a fact as it is.

    Raises:
        RewardError: it is NaN or infinite; names the fact and the episode.
    """
    if value is not None and not math.isfinite(value):
        raise RewardError(
            f"fact {name!r} of episode {episode.id!r} is {value}; expected a finite number: mend "
            f"what states it"
        )
    return value


def reduced(row: Iterable[float | None], reduce: Reduce) -> float | None:
    """Return the values of a row as one number; None where there is none.

    >>> reduced((1.0, None, 3.0), "mean")
    2.0
    """
    values = [value for value in row if value is not None]
    if not values:
        return None
    return _REDUCERS[reduce](values)


def on_last(turns: int, value: float | None) -> Row:
    """Return a row in which the last of some turns has the value; without turns it is empty."""
    return (*(None,) * (turns - 1), value) if turns else ()


def total(row: Iterable[float | None]) -> float:
    """Return the sum of a row; what is not stated adds nothing."""
    return sum([value for value in row if value is not None])


def succeeded(episode: Episode) -> bool:
    """Return whether the episode's outcome is a success."""
    return episode.outcome.get("success", 0.0) >= 1.0


def stated_by(episodes: Iterable[Episode]) -> dict[str, None]:
    """Return the names of all facts that some episodes state, meters left out, in order."""
    names: dict[str, None] = {}
    for episode in episodes:
        for facts in (episode.outcome, *(turn.signals for turn in episode.turns)):
            names.update(dict.fromkeys(facts))
    return names


def is_stated(name: str, stated: Iterable[str]) -> bool:
    """Return whether a fact is a meter or among those stated, which may be patterns (``test_*``).

    >>> is_stated("test_3", ["success", "test_*"]), is_stated("sucess", ["success"])
    (True, False)
    """
    return name in METERS or any(fnmatchcase(name, known) or name == known for known in stated)


_REDUCERS: dict[Reduce, Callable[[Sequence[float]], float]] = {
    "sum": sum,
    "mean": lambda values: sum(values) / len(values),
    "min": min,
    "max": max,
    "first": lambda values: values[0],
    "last": lambda values: values[-1],
}
