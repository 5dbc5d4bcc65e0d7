"""Tournaments in which who loses is out: once (ArenaRL, arXiv 2601.06487), or twice."""

from collections.abc import Iterable, Mapping, Sequence

from agentrl.rewards.tournament.matches import Matches, Pair
from agentrl.rewards.tournament.ranking import Tiers, tiers_by
from agentrl.rewards.tournament.reference import against_pivot


async def single_elimination(matches: Matches, names: Sequence[str]) -> Tiers:
    """Seed, then play a bracket; the losers of one round are ordered by their average points.

    Everyone is held against the first, whose own score is the mean of its points; in order of
    these scores they enter a bracket (1 meets N, 2 meets N - 1, and the best pass the first round
    where N is no power of two), in which they meet again. N episodes take N - 1 matches of
    seeding and N - 1 of the bracket. The better seed wins a draw. Where a match has no result the
    better seed goes on, and the other one, whose place nobody knows, has none.
    """
    scores = await against_pivot(matches, names)
    pivot = next(iter(scores))
    matches.points[pivot] = [scores[pivot]] if matches.points[pivot] else []  # as one match
    seeds = sorted(scores, key=lambda name: -scores[name])  # stable: ties stay as they were drawn
    left = bracket(seeds)
    rounds: list[list[str]] = []
    while len(left) > 1:
        pairs = [_by_seed(seeds, left[at : at + 2]) for at in range(0, len(left), 2)]
        winners, losers = await _round(matches, pairs)
        left = list(winners)
        rounds.append(losers)
    return [[name for name in left if name], *_by_average(matches, rounds)]


async def double_elimination(matches: Matches, names: Sequence[str]) -> Tiers:
    """Play until all but one have lost twice; a round's losers are ordered by average points.

    Who has not lost meets others who have not, who has lost once meets others who have; the last
    of both meet in the end, twice if the unbeaten one loses the first time. Every match is one
    loss, so N episodes take 2 (N - 1) matches, or one more. There is no seeding. The first of a
    pair wins a draw: the one that has lost less, or was drawn earlier. A match without a result is
    nobody's loss; who is in two of them is out and has no place.
    """
    losses = dict.fromkeys(names, 0)
    failures = dict.fromkeys(names, 0)
    rounds: list[list[str]] = []
    while len(losses) > 1:
        pairs = _pairs_by_losses(losses, failures)
        _, losers = await _round(matches, pairs)
        for name in losers:
            losses[name] += 1
        for name in (n for pair in pairs if not set(pair) & set(losers) for n in pair):
            failures[name] += 1
        rounds.append([name for name in losers if losses[name] == 2])
        losses = {n: count for n, count in losses.items() if count < 2 and failures[n] < 2}
    return [list(losses), *_by_average(matches, rounds)]


def bracket(seeds: Sequence[str]) -> list[str | None]:
    """Return the order in which a bracket is entered, neighbors meeting; None is a free pass.

    The best two can meet only in the end, the best four only in the last two rounds.

    >>> bracket(["1", "2", "3", "4", "5"])
    ['1', None, '4', '5', '2', None, '3', None]
    """
    order = [0]
    while len(order) < len(seeds):
        last = 2 * len(order) - 1
        order = [entry for place in order for entry in (place, last - place)]
    return [seeds[place] if place < len(seeds) else None for place in order]


async def _round(
    matches: Matches, pairs: Sequence[tuple[str, str | None]]
) -> tuple[list[str], list[str]]:
    """Return who goes on from each pair, and who has lost; who has no result has not lost."""
    played: list[Pair] = [(first, second) for first, second in pairs if second is not None]
    results = dict(zip(played, await matches.play(played), strict=True))
    winners, losers = [], []
    for first, second in pairs:
        result = results[first, second] if second is not None else None
        if result is None or second is None:
            winners.append(first)
        elif result.first >= result.second:
            winners.append(first)
            losers.append(second)
        else:
            winners.append(second)
            losers.append(first)
    return winners, losers


def _by_seed(seeds: Sequence[str], pair: Sequence[str | None]) -> tuple[str, str | None]:
    present = sorted((name for name in pair if name is not None), key=seeds.index)
    return (present[0], present[1]) if len(present) == 2 else (present[0], None)


def _pairs_by_losses(losses: Mapping[str, int], failures: Mapping[str, int]) -> list[Pair]:
    """Return this round's pairs: first against last of those who have lost as often.

    Who was in a match without a result stands last, and so meets one who was not.
    """
    pairs: list[Pair] = []
    for count in (0, 1):
        equal = [name for name, lost in losses.items() if lost == count]
        equal.sort(key=lambda name: failures[name])
        pairs += [(equal[at], equal[-1 - at]) for at in range(len(equal) // 2)]
    if pairs:
        return pairs
    first, second = sorted(losses, key=lambda name: losses[name])  # one unbeaten, one beaten once
    return [(first, second)]


def _by_average(matches: Matches, rounds: Iterable[Sequence[str]]) -> Tiers:
    """Return each round's losers by their average points, the last round first."""
    tiers: Tiers = []
    for losers in reversed(list(rounds)):
        tiers += tiers_by({name: (matches.average(name),) for name in losers})
    return tiers
