"""Each kind of term by hand."""

import math
from dataclasses import replace
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from agentrl.episode import Episode, Status, Turn
from agentrl.errors import RewardError
from agentrl.rewards.compose import annotate, annotate_batch, compose
from agentrl.rewards.facts import reduced
from agentrl.rewards.state import RewardState
from tests.unit.rewards.episodes import episode, spec

Members = list[tuple[list[dict[str, float]], float, Status]]
"""Signals by turn, success and status of each episode of a group."""


def rewards(terms: dict[str, Any], *group: Episode) -> list[tuple[float, ...]]:
    return compose(spec({"terms": terms}), list(group))


def test_a_number_is_short_for_a_facts_weight() -> None:
    one = episode("a", [{"x": 1.0}, {"x": 2.0}], success=1.0)
    assert rewards({"x": 0.5, "success": 2}, one) == [(0.5, 3.0)]


@pytest.mark.parametrize(
    ("how", "expected"),
    [("sum", 6.0), ("mean", 2.0), ("min", 1.0), ("max", 3.0), ("first", 3.0), ("last", 1.0)],
)
def test_a_signal_can_become_one_number_for_the_episode(how: str, expected: float) -> None:
    one = episode("a", [{"x": 3.0}, {"x": 2.0}, {}, {"x": 1.0}])
    assert rewards({"x": {"reduce": how}}, one) == [(0, 0, 0, expected)]


def test_nothing_stated_reduces_to_nothing() -> None:
    assert reduced((None, None), "sum") is None


def test_a_ladder_stops_at_the_first_rung_that_is_missing() -> None:
    ladder = {"kind": "ladder", "rungs": ["parsed", "right"], "values": [0, 0.5, 1]}
    group = [
        episode("a", [{"parsed": 0.0}], right=1.0),
        episode("b", [{"parsed": 1.0}], right=0.0),
        episode("c", [{"parsed": 1.0}, {"parsed": 0.0}], right=1.0),
    ]
    assert [sum(r) for r in rewards({"plan": ladder}, *group)] == [0.0, 0.5, 1.0]


def test_checks_are_the_share_that_pass() -> None:
    checks = {"kind": "checks", "checks": "test_*"}
    one = episode("a", [{"test_1": 1.0, "test_2": 0.0, "other": 1.0}, {}])
    assert rewards({"tests": checks}, one) == [(0.5, 0.0)]


def test_checks_may_be_weighed_as_given_and_by_difficulty() -> None:
    weighting = {"kind": "given", "given": {"test_1": 3.0}, "difficulty": {"hard": 2.0}}
    checks = {"kind": "checks", "checks": "test_*", "of": "episode", "weighting": weighting}
    easy = episode("a", test_1=1.0, test_2=0.0)
    hard = replace(easy, id="b", task_group="hard")
    assert [sum(r) for r in rewards({"t": checks}, easy, hard)] == [0.75, 1.5]


def test_verpo_by_hand() -> None:
    """Two checks, passed on all and on half of the group's turns (arXiv 2601.03525).

    With sigma so small that each is alone, N is 1 and w_j = exp(-alpha * rho_j) / (1 + delta);
    here they are scaled to sum to 1.
    """
    weighting = {"kind": "inverse_rate", "alpha": 2.0, "sigma": 1e-3, "delta": 1e-12}
    checks = {"kind": "checks", "checks": "t*", "weighting": weighting}
    one = episode("a", [{"t1": 1.0, "t2": 0.0}, {"t1": 1.0, "t2": 1.0}])
    often, half = math.exp(-2.0), math.exp(-1.0)
    assert rewards({"tests": checks}, one)[0] == pytest.approx((often / (often + half), 1.0))


def test_running_rates_are_those_of_the_whole_training() -> None:
    weighting = {"kind": "inverse_rate", "rates": "running", "sigma": 1e-3, "delta": 1e-12}
    reward = spec({"terms": {"tests": {"kind": "checks", "checks": "t*", "weighting": weighting}}})
    first = [[episode("a", [{"t1": 1.0, "t2": 1.0}])]]
    _, state = annotate_batch(reward, first)
    _, state = annotate_batch(reward, [[episode("b", [{"t1": 0.0, "t2": 1.0}])]], state)
    assert state.rates["tests"].rates() == {"t1": 0.5, "t2": 1.0}
    assert RewardState.from_data(state.to_data()) == state


def test_milestones_count_once_where_the_environment_answers() -> None:
    pattern = {"kind": "pattern", "patterns": {"loaded": "loaded data", "trained": "loss: \\d"}}
    turns = (Turn("start", "a"), Turn("loaded data", "b"), Turn("loaded data, loss: 3", "c"))
    one = replace(episode("a"), turns=turns, final_observation="loss: 2")
    assert rewards({"m": {**pattern, "weight": 0.1}}, one)[0] == pytest.approx((0.1, 0.1, 0.0))


@pytest.mark.parametrize(
    ("how", "coefficient", "expected"),
    [("mean", 0.5, 0.5), ("min", 0.5, 0.2), ("lower", 2.0, 0.32), ("blend", 0.25, 0.425)],
)
def test_an_ensemble_by_hand(how: str, coefficient: float, expected: float) -> None:
    """Of 0.2 and 0.8 the mean is 0.5 and the variance 0.09."""
    term = {"kind": "ensemble", "facts": ["a", "b"], "how": how, "coefficient": coefficient}
    assert rewards({"q": term}, episode("e", a=0.2, b=0.8))[0] == pytest.approx((expected,))


def test_an_ensemble_that_one_scorer_is_missing_from_says_nothing() -> None:
    assert rewards({"q": {"kind": "ensemble", "facts": ["a", "b"]}}, episode("e", a=1.0)) == [(0,)]


def test_a_discount_counts_every_turn_of_the_episode() -> None:
    """VeRPO's trajectory reward: 1 if all pass, times gamma to the number of turns."""
    one = episode("a", [{}, {}, {}], success=1.0)
    assert rewards({"success": {"discount": 0.9}}, one)[0][-1] == pytest.approx(0.9**3)


@pytest.mark.parametrize("bad", [math.nan, math.inf, -math.inf])
def test_a_term_that_is_no_number_names_itself_and_its_episode(bad: float) -> None:
    with pytest.raises(RewardError, match=r"reward term 'x' of episode 'e7' is not finite"):
        rewards({"x": 1.0}, episode("e7", [{"x": 1.0}, {"x": bad}]))


def test_a_transform_that_overflows_is_refused_too() -> None:
    scale = [{"kind": "scale", "factor": 1e308}]
    with pytest.raises(RewardError, match="'x' of episode 'e'"):
        rewards({"x": {"transforms": scale}}, episode("e", [{"x": 1e10}]))


def test_an_empty_group_is_refused() -> None:
    with pytest.raises(RewardError, match="group without episodes"):
        rewards({"success": 1.0})


def test_an_episode_that_stands_twice_in_its_group_is_refused() -> None:
    with pytest.raises(RewardError, match="'a' stands twice"):
        rewards({"success": 1.0}, episode("a", success=1), episode("a", success=1))


@pytest.mark.parametrize("weight", ["much", True, None, [1]])
def test_a_weight_that_is_no_number_is_refused(weight: object) -> None:
    with pytest.raises(ValueError, match="expected a weight"):
        spec({"terms": {"success": weight}})


def test_a_weight_that_is_not_finite_is_refused() -> None:
    with pytest.raises(ValueError, match="finite"):
        spec({"terms": {"success": math.inf}})


@pytest.mark.parametrize(
    ("values", "complaint"), [([0, 1], "need 3 values"), ([0, 1, 0.5], "must not fall")]
)
def test_a_ladder_needs_a_value_a_rung(values: list[float], complaint: str) -> None:
    with pytest.raises(ValueError, match=complaint):
        spec({"terms": {"l": {"kind": "ladder", "rungs": ["a", "b"], "values": values}}})


FACTS = st.dictionaries(st.sampled_from(["x", "y", "t1", "t2"]), st.floats(0, 1), max_size=4)
EPISODES = st.lists(
    st.tuples(
        st.lists(FACTS, min_size=1, max_size=4),
        st.sampled_from([0.0, 1.0]),
        st.sampled_from([Status.OK, Status.OK, Status.TRUNCATED, Status.INFRA_FAILED]),
    ),
    min_size=1,
    max_size=5,
)
EVERYTHING = spec(
    {
        "terms": {
            "success": 1.0,
            "x": {"level": 1, "transforms": [{"kind": "zscore"}]},
            "y": {"level": 1, "transforms": [{"kind": "sigmoid", "reference": "samples"}]},
            "tests": {
                "kind": "checks",
                "checks": "t*",
                "level": 1,
                "weighting": {"kind": "inverse_rate", "rates": "running"},
            },
        },
        "gates": {
            "solved": {"mode": "on_success", "closes": ["x"]},
            "able": {"mode": "group", "share": 0.5, "closes": ["cheap"]},
            "scaled": {"mode": "multiply", "by": "x", "closes": ["tests"]},
        },
        "cost": {
            "cheap": {"kind": "linear", "meter": "meter/turns"},
            "long": {"kind": "deviation", "meter": "meter/turns"},
        },
        "combine": {
            "kind": "lagrangian",
            "constraints": {"success": {"at_least": 0.5}},
        },
    }
)


def made(members: Members, task: str) -> list[Episode]:
    return [
        episode(f"{task}{n}", signals, task=task, status=status, success=success)
        for n, (signals, success, status) in enumerate(members)
    ]


@given(EPISODES)
def test_the_order_of_episodes_in_a_group_makes_no_difference(members: Members) -> None:
    group = made(members, "a")
    there = dict(zip([e.id for e in group], compose(EVERYTHING, group), strict=True))
    back = dict(zip([e.id for e in group[::-1]], compose(EVERYTHING, group[::-1]), strict=True))
    assert there == back


@given(EPISODES, EPISODES)
def test_the_order_of_groups_in_a_batch_makes_no_difference(one: Members, other: Members) -> None:
    groups = [made(one, "a"), made(other, "b")]
    (first, second), state = annotate_batch(EVERYTHING, groups)
    (last, before), again = annotate_batch(EVERYTHING, groups[::-1])
    assert ([first, second], state) == ([before, last], again)


@given(EPISODES)
def test_every_reward_is_finite_and_annotating_twice_changes_nothing(members: Members) -> None:
    group = made(members, "a")
    done = annotate(EVERYTHING, group)
    for one in done:
        assert math.isfinite(one.reward)
        assert bool(one.gates) == one.status.scored
    assert annotate(EVERYTHING, done) == done
    assert [one.rewards if one.status.scored else () for one in done] == compose(EVERYTHING, group)


@given(EPISODES, EPISODES)
def test_the_state_survives_a_checkpoint(one: Members, other: Members) -> None:
    _, state = annotate_batch(EVERYTHING, [made(one, "a")])
    again = RewardState.from_data(state.to_data())
    assert annotate_batch(EVERYTHING, [made(other, "b")], again) == annotate_batch(
        EVERYTHING, [made(other, "b")], state
    )
