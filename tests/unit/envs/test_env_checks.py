"""The conformance checks find each kind of broken environment."""

import itertools
from collections.abc import Callable
from typing import Any

import pytest

from agentrl.envs.base import Choices, Step
from agentrl.envs.text.maze import MazeEnv
from agentrl.task import Task
from agentrl.testing.envs import (
    check_bad_action,
    check_close,
    check_determinism,
    check_facts,
    check_gymnasium,
    check_isolation,
    check_order,
    check_text_env,
)

TASK = Task("a", seed=3)


class Unseeded(MazeEnv):
    begun = itertools.count()

    def begin(self, task: Task, seed: int) -> str:
        return super().begin(task, next(self.begun))


class Drifting(MazeEnv):
    """The first episode is right; the second of an instance is shown differently."""

    episodes = 0

    def begin(self, task: Task, seed: int) -> str:
        self.episodes += 1
        return super().begin(task, seed)

    def act(self, action: str) -> Step:
        step = super().act(action)
        return Step(step.observation + "!" * self.episodes, step.signals, terminated=False)


class TakesBadActions(MazeEnv):
    def act(self, action: str) -> Step:
        return super().act(action if action in ("up", "down", "left", "right") else "up")


class MovesOnBadActions(MazeEnv):
    def refuse(self, why: str, **signals: float) -> Step:
        super().act(self.legal_actions()[0])
        return super().refuse(why, **signals)


class EndsOnBadActions(MazeEnv):
    def refuse(self, why: str, **signals: float) -> Step:
        return Step(why, {"format_ok": 0.0}, truncated=True)


class Silent(MazeEnv):
    @property
    def instructions(self) -> str:
        return " "


class NotANumber(MazeEnv):
    def act(self, action: str) -> Step:
        return Step(super().act(action).observation, {"progress": float("nan")})


class WholeNumbers(MazeEnv):
    def act(self, action: str) -> Step:
        return Step(super().act(action).observation, {"moved": 1})


class TellsOfOthers(MazeEnv):
    def choices(self) -> Choices:
        return Choices("", ("fly",), ("fly",), ((),))


class TellsTooMuch(MazeEnv):
    def choices(self) -> Choices:
        legal = self.legal_actions()
        return Choices("", legal, legal, ((1.0,),) * len(legal))


class NoSuccess(MazeEnv):
    def outcome(self) -> dict[str, float]:
        return {"score": 1.0}


class TooMuchSuccess(MazeEnv):
    def outcome(self) -> dict[str, float]:
        return {"success": 100.0}


class ClosesOnce(MazeEnv):
    closed = False

    def close(self) -> None:
        if self.closed:
            raise RuntimeError("closed already")
        self.closed = True


class GoesOn(MazeEnv):
    def step(self, action: str) -> tuple[str, float, bool, bool, dict[str, Any]]:
        self._ended = False
        return super().step(action)


class Shared(MazeEnv):
    """Where the agent stands is kept on the class."""

    where = (0, 0)

    @property
    def _at(self) -> tuple[int, int]:
        return Shared.where

    @_at.setter
    def _at(self, square: tuple[int, int]) -> None:
        Shared.where = square


class EndlessReward(MazeEnv):
    def act(self, action: str) -> Step:
        return Step("", reward=float("inf"))


class ForgetsTheSeed(MazeEnv):
    def reset(
        self, *, seed: int | None = None, options: dict[str, Any] | None = None
    ) -> tuple[str, dict[str, Any]]:
        return super().reset(seed=1, options=options)


def test_a_good_environment_passes() -> None:
    check_text_env(MazeEnv, TASK)


@pytest.mark.parametrize(
    ("check", "broken", "message"),
    [
        (check_determinism, Unseeded, "reset with the same seed in the same instance"),
        (check_determinism, Drifting, "same seed and actions in the same instance: turn 1"),
        (check_facts, Silent, "the instructions are empty"),
        (check_facts, NotANumber, r"turn 1 \('.*'\): 'progress' is nan, expected a finite float"),
        (check_facts, TellsOfOthers, r"choices are of \('fly',\), legal are"),
        (check_facts, TellsTooMuch, r"has 1 facts for \(\)"),
        (check_facts, WholeNumbers, "'moved' is 1, expected a finite float"),
        (check_facts, NoSuccess, "right after reset: the outcome lacks 'success'"),
        (check_facts, TooMuchSuccess, "'success' is 100.0, expected a number from 0 to 1"),
        (check_order, GoesOn, "step after the episode ended was carried out"),
        (check_isolation, Shared, "two instances share state"),
        (check_gymnasium, EndlessReward, "check_env warns: .*The reward is an inf value"),
        (check_gymnasium, ForgetsTheSeed, r"does not call `super\(\)\.reset\(seed=seed\)`"),
    ],
)
def test_a_broken_environment_is_found_out(
    check: Callable[..., None], broken: type[MazeEnv], message: str
) -> None:
    with pytest.raises(AssertionError, match=message):
        check(broken, TASK) if check is not check_gymnasium else check(broken)


@pytest.mark.parametrize(
    ("broken", "message"),
    [
        (TakesBadActions, "was taken: neither 'format_ok' nor 'grounded' is 0"),
        (MovesOnBadActions, "before turn 1 changed the"),
        (EndsOnBadActions, "before turn 1 ended the episode"),
    ],
)
def test_a_bad_action_that_matters_is_found_out(broken: type[MazeEnv], message: str) -> None:
    with pytest.raises(AssertionError, match=message):
        check_bad_action(broken, TASK, "no such action")


def test_a_close_that_fails_the_second_time_is_found_out() -> None:
    with pytest.raises(RuntimeError, match="closed already"):
        check_close(ClosesOnce, TASK)


def test_something_that_is_no_text_environment_is_found_out() -> None:
    with pytest.raises(AssertionError, match="expected a TextEnv"):
        check_gymnasium(lambda: "no environment")  # type: ignore[arg-type, return-value]
