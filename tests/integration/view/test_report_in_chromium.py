"""The report in a real browser, opened as a user opens it: from a file, without a network."""

import re
import shutil
import subprocess
from dataclasses import replace
from pathlib import Path

import pytest

from agentrl.episode import Episode, Gate, Generation, Sampling, Status, StopReason, Turn, Usage
from agentrl.rewards.diagnose.diagnosis import diagnose
from agentrl.rewards.diagnose.named import NamedSpec
from agentrl.runs.summary import summarise
from agentrl.suite.reward.spec import RewardSpec
from agentrl.view.diagnosis_report import diagnosis_page
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


def rewarded() -> list[Episode]:
    """An episode whose turns earn and lose, behind an open gate and a closed one."""
    terms = [{"steps": 0.5}, {"steps": 0.5, "cost": -0.25}, {"success": 1.0, "cost": -1.0}, {}]
    gates = (Gate("solved", True, "success is 1"), Gate("<b>able", False, "rate <b>0.1"))
    first = episode(0)
    turns = tuple(replace(first.turns[0], terms=each) for each in terms)
    return [replace(first, turns=turns, gates=gates), episode(1)]


def written_from(folder: Path, episodes: list[Episode]) -> Path:
    page = folder / "report.html"
    write_report(page, summarise(episodes, run="r", suite="s"), episodes, "name: s")
    return page


def test_the_reward_of_each_turn_is_drawn_in_stacks_above_and_below_the_axis(
    tmp_path: Path,
) -> None:
    steps = """
    location.hash = 'episode-0';
    route();
    const plot = document.querySelector('#episode .rewards svg');
    const zero = Number(plot.querySelector('.zero').getAttribute('y1'));
    for (const bar of plot.querySelectorAll('rect')) {
      const top = Number(bar.getAttribute('y')), high = Number(bar.getAttribute('height'));
      const near = (y) => Math.abs(y - zero) < 0.01;
      const side = near(top + high) ? 'on' : near(top) ? 'under' : '?';
      const size = Math.round(high * 10) / 10;
      said.push(`${bar.textContent} ${side} ${size} ${bar.getAttribute('class')}`);
    }
    said.push(plot.getAttribute('aria-label'));
    const legend = [...document.querySelectorAll('.rewards .legend li')];
    said.push(legend.map((key) => key.textContent + ' ' + key.className).join(', '));
    const rows = [...document.querySelectorAll('.rewards tbody tr')];
    const line = (row) => [...row.cells].map((cell) => cell.textContent).join(' ');
    said.push(rows.map(line).join('; '));
    """
    said = driven(written_from(tmp_path, rewarded()), steps, tmp_path / "profile").split("|")
    unit = 150 / 2  # pixels from 1 down to -1

    assert said == [
        f"turn 1, steps: +0.5 on {0.5 * unit:.1f} t0",
        f"turn 2, steps: +0.5 on {0.5 * unit:.1f} t0",
        f"turn 2, cost: −0.25 under {0.25 * unit:.1f} t1",  # noqa: RUF001
        f"turn 3, cost: −1 under {unit:.0f} t1",  # noqa: RUF001
        f"turn 3, success: +1 on {unit:.0f} t2",
        "Reward by turn, stacked by term. In all: steps +1, cost −1.25, success +1",  # noqa: RUF001
        "steps k0, cost k1, success k2",
        "1 0.5 – – 0.5; 2 0.5 −0.25 – 0.25; 3 – −1 1 0; all 1 −1.25 1 0.75",  # noqa: RUF001
    ]


def test_gates_are_open_or_closed_with_their_reason(tmp_path: Path) -> None:
    dom = rendered(written_from(tmp_path, rewarded()), "episode-0", tmp_path / "profile")
    (gates,) = re.findall(r'<ul class="gates".*?</ul>', dom)

    assert re.findall(r"<li>(.*?)</li>", gates) == [
        '<span class="mark yes">✓ open</span><b>solved</b><span class="why">success is 1</span>',
        '<span class="mark no">✗ closed</span><b>&lt;b&gt;able</b>'
        '<span class="why">rate &lt;b&gt;0.1</span>',
    ]


def test_an_episode_without_rewards_has_no_plot_of_them(tmp_path: Path) -> None:
    dom = rendered(written_from(tmp_path, rewarded()), "episode-1", tmp_path / "profile")

    assert 'class="rewards"' not in dom
    assert 'class="gates"' not in dom


def test_a_page_of_a_diagnosis_is_shown_whole(tmp_path: Path) -> None:
    page = tmp_path / "page.html"
    spec = NamedSpec("steps", RewardSpec.model_validate({"terms": {"format_ok": 1.0}}))
    page.write_bytes(diagnosis_page([diagnose("r", [episode(n) for n in range(9)], [spec])]))
    dom = rendered(page, "", tmp_path / "profile")

    assert dom.count("<figure>") == 5
    assert "Reward steps</h2>" in dom
