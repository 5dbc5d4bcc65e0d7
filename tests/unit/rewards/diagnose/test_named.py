"""What a person may call a reward, and what is said where it is none."""

from pathlib import Path

import pytest

from agentrl.errors import RewardError, SuiteError
from agentrl.rewards.diagnose.named import read_spec
from agentrl.suite.reward.presets import preset_names

SUITE = """\
name: s
env: {id: agentrl/Maze-v0}
tasks: {items: [{id: a}]}
agent: {kind: random}
reward: {terms: {success: 2.0}}
"""


def test_every_preset_is_a_reward_by_its_name() -> None:
    for name in preset_names():
        assert read_spec(name).name == name
        assert read_spec(name).spec.terms


@pytest.mark.parametrize(
    "text", ["reward: {terms: {success: 2.0}}", "terms: {success: 2.0}"], ids=["section", "content"]
)
def test_a_file_holds_a_reward_section_or_what_stands_in_one(text: str, tmp_path: Path) -> None:
    file = tmp_path / "reward.yaml"
    file.write_text(text)

    assert read_spec(str(file)).spec.terms["success"].weight == 2.0
    assert read_spec(str(file)).name == str(file)


def test_a_suite_has_a_reward(tmp_path: Path) -> None:
    file = tmp_path / "suite.yaml"
    file.write_text((Path(__file__).parents[4] / "tasks/quickstart.yaml").read_text())

    assert set(read_spec(str(file)).spec.terms) == {"success", "progress"}


def test_a_suite_that_cannot_be_used_is_complained_about_as_one(tmp_path: Path) -> None:
    file = tmp_path / "suite.yaml"
    file.write_text(SUITE.replace("name: s\n", ""))

    with pytest.raises(SuiteError, match="name"):
        read_spec(str(file))


def test_a_name_that_is_none_is_answered_with_the_nearest() -> None:
    with pytest.raises(
        RewardError, match=r"'g-rx' is no reward.*did you mean g-ra\?.*no such file"
    ):
        read_spec("g-rx")


@pytest.mark.parametrize(
    ("text", "complaint"),
    [
        ("- success", "expected a mapping with a 'reward' section.*got list"),
        ("reward: 1.0", "reward: expected a mapping, got 1.0"),
        ("terms: {success: [1, 2]}", "terms.success: expected a weight"),
        ("term: {success: 1}", r"term: unknown key \(did you mean terms\?\)"),
        ("terms: {a: 1}\ngates: {g: {mode: zero, closes: [b], when: {fact: x, above: 0}}}", "'b'"),
        ("reward: {preset: g-rx}", "no reward preset is called 'g-rx'"),
        ("a: [", "no YAML file"),
    ],
)
def test_what_no_reward_can_say_is_named(text: str, complaint: str, tmp_path: Path) -> None:
    file = tmp_path / "reward.yaml"
    file.write_text(text)

    with pytest.raises(RewardError, match=complaint) as raised:
        read_spec(str(file))
    assert str(file) in str(raised.value)
