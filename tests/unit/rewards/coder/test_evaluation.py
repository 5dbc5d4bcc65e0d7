import math
from itertools import permutations

import pytest
from hypothesis import given
from hypothesis import strategies as st

from agentrl.episode import Status
from agentrl.errors import UsageError
from agentrl.rewards.coder.evaluation import (
    Evaluation,
    rank_correlation,
    ranked,
    spearman,
    usable,
)
from agentrl.rewards.coder.scores import Fault, Scores
from tests.unit.rewards.coder.episodes import episode

ROWS = st.lists(st.integers(-5, 5).map(float), min_size=2, max_size=12)


def test_spearman_is_as_by_hand() -> None:
    # d = (0, 1, -1, 0): 1 - 6 * (0 + 1 + 1 + 0) / (4 * (16 - 1)) = 0.8
    assert spearman([1.0, 2.0, 3.0, 4.0], [10.0, 30.0, 20.0, 40.0]) == pytest.approx(0.8)


def test_equal_values_share_the_mean_of_their_ranks() -> None:
    # ranks 1.5 1.5 3 4 against 1 2 3 4: cov = 4.5 / 4, variances 4.5 / 4 and 5 / 4
    assert ranked([7.0, 7.0, 8.0, 9.0]) == [1.5, 1.5, 3.0, 4.0]
    assert spearman([7.0, 7.0, 8.0, 9.0], [1.0, 2.0, 3.0, 4.0]) == pytest.approx(
        4.5 / (4.5 * 5) ** 0.5
    )


@pytest.mark.parametrize("order", [*permutations([1.0, 2.0, 3.0, 4.0])])
def test_without_ties_it_is_the_formula_of_squared_differences(order: tuple[float, ...]) -> None:
    base = [1.0, 2.0, 3.0, 4.0]
    squares = sum((a - b) ** 2 for a, b in zip(base, order, strict=True))

    assert spearman(base, order) == pytest.approx(1 - 6 * squares / 60)


@given(ROWS)
def test_a_row_that_does_not_vary_correlates_with_nothing(row: list[float]) -> None:
    assert spearman(row, [3.0] * len(row)) == 0.0


@given(ROWS, st.floats(0.1, 10), st.floats(-10, 10))
def test_only_the_order_counts(row: list[float], scale: float, shift: float) -> None:
    other = [value * scale + shift for value in row]

    assert spearman(row, other) == pytest.approx(1.0 if len(set(row)) > 1 else 0.0)
    assert spearman(row, [-value for value in other]) == pytest.approx(
        -1.0 if len(set(row)) > 1 else 0.0
    )


def test_an_evaluation_leaves_out_the_episodes_with_faults() -> None:
    evaluation = Evaluation(
        "",
        (episode("a", ["x"], 0.0), episode("b", ["x"], 1.0), episode("c", ["x"], 0.5)),
        (Scores(({"t": 1.0},)), Fault("broken"), Scores(({"t": 2.0, "u": 0.5},))),
    )

    assert evaluation.returns == (1.0, 2.5)
    assert evaluation.outcomes == (0.0, 0.5)
    assert evaluation.terms == ("t", "u")
    assert evaluation.faults == (Fault("broken"),)
    assert rank_correlation(evaluation) == 1.0


def test_episodes_that_all_went_alike_are_refused() -> None:
    alike = [episode("a", ["x"], 1.0), episode("b", ["y"], 1.0)]

    with pytest.raises(UsageError, match="2 of 2 episodes are scored and state 'success', with 1"):
        usable(alike, "success")
    with pytest.raises(UsageError, match="0 of 0 episodes"):
        usable([], "success")
    with pytest.raises(UsageError, match="0 of 2 episodes are scored and state 'score'"):
        usable(alike, "score")


def test_only_scored_episodes_with_turns_are_used() -> None:
    good, bad = episode("a", ["x"], 1.0), episode("b", ["y"], 0.0)
    lost = episode("c", ["y"], 0.0, status=Status.INFRA_FAILED)
    rest = [lost, episode("d", [], 0.0), episode("e", ["y"], math.nan)]

    assert usable([good, bad, *rest], "success") == (good, bad)
