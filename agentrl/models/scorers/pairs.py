"""Better and worse attempts at one task."""

import hashlib
from collections.abc import Sequence
from itertools import permutations

from agentrl.episode import Episode

Pair = tuple[Episode, Episode]
"""A better attempt at a task and a worse one."""


def pairs_of(episodes: Sequence[Episode], outcome: str, most: int) -> list[Pair]:
    """Return pairs of attempts at one task of which one came to more than the other.

    Args:
        episodes: each states the outcome.
        outcome: the result that counts.
        most: pairs of a task; of more, those whose names have the smallest hashes are kept, so
            that neither chance nor the order of episodes decides.
    """
    by_task: dict[str, list[Episode]] = {}
    for episode in episodes:
        by_task.setdefault(episode.task_id, []).append(episode)
    return [
        pair
        for task in sorted(by_task)
        for pair in sorted(
            (p for p in permutations(by_task[task], 2) if _better(p, outcome)), key=_hash
        )[:most]
    ]


def _better(pair: Pair, outcome: str) -> bool:
    first, second = pair
    return first.outcome[outcome] > second.outcome[outcome]


def _hash(pair: Pair) -> bytes:
    names = "\n".join(episode.id for episode in pair)
    return hashlib.blake2b(names.encode(errors="replace"), digest_size=8).digest()
