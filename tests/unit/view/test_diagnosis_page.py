"""A diagnosis as a table and as a page."""

import io
import re
from collections.abc import Sequence
from html.parser import HTMLParser
from typing import Any

import pytest
from rich.console import Console

from agentrl.episode import Episode
from agentrl.rewards.diagnose.diagnosis import Report, diagnose
from agentrl.rewards.diagnose.named import NamedSpec
from agentrl.view.diagnosis_report import diagnosis_page
from agentrl.view.diagnosis_table import print_diagnosis
from tests.unit.rewards.diagnose.episodes import episode, named

EVIL = "<script>alert(1)</script> <!-- <img src=x onerror=alert(2)> & é"
GATE = {"solved": {"mode": "on_success", "level": 1}}


def specs(name: str = "gated") -> Sequence[NamedSpec]:
    terms: dict[str, Any] = {"success": 1.0, "format_ok": {"weight": 0.1, "level": 1}}
    return [named(name, terms=terms, gates=GATE), named("plain")]


def record(text: str = "task", versions: int = 10) -> list[Episode]:
    return [
        episode(
            f"{version}-{number}",
            {"success": float((version + number) % 3 == 0)},
            [{"format_ok": float(number % 2)}],
            task=f"{text} {number // 2}",
            group=f"{version}/{number // 2}",
            version=version,
        )
        for version in range(versions)
        for number in range(4)
    ]


def report(text: str = "run") -> Report:
    return diagnose(text, record(), specs(text))


def printed(found: Report, width: int) -> str:
    console = Console(file=io.StringIO(), width=width)
    print_diagnosis(found, console)
    text: str = console.file.getvalue()  # type: ignore[attr-defined]
    return text


class Tags(HTMLParser):
    """What a browser would make of the page."""

    def __init__(self, page: bytes) -> None:
        super().__init__()
        self.tags: list[tuple[str, dict[str, str | None]]] = []
        self.feed(page.decode())

    def handle_starttag(self, tag: str, attrs: list[tuple[str, str | None]]) -> None:
        self.tags.append((tag, dict(attrs)))


def test_the_table_tells_terms_gates_signal_alarm_and_distance() -> None:
    text = printed(report(), 120)

    assert "run: 40 scored episodes in 20 groups, 10 versions of the weights" in text
    assert re.search(r"format_ok +0\.0\d +0\.0\d", text)
    assert re.search(r"solved +3\d\.\d%  success is 0, asked for success >= 1", text)
    assert "groups without signal:" in text
    assert "farming alarm: clear" in text
    assert "STARC-style distance" in text
    assert "balance score" in text


def test_the_table_fits_a_terminal_of_80_columns() -> None:
    table = printed(report(), 80).split("groups without signal")[0]

    assert all(len(line) <= 80 for line in table.splitlines())
    assert "spearman" in table


def test_the_page_holds_all_figures_with_their_plots() -> None:
    page = diagnosis_page([report(), report("other")]).decode()

    assert page.count("<h1>") == 2
    assert page.count('<section class="spec">') == 4
    for plot in (
        "What each term adds to an episode",
        "Correlation with success",
        "Reward of an episode",
        "How often each gate is open",
        "Groups without signal",
        "Exploration and exploitation",
        "Return over time",
        "success over time",
    ):
        assert f"<figcaption>{plot}" in page
    assert "nan" not in page.lower().replace("dominant", "")


def test_the_page_loads_nothing_and_runs_nothing() -> None:
    page = diagnosis_page([report()])

    assert {tag for tag, _ in Tags(page).tags}.isdisjoint({"script", "img", "link", "iframe"})
    assert b"default-src 'none'" in page
    assert b"url(" not in page


def test_what_runs_and_tasks_are_called_never_becomes_markup() -> None:
    hostile = diagnose(EVIL, record(EVIL), specs(EVIL))
    tags = Tags(diagnosis_page([hostile])).tags

    assert {tag for tag, _ in tags}.isdisjoint({"script", "img"})
    assert not [name for _, attributes in tags for name in attributes if name.startswith("on")]
    assert "<script>" in printed(hostile, 200), "in a terminal it is only text"


@pytest.mark.parametrize("versions", [1, 2])
def test_a_record_too_small_for_a_trend_still_has_a_page(versions: int) -> None:
    lone = [each for each in record(versions=versions) if each.id.endswith("-0")]
    page = diagnosis_page([diagnose("run", lone, specs())]).decode()

    assert "unknown" in page
    assert "Exploration and exploitation" not in page
