import io
from dataclasses import replace

import pytest
from rich.console import Console

from agentrl.episode import Episode, Failure, Generation, Sampling, Status, StopReason, Turn, Usage
from agentrl.runs.compare import RunEpisodes, compare
from agentrl.runs.summary import Timing, summarise
from agentrl.view.compare import print_comparison
from agentrl.view.table import print_summary


def episode(task: str, success: float, group: str = "", attempt: int = 0) -> Episode:
    answer = Generation("go", "stop", "m", Sampling(), Usage(9_000, 6_000))
    return Episode(
        id=f"{task}/{attempt}",
        task_id=task,
        group_id=task,
        seed=1,
        agent="expert",
        status=Status.OK,
        stop_reason=StopReason.TERMINATED,
        turns=(Turn("o", "a", (answer,), terms={"success": success}),),
        outcome={"success": success, "score": 0.25},
        task_group=group,
        attempt=attempt,
        cost_usd=0.75,
    )


LOST = replace(
    episode("lost", 0.0, "[bold]hard"),
    status=Status.INFRA_FAILED,
    outcome={},
    error=Failure("ModelError", "no [answer]\nfrom the server"),
)


def printed(episodes: list[Episode], width: int = 100, timing: Timing | None = None) -> str:
    console = Console(file=io.StringIO(), width=width, force_terminal=False)
    print_summary(summarise(episodes, run="r1", suite="s1", timing=timing), console)
    assert isinstance(console.file, io.StringIO)
    return console.file.getvalue()


def test_the_table_shows_every_group_and_the_whole_run() -> None:
    text = printed([episode("a", 1.0, "easy"), episode("b", 0.0, "[bold]hard"), LOST])
    rows = {line.split("│")[1].strip(): line for line in text.splitlines() if "│" in line}

    assert list(rows) == ["easy", "[bold]hard", "all"]
    assert "100.0% [21, 100]" in rows["easy"]
    assert "1 failed" in rows["[bold]hard"]
    assert "50.0% [9, 91]" in rows["all"]
    assert "r1: expert on s1" in text


def test_a_run_without_groups_has_one_row() -> None:
    assert printed([episode("a", 1.0)]).count("100.0%") == 1


def test_tokens_money_and_time_are_in_one_line() -> None:
    text = printed([episode("a", 1.0), episode("b", 1.0)], timing=Timing(duration_s=75))

    assert "18.0k prompt + 12.0k completion tokens · $1.50 · 1:15 min · 0.0 steps/s" in text


def test_a_run_without_a_model_tells_no_tokens() -> None:
    expert = replace(episode("a", 1.0), turns=(Turn("o", "a"),), cost_usd=0.0)
    text = printed([expert], timing=Timing(duration_s=2))

    assert "tokens" not in text
    assert "2.00 s · 0.5 steps/s" in text


def test_an_overloaded_event_loop_is_told_with_what_to_do() -> None:
    lag = {"p50": 0.01, "p99": 0.25, "max": 1.0}
    text = printed([episode("a", 1.0)], timing=Timing(1.0, lag))

    assert "0.25 s late at the 99th percentile" in text
    assert "lower rollouts.concurrency" in " ".join(text.split())
    assert "late" not in printed([episode("a", 1.0)], timing=Timing(1.0, lag | {"p99": 0.05}))


def test_a_failure_is_shown_on_one_line_as_it_was_said() -> None:
    assert "1 x ModelError: no [answer] from the server\n" in printed([LOST])


def test_nothing_scored_is_a_dash_and_no_zero() -> None:
    text = printed([LOST])

    assert "–" in text  # noqa: RUF001
    assert "0.0%" not in text


def test_several_attempts_add_pass_at_k() -> None:
    text = printed([episode("a", 1.0), episode("a", 0.0, attempt=1)])

    assert "pass@1 50.0%  pass@2 100.0%  pass^2 0.0%" in text


@pytest.mark.parametrize("width", [40, 60, 200])
def test_any_width_keeps_the_success_rate(width: int) -> None:
    text = printed([episode("a", 1.0, "easy"), episode("b", 0.0, "hard")], width)
    table = [line for line in text.splitlines() if "│" in line or "┃" in line]

    assert "100.0%" in text
    assert max(map(len, table)) <= width


def test_a_pipe_and_no_color_get_plain_text(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("NO_COLOR", "1")
    console = Console(file=io.StringIO(), force_terminal=True, width=100)
    print_summary(summarise([LOST], run="r", suite="s"), console)
    assert isinstance(console.file, io.StringIO)

    assert "\x1b[31m" not in console.file.getvalue()
    assert "\x1b" not in printed([LOST])


@pytest.mark.parametrize("width", [60, 120])
def test_a_comparison_shows_the_difference_with_its_interval(width: int) -> None:
    old = [episode(task, 0.0) for task in "abcd"]
    new = [episode(task, float(task < "c")) for task in "abcd"]
    console = Console(file=io.StringIO(), width=width)
    print_comparison(compare([RunEpisodes("old", "s", old), RunEpisodes("new", "t", new)]), console)
    assert isinstance(console.file, io.StringIO)
    text = console.file.getvalue()

    assert "+50.0" in text
    assert "[+0.0, +100.0]" in " ".join(text.replace("│", " ").split())
    assert "2/2/0" in text
    assert "baseline" in text
    assert "Note: new ran suite 't', old 's'" in text
