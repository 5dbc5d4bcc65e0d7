"""Comparison by facts, the most important first."""

import pytest
from hypothesis import given
from hypothesis import strategies as st

from agentrl.episode import Episode, Status, StopReason, Turn
from agentrl.errors import UsageError
from agentrl.rewards.judge.error import JudgeError
from agentrl.rewards.tournament.comparison import Comparison
from agentrl.rewards.tournament.rule import check_facts, compare_by_rule
from agentrl.suite.reward.tournament import FactorSpec

SUCCESS = FactorSpec(fact="success")
CLOSE = FactorSpec(fact="score", margin=0.2)
SHORT = FactorSpec(fact="steps", better="lower")
FIRST, SECOND, DRAW = Comparison(1, 0), Comparison(0, 1), Comparison(0.5, 0.5)


def episode(*turns: dict[str, float], **outcome: float) -> Episode:
    told = tuple(Turn("", "", signals=signals) for signals in turns)
    return Episode(
        "e", "t", "g", 0, "agent", Status.OK, StopReason.TERMINATED, told, outcome=outcome
    )


def test_the_first_factor_that_differs_decides_whatever_the_later_ones_say() -> None:
    good, bad = episode(success=1, score=0.0), episode(success=0, score=1.0)

    assert compare_by_rule([SUCCESS, CLOSE], good, bad) == FIRST
    assert compare_by_rule([CLOSE, SUCCESS], good, bad) == SECOND


@pytest.mark.parametrize(
    ("score", "result"), [(0.65, FIRST), (0.5, DRAW), (0.55, DRAW), (0.1, SECOND)]
)
def test_a_difference_within_the_margin_decides_nothing(score: float, result: Comparison) -> None:
    assert compare_by_rule([CLOSE], episode(score=score), episode(score=0.4)) == result


def test_the_next_factor_is_asked_where_the_first_is_within_its_margin() -> None:
    one, two = episode(score=0.4, steps=9), episode(score=0.5, steps=3)

    assert compare_by_rule([CLOSE, SHORT], one, two) == SECOND


@pytest.mark.parametrize(
    ("reduce", "result"),
    [("sum", FIRST), ("mean", SECOND), ("last", SECOND), ("max", DRAW), ("min", DRAW)],
)
def test_signals_of_turns_are_brought_to_one_number(reduce: str, result: Comparison) -> None:
    factor = FactorSpec.model_validate({"fact": "hit", "reduce": reduce})
    many, few = episode({"hit": 3}, {"hit": 1}, {"hit": 1}), episode({"hit": 1}, {"hit": 3})

    assert compare_by_rule([factor], many, few) == result


def test_what_an_episode_spends_can_be_compared_too() -> None:
    fewer = FactorSpec(fact="meter/turns", better="lower", reduce="sum")

    assert compare_by_rule([fewer], episode({}), episode({}, {})) == FIRST


def test_a_fact_that_is_not_stated_has_the_value_that_the_suite_gives() -> None:
    factor = FactorSpec(fact="bonus", missing=0.0)

    assert compare_by_rule([factor], episode(bonus=1.0), episode()) == FIRST


def test_an_episode_without_the_fact_cannot_be_compared() -> None:
    with pytest.raises(JudgeError, match="does not state 'score'"):
        compare_by_rule([CLOSE], episode(score=1.0), episode())


def test_a_fact_that_nobody_states_is_refused_with_those_that_are_stated() -> None:
    with pytest.raises(UsageError, match=r"'sucess'.*did you mean success.*stated are: hit, succ"):
        check_facts([FactorSpec(fact="sucess")], [episode({"hit": 1}, success=1)])


def test_a_fact_that_is_no_number_is_refused() -> None:
    with pytest.raises(UsageError, match="'score' is nan, expected a finite number"):
        compare_by_rule([CLOSE], episode(score=float("nan")), episode(score=1.0))


NUMBERS = st.floats(-5, 5)


@given(NUMBERS, NUMBERS, NUMBERS, NUMBERS)
def test_turning_the_pair_turns_the_result(a: float, b: float, c: float, d: float) -> None:
    one, two = episode(success=a, score=c), episode(success=b, score=d)

    forth = compare_by_rule([SUCCESS, CLOSE], one, two)

    assert compare_by_rule([SUCCESS, CLOSE], two, one) == forth.turned
