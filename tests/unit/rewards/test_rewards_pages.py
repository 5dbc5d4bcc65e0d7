"""What the pages on rewards show can be used as it stands."""

import re
from pathlib import Path

import pytest
import yaml

from agentrl.suite.reward.presets import preset_names
from agentrl.suite.reward.spec import RewardSpec

PAGES = Path(__file__).parents[3] / "docs" / "rewards"
SNIPPETS = re.findall(r"```yaml\n(.*?)```", (PAGES / "README.md").read_text(encoding="utf-8"), re.S)


@pytest.mark.parametrize("snippet", SNIPPETS)
def test_every_snippet_is_a_reward(snippet: str) -> None:
    RewardSpec.model_validate(yaml.safe_load(snippet)["reward"])


def test_the_table_of_papers_names_only_presets_that_there_are_and_all_of_them() -> None:
    text = (PAGES / "papers.md").read_text(encoding="utf-8")
    cells = re.findall(r"`preset: ([a-z0-9-]+)`(?:, `([a-z0-9-]+)`)?", text)
    named = {name for pair in cells for name in pair if name}
    assert named <= set(preset_names())
    assert set(preset_names()) - named <= {"outcome"}


def test_links_between_the_pages_lead_somewhere() -> None:
    for page in PAGES.glob("*.md"):
        for target in re.findall(r"\]\(([^)#]+)[^)]*\)", page.read_text(encoding="utf-8")):
            assert target.startswith("http") or (PAGES / target).exists(), (page.name, target)
