"""The learners of several ranks as one: the first leads, the others follow."""

from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Any, Protocol

from torch import Tensor

from agentrl.suite.train import TrainSpec
from agentrl.training.learner import Learner
from agentrl.training.lesson import Lesson
from agentrl.training.load import load_policy, load_reference
from agentrl.training.metrics import Metrics
from agentrl.training.plan import Plan
from agentrl.training.policy import Policy
from agentrl.training.ranks import Ranks, whole


class Learns(Protocol):
    """What the steps of RL ask of a learner."""

    def learn(self, lesson: Lesson, spec: TrainSpec, step: int, metrics: Metrics) -> None:
        """Update the policy; see ``Learner.learn``."""

    def state(self) -> dict[str, Any]:
        """Return what a checkpoint must hold beside the policy's weights."""

    def restore(self, state: Mapping[str, Any]) -> None:
        """Take up what ``state`` returned."""


@dataclass(frozen=True, slots=True)
class _Begin:
    folder: Path
    """A checkpoint of the policy's architecture."""
    weights: dict[str, Tensor]
    reference: Path | None


@dataclass(frozen=True, slots=True)
class _Learn:
    lesson: Lesson
    spec: TrainSpec
    step: int


@dataclass(frozen=True, slots=True)
class _TellState:
    pass


@dataclass(frozen=True, slots=True)
class _Restore:
    state: dict[str, Any]


@dataclass(frozen=True, slots=True)
class _End:
    pass


class TeamLearner:
    """The first rank's learner, which has the others do the same.

    The policy that it is given stays whole, on this rank: engines and checkpoints take it. After
    each lesson it gets the weights that the ranks hold together.
    """

    def __init__(
        self, policy: Policy, folder: Path, plan: Plan, reference: Path | None, ranks: Ranks
    ) -> None:
        """
        Args:
            policy: with the weights to begin with.
            folder: a checkpoint of its architecture, on a disk that every rank can read.
            plan: the training.
            reference: the policy before RL, where the loss measures the distance to it.
            ranks: all of them.
        """
        self._policy = policy
        self._ranks = ranks
        weights = {name: value.cpu() for name, value in policy.model.state_dict().items()}
        begin = _Begin(folder, weights, reference)
        ranks.say(begin)
        self._shared, self._learner = _begun(begin, plan, ranks)

    def learn(self, lesson: Lesson, spec: TrainSpec, step: int, metrics: Metrics) -> None:
        """Update the policy on every rank's share of the lesson."""
        self._ranks.say(_Learn(lesson, spec, step))
        self._learner.learn(lesson, spec, step, metrics)
        self._policy.model.load_state_dict(_gathered(self._shared))

    def state(self) -> dict[str, Any]:
        """Return what a checkpoint must hold; any number of ranks can take it up."""
        self._ranks.say(_TellState())
        return self._learner.state()

    def restore(self, state: Mapping[str, Any]) -> None:
        """Take up what ``state`` returned, on every rank."""
        self._ranks.say(_Restore(dict(state)))
        self._learner.restore(state)
        self._policy.take_adapters(state["adapters"])

    def close(self) -> None:
        """Let the other ranks go."""
        self._ranks.say(_End())


def follow(plan: Plan, ranks: Ranks) -> None:
    """Do what the first rank says, until it says no more."""
    shared, learner = None, None
    while True:
        message: object = ranks.say()
        match message:
            case _Begin():
                shared, learner = _begun(message, plan, ranks)
            case _Learn(lesson, spec, step) if learner is not None and shared is not None:
                learner.learn(lesson, spec, step, Metrics())
                _gathered(shared)
            case _TellState() if learner is not None:
                learner.state()
            case _Restore(state) if learner is not None:
                learner.restore(state)
            case _:
                return


def _begun(begin: _Begin, plan: Plan, ranks: Ranks) -> tuple[Policy, Learner]:
    policy = load_policy(begin.folder, plan)
    policy.model.load_state_dict(begin.weights)
    reference = None if begin.reference is None else load_reference(begin.reference, plan)
    return policy, Learner(policy, plan.train, reference, ranks)


def _gathered(policy: Policy) -> dict[str, Any]:
    """Return the whole weights; every rank must ask."""
    return {name: whole(value) for name, value in policy.model.state_dict().items()}
