"""Which numbers of a suite a schedule may change, and what to say of the others."""

from collections.abc import Callable, Iterator, Sequence
from typing import Any

from agentrl.errors import SuiteError, nearest
from agentrl.suite import Suite
from agentrl.suite.train import ScheduleSpec, TrainSpec

MAX_TURNS = "limits.max_turns"
"""The only key that can follow ``observed_turns``."""

CHANGEABLE = (
    "agent.sampling",
    "env.options",
    "limits",
    "reward.combine",
    "reward.cost",
    "reward.gates",
    "reward.terms",
    "train.advantage",
    "train.critic.clip",
    "train.critic.coefficient",
    "train.critic.epochs",
    "train.epochs",
    "train.group_size",
    "train.loss",
    "train.minibatches",
    "train.optimiser.lr",
    "train.optimiser.max_grad_norm",
    "train.sampler.adaptive",
    "train.sampler.refills",
    "train.tasks_per_step",
    "train.tokens_per_pass",
)
"""Sections and keys that are read at every step; the others are read once, before the first."""

_NEEDS: tuple[tuple[str, Callable[[TrainSpec], bool], str], ...] = (
    (
        "train.critic",
        lambda train: train.advantage.baseline == "value",
        "train.advantage.baseline to be 'value'",
    ),
    (
        "train.critic.coefficient",
        lambda train: train.critic.trunk == "shared",
        "train.critic.trunk to be 'shared'",
    ),
    (
        "train.critic.epochs",
        lambda train: train.critic.trunk == "copy",
        "train.critic.trunk to be 'copy'",
    ),
    (
        "train.loss.constant",
        lambda train: train.loss.aggregate == "constant",
        "train.loss.aggregate to be 'constant'",
    ),
    (
        "train.loss.imitation",
        lambda train: train.loss.imitation.coefficient > 0,
        "train.loss.imitation.coefficient to be above 0 in the suite, because expert episodes are "
        "collected before the first step only then",
    ),
    (
        "train.loss.kl_coefficient",
        lambda train: train.loss.kl != "none",
        "train.loss.kl to be 'reward' or 'loss'",
    ),
    (
        "train.sampler.adaptive",
        lambda train: train.sampler.kind == "adaptive",
        "train.sampler.kind to be 'adaptive'",
    ),
    (
        "train.sampler.refills",
        lambda train: train.sampler.equal_rewards == "refill",
        "train.sampler.equal_rewards to be 'refill'",
    ),
)
"""What some keys need to have an effect."""


def check_schedule(suite: Suite, data: Any, key: str, schedule: ScheduleSpec) -> None:
    """Check that a key of a suite can follow a schedule.

    Args:
        suite: the suite, for complaints.
        data: it as plain data, every default written out.
        key: dotted.
        schedule: what the key is to follow.

    Raises:
        SuiteError: it cannot; the message names the line, and why.
    """
    problem = _key_problem(data, key) or _shape_problem(suite, key, schedule)
    if problem:
        raise schedule_error(suite, key, problem)
    assert suite.spec.train is not None
    for prefix, has_effect, need in _NEEDS:
        if _is_below(key, prefix) and not has_effect(suite.spec.train):
            raise schedule_error(suite, key, f"it has no effect: it needs {need}")


def schedule_error(suite: Suite, key: str | None, problem: str) -> SuiteError:
    """Return an error about a schedule; None as key: about all of them together."""
    return suite.error(("train", "schedules", *([key] if key else [])), problem)


def value_at(data: Any, key: str) -> Any:
    """Return the value at a dotted key of plain data; None where there is none."""
    for part in key.split("."):
        data = data.get(part) if isinstance(data, dict) else None
    return data


def with_value(data: dict[str, Any], path: Sequence[str], value: float) -> dict[str, Any]:
    """Return the data with another value at a path; what is not on the path is shared."""
    first, *rest = path
    return {**data, first: with_value(data[first], rest, value) if rest else value}


def _key_problem(data: Any, key: str) -> str | None:
    own = value_at(data, key)
    parent, _, name = key.rpartition(".")
    above = value_at(data, parent) if parent else data
    if own is None and not (isinstance(above, dict) and name in above):
        numbers = [number for number in _numbers(data) if _can_change(number)]
        hint = nearest(key, numbers) or f"; numbers that can change are below {_listed()}"
        return f"the suite has no such key{hint}"
    if not _can_change(key) and not isinstance(own, dict):
        return f"it is read once, before the first step; what can change is below {_listed()}"
    if own is None:
        return "it has no value in the suite; give it one there, which evaluations use"
    if isinstance(own, dict):
        inside = ", ".join(f"{key}.{number}" for number in _numbers(own))
        return f"it is a section; name a number of it: {inside or 'it has none'}"
    if isinstance(own, bool) or not isinstance(own, int | float):
        return f"only a number can follow a schedule, and it is {own!r}"
    return None


def _shape_problem(suite: Suite, key: str, schedule: ScheduleSpec) -> str | None:
    assert suite.spec.train is not None
    over = schedule.over or suite.spec.train.steps
    if schedule.shape == "observed_turns":
        if key != MAX_TURNS:
            return f"shape 'observed_turns' is for {MAX_TURNS} alone"
        if not schedule.end is schedule.over is None:
            return "shape 'observed_turns' goes where the episodes lead: leave out 'end' and 'over'"
    elif schedule.shape == "steps" and over and schedule.every >= over:
        return (
            f"shape 'steps' with 'every' {schedule.every} never changes within {over} steps; "
            f"take fewer, such as {max(1, over // 4)}"
        )
    return None


def _listed() -> str:
    return ", ".join(CHANGEABLE)


def _can_change(key: str) -> bool:
    return any(_is_below(key, name) for name in CHANGEABLE)


def _is_below(key: str, prefix: str) -> bool:
    return key == prefix or key.startswith(f"{prefix}.")


def _numbers(data: Any, at: str = "") -> Iterator[str]:
    if isinstance(data, dict):
        for key, value in data.items():
            yield from _numbers(value, f"{at}.{key}" if at else str(key))
    elif isinstance(data, int | float) and not isinstance(data, bool):
        yield at
