from dataclasses import replace

import pytest
from hypothesis import given
from hypothesis import strategies as st

from agentrl.episode import Episode, Status, StopReason, Turn
from agentrl.rewards.check import unmet_terms
from agentrl.rewards.compose import annotate, compose
from agentrl.suite.reward.spec import RewardSpec

EPISODE = Episode(
    id="t#0",
    task_id="t",
    group_id="t",
    seed=1,
    agent="a",
    status=Status.OK,
    stop_reason=StopReason.TERMINATED,
    turns=(
        Turn("room", "look", signals={"progress": 0.25, "grounded": 1.0}),
        Turn("room", "go", signals={"progress": -0.5}),
    ),
    outcome={"success": 1.0, "score": 0.5},
)


def test_signals_count_on_their_turn_and_the_outcome_on_the_last() -> None:
    spec = RewardSpec(terms={"success": 2.0, "progress": 0.4})

    (rewards,) = compose(spec, [EPISODE])

    assert rewards == pytest.approx((0.1, 2.0 - 0.2))


def test_every_term_is_stored_by_name_on_the_turn_that_earned_it() -> None:
    (annotated,) = annotate(RewardSpec(terms={"success": 2.0, "progress": 0.4}), [EPISODE])

    assert annotated.turns[0].terms == pytest.approx({"progress": 0.1})
    assert annotated.turns[1].terms == pytest.approx({"progress": -0.2, "success": 2.0})


def test_a_name_that_is_both_signal_and_result_counts_once() -> None:
    episode = replace(EPISODE, turns=(Turn("q", "a", signals={"success": 1.0}),))

    assert compose(RewardSpec(terms={"success": 1.0}), [episode]) == [(1.0,)]


@pytest.mark.parametrize("status", [Status.INFRA_FAILED, Status.UNSCORED, Status.CANCELLED])
def test_an_episode_that_is_not_scored_has_no_reward_rather_than_zero(status: Status) -> None:
    episode = replace(EPISODE, status=status)

    assert compose(RewardSpec(), [episode]) == [()]
    assert all(turn.terms == {} for turn in annotate(RewardSpec(), [episode])[0].turns)


def test_a_truncated_episode_is_scored_as_it_stands() -> None:
    episode = replace(EPISODE, status=Status.TRUNCATED, outcome={"success": 0.0})

    assert compose(RewardSpec(), [episode]) == [(0.0, 0.0)]


def test_an_episode_without_turns_has_no_rewards() -> None:
    assert compose(RewardSpec(), [replace(EPISODE, turns=())]) == [()]


def test_a_term_that_nothing_states_is_reported() -> None:
    spec = RewardSpec(terms={"sucess": 1.0, "progress": 1.0, "score": 1.0})

    assert unmet_terms(spec, [EPISODE]) == ["sucess"]


@given(st.dictionaries(st.sampled_from(["success", "progress", "score"]), st.floats(-9, 9)))
def test_annotating_twice_changes_nothing(terms: dict[str, float]) -> None:
    spec = RewardSpec(terms=terms)
    once = annotate(spec, [EPISODE])

    assert annotate(spec, once) == once


@given(st.floats(-5, 5), st.floats(-5, 5))
def test_the_reward_is_linear_in_the_weights(a: float, b: float) -> None:
    def total(**terms: float) -> float:
        return sum(compose(RewardSpec(terms=terms), [EPISODE])[0])

    assert total(success=a, progress=b) == pytest.approx(total(success=a) + total(progress=b))


def test_without_a_scored_episode_no_term_is_reported() -> None:
    failed = replace(EPISODE, status=Status.INFRA_FAILED)

    assert unmet_terms(RewardSpec(terms={"sucess": 1.0}), [failed]) == []
