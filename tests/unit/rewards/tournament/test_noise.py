"""How much of the true order the schemes find when comparisons err, as docs/rewards/judges.md says.

16 episodes of strengths drawn from a normal distribution are compared with normal noise on both
sides of each comparison; the figure is the mean rank correlation over 100 groups.
"""

import asyncio
import random
import statistics

import pytest

from agentrl.episode import Episode, Status, StopReason
from agentrl.rewards.tournament.comparison import Compare, Comparison
from agentrl.rewards.tournament.rank import rank_group
from agentrl.suite.reward.tournament import Scheme

COUNT, GROUPS = 16, 100


def agreement(scheme: Scheme, noise: float) -> float:
    return statistics.fmean(one_group(scheme, noise, seed) for seed in range(GROUPS))


def one_group(scheme: Scheme, noise: float, seed: int) -> float:
    rng = random.Random(seed)
    strengths = {f"e{number}": rng.gauss(0, 1) for number in range(COUNT)}

    async def ask(first: Episode, second: Episode) -> Comparison:
        return Comparison(*(strengths[e.id] + rng.gauss(0, noise) for e in (first, second)))

    group = [
        Episode(name, "t", "g", 0, "a", Status.OK, StopReason.TERMINATED) for name in strengths
    ]
    ranking = asyncio.run(rank_group(group, Compare(ask), scheme, seed))
    names = sorted(strengths)
    found = [-ranking.places[name].rank for name in names]
    wanted = sorted(strengths.values())
    return statistics.correlation([wanted.index(strengths[name]) for name in names], found)


@pytest.mark.parametrize(
    ("scheme", "sure", "unsure"),
    [
        ("round_robin", 0.96, 0.81),
        ("swiss", 0.88, 0.59),
        ("double_elimination", 0.88, 0.59),
        ("single_elimination", 0.94, 0.56),
        ("anchor", 0.92, 0.54),
        ("bootstrapped_reference", 0.67, 0.37),
    ],
)
def test_the_schemes_find_as_much_of_the_order_as_the_page_says(
    scheme: Scheme, sure: float, unsure: float
) -> None:
    assert agreement(scheme, 0.5) == pytest.approx(sure, abs=0.006)
    assert agreement(scheme, 2.0) == pytest.approx(unsure, abs=0.006)
