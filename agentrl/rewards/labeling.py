"""Facts that an environment cannot state: from a model, from a sandbox, from memory.

A labeler adds them to the record before ``compose`` weighs anything, so that weighing stays a pure
function of what is recorded.
"""

from collections.abc import Mapping, Sequence
from dataclasses import replace
from typing import Any, Protocol

from agentrl.episode import Episode, Failure, Status


class Labeler(Protocol):
    """Adds facts to the episodes of a group."""

    async def label(self, group: Sequence[Episode]) -> list[Episode]:
        """Return the episodes, in the same order, with this labeler's facts.

        An episode that is not scored passes through untouched. One about which the facts could not
        be learnt comes back ``unscored``: not knowing is no reward of zero.

        Args:
            group: episodes of one task, drawn together.
        """

    def memory(self) -> dict[str, Any]:
        """Return what a checkpoint must hold of it: numbers, texts, and lists and dicts of them."""

    def restore(self, memory: Mapping[str, Any]) -> None:
        """Take up what ``memory`` returned."""

    async def close(self) -> None:
        """Let go of models and sandboxes."""


def with_outcome(episode: Episode, facts: Mapping[str, float]) -> Episode:
    """Return the episode with further results."""
    return replace(episode, outcome={**episode.outcome, **facts})


def with_signals(episode: Episode, per_turn: Sequence[Mapping[str, float]]) -> Episode:
    """Return the episode with further facts about its turns, one mapping a turn.

    Raises:
        ValueError: there are not as many mappings as turns.
    """
    turns = tuple(
        replace(turn, signals={**turn.signals, **facts})
        for turn, facts in zip(episode.turns, per_turn, strict=True)
    )
    return replace(episode, turns=turns)


def unscored(episode: Episode, kind: str, message: str) -> Episode:
    """Return the episode as one whose worth is not known.

    Args:
        episode: what was to be judged.
        kind: the error's class, such as ``JudgeError``.
        message: what went wrong.
    """
    return replace(episode, status=Status.UNSCORED, error=Failure(kind, message))
