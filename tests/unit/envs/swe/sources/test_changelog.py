"""What a changelog says about a version is found, however it marks its headings."""

import pytest

from agentrl.envs.swe.sources.changelog import changelog_files, entry, section
from agentrl.sandboxes.base import File

MARKDOWN = """\
# Changelog

## [Unreleased]

## [1.3.0](https://example.org/1.3.0) - 2024-05-01
### Fixed
- Parse empty lines (since 1.2.0).

## [1.2.0] - 2024-01-01
- Something older.
"""
UNDERLINED = """\
=========
Changelog
=========

.. _v1.3.0:

1.3.0 (2024-05-01)
------------------

Bugs
~~~~

* Parse empty lines.

1.2.0 (2024-01-01)
------------------

* Something older.
"""
PLAIN = """\
v1.3.0 (2024-05-01)
* Parse empty lines.

v1.2.0
* Something older.
"""
BOLD = """\
**1.3.0** (2024-05-01)

* Parse empty lines.

**1.2.0** (2024-01-01)

* Something older.
"""
SPHINX = """\
Version 1.3
===========

- Parse empty lines.

Version 1.2
===========

- Something older.
"""


@pytest.mark.parametrize("text", [MARKDOWN, UNDERLINED, PLAIN, BOLD, SPHINX])
def test_the_entry_ends_where_the_next_version_begins(text: str) -> None:
    found = section(text, "1.3.0")
    assert "Parse empty lines" in found
    assert "older" not in found
    assert not found.startswith(("-", "=")) or found.startswith("- ")


def test_what_was_released_in_between_belongs_to_it() -> None:
    text = "## 1.3\n- c\n## 1.2\n- b\n## 1.1\n- a\n"
    assert section(text, "1.3", after="1.1") == "- c\n## 1.2\n- b"


def test_a_version_that_only_begins_alike_is_another_one() -> None:
    assert section("## 1.10\n- ten\n## 1.1\n- one\n", "1.1") == "- one"


def test_a_version_in_running_text_is_no_heading() -> None:
    text = "## 2.0\n- Since 1.3.0 nothing changed.\n"
    assert section(text, "1.3.0") == ""


def test_the_file_is_found_at_the_top_or_in_the_documentation() -> None:
    names = ["docs/changelog.rst", "CHANGES.md", "src/news.py", "README.rst", "docs/a/b/history.md"]
    files = dict.fromkeys(names, File(b""))
    assert changelog_files(files) == ("docs/changelog.rst", "CHANGES.md", "README.rst")


def test_a_file_that_does_not_know_the_version_is_passed_over() -> None:
    files = {"CHANGELOG.md": File(b"see docs\n"), "HISTORY.md": File(b"# 2.0\nfixed\n")}
    assert entry(files, "2.0") == "fixed"
    assert entry(files, "3.0") == ""
