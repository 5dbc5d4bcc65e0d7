"""From a group of episodes to their ranks."""

import hashlib
import random
from collections.abc import Awaitable, Callable, Mapping, Sequence
from itertools import pairwise

from agentrl.episode import Episode
from agentrl.errors import UsageError
from agentrl.rewards.tournament.comparison import Compare
from agentrl.rewards.tournament.elimination import double_elimination, single_elimination
from agentrl.rewards.tournament.matches import Matches
from agentrl.rewards.tournament.ranking import Ranking, Tiers, places
from agentrl.rewards.tournament.reference import anchor, bootstrapped_reference
from agentrl.rewards.tournament.tables import round_robin, swiss
from agentrl.suite.reward.tournament import Scheme

_BY_AVERAGE: dict[str, Callable[[Matches, Sequence[str]], Awaitable[Tiers]]] = {
    "single_elimination": single_elimination,
    "double_elimination": double_elimination,
    "round_robin": round_robin,
    "anchor": anchor,
}
"""Schemes in which a place's points are the average points of a match."""


async def rank_group(
    group: Sequence[Episode],
    compare: Compare,
    scheme: Scheme = "single_elimination",
    seed: int = 0,
    *,
    rounds: int | None = None,
    tries: int = 2,
) -> Ranking:
    """Rank the episodes of a group by comparing them.

    The result hangs on the episodes and on ``seed``, not on the order in which they are given.
    A place's points are the average points of a match, with two exceptions: ``swiss`` states the
    share of rounds won, ``bootstrapped_reference`` +1, 0 or -1. Matches that N episodes take:

    ======================  ==========================================
    single_elimination      2 (N - 1)
    double_elimination      2 (N - 1), or one more
    swiss                   R (N // 2), R the smallest with 2^R >= N
    round_robin             N (N - 1) / 2
    anchor                  N - 1
    bootstrapped_reference  N - 1
    ======================  ==========================================

    Args:
        group: episodes of one task; the caller leaves out those that are not scored.
        compare: how two are compared.
        scheme: who meets whom.
        seed: draws who is the reference and who meets whom at first.
        rounds: rounds of ``swiss``.
        tries: how often a comparison without a result is asked for. Where one order has a result
            in the end and the other has none, that one decides.

    Raises:
        UsageError: the group is empty, or two episodes have one id.
    """
    names = _drawn(group, seed)
    matches = Matches({episode.id: episode for episode in group}, compare, tries)
    tiers, points = await _play(scheme, matches, names, rounds)
    if len(names) > 1:  # whoever was never compared may have come by free passes alone
        tiers = [[name for name in tier if matches.points[name]] for tier in tiers]
    placed = places(tiers, points)
    return Ranking(
        {name: placed[name] for name in sorted(placed)},
        {name: _why(matches, name) for name in sorted(names) if name not in placed},
        matches=matches.matches,
        contradictions=matches.contradictions,
        comparisons=matches.comparisons,
    )


async def _play(
    scheme: Scheme, matches: Matches, names: Sequence[str], rounds: int | None
) -> tuple[Tiers, Mapping[str, float]]:
    if scheme == "swiss":
        return await swiss(matches, names, rounds)
    if scheme == "bootstrapped_reference":
        return await bootstrapped_reference(matches, names)
    tiers = await _BY_AVERAGE[scheme](matches, names)
    return tiers, {name: matches.average(name) for name in names}


def _drawn(group: Sequence[Episode], seed: int) -> list[str]:
    """Return the ids in an order that the seed draws."""
    names = sorted(episode.id for episode in group)
    if not names:
        raise UsageError("a tournament needs at least one episode; got an empty group")
    twice = [name for name, next_name in pairwise(names) if name == next_name]
    if twice:
        raise UsageError(f"two episodes of the group have the id {twice[0]!r}; ids are unique")
    digest = hashlib.sha256("\0".join((str(seed), *names)).encode("utf-8", "surrogatepass"))
    random.Random(digest.digest()).shuffle(names)
    return names


def _why(matches: Matches, name: str) -> str:
    return matches.problems.get(name, "no comparison with it had a result")
