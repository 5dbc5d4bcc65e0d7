"""Which episodes a scorer learns from, which are kept to measure it, and how well it does."""

import hashlib
from collections.abc import Callable, Iterable, Sequence
from dataclasses import dataclass
from itertools import permutations

from agentrl.episode import Episode
from agentrl.errors import UsageError
from agentrl.models.scorers.base import FitReport

SHARE = 0.2
"""Share of the tasks (with one task: of the episodes) that is kept for measuring. Our choice."""
_NEAR = 0.1
_ROUNDING = 1e-9


@dataclass(frozen=True, slots=True)
class Lesson:
    """Episodes that teach, and those that measure what was learnt."""

    taught: tuple[Episode, ...]
    held_out: tuple[Episode, ...]
    by: str
    """``task`` or ``episode``: what was kept whole."""
    left_out: int
    outcome: str

    @property
    def every(self) -> tuple[Episode, ...]:
        """All of them."""
        return self.taught + self.held_out


def usable(episodes: Sequence[Episode], outcome: str) -> list[Episode]:
    """Return the scored episodes that have turns and state the outcome, in the order of their ids.

    The order is not that of the arguments, so that sums of floats do not depend on it.
    """
    known = (e for e in episodes if e.status.scored and e.turns and outcome in e.outcome)
    return sorted(known, key=lambda e: e.id)


def lesson(episodes: Sequence[Episode], outcome: str, share: float = SHARE) -> Lesson:
    """Split episodes into those that teach and those that measure, by a hash of their tasks.

    Where there is more than one task, no task stands on both sides: else a scorer would be praised
    for knowing the tasks by heart.

    Args:
        episodes: what was recorded.
        outcome: the result to learn.
        share: how many are kept for measuring.

    Raises:
        UsageError: no scored episode states the outcome, or all outcomes are equal.
    """
    known = usable(episodes, outcome)
    if not known:
        raise UsageError(_nothing_known(episodes, outcome))
    found = {e.outcome[outcome] for e in known}
    if len(found) == 1:
        raise UsageError(
            f"all {len(known)} scored episodes have {outcome} = {found.pop():g}: there is nothing "
            f"to tell apart; record a run in which some attempts do better than others"
        )
    by = "task" if len({e.task_id for e in known}) > 1 else "episode"
    keys = sorted({_key(e, by) for e in known}, key=_hash)
    kept = set(keys[: min(len(keys) - 1, max(1, round(share * len(keys))))])
    taught = tuple(e for e in known if _key(e, by) not in kept)
    held_out = tuple(e for e in known if _key(e, by) in kept)
    return Lesson(taught, held_out, by, len(episodes) - len(known), outcome)


def report(
    backend: str,
    of: Lesson,
    rank: Callable[[Episode], float],
    foretell: Callable[[Episode], float] | None,
) -> FitReport:
    """Measure a scorer on the episodes that were kept.

    Args:
        backend: the scorer's kind.
        of: what it learnt from.
        rank: a number that is higher for better attempts at one task.
        foretell: the outcome that it expects; None where its numbers only rank.
    """
    truth = [e.outcome[of.outcome] for e in of.held_out]
    mean = sum(e.outcome[of.outcome] for e in of.taught) / len(of.taught)
    errors = (
        [abs(foretell(e) - t) for e, t in zip(of.held_out, truth, strict=True)] if foretell else []
    )
    n = len(truth)
    return FitReport(
        backend=backend,
        outcome=of.outcome,
        episodes=len(of.every),
        held_out=n,
        held_out_by=of.by,
        turns=sum(len(e.turns) for e in of.every),
        left_out=of.left_out,
        mean_outcome=sum(e.outcome[of.outcome] for e in of.every) / len(of.every),
        error=sum(errors) / n if errors else None,
        base_error=sum(abs(mean - t) for t in truth) / n if errors else None,
        within_tenth=sum(e <= _NEAR + _ROUNDING for e in errors) / n if errors else None,
        ranked=_ranked([(e.task_id, rank(e), t) for e, t in zip(of.held_out, truth, strict=True)]),
    )


def ranked_right(pairs: Iterable[tuple[float, float]]) -> float | None:
    """Return the share of pairs whose better one has the higher score, equal ones counting half.

    Args:
        pairs: scores of the better and of the worse.

    Returns:
        From 0 to 1; None: there is no pair.

    >>> ranked_right([(0.5, 0.1), (0.5, 0.5)])
    0.75
    """
    right = [0.5 if better == worse else float(better > worse) for better, worse in pairs]
    return sum(right) / len(right) if right else None


def _ranked(attempts: Sequence[tuple[str, float, float]]) -> float | None:
    """Return how many attempts at one task are ranked right: task, score and outcome of each."""
    by_task: dict[str, list[tuple[float, float]]] = {}
    for task, score, outcome in attempts:
        by_task.setdefault(task, []).append((score, outcome))
    return ranked_right(
        (a[0], b[0]) for task in by_task.values() for a, b in permutations(task, 2) if a[1] > b[1]
    )


def _nothing_known(episodes: Sequence[Episode], outcome: str) -> str:
    scored = [e for e in episodes if e.status.scored and e.turns]
    if not scored:
        return (
            f"no scored episode with turns among {len(episodes)}: there is nothing to learn from; "
            f"give a run whose episodes came to an end"
        )
    stated = sorted({name for e in scored for name in e.outcome})
    return (
        f"none of {len(scored)} scored episodes states {outcome!r}; their outcomes state "
        f"{', '.join(stated) or 'nothing'}"
    )


def _key(episode: Episode, by: str) -> str:
    return episode.task_id if by == "task" else episode.id


def _hash(key: str) -> bytes:
    return hashlib.blake2b(key.encode(errors="replace"), digest_size=8).digest()
