import re
from pathlib import Path

import pytest

from agentrl.cli.doctor import is_pool_file
from agentrl.suite import load_suite
from agentrl.suite.reference import reference

ROOT = Path(__file__).parents[2]
PAGES = sorted([*ROOT.glob("*.md"), *ROOT.glob("docs/**/*.md")])
SUITES = sorted(p for p in ROOT.glob("tasks/**/*.yaml") if not is_pool_file(p))
LINK = re.compile(r"\]\((?!https?:|#)([^)#\s]+)")


def test_the_page_of_suite_keys_is_what_the_code_says() -> None:
    assert (ROOT / "docs/suites.md").read_text() == reference()


@pytest.mark.parametrize("page", PAGES, ids=lambda page: str(page.relative_to(ROOT)))
def test_every_link_of_a_page_leads_somewhere(page: Path) -> None:
    broken = [link for link in LINK.findall(page.read_text()) if not (page.parent / link).exists()]

    assert broken == []


@pytest.mark.parametrize("page", PAGES, ids=lambda page: str(page.relative_to(ROOT)))
def test_every_suite_that_a_page_names_is_there(page: Path) -> None:
    named = re.findall(r"\btasks/[\w./-]+\.yaml", page.read_text())

    assert [name for name in named if not (ROOT / name).exists()] == []


@pytest.mark.parametrize("suite", SUITES, ids=lambda suite: str(suite.relative_to(ROOT)))
def test_every_suite_is_valid_and_named_like_no_other(suite: Path) -> None:
    names = [load_suite(other).spec.name for other in SUITES]

    assert names.count(load_suite(suite).spec.name) == 1
