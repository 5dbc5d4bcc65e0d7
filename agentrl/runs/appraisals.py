"""What episodes turned out to be worth after they were recorded: ``rewards.jsonl``.

An episode is recorded when it ends. What a group, a batch or a label says of it comes later, so it
is written beside the record, which is only ever appended to, and laid over it when it is read.
"""

import json
from collections.abc import Iterator, Mapping
from dataclasses import asdict, replace
from pathlib import Path
from typing import Any

from agentrl.episode import Episode, Failure, Gate, Status
from agentrl.errors import RecordError

APPRAISALS = "rewards.jsonl"


def dump_appraisal(episode: Episode) -> str:
    """Return what an episode states and earns, as one line of JSON with its end.

    Raises:
        RecordError: a number is not finite.
    """
    data = {
        "id": episode.id,
        "status": str(episode.status),
        "error": None if episode.error is None else asdict(episode.error),
        "outcome": dict(episode.outcome),
        "signals": [dict(turn.signals) for turn in episode.turns],
        "terms": [dict(turn.terms) for turn in episode.turns],
        "gates": [asdict(gate) for gate in episode.gates],
    }
    try:
        return json.dumps(data, allow_nan=False, separators=(",", ":")) + "\n"
    except ValueError:
        raise RecordError(
            f"the rewards of episode {episode.id!r} cannot be recorded: one is not finite; make "
            f"the label or reward that produced it state a number"
        ) from None


class Appraisals:
    """The appraisals of a file, the last of each episode; they stay on the disk until asked for."""

    def __init__(self, file: Path) -> None:
        """
        Args:
            file: need not be there. A torn last line, left by a killed process, is passed over.

        Raises:
            RecordError: a line cannot be read; the message names it.
        """
        self._file = file
        self._places = dict(_places(file)) if file.exists() else {}

    def applied(self, episode: Episode) -> Episode:
        """Return the episode with its appraisal laid over it, where there is one."""
        place = self._places.get(episode.id)
        if place is None:
            return episode
        with self._file.open("rb") as lines:
            lines.seek(place)
            data = json.loads(lines.readline())
        if len(data["terms"]) != len(episode.turns):
            return episode  # of an attempt that was played again
        return _laid_over(episode, data)


def _places(file: Path) -> Iterator[tuple[str, int]]:
    place = 0
    with file.open("rb") as lines:
        for number, line in enumerate(lines, start=1):
            if not line.endswith(b"\n"):
                return
            try:
                yield str(json.loads(line)["id"]), place
            except (ValueError, LookupError, TypeError) as exc:
                raise RecordError(
                    f"{file}:{number}: no appraisal of an episode ({exc}); delete that line, or "
                    f"the file: what the episodes state is in episodes.jsonl"
                ) from None
            place += len(line)


def _laid_over(episode: Episode, data: Mapping[str, Any]) -> Episode:
    parts = zip(episode.turns, data["signals"], data["terms"], strict=True)
    return replace(
        episode,
        status=Status(data["status"]),
        error=None if data["error"] is None else Failure(**data["error"]),
        outcome=data["outcome"],
        turns=tuple(replace(turn, signals=signals, terms=terms) for turn, signals, terms in parts),
        gates=tuple(Gate(**gate) for gate in data["gates"]),
    )
