"""A worker that takes, of the answers it sees, the one that a scorer values most."""

from collections import defaultdict
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from functools import cached_property
from pathlib import Path
from typing import Literal

from agentrl.episode import Episode, Status, StopReason, Turn
from agentrl.errors import UsageError
from agentrl.models.scorers.base import ProgressScorer
from agentrl.orchestrator.context import question_of
from agentrl.orchestrator.vote import VoteKind, ballot
from agentrl.orchestrator.worker import Request
from agentrl.rewards.progress.best import value_at_end
from agentrl.rewards.progress.scorers import load_scorer

By = Literal["best", "vote"]


def picker(file: str, by: By = "best", vote: VoteKind = "auto") -> Callable[[Request], str]:
    """Return a program that picks among the answers a node sees, as ``best_of_n`` picks attempts.

    Args:
        file: folder of a scorer that ``agentrl train SUITE --progress RUN`` wrote, from a run whose
            turns are questions and answers.
        by: ``best`` takes the answer of the largest value; ``vote`` adds up the values of answers
            that say the same and takes the first of the richest party.
        vote: how ``vote`` compares answers.

    Raises:
        CheckpointError: the folder holds no scorer.
        UsageError: ``by`` is neither.
    """
    if by not in ("best", "vote"):
        raise UsageError(f"picker: by is {by!r}, expected 'best' or 'vote'")
    return Picker(Path(file).expanduser(), by, vote)


@dataclass
class Picker:
    """See ``picker``."""

    folder: Path
    by: By
    vote: VoteKind

    def __post_init__(self) -> None:
        self.scorer  # noqa: B018 - a folder without a scorer is refused before anything runs

    @cached_property
    def scorer(self) -> ProgressScorer:
        """What values the answers."""
        return load_scorer(self.folder)

    def __call__(self, request: Request) -> str:
        question = question_of(request)
        attempts = [attempt(question, seen.answer) for seen in request.sees]
        valued = [
            (value, one.turns[0].action)
            for one in attempts
            if (value := value_at_end(one, self.scorer)) is not None
        ]
        if not valued:
            raise ValueError(
                f"of {len(attempts)} answers it sees none that can be valued: let its node see some"
            )
        if self.by == "vote":
            valued = _shared(valued, self.vote)
        return max(valued, key=lambda pair: pair[0])[1]


def attempt(question: str, answer: str) -> Episode:
    """Return the attempt of one turn that an answer to a question is."""
    return Episode(
        id="answer",
        task_id="question",
        group_id="question",
        seed=0,
        agent="worker",
        status=Status.OK,
        stop_reason=StopReason.TERMINATED,
        turns=(Turn(question, answer),),
    )


def _shared(valued: Sequence[tuple[float, str]], kind: VoteKind) -> list[tuple[float, str]]:
    """Return each answer with what all that say the same are worth together."""
    said = [ballot(answer, kind) for _, answer in valued]
    worth: dict[object, float] = defaultdict(float)
    for party, (value, _) in zip(said, valued, strict=True):
        worth[party] += value
    return [
        (float("-inf") if party is None else worth[party], answer)
        for party, (_, answer) in zip(said, valued, strict=True)
    ]
