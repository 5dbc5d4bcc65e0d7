import pytest
from hypothesis import given
from hypothesis import strategies as st

from agentrl.episode import Episode
from agentrl.rewards.diagnose.balance import balance, balance_score
from agentrl.rewards.diagnose.recorded import Scored
from tests.unit.rewards.diagnose.episodes import episode, scored

Attempts = list[tuple[Episode, Scored]]


def group(*rows: tuple[str, float, float | None]) -> Attempts:
    """Attempts as what was done, the reward, and the outcome."""
    return [
        (episode(f"e{n}", {}, actions=[done]), scored(f"e{n}", reward, outcome))
        for n, (done, reward, outcome) in enumerate(rows)
    ]


def test_exploration_and_exploitation_by_hand() -> None:
    # one of four succeeds and the reward finds it; one of two succeeds and the reward misses it
    found = balance(
        [
            group(("a", 0.9, 1.0), ("b", 0.1, 0.0), ("b", 0.1, 0.0), ("c", 0.2, 0.0)),
            group(("a", 0.1, 1.0), ("b", 0.8, 0.0)),
        ]
    )

    assert found is not None
    assert found.pass_1 == pytest.approx((1 / 4 + 1 / 2) / 2)
    assert found.pass_n == 1.0
    assert found.unique == pytest.approx((3 / 4 + 1) / 2)
    assert found.best_of_n == 0.5
    assert found.exploration == pytest.approx(1 - 3 / 8)
    assert found.exploitation == pytest.approx((1 / 2 - 3 / 8) / (5 / 8))


def test_the_balance_score_by_hand() -> None:
    # chosen: rewards from 0.5 on, which are three; correct and different among them: two
    attempts = [
        (("a",), scored("1", 1.0, 1.0)),
        (("b",), scored("2", 0.8, 1.0)),
        (("c",), scored("3", 0.5, 0.0)),
        (("d",), scored("4", 0.0, 1.0)),
    ]

    assert balance_score(attempts, wanted=4) == pytest.approx(2 / 4 * 2 / 3)
    assert balance_score(attempts, wanted=1) == pytest.approx(1.0 * 2 / 3)


def test_the_same_attempt_twice_counts_once_in_the_balance_score() -> None:
    attempts = [(("a",), scored(str(n), 1.0, 1.0)) for n in range(3)]

    assert balance_score(attempts, wanted=1) == pytest.approx(1 / 3)


def test_where_nothing_can_be_gained_exploitation_is_not_defined() -> None:
    found = balance([group(("a", 1.0, 1.0), ("b", 0.0, 1.0))])

    assert found is not None
    assert (found.exploration, found.exploitation) == (0.0, None)


def test_equal_rewards_choose_like_chance() -> None:
    found = balance([group(("a", 1.0, 1.0), ("b", 1.0, 0.0), ("c", 1.0, 0.0))])

    assert found is not None
    assert found.best_of_n == pytest.approx(1 / 3)
    assert found.exploitation == pytest.approx(0.0)


def test_without_a_task_attempted_twice_there_is_nothing_to_choose_from() -> None:
    assert balance([]) is None
    assert balance([group(("a", 1.0, 1.0))]) is None
    assert balance([group(("a", 1.0, 1.0), ("b", 1.0, None))]) is None


@given(
    st.lists(
        st.lists(
            st.tuples(st.sampled_from("abc"), st.integers(0, 3), st.sampled_from([0.0, 1.0])),
            min_size=2,
            max_size=6,
        ),
        min_size=1,
        max_size=5,
    )
)
def test_no_choice_beats_any_attempt_and_every_figure_is_a_share(
    groups: list[list[tuple[str, int, float]]],
) -> None:
    found = balance([group(*[(a, float(r), s) for a, r, s in rows]) for rows in groups])

    assert found is not None
    assert 0 <= found.pass_1 <= found.pass_n <= 1
    assert 0 <= found.best_of_n <= found.pass_n
    assert 0 <= found.score <= 1
    assert 0 < found.unique <= 1
    assert found.exploitation is None or found.exploitation <= 1 + 1e-9
