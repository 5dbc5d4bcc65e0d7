"""Numbers of the suite that change while training goes on."""

import math
from collections.abc import Mapping, Sequence
from dataclasses import replace
from typing import Any

from pydantic import ValidationError

from agentrl.envs.build import check_options
from agentrl.errors import CheckpointError, SuiteError
from agentrl.suite import Suite
from agentrl.suite.spec import SuiteSpec
from agentrl.suite.train import ScheduleSpec
from agentrl.training.scheduled_keys import (
    MAX_TURNS,
    check_schedule,
    schedule_error,
    value_at,
    with_value,
)
from agentrl.training.turn_limit import TurnLimit

_MOST_CHECKS = 20
"""So many different values of the schedules are tried before training begins."""
_MOST_STEPS = 2000
"""So many steps are looked through for them."""

Values = dict[str, float]


class Schedules:
    """The suite as it is at each step."""

    def __init__(self, suite: Suite) -> None:
        """Check every schedule, and the suite at values from all along them.

        Raises:
            SuiteError: a key is unknown, is no number, has no effect, is read before the first step
                only, or gets a value that it cannot have.
        """
        assert suite.spec.train is not None
        self._suite = suite
        self._data = suite.spec.model_dump(mode="json")
        self._steps = suite.spec.train.steps
        self._schedules = suite.spec.train.schedules
        self._newest: tuple[Values, SuiteSpec] = ({}, suite.spec)
        self._limit: TurnLimit | None = None
        for key, schedule in self._schedules.items():
            check_schedule(suite, self._data, key, schedule)
            if schedule.shape == "observed_turns":
                first = value_at(self._data, key) if schedule.start is None else schedule.start
                self._limit = TurnLimit(round(first), schedule.every)
        self._check_values()

    def spec_at(self, step: int) -> SuiteSpec:
        """Return the suite with the values of a step; steps count from 1.

        Raises:
            SuiteError: the suite cannot be used with them.
        """
        values = self.values_at(step)
        if self._newest[0] != values:
            self._newest = values, self._spec_with(values, step)
        return self._newest[1]

    def values_at(self, step: int) -> Values:
        """Return the value of each key that follows a schedule; whole numbers are rounded."""
        return {key: self._value(key, schedule, step) for key, schedule in self._schedules.items()}

    def note_turns(self, turns: Sequence[int], step: int) -> None:
        """Learn how many turns a step's scored episodes took, once a step."""
        if self._limit is not None:
            self._limit.note(turns, step)

    def state(self) -> dict[str, Any]:
        """Return what was observed; JSON values."""
        return {MAX_TURNS: None if self._limit is None else self._limit.state()}

    def restore(self, state: Mapping[str, Any]) -> None:
        """Take up what ``state`` returned.

        Raises:
            CheckpointError: it is of other schedules.
        """
        observed = state.get(MAX_TURNS)
        if (observed is None) != (self._limit is None):
            raise CheckpointError(
                f"the checkpoint and the suite differ in whether {MAX_TURNS} follows "
                f"'observed_turns'; continue with the suite that the training was begun with"
            )
        if self._limit is not None and observed is not None:
            self._limit.restore(observed)

    def _value(self, key: str, schedule: ScheduleSpec, step: int) -> float:
        if schedule.shape == "observed_turns":
            assert self._limit is not None
            return self._limit.at(step)
        own = value_at(self._data, key)
        start = own if schedule.start is None else schedule.start
        value = _shaped(schedule, float(start), step, self._steps)
        return round(value) if isinstance(own, int) else value

    def _check_values(self) -> None:
        last = max([self._steps, *(schedule.over or 1 for schedule in self._schedules.values())])
        steps = reversed(_spread(range(1, last + 1), _MOST_STEPS))
        firsts = {tuple(self.values_at(step).items()): step for step in steps}
        tried: list[dict[str, Any]] = [self._suite.spec.env.options]
        for step in _spread(sorted(firsts.values()), _MOST_CHECKS):
            spec = self.spec_at(step)
            if spec.env.options not in tried:
                tried.append(spec.env.options)
                self._check_options(spec, step)

    def _check_options(self, spec: SuiteSpec, step: int) -> None:
        try:
            check_options(replace(self._suite, spec=spec))
        except SuiteError as exc:
            keys = [key for key in self._schedules if key.startswith("env.options.")]
            told = _told({key: self.values_at(step)[key] for key in keys})
            raise schedule_error(
                self._suite,
                keys[0] if len(keys) == 1 else None,
                f"at step {step} ({told}) the environment cannot be built: {exc}",
            ) from None

    def _spec_with(self, values: Values, step: int) -> SuiteSpec:
        data = self._data
        for key, value in values.items():
            data = with_value(data, key.split("."), value)
        changed = {key.split(".")[0] for key in values}
        try:  # sections without a schedule stay the objects that they are
            return SuiteSpec.model_validate(
                dict(self._suite.spec) | {name: data[name] for name in changed}
            )
        except ValidationError as exc:
            error = exc.errors()[0]
            where = ".".join(map(str, error["loc"]))
            raise schedule_error(
                self._suite,
                where if where in values else None,
                f"at step {step} ({_told(values)}) the suite cannot be used: {where}: "
                f"{error['msg'].removeprefix('Value error, ')}; change the schedule's start or end",
            ) from None


def _shaped(schedule: ScheduleSpec, start: float, step: int, steps: int) -> float:
    assert schedule.end is not None
    over = schedule.over or steps
    if schedule.shape == "steps":
        changes = math.ceil(over / schedule.every) - 1
        part = min(1.0, ((step - 1) // schedule.every) / max(changes, 1))
    else:
        part = min(1.0, (step - 1) / max(over - 1, 1))
    if schedule.shape == "cosine":
        part = 0.5 * (1 - math.cos(math.pi * part))
    return (1 - part) * start + part * schedule.end


def _spread(steps: Sequence[int], most: int) -> Sequence[int]:
    """Return at most so many of the steps, the first and the last among them."""
    if len(steps) <= most:
        return steps
    return [steps[round(n * (len(steps) - 1) / (most - 1))] for n in range(most)]


def _told(values: Mapping[str, float]) -> str:
    return ", ".join(f"{key} = {value:g}" for key, value in values.items())
