"""What stands beside a preset is merged with it."""

import pytest
from pydantic import ValidationError

from agentrl.suite.reward.cost import LinearCost, StepCost
from agentrl.suite.reward.gates import OnSuccessGate, ZeroGate
from agentrl.suite.reward.presets import preset_names
from agentrl.suite.reward.spec import RewardSpec
from agentrl.suite.reward.terms import FactTerm


@pytest.mark.parametrize("name", preset_names())
def test_every_preset_takes_another_term_beside_its_own(name: str) -> None:
    alone = RewardSpec(preset=name)
    merged = RewardSpec.model_validate({"preset": name, "terms": {"extra": 0.1}})

    assert merged.terms == {**alone.terms, "extra": FactTerm(weight=0.1)}
    assert (merged.gates, merged.cost, merged.labels) == (alone.gates, alone.cost, alone.labels)


def test_a_number_changes_the_weight_of_a_term_alone() -> None:
    merged = RewardSpec.model_validate({"preset": "g-ra", "terms": {"tool_ok": 0.5}})

    assert merged.terms["tool_ok"] == FactTerm(weight=0.5, level=1)


def test_a_mapping_keeps_the_weight_that_a_preset_gave_as_a_number() -> None:
    merged = RewardSpec.model_validate({"preset": "spa", "terms": {"grounded": {"level": 1}}})

    assert merged.terms["grounded"] == FactTerm(weight=0.5, level=1)


def test_a_part_of_another_kind_replaces_the_presets() -> None:
    cost = {"cheap": {"kind": "step", "target": 5}}
    gates = {"handed-in": {"mode": "on_success", "level": 1}}

    assert RewardSpec.model_validate({"preset": "router-r1", "cost": cost}).cost == {
        "cheap": StepCost(target=5)
    }
    assert RewardSpec.model_validate({"preset": "g-ra", "gates": gates}).gates == {
        "handed-in": OnSuccessGate(level=1)
    }


def test_a_null_removes_a_key_at_any_depth() -> None:
    when = {"at_least": None, "above": 0.1}
    gate = RewardSpec.model_validate({"preset": "g-ra", "gates": {"handed-in": {"when": when}}})
    plain = RewardSpec.model_validate({"preset": "router-r1", "cost": None, "gates": None})

    (merged,) = gate.gates.values()
    assert isinstance(merged, ZeroGate)
    assert str(merged.when) == "outcome > 0.1"
    assert (plain.cost, plain.gates) == ({}, {})


def test_a_judge_may_take_the_place_of_a_rule() -> None:
    model = {"backend": "scripted", "answers": ["1"]}
    judge = {"model": model, "rubric": {"principles": "Short is good."}}
    merged = RewardSpec.model_validate(
        {"preset": "arenarl", "labels": {"rank": {"rule": None, "judge": judge}}}
    )

    assert merged.labels["rank"].judge is not None  # type: ignore[union-attr]


def test_a_number_of_a_cost_is_merged_into_it() -> None:
    merged = RewardSpec.model_validate({"preset": "router-r1", "cost": {"cheap": {"alpha": 0.9}}})

    cost = merged.cost["cheap"]
    assert isinstance(cost, LinearCost)
    assert (cost.alpha, cost.meter, cost.low) == (0.9, "worker_usd_out", 5)


def test_the_preset_is_gone_from_what_a_run_writes_down() -> None:
    written = RewardSpec(preset="g-ra").model_dump(mode="json")

    assert written["preset"] is None
    assert RewardSpec.model_validate(written) == RewardSpec(preset="g-ra")


@pytest.mark.parametrize(
    ("section", "complaint"),
    [
        ({"preset": "g-rb"}, "did you mean g-ra"),
        ({"preset": "g-ra", "terms": {"outcome": None}}, "'outcome', which is none of"),
        (
            {
                "terms": {"success": 1.0},
                "combine": "product",
                "cost": {"product": {"kind": "plain", "weight": 1}},
            },
            "give the cost another name",
        ),
        (
            {
                "terms": {"success": 1.0},
                "cost": {"c": {"kind": "plain", "weight": 1}},
                "gates": {"g": {"mode": "multiply", "by": "x", "closes": ["c"]}},
            },
            "changes terms, not costs",
        ),
        (
            {
                "terms": {f"t{n}": 1.0 for n in range(9)},
                "combine": {"kind": "dynamic"},
            },
            "at most 8",
        ),
        (
            {
                "terms": {"a": 1.0},
                "combine": {"kind": "dynamic", "reference": {"b": 0.0}},
            },
            "combine.reference names 'b'",
        ),
    ],
)
def test_what_does_not_fit_together_is_refused(section: dict[str, object], complaint: str) -> None:
    with pytest.raises(ValidationError, match=complaint):
        RewardSpec.model_validate(section)
