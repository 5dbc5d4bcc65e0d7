"""Seeding, bracket and the order of the losers, by hand."""

import asyncio

from agentrl.episode import Episode, Status, StopReason
from agentrl.rewards.tournament.comparison import Compare, Comparison
from agentrl.rewards.tournament.elimination import bracket, single_elimination
from agentrl.rewards.tournament.matches import Matches


def episode(name: str) -> Episode:
    return Episode(name, "task", "task#0", 0, "agent", Status.OK, StopReason.TERMINATED)


def test_the_losers_of_a_round_are_ordered_by_their_average_points() -> None:
    """Four episodes; the pivot is p. Points are those of the first and the second of a pair.

    Seeding: a-p 8:4, b-p 6:6, c-p 5:5, so the scores are a 8, b 6, c 5, p (4 + 6 + 5) / 3 = 5.
    Seeds: a, b, and of the equal p and c the one that was drawn first, p. Bracket: a meets c (7:9),
    b meets p (6:2). Final: b meets c (3:4). Averages: a (8 + 7) / 2 = 7.5, p (5 + 2) / 2 = 3.5.
    """
    points = {"ap": (8, 4), "bp": (6, 6), "cp": (5, 5), "ac": (7, 9), "bc": (3, 4)}
    asked: list[str] = []

    async def ask(first: Episode, second: Episode) -> Comparison:
        pair = first.id + second.id
        asked.append(pair)
        if pair == "bp" and asked.count("bp") == 2:
            return Comparison(6, 2)
        return Comparison(*points[pair])

    matches = Matches({n: episode(n) for n in "pabc"}, Compare(ask, both_orders=False), 1)
    tiers = asyncio.run(single_elimination(matches, list("pabc")))

    assert tiers == [["c"], ["b"], ["a"], ["p"]]
    assert asked == ["ap", "bp", "cp", "ac", "bp", "bc"]
    assert (matches.average("a"), matches.average("p")) == (7.5, 3.5)


def test_a_draw_goes_to_the_better_seed() -> None:
    async def ask(first: Episode, second: Episode) -> Comparison:
        return Comparison(1, 1)

    matches = Matches({n: episode(n) for n in "pabc"}, Compare(ask), 1)

    assert asyncio.run(single_elimination(matches, list("pabc")))[0] == ["p"]


def test_the_best_seeds_meet_last_and_pass_the_first_round() -> None:
    assert bracket(["1", "2", "3", "4"]) == ["1", "4", "2", "3"]
    assert bracket(["1", "2", "3"]) == ["1", None, "2", "3"]
    assert bracket(["1"]) == ["1"]
