"""The pages of algorithms and of sampling say what the code does."""

import json
import re
from pathlib import Path
from typing import Any

import pytest
import yaml

from agentrl.errors import SuiteError
from agentrl.suite import Suite, load_suite
from agentrl.suite.algorithm import ImitationSpec, LossSpec
from agentrl.suite.presets import PRESETS
from agentrl.suite.presets_page import presets_page
from agentrl.training.schedules import Schedules

ROOT = Path(__file__).parents[3]
ALGORITHMS = ROOT / "docs/training/algorithms.md"
SAMPLING = ROOT / "docs/training/sampling.md"
SUITE = """\
name: demo
env: {id: agentrl/Maze-v0, options: {size: 5}}
tasks: {generate: {count: 4}}
agent: {model: {backend: transformers, scratch: {}}}
limits: {max_turns: 20}
train: {}
"""


def fragments(page: Path) -> list[dict[str, Any]]:
    blocks = re.findall(r"```yaml\n(.*?)```", page.read_text(encoding="utf-8"), re.DOTALL)
    return [yaml.safe_load(block) for block in blocks]


def suite_with(folder: Path, fragment: dict[str, Any]) -> Suite:
    path = folder / "suite.yaml"
    path.write_text(SUITE, encoding="utf-8")
    return load_suite(
        path,
        [
            f"{section}.{key}={json.dumps(value)}"
            for section, keys in fragment.items()
            for key, value in keys.items()
        ],
    )


def row_of(name: str) -> str:
    return next(line for line in presets_page().splitlines() if line.startswith(f"| `{name}` |"))


def test_the_page_of_algorithms_is_what_the_code_says() -> None:
    assert ALGORITHMS.read_text(encoding="utf-8") == presets_page()


def test_every_preset_has_a_row() -> None:
    header, *rows = re.findall(r"^\| `(\w+)` \|", presets_page().split("## The loss")[0], re.M)
    assert (header, rows) == ("algorithm", list(PRESETS))


def test_every_switch_of_the_loss_is_on_the_page() -> None:
    loss = presets_page().split("## The loss")[1]
    told = set(re.findall(r"[`.](\w+)[`:]", loss))
    imitation = set(ImitationSpec.model_fields)
    assert (set(LossSpec.model_fields) - {"imitation"}) | imitation <= told


def test_a_row_has_meaning_source_and_switches() -> None:
    assert row_of("dapo") == (
        "| `dapo` | DAPO: more room upwards, token mean, groups that teach nothing redrawn. "
        "| arXiv 2503.14476 "
        "| `advantage.baseline: group_mean`, `advantage.scale: group_std`, `loss.ratio: token`, "
        "`loss.clip_low: 0.2`, `loss.clip_high: 0.28`, `sampler.equal_rewards: refill` |"
    )


def test_a_preset_of_two_papers_names_both_and_one_of_none_names_none() -> None:
    assert "| arXiv 1707.06347, arXiv 2510.01132 |" in row_of("ppo")
    assert "|  |" in row_of("turn_rloo")


@pytest.mark.parametrize("name", PRESETS)
def test_a_rows_switches_are_those_of_a_suite_with_the_preset(tmp_path: Path, name: str) -> None:
    train = suite_with(tmp_path, {"train": {"algorithm": name}}).spec.train
    assert train is not None
    has = train.model_dump(mode="json")
    for key, text in re.findall(r"`([\w.]+): (\S+)`", row_of(name)):
        value: Any = has
        for part in key.split("."):
            value = value[part]
        assert value == yaml.safe_load(text), key


@pytest.mark.parametrize("ratio", ["none", "taper"])
def test_an_unclipped_ratio_needs_the_presets_limits_taken_away(tmp_path: Path, ratio: str) -> None:
    loss = {"ratio": ratio, "clip_low": None, "clip_high": None}
    assert suite_with(tmp_path, {"train": {"loss": loss}}).spec.train is not None
    with pytest.raises(SuiteError, match="is not clipped"):
        suite_with(tmp_path, {"train": {"loss": {"ratio": ratio}}})


def test_the_example_does_what_the_page_says(tmp_path: Path) -> None:
    (fragment,) = fragments(ALGORITHMS)
    train = suite_with(tmp_path, fragment).spec.train
    assert train is not None
    assert (train.advantage.baseline, train.advantage.scale) == ("group_mean", "none")
    assert (train.loss.clip_low, train.loss.clip_high) == (0.2, 0.28)
    assert train.loss.aggregate == "token_mean"


@pytest.mark.parametrize("number", range(len(fragments(SAMPLING))))
def test_every_fragment_of_the_page_of_sampling_can_be_trained_with(
    tmp_path: Path, number: int
) -> None:
    suite = suite_with(tmp_path, fragments(SAMPLING)[number])
    assert suite.spec.train is not None
    Schedules(suite).spec_at(suite.spec.train.steps)
