"""What is told of a reward on a record, figure by figure."""

import json
import math
from dataclasses import replace

import pytest

from agentrl.episode import Episode, Gate, Status, Turn
from agentrl.errors import RewardError
from agentrl.rewards.diagnose.diagnosis import Diagnosis, Options, diagnose
from agentrl.rewards.diagnose.opening import openings, short
from agentrl.rewards.diagnose.recorded import recorded
from agentrl.rewards.diagnose.signal import silence
from agentrl.rewards.diagnose.terms import statistics_of, term_totals
from tests.unit.rewards.diagnose.episodes import episode, named, scored

WON, LOST = {"success": 1.0}, {"success": 0.0}
TERMS = {"success": 1.0, "format_ok": {"weight": 0.5, "level": 1}}
GATED = {"terms": TERMS, "gates": {"solved": {"mode": "on_success", "level": 1}}}


def record() -> list[Episode]:
    """Two tasks, two attempts each: one of both succeeds, and both fail with other formats."""
    good, bad = {"format_ok": 1.0}, {"format_ok": 0.0}
    return [
        episode("a1", WON, [good, bad], task="a"),
        episode("a2", LOST, [good, good], task="a"),
        episode("b1", LOST, [good, good], task="b"),
        episode("b2", LOST, [bad, bad], task="b"),
        episode("b3", WON, [good], task="b", status=Status.INFRA_FAILED),
    ]


def one(**section: object) -> Diagnosis:
    (found,) = diagnose("run", record(), [named("it", **section)]).diagnoses
    return found


def test_the_statistics_of_a_term_by_hand() -> None:
    # format_ok adds 0.5, 1, 1 and 0 to the four scored episodes
    found = one(terms=TERMS).terms["format_ok"].statistics

    assert found.mean == pytest.approx(0.625)
    assert found.std == pytest.approx(math.sqrt((0.125**2 + 2 * 0.375**2 + 0.625**2) / 4))
    assert (found.low, found.high, found.stated) == (0.0, 1.0, 1.0)


def test_the_sum_is_the_return() -> None:
    found = one(terms=TERMS)
    parts = sum(term.statistics.mean for term in found.terms.values())

    assert found.reward.statistics.mean == pytest.approx(parts)
    assert [row.reward for row in found.episodes] == [1.5, 1.0, 1.0, 0.0]


def test_only_episodes_that_state_a_term_make_its_mean() -> None:
    found = statistics_of([2.0, None, 4.0, None])

    assert found is not None
    assert (found.mean, found.stated) == (3.0, 0.5)
    assert statistics_of([None, None]) is None


def test_a_term_that_no_turn_states_has_no_total() -> None:
    turns = (Turn("", "", terms={"x": 1.0}), Turn("", "", terms={"x": 0.5, "y": -1.0}))
    one_, other = episode("e", WON), episode("f", WON)
    done = [replace(one_, turns=turns), replace(other, turns=(Turn("", "", terms={"x": 0.0}),))]

    assert term_totals(done) == {"x": [1.5, 0.0], "y": [-1.0, None]}


def test_a_gate_tells_how_often_it_is_open_and_why_it_is_not() -> None:
    gate = one(**GATED).gates["solved"]

    assert (gate.open, gate.n) == (0.25, 4)
    assert gate.whys_open == (("success is 1, asked for success >= 1", 1),)
    assert gate.whys_closed == (("success is 0, asked for success >= 1", 3),)


def test_reasons_that_differ_in_distant_digits_are_one() -> None:
    gates = [(Gate("g", False, f"score is 0.12{n}1, asked for score >= 0.5"),) for n in range(5)]
    found = openings([replace(episode("e", LOST), gates=each) for each in gates])["g"]

    assert found.whys_closed == (("score is 0.12, asked for score >= 0.5", 5),)
    assert short("factor 0.25: left_road 2x") == "factor 0.25: left_road 2x"


def test_groups_without_signal_are_counted_before_and_after() -> None:
    # by the outcome task b is silent; the ungated reward tells its episodes apart
    direct, gated = one(terms=TERMS), one(**GATED)

    assert (direct.silence.before, direct.silence.after) == (0.5, 0.0)
    assert (gated.silence.before, gated.silence.after) == (0.5, 0.5)
    assert direct.silence.groups == 2


def test_groups_of_one_are_told_apart_and_unknown_outcomes_count_for_nothing() -> None:
    found = silence(
        [
            [scored("a", 1.0, 1.0)],
            [scored("b", 1.0, None), scored("c", 1.0, 0.0)],
            [scored("d", 1.0, 1.0), scored("e", 0.0, 1.0)],
        ]
    )

    assert (found.groups, found.alone, found.before, found.after) == (2, 1, 1.0, 0.5)
    assert silence([]).before is silence([]).after is None


def test_the_versions_of_the_weights_are_batches_in_their_order() -> None:
    late = episode("late", WON, group="g2", version=3)
    mixed = [episode("m1", WON, group="g1", version=2), episode("m2", LOST, group="g1", version=1)]
    batches = recorded([late, *mixed])

    assert [batch.version for batch in batches] == [1, 3]
    assert [e.id for e in batches[0].groups[0]] == ["m1", "m2"]


def test_of_an_episode_that_was_played_again_the_later_record_counts() -> None:
    (batch,) = recorded([episode("e", LOST), episode("e", WON)])

    assert [e.outcome for e in batch.groups[0]] == [WON]


def test_a_reward_that_remembers_does_so_from_one_version_to_the_next() -> None:
    # Router-R1's percentiles come from a window: with the first batch's costs, then with both
    cost = {"turns": {"kind": "linear", "meter": "meter/turns", "alpha": 1.0, "only_if": "always"}}
    first = [episode("a", WON, group="1"), episode("b", WON, [{}] * 9, group="1")]
    second = [episode("c", WON, [{}] * 3, group="2", version=1)]
    found = diagnose("run", [*first, *second], [named("cheap", cost=cost)]).diagnoses[0]
    alone = diagnose("run", second, [named("cheap", cost=cost)]).diagnoses[0]

    assert alone.episodes[0].reward == 0.5, "nothing to compare with"
    assert 0.5 < found.episodes[2].reward < 1


def test_every_number_of_a_report_is_json() -> None:
    lone = [episode("only", WON)]  # nothing varies, nothing can be compared
    report = diagnose("run", lone, [named("a", terms=TERMS | {}), named("b")], strict=False)
    text = json.dumps(report.to_json(), allow_nan=False)

    assert json.loads(text)["distances"] == [{"first": "a", "second": "b", "starc": None}]
    assert json.loads(text)["specs"][0]["reward"]["correlation"]["pearson"] is None
    assert json.loads(text)["specs"][0]["balance"] is None


def test_a_run_without_a_scored_episode_is_refused() -> None:
    failed = [episode("e", WON, status=Status.INFRA_FAILED), replace(episode("f", WON), turns=())]

    with pytest.raises(RewardError, match="none of 2 episodes is scored"):
        diagnose("run", failed, [named("it")])


def test_an_outcome_that_nobody_states_is_refused_with_those_that_there_are() -> None:
    with pytest.raises(RewardError, match=r"'sucess' \(did you mean success\?\); stated are succ"):
        diagnose("run", record(), [named("it")], Options(outcome="sucess"))


def test_a_fact_that_nobody_states_is_refused_with_those_that_there_are() -> None:
    with pytest.raises(RewardError, match=r"spec 'it': reward\.terms\.form.*nothing states 'form"):
        diagnose("run", record(), [named("it", terms={"formt_ok": 1.0})])


def test_a_mishap_that_the_environment_declares_and_no_episode_had_is_no_typo() -> None:
    gates = {"safe": {"mode": "multiply", "penalties": {"collision": 0.5}, "closes": ["success"]}}
    (found,) = diagnose("run", record(), [named("it", gates=gates)], declared=["coll*"]).diagnoses

    assert found.gates["safe"].open == 1.0
    assert found.notes == ("no episode states 'collision', for which gates.safe asks",)


def test_the_runs_own_reward_is_only_noted_to_lack_a_fact() -> None:
    report = diagnose("run", record(), [named("it", terms={"formt_ok": 1.0})], strict=False)

    assert report.diagnoses[0].notes == (
        "no episode states 'formt_ok', for which terms.formt_ok asks",
    )


def test_checks_by_a_pattern_are_stated_where_any_fact_matches() -> None:
    checks = [episode("e", WON, [{"test_1": 1.0}]), episode("f", LOST, [{"test_2": 1.0}])]
    tests = named("it", terms={"tests": {"kind": "checks", "checks": "test_*"}})

    assert diagnose("run", checks, [tests]).diagnoses[0].notes == ()
    with pytest.raises(RewardError, match=r"nothing states 'unit_\*'"):
        diagnose("run", checks, [named("it", terms={"t": {"kind": "checks", "checks": "unit_*"}})])


JUDGE = {
    "kind": "judge",
    "model": {"backend": "scripted", "answers": ["x"]},
    "rubric": {"principles": "Be kind."},
}
JUDGED = {
    "labels": {"quality": JUDGE},
    "terms": {"success": 1.0, "quality": 0.5},
}


def test_a_label_that_the_record_lacks_is_told_and_asks_no_model() -> None:
    (found,) = diagnose("run", record(), [named("it", **JUDGED)]).diagnoses
    (note,) = found.notes

    assert "label 'quality' (judge) is missing in the record" in note
    assert "quality" not in found.terms


def test_a_label_that_the_record_holds_is_used_as_it_stands() -> None:
    labelled = [replace(e, outcome={**e.outcome, "quality": 0.4}) for e in record()]
    (found,) = diagnose("run", labelled, [named("it", **JUDGED)]).diagnoses

    assert found.terms["quality"].statistics.mean == pytest.approx(0.2)
    assert found.notes == (
        "label 'quality' (judge): its facts in the record are used as they stand",
    )
