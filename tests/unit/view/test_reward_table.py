"""A reward in words: every part of the pipeline is named, with what it is set to."""

import io
from typing import Any

import pytest
from rich.console import Console, RenderableType

from agentrl.suite.reward.presets import preset_names, preset_yaml
from agentrl.suite.reward.spec import RewardSpec
from agentrl.view.preset_table import preset_table, presets
from agentrl.view.reward_table import reward_table


def printed(table: RenderableType, width: int = 160) -> str:
    console = Console(file=io.StringIO(), width=width)
    console.print(table)
    text = console.file.getvalue()  # type: ignore[attr-defined]
    return "\n".join(" ".join(line.strip("│ ").split()) for line in text.splitlines())


def shown(**section: Any) -> str:
    return printed(reward_table(RewardSpec.model_validate(section)))


def test_a_term_is_its_weight_its_fact_and_its_transforms_in_order() -> None:
    transforms = [{"kind": "clip", "low": 0, "high": 1}, {"kind": "delta"}]
    text = shown(terms={"steps": {"fact": "process", "weight": 0.3, "transforms": transforms}})

    assert "term │ steps │ 0.3 x fact process -> clip (low 0, high 1) -> delta" in text


def test_a_gate_says_when_it_is_open_and_what_it_governs() -> None:
    gates = {"shut": {"mode": "zero", "when": {"term": "success", "at_least": 1}, "level": 1}}
    text = shown(terms={"success": 1.0, "format": {"level": 1}}, gates=gates)

    assert "gate │ shut │ zero: open where success >= 1; governs format" in text
    assert "term │ format │ level 1: 1 x fact format" in text


def test_an_override_says_what_the_reward_becomes() -> None:
    gates = {"bad": {"mode": "override", "when": {"fact": "format_ok", "below": 1}, "value": -1}}

    assert "override: where format_ok < 1 the whole reward is -1" in shown(gates=gates)


def test_a_cost_tells_its_settings_and_where_it_counts() -> None:
    text = shown(cost={"cheap": {"kind": "linear", "meter": "meter/usd"}})

    assert "cost │ cheap │ linear (meter meter/usd, alpha 0.6, scale sqrt, window 1000" in text
    assert "; where success >= 1" in text


def test_the_combination_stands_last() -> None:
    assert "combine │ product" in shown(combine="product").splitlines()[-2]


def test_what_a_suite_says_is_text_and_no_markup_of_the_terminal() -> None:
    assert "[red]x[/red]" in shown(terms={"[red]x[/red]": 1.0})


@pytest.mark.parametrize("name", preset_names())
def test_every_preset_can_be_told_in_words_and_has_a_purpose(name: str) -> None:
    spec = RewardSpec.model_validate({"preset": name})
    text = printed(reward_table(spec))
    (preset,) = [found for found in presets() if found.name == name]

    assert all(part in text for part in (*spec.terms, *spec.gates, *spec.cost, spec.combine.kind))
    assert preset.purpose
    assert "arXiv" not in preset.purpose
    assert all(paper in preset_yaml(name) for paper in preset.papers)


def test_the_list_of_presets_names_their_papers() -> None:
    text = printed(preset_table(presets()))

    assert [line for line in text.splitlines() if "g-ra" in line and "2508.10548" in line]
