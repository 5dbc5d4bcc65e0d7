"""The answers of an earlier run, given again exactly as they were recorded."""

import asyncio
from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path

from agentrl.codec import read_lines
from agentrl.episode import Generation
from agentrl.errors import ModelError, UsageError
from agentrl.models.base import Request, as_sent
from agentrl.models.scripted import turn_index
from agentrl.suite.model import ReplaySpec


@dataclass(frozen=True, slots=True)
class Recorded:
    """One answer of a recorded run."""

    observation: str
    """What it answered."""
    answer: Generation


Recording = Mapping[str, tuple[Recorded, ...]]
"""Every episode's answers in order, by the episode's id."""


class ReplayModel:
    """Answers as a recorded run did: by the episode's id and the turn.

    The turn is told by the number of answers that the conversation holds, so a request or an
    episode that is tried again gets the same answers again. What is asked must be what was
    answered then: a world that differs is noticed, and so is a conversation that forgot its oldest
    turns (``agent.history: drop_oldest``), which cannot be replayed.
    """

    tokenizer = None
    context_window = None

    def __init__(self, spec: ReplaySpec) -> None:
        self._path = Path(spec.run)
        self._recording: Recording | None = None

    @property
    def name(self) -> str:
        return f"replay:{self._path.name}"

    async def start(self) -> None:
        """Read the recording.

        Raises:
            UsageError: there is no such run, or a line of it cannot be read.
        """
        if self._recording is None:
            self._recording = await asyncio.to_thread(read_recording, self._path)

    async def generate(self, request: Request) -> Generation:
        """Return what was answered in this episode at this turn.

        Raises:
            UsageError: the run holds no such episode or turn, or answered something else there.
                No retry would find it, so it is no failure of infrastructure.
        """
        if self._recording is None:
            raise ModelError(f"{self.name} is not running; call start before generate")
        answers = self._recording.get(request.session)
        if answers is None:
            raise UsageError(
                f"{self._path} holds no episode {request.session!r}; replay the suite and seed "
                f"that it was recorded with ({len(self._recording)} episodes)"
            )
        turn = turn_index(request)
        if turn >= len(answers):
            raise UsageError(
                f"{self._path} holds {len(answers)} answers of episode {request.session!r}, and "
                f"answer {turn + 1} is asked for; replay the suite and seed that it was recorded "
                "with"
            )
        where = f"{self._path}, episode {request.session!r}, answer {turn + 1}"
        _check_same(request.messages[-1].content, answers[turn].observation, where)
        return answers[turn].answer

    async def close(self) -> None:
        """Nothing to give back."""


def read_recording(path: Path) -> Recording:
    """Return every episode's answers in order; where an episode stands twice, the later one's.

    Args:
        path: a run folder, or an ``episodes.jsonl``.

    Raises:
        UsageError: there is no such file.
        RecordError: a line that is not the last one cannot be read.
    """
    file = path / "episodes.jsonl" if path.is_dir() else path
    if not file.is_file():
        raise UsageError(f"no recorded run at {path}: {file} does not exist")
    return {
        episode.id: tuple(
            Recorded(turn.observation, g) for turn in episode.turns for g in turn.generations
        )
        for _, episode in read_lines(file)
    }


def _check_same(observed: str, recorded: str, where: str) -> None:
    if observed != as_sent(recorded):
        raise UsageError(
            f"{where}: it was given to {recorded[:80]!r}, and now {observed[:80]!r} is asked; "
            f"replay the suite and seed that it was recorded with, and none that forgot its oldest "
            f"turns"
        )
