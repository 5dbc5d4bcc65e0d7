"""What a subgoal is, and how a turn is held against it."""

import re
from collections.abc import Mapping
from dataclasses import dataclass
from typing import Literal, Protocol

from agentrl.episode import Episode
from agentrl.suite.reward.subgoals import PredicateSpec
from agentrl.task import Task

Place = Literal["result", "observation", "action"]


@dataclass(frozen=True, slots=True)
class Transition:
    """One turn and what it led to."""

    observation: str
    action: str
    result: str
    """What was seen next."""
    signals: Mapping[str, float]

    def text(self, place: Place) -> str:
        """Return one of its texts."""
        match place:
            case "observation":
                return self.observation
            case "action":
                return self.action
            case "result":
                return self.result


@dataclass(frozen=True, slots=True)
class Pattern:
    """Holds where a regular expression is found."""

    pattern: str
    inside: Place = "result"
    ignore_case: bool = False
    most: int | None = None
    """Only this many characters are searched; None: all."""

    def holds(self, transition: Transition) -> bool:
        """Return whether it holds for a turn."""
        flags = re.IGNORECASE if self.ignore_case else 0
        return bool(re.search(self.pattern, transition.text(self.inside)[: self.most], flags))


@dataclass(frozen=True, slots=True)
class Bound:
    """Holds where a signal of the turn reaches a number; what is not stated does not hold."""

    fact: str
    at_least: float | None = None
    at_most: float | None = None

    def holds(self, transition: Transition) -> bool:
        """Return whether it holds for a turn."""
        value = transition.signals.get(self.fact)
        if value is None:
            return False
        high = self.at_least is None or value >= self.at_least
        return high and (self.at_most is None or value <= self.at_most)


@dataclass(frozen=True, slots=True)
class Verdict:
    """Holds where a judge says so."""


Predicate = Pattern | Bound | Verdict


@dataclass(frozen=True, slots=True)
class Subgoal:
    """A step on the way."""

    name: str
    text: str
    """What it means, in words."""
    predicate: Predicate


@dataclass(frozen=True, slots=True)
class Invariant:
    """What must hold all the way."""

    name: str
    text: str
    predicate: Predicate
    mode: Literal["never", "always"] = "never"


class SubgoalProvider(Protocol):
    """Knows the subgoals of a task."""

    async def subgoals(self, task: Task) -> tuple[Subgoal, ...]:
        """Return them in order.

        Args:
            task: its ``data`` holds, as ``observation``, what an agent saw first.

        Raises:
            InfrastructureError: they cannot be had.
        """

    async def close(self) -> None:
        """Let go of a model."""


def predicate(spec: PredicateSpec) -> Predicate:
    """Return the predicate that a suite describes."""
    if spec.pattern is not None:
        return Pattern(spec.pattern, spec.inside)
    if spec.fact is not None:
        return Bound(spec.fact, spec.at_least, spec.at_most)
    return Verdict()


def transitions(episode: Episode) -> list[Transition]:
    """Return the turns of an episode, each with what it led to."""
    seen = [*(turn.observation for turn in episode.turns[1:]), episode.final_observation]
    return [
        Transition(turn.observation, turn.action, result, turn.signals)
        for turn, result in zip(episode.turns, seen, strict=False)
    ]


def task_of(episode: Episode) -> Task:
    """Return the task of an episode as far as the record tells it."""
    first = episode.turns[0].observation if episode.turns else episode.final_observation
    return Task(episode.task_id, episode.task_group, episode.seed, {"observation": first})
