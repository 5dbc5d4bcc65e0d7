"""Everyone against one reference: N - 1 matches."""

import statistics
from collections.abc import Sequence

from agentrl.rewards.tournament.comparison import Comparison
from agentrl.rewards.tournament.matches import Matches
from agentrl.rewards.tournament.ranking import Tiers, tiers_by


async def against_pivot(matches: Matches, names: Sequence[str]) -> dict[str, float]:
    """Hold everyone against the first, the pivot; return the points by id, the pivot's first.

    The pivot's score is the mean of its points over its matches. Who could not be held against it
    is left out.
    """
    pivot, known = await _against_one(matches, names)
    if not known:
        return {pivot: 0.0}
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
    pivot, known = await _against_one(matches, names)
    signs = {pivot: 0.0}
    for name, result in known.items():
        signs[name] = float((result.first > result.second) - (result.first < result.second))
    return tiers_by({name: (sign,) for name, sign in signs.items()}), signs


async def _against_one(matches: Matches, names: Sequence[str]) -> tuple[str, dict[str, Comparison]]:
    """Return who was the reference, and the results of those that were held against it.

    The first is the reference. One with which nothing can be compared would leave the whole group
    without a place, so the second takes its part then, once.
    """
    pivot, known = names[0], dict[str, Comparison]()
    for at, pivot in enumerate(names[:2]):
        others = names[at + 1 :]
        results = await matches.play([(other, pivot) for other in others])
        known = {o: r for o, r in zip(others, results, strict=True) if r is not None}
        if known:
            break
    return pivot, known
