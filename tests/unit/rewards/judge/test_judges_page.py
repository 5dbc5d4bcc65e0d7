"""What docs/rewards/judges.md shows works as it stands there."""

import re
from pathlib import Path
from typing import Any

import pytest
import yaml

from agentrl.rewards.judge.labeler import build as build_judge_label
from agentrl.rewards.tournament.labeler import build as build_tournament_label
from agentrl.suite.reward.judge import JudgeLabelSpec, RubricSpec
from agentrl.suite.reward.spec import RewardSpec

PAGE = Path(__file__).parents[4] / "docs/rewards/judges.md"
SNIPPETS = [yaml.safe_load(s) for s in re.findall(r"```yaml\n(.*?)```", PAGE.read_text(), re.S)]


@pytest.mark.parametrize("snippet", SNIPPETS, ids=lambda s: ",".join(s["reward"]["labels"]))
def test_every_snippet_is_a_reward_whose_labels_can_be_built(snippet: dict[str, Any]) -> None:
    spec = RewardSpec.model_validate(snippet["reward"])

    for name, label in spec.labels.items():
        if isinstance(label, JudgeLabelSpec):
            build_judge_label(name, label)
        else:
            build_tournament_label(name, label)  # type: ignore[arg-type]
        assert name in spec.terms


def test_the_page_has_a_snippet_of_each_kind() -> None:
    kinds = {label["kind"] for s in SNIPPETS for label in s["reward"]["labels"].values()}

    assert len(SNIPPETS) >= 5
    assert kinds == {"judge", "tournament"}


def test_the_page_names_every_kind_of_rubric() -> None:
    kinds = {"principles", "items", "levels", "nuggets"}

    assert kinds < set(RubricSpec.model_fields)
    assert all(f"| `{kind}` |" in PAGE.read_text() for kind in kinds)
