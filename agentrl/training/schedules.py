"""Numbers of the suite that change while training goes on."""

import math
import statistics
from collections.abc import Mapping, Sequence
from typing import Any

from pydantic import ValidationError

from agentrl.errors import SuiteError, nearest
from agentrl.suite import Suite
from agentrl.suite.spec import SuiteSpec
from agentrl.suite.train import ScheduleSpec

CHANGEABLE = (
    "agent.sampling",
    "env.options",
    "limits",
    "reward",
    "train.advantage",
    "train.critic",
    "train.epochs",
    "train.group_size",
    "train.loss",
    "train.minibatches",
    "train.optimiser.lr",
    "train.optimiser.max_grad_norm",
    "train.optimiser.weight_decay",
    "train.sampler",
    "train.tasks_per_step",
    "train.tokens_per_pass",
)
"""Sections and keys that are read at every step; the others are read once, before the first."""

_OBSERVED = "limits.max_turns"


class Schedules:
    """The suite as it is at each step."""

    def __init__(self, suite: Suite) -> None:
        """Check every schedule.

        Raises:
            SuiteError: a key is unknown, is no number, is read before the first step only, or
                gets a value that it cannot have.
        """
        assert suite.spec.train is not None
        self._suite = suite
        self._data = suite.spec.model_dump(mode="json")
        self._steps = suite.spec.train.steps
        self._schedules = suite.spec.train.schedules
        self._seen: dict[str, list[int]] = {key: [] for key in self._schedules}
        self._limits: dict[str, float] = {}
        self._specs: dict[tuple[float, ...], SuiteSpec] = {(): suite.spec}
        for key, schedule in self._schedules.items():
            self._check(key, schedule)
        for step in sorted({1, 2, self._steps // 2 + 1, max(self._steps, 1)}):
            self.spec_at(step)

    def spec_at(self, step: int) -> SuiteSpec:
        """Return the suite with the values of a step; steps count from 1."""
        values = self.values_at(step)
        key = tuple(values.values())
        if key not in self._specs:
            data = _copy(self._data)
            for name, value in values.items():
                _set(data, name.split("."), value)
            self._specs[key] = self._validated(data, values, step)
        return self._specs[key]

    def values_at(self, step: int) -> dict[str, float]:
        """Return the value of each key that follows a schedule."""
        return {key: self._value(key, schedule, step) for key, schedule in self._schedules.items()}

    def note_turns(self, turns: Sequence[int], step: int) -> None:
        """Learn how many turns a step's episodes took; what follows them changes when it is due."""
        for key, schedule in self._schedules.items():
            if schedule.shape != "observed_turns":
                continue
            self._seen[key] += turns
            if step % schedule.every == 0 and self._seen[key]:
                seen = self._seen[key]
                self._limits[key] = math.ceil((statistics.fmean(seen) + max(seen)) / 2)
                self._seen[key] = []

    def state(self) -> dict[str, Any]:
        """Return what was observed; JSON values."""
        return {"seen": _copy(self._seen), "limits": dict(self._limits)}

    def restore(self, state: Mapping[str, Any]) -> None:
        """Take up what ``state`` returned."""
        self._seen = {key: list(state["seen"].get(key, [])) for key in self._schedules}
        self._limits = dict(state["limits"])

    def _value(self, key: str, schedule: ScheduleSpec, step: int) -> float:
        own = _get(self._data, key.split("."))
        start = schedule.start if schedule.start is not None else own
        if schedule.shape == "observed_turns":
            value = self._limits.get(key, start)
        else:
            value = _shaped(schedule, float(start), step, self._steps)
        return round(value) if isinstance(own, int) else value

    def _check(self, key: str, schedule: ScheduleSpec) -> None:
        at = ("train", "schedules", key)
        own = _get(self._data, key.split("."))
        if own is None:
            known = [name for name in _numbers(self._data) if _changes(name)]
            raise self._suite.error(
                at,
                f"the suite has no number there{nearest(key, known)}; give the key a value of its "
                f"own first, or name another",
            )
        if isinstance(own, bool) or not isinstance(own, int | float):
            raise self._suite.error(at, f"only a number can follow a schedule, and it is {own!r}")
        if not _changes(key):
            raise self._suite.error(
                at,
                f"it is read once, before the first step; what can change is below "
                f"{', '.join(CHANGEABLE)}",
            )
        if schedule.shape == "observed_turns" and key != _OBSERVED:
            raise self._suite.error(at, f"shape 'observed_turns' is for {_OBSERVED} alone")

    def _validated(self, data: Any, values: Mapping[str, float], step: int) -> SuiteSpec:
        try:
            return SuiteSpec.model_validate(data)
        except ValidationError as exc:
            error = exc.errors()[0]
            where = ".".join(map(str, error["loc"]))
            told = ", ".join(f"{key} = {value:g}" for key, value in values.items())
            raise SuiteError(
                f"{self._suite.path}: train.schedules: at step {step} ({told}) the suite cannot be "
                f"used: {where}: {error['msg']}; change the schedule's start or end"
            ) from None


def _shaped(schedule: ScheduleSpec, start: float, step: int, steps: int) -> float:
    assert schedule.end is not None
    over = schedule.over or steps
    part = min(1.0, (step - 1) / max(over - 1, 1))
    if schedule.shape == "cosine":
        part = 0.5 * (1 - math.cos(math.pi * part))
    elif schedule.shape == "steps":
        changes = max(1, math.ceil(over / schedule.every) - 1)
        part = min(1.0, ((step - 1) // schedule.every) / changes)
    return start + part * (schedule.end - start)


def _changes(key: str) -> bool:
    return any(key == name or key.startswith(f"{name}.") for name in CHANGEABLE)


def _get(data: Any, path: Sequence[str]) -> Any:
    for key in path:
        data = data.get(key) if isinstance(data, dict) else None
    return data


def _set(data: Any, path: Sequence[str], value: float) -> None:
    for key in path[:-1]:
        data = data[key]
    data[path[-1]] = value


def _numbers(data: Any, at: str = "") -> list[str]:
    if isinstance(data, dict):
        return [
            name
            for key, value in data.items()
            for name in _numbers(value, f"{at}.{key}".strip("."))
        ]
    return [at] if isinstance(data, int | float) and not isinstance(data, bool) else []


def _copy(data: Any) -> Any:
    if isinstance(data, dict):
        return {key: _copy(value) for key, value in data.items()}
    return [_copy(value) for value in data] if isinstance(data, list) else data
