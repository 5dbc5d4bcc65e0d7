"""What docs/rewards/exploration.md shows works as it stands there."""

import contextlib
import io
import re
from pathlib import Path
from typing import Any

import pytest
import yaml
from pydantic import BaseModel

from agentrl.rewards.novelty.labeler import build as build_novelty
from agentrl.rewards.novelty.oni.labeler import build as build_intrinsic
from agentrl.rewards.subgoals.labeler import build as build_subgoals
from agentrl.suite.reward.intrinsic import IntrinsicLabelSpec
from agentrl.suite.reward.novelty import NoveltyLabelSpec
from agentrl.suite.reward.spec import RewardSpec
from agentrl.suite.reward.subgoals import SubgoalsLabelSpec

PAGE = (Path(__file__).parents[4] / "docs/rewards/exploration.md").read_text()
SNIPPETS = [yaml.safe_load(s) for s in re.findall(r"```yaml\n(.*?)```", PAGE, re.S)]
KINDS: dict[str, tuple[type[BaseModel], Any]] = {
    "novelty": (NoveltyLabelSpec, build_novelty),
    "subgoals": (SubgoalsLabelSpec, build_subgoals),
    "intrinsic": (IntrinsicLabelSpec, build_intrinsic),
}


@pytest.mark.parametrize("snippet", SNIPPETS, ids=lambda s: ",".join(s["reward"]["labels"]))
def test_every_snippet_is_a_reward_whose_labels_can_be_built(snippet: dict[str, Any]) -> None:
    reward = dict(snippet["reward"])
    labels = reward.pop("labels")

    terms = RewardSpec.model_validate(reward).terms
    for name, label in labels.items():
        spec, build = KINDS[label["kind"]]
        build(name, spec.model_validate(label))
        assert name in terms


def test_the_page_has_a_snippet_of_each_kind() -> None:
    kinds = {label["kind"] for s in SNIPPETS for label in s["reward"]["labels"].values()}

    assert kinds == set(KINDS)


def test_the_page_names_every_measure_and_variant() -> None:
    for model, field in ((NoveltyLabelSpec, "measure"), (IntrinsicLabelSpec, "variant")):
        for choice in model.model_fields[field].annotation.__args__:  # type: ignore[union-attr]
            assert f"| `{choice}` |" in PAGE


def test_the_program_of_the_page_runs() -> None:
    (program,) = re.findall(r"```python\n(.*?)```", PAGE, re.S)
    said = io.StringIO()
    with contextlib.redirect_stdout(said):
        exec(compile(program, "exploration.md", "exec"), {"__name__": "page"})

    assert "- The key is taken." in said.getvalue()
    assert said.getvalue().endswith("\n0.5\n")
