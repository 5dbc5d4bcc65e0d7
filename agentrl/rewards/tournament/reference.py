"""Everyone against one reference: N - 1 matches."""

import statistics
from collections.abc import Sequence

from agentrl.rewards.tournament.matches import Matches
from agentrl.rewards.tournament.ranking import Tiers, tiers_by


async def against_pivot(matches: Matches, names: Sequence[str]) -> dict[str, float]:
    """Hold everyone against the first, the pivot; return the points, by id in the order given.

    The pivot's score is the mean of its points over its matches. Who could not be held against it
    is left out, and where that is everyone, so is the pivot.
    """
    pivot, others = names[0], names[1:]
    results = await matches.play([(other, pivot) for other in others])
    known = {o: r for o, r in zip(others, results, strict=True) if r is not None}
    if not others:
        return {pivot: 0.0}
    if not known:
        return {}
    own = statistics.fmean(result.second for result in known.values())
    return {pivot: own, **{name: result.first for name, result in known.items()}}


async def anchor(matches: Matches, names: Sequence[str]) -> Tiers:
    """Order everyone by the points against the anchor, which the seed draws from the group.

    The idea is Pairwise-RL's; that the anchor's own score is the mean of its points is taken from
    ArenaRL (arXiv 2601.06487). Episodes that do equally well against it cannot be told apart.
    """
    scores = await against_pivot(matches, names)
    return tiers_by({name: (score,) for name, score in scores.items()})


async def bootstrapped_reference(
    matches: Matches, names: Sequence[str]
) -> tuple[Tiers, dict[str, float]]:
    """Hold everyone against a random member (BRPO of Writing-Zero): +1 for better, -1 for worse.

    A draw is 0, and so is the reference itself: both our choice.
    """
    pivot, others = names[0], names[1:]
    results = await matches.play([(other, pivot) for other in others])
    signs = {
        name: float((result.first > result.second) - (result.first < result.second))
        for name, result in zip(others, results, strict=True)
        if result is not None
    }
    if others and not signs:
        return [], {}
    signs = {pivot: 0.0, **signs}
    return tiers_by({name: (sign,) for name, sign in signs.items()}), signs
