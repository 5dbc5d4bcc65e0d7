"""From several votes to one."""

import pytest

from agentrl.rewards.judge.voting import Combine, Vote, combined


@pytest.mark.parametrize(
    ("how", "share"),
    [("mean", 0.5), ("median", 0.6), ("majority", 0.8)],
)
def test_votes_are_combined_item_by_item(how: Combine, share: float) -> None:
    votes = [Vote({"": {"a": value, "b": 1.0}}, "") for value in (0.1, 0.4, 0.6, 0.8, 0.8, 0.3)]
    # mean 3.0 / 6, median (0.4 + 0.6) / 2
    wanted = 0.5 if how == "median" else share

    result = combined(votes, how)

    assert result[""]["a"] == pytest.approx(wanted)
    assert result[""]["b"] == 1.0


def test_of_values_that_as_many_gave_the_lowest_wins() -> None:
    votes = [Vote({"": {"a": value}}, "") for value in (1.0, 0.0, 0.0, 1.0)]

    assert combined(votes, "majority") == {"": {"a": 0.0}}
