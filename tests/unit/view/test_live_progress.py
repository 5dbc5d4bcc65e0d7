import io

import pytest
from rich.console import Console

from agentrl.episode import Episode, Generation, Sampling, Status, StopReason, Turn, Usage
from agentrl.view.live import LiveProgress


class Clock:
    """Time that passes when the test says so."""

    def __init__(self) -> None:
        self.now = 100.0

    def __call__(self) -> float:
        return self.now


def episode(task: str, success: float, status: Status = Status.OK) -> Episode:
    answer = Generation("go", "stop", "m", Sampling(), Usage(10, 50))
    return Episode(
        id=task,
        task_id=task,
        group_id=task,
        seed=1,
        agent="a",
        status=status,
        stop_reason=StopReason.TERMINATED,
        turns=(Turn("o", "a", (answer,)),),
        outcome={"success": success},
        cost_usd=0.25,
    )


def test_the_line_tells_how_the_run_goes() -> None:
    clock = Clock()
    progress = LiveProgress(4, console=Console(file=io.StringIO()), clock=clock)
    clock.now += 10
    progress.update(episode("a", 1.0))
    progress.update(episode("b", 0.0))
    progress.update(episode("c", 0.0, Status.INFRA_FAILED))
    progress.tick(running=1)

    assert progress.line() == (
        "3/4 · 1 running · success 50.0% [9, 91] · 1 not scored · 15 tokens/s · $0.7500 · "
        "10.0 s · 3.33 s left"
    )


def test_episodes_of_an_earlier_session_count_but_not_for_the_speed() -> None:
    clock = Clock()
    progress = LiveProgress(4, console=Console(file=io.StringIO()), clock=clock)
    progress.update(episode("a", 1.0), resumed=True)
    clock.now += 10
    progress.update(episode("b", 1.0))

    assert progress.line().startswith("2/4 · success 100.0%")
    assert "5 tokens/s" in progress.line()
    assert progress.line().endswith("20.0 s left")


def test_several_attempts_at_a_task_do_not_feign_certainty() -> None:
    progress = LiveProgress(8, console=Console(file=io.StringIO()))
    for _ in range(8):
        progress.update(episode("the only task", 1.0))

    assert "success 100.0% [21, 100]" in progress.line()


def test_without_a_terminal_a_line_is_printed_now_and_then() -> None:
    clock, out = Clock(), io.StringIO()
    with LiveProgress(9, console=Console(file=out, width=40), clock=clock) as progress:
        for number in range(6):
            clock.now += 4
            progress.update(episode(str(number), 1.0))
    lines = out.getvalue().splitlines()

    assert [line.split(" ")[0] for line in lines] == ["3/9", "6/9", "6/9"]


def test_on_a_terminal_the_line_is_redrawn() -> None:
    out = io.StringIO()
    with LiveProgress(2, console=Console(file=out, force_terminal=True, width=120)) as progress:
        progress.update(episode("a", 1.0))

    assert "1/2" in out.getvalue()
    assert "\x1b[?25h" in out.getvalue(), "the cursor is shown again"


def test_stdout_stays_empty(capsys: pytest.CaptureFixture[str]) -> None:
    with LiveProgress(1) as progress:
        progress.update(episode("a", 1.0))
    captured = capsys.readouterr()

    assert captured.out == ""
    assert captured.err.startswith("1/1 · success 100.0%")


def test_a_run_that_raises_leaves_the_terminal_in_order() -> None:
    out = io.StringIO()
    console = Console(file=out, force_terminal=True)
    with pytest.raises(KeyboardInterrupt), LiveProgress(1, console=console):
        raise KeyboardInterrupt

    assert out.getvalue().endswith("\x1b[?25h")
