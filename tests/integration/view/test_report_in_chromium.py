"""The report in a real browser, opened as a user opens it: from a file, without a network."""

import re
import shutil
import subprocess
from pathlib import Path

import pytest

from agentrl.episode import Episode, Generation, Sampling, Status, StopReason, Turn, Usage
from agentrl.runs.summary import summarise
from agentrl.view.report import write_report

CHROMIUM = shutil.which("chromium") or shutil.which("chromium-browser")
EVIL = (
    "<script>document.documentElement.dataset.pwned = 1</script></script><!--"
    "<img src=x onerror='document.documentElement.dataset.pwned = 2'>"
)

pytestmark = pytest.mark.skipif(CHROMIUM is None, reason="no Chromium is installed")


def episode(number: int, text: str = "") -> Episode:
    success = float(number % 3 == 0)
    answer = Generation(
        f"thought {text}", "stop", "m", Sampling(), Usage(9, 2), (5, 6), (-0.1, -3.0)
    )
    turns = tuple(
        Turn(f"room {number}.{at} {text}", f"go {at} {text}", (answer,), {"format_ok": 1.0})
        for at in range(2 + number % 4)
    )
    return Episode(
        id=f"id-{number}",
        task_id=f"task-{number}{text}",
        group_id="g",
        seed=number,
        agent="a" + text,
        status=Status.OK if number % 5 else Status.TRUNCATED,
        stop_reason=StopReason.TERMINATED,
        turns=turns,
        final_observation=f"the end of {number} {text}",
        outcome={"success": success, "score": success},
        task_group=("even" if number % 2 == 0 else "odd") + text,
    )


def rendered(page: Path, fragment: str, profile: Path) -> str:
    """Return the page's DOM after its script ran."""
    assert CHROMIUM is not None
    flags = "--headless --no-sandbox --disable-gpu --no-first-run --disable-component-update"
    flags += " --disable-background-networking --disable-sync --disable-quic --dump-dom"
    return subprocess.run(
        [
            CHROMIUM,
            *flags.split(),
            "--virtual-time-budget=5000",
            f"--user-data-dir={profile}",
            f"{page.as_uri()}#{fragment}",
        ],
        check=True,
        capture_output=True,
        text=True,
        timeout=120,
    ).stdout


def written(folder: Path, count: int, text: str = "") -> Path:
    episodes = [episode(number, text) for number in range(count)]
    page = folder / "report.html"
    write_report(page, summarise(episodes, run="r" + text, suite="s"), episodes, "name: s" + text)
    return page


def driven(page: Path, steps: str, profile: Path) -> str:
    """Let a second script use the page like a person; return what it leaves in ``said``."""
    text = page.read_text(encoding="utf-8")
    text = re.sub(r"script-src '[^']*'", "script-src 'unsafe-inline'", text)
    driver = f"<script>const said = [];{steps};document.body.dataset.said = said.join('|')</script>"
    copy = page.with_name("driven.html")
    copy.write_text(text.replace("</body>", driver + "</body>"), encoding="utf-8")
    found = re.search(r'data-said="([^"]*)"', rendered(copy, "episodes", profile))
    assert found is not None, "the driving script failed"
    return found[1]


def test_an_episode_is_shown_turn_by_turn(tmp_path: Path) -> None:
    dom = rendered(written(tmp_path, 4), "episode-2", tmp_path / "profile")
    shown = dom[dom.index('<article id="episode"') :]

    assert re.findall(r"Turn (\d)<", shown) == ["1", "2", "3", "4"]
    assert "room 2.3" in shown
    assert "the end of 2" in shown
    assert "probability 5.0%" in shown, "the second token's logprob is -3"


def test_hostile_text_is_shown_and_not_run(tmp_path: Path) -> None:
    dom = rendered(written(tmp_path, 3, EVIL), "episode-0", tmp_path / "profile")
    shown = dom[dom.index('<article id="episode"') :]

    assert "data-pwned" not in re.findall(r"<html[^>]*>", dom)[0]
    assert "room 0.0 &lt;script&gt;" in shown
    assert "<img" not in dom.replace("&lt;img", "")[: dom.index("<script")]


def test_the_list_filters_sorts_and_walks(tmp_path: Path) -> None:
    steps = """
    const rows = () => [...document.querySelectorAll('#episodes tbody tr')];
    const type = (id, value) => {
      const input = document.getElementById(id);
      input.value = value;
      input.dispatchEvent(new Event('input', { bubbles: true }));
    };
    const press = (key) => document.dispatchEvent(new KeyboardEvent('keydown', { key }));
    const column = (name) => document.querySelector(`th[data-key=${name}] button`);
    said.push(rows().length);
    type('filter-text', 'EVEN task-1');
    said.push(rows().map((row) => row.dataset.number).join(' '));
    type('filter-success', 'yes');
    said.push(rows().map((row) => row.dataset.number).join(' '));
    said.push(document.getElementById('shown').textContent);
    type('filter-text', ''); type('filter-success', '');
    type('filter-status', 'truncated');
    said.push(rows().length);
    type('filter-status', '');
    column('turns').click(); column('turns').click();
    said.push(rows()[0].dataset.number, column('turns').closest('th').getAttribute('aria-sort'));
    press('j');
    said.push(location.hash);
    """
    said = driven(written(tmp_path, 20), steps, tmp_path / "profile").split("|")

    assert said == [
        "20",
        "10 12 14 16 18",
        "12 18",
        "2 of 20",
        "4",
        "3",
        "descending",
        "#episode-3",
    ]


def test_two_thousand_episodes_are_listed_in_parts(tmp_path: Path) -> None:
    steps = """
    const rows = () => document.querySelectorAll('#episodes tbody tr').length;
    said.push(rows(), document.getElementById('more').textContent);
    document.getElementById('more').click();
    said.push(rows());
    """
    said = driven(written(tmp_path, 2_000), steps, tmp_path / "profile").split("|")

    assert said == ["200", "Show 200 of 1800 more", "400"]
