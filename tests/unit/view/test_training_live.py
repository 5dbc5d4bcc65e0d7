"""The progress of a training while it goes on."""

import io

import pytest
from rich.console import Console

from agentrl.runs.estimate import Estimate
from agentrl.runs.training import Evaluation, Stage
from agentrl.view.training_live import TrainingLive


class Clock:
    """Time that passes when the test says so."""

    def __init__(self) -> None:
        self.now = 100.0

    def __call__(self) -> float:
        return self.now


def live(
    out: io.StringIO, clock: Clock | None = None, *, steps: int = 10, terminal: bool = False
) -> TrainingLive:
    console = Console(file=out, width=60, force_terminal=terminal)
    return TrainingLive(steps, console=console, clock=clock or Clock())


def evaluation(stage: Stage) -> Evaluation:
    found = Estimate(0.5, 0.25, 0.75, 8, "wilson")
    return Evaluation(stage, 3, found, found, 8, 8, 2.0)


def test_a_step_is_told_in_one_line_without_a_terminal() -> None:
    out = io.StringIO()
    with live(out) as view:
        view.step(
            3,
            {
                "reward/mean": 0.25,
                "success/mean": 0.5,
                "policy/kl": 0.0123,
                "policy/entropy": 1.5,
                "policy/grad_norm": 0.75,
                "policy/logprob_gap_mean": 2e-5,
                "groups/equal_rewards": 2.0,
                "tokens/per_s": 12_345.0,
                "time/step_s": 4.25,
            },
        )

    assert out.getvalue() == (
        "step 3/10 · reward 0.250 · success 50% · KL 0.0123 · entropy 1.500 · gradient 0.750 · "
        "gap 2.0e-05 · 2 equal groups · 12.3k tokens/s · 4.2 s\n"
    )


def test_a_metric_that_there_is_not_is_not_told() -> None:
    out = io.StringIO()
    with live(out) as view:
        view.step(1, {"reward/mean": 0.25, "time/step_s": 1.0, "critic/loss": 3.0})

    assert out.getvalue() == "step 1/10 · reward 0.250 · 1.0 s\n"


@pytest.mark.parametrize(
    ("stage", "when"),
    [
        ("base", "before training"),
        ("sft", "after imitation"),
        ("step", "during RL"),
        ("rl", "after RL"),
    ],
)
def test_every_evaluation_is_told_with_when_it_was(stage: Stage, when: str) -> None:
    out = io.StringIO()
    with live(out) as view:
        view.evaluation(evaluation(stage))

    assert out.getvalue() == f"held-out success {when}: 50.0% [25, 75] of 8 tasks\n"


def test_imitation_is_told_when_it_is_over() -> None:
    out = io.StringIO()
    with live(out) as view:
        view.phase("supervised training")
        for update in (1, 2, 3):
            view.sft(update, 3, {"sft/loss": 1 / update})

    assert out.getvalue() == "imitation: update 3/3, loss 0.333\n"


def test_without_a_terminal_a_long_phase_is_told_now_and_then() -> None:
    clock, out = Clock(), io.StringIO()
    with live(out, clock) as view:
        view.phase("step 1: sampling")
        for done in range(1, 7):
            clock.now += 4
            view.episode(running=2, done=done, planned=8)

    assert out.getvalue().splitlines() == [
        "step 1: sampling · 3/8 episodes, 2 running · 12.0 s",
        "step 1: sampling · 6/8 episodes, 2 running · 24.0 s",
    ]


def test_what_was_just_told_puts_off_the_next_line() -> None:
    clock, out = Clock(), io.StringIO()
    with live(out, clock) as view:
        clock.now += 8
        view.step(1, {})
        clock.now += 8
        view.episode(1, 1, 8)
        clock.now += 2
        view.episode(1, 2, 8)

    assert [line.split(" · ")[0] for line in out.getvalue().splitlines()] == [
        "step 1/10",
        "beginning",
    ]


def test_the_line_tells_phase_progress_and_time() -> None:
    clock = Clock()
    with live(io.StringIO(), clock) as view:
        assert view.line() == "beginning · 0.00 s"
        clock.now += 75
        view.phase("attempting 8 held-out tasks")
        view.episode(running=3, done=5, planned=8)

        assert view.line() == "attempting 8 held-out tasks · 5/8 episodes, 3 running · 1:15 min"


def test_a_new_phase_begins_without_the_progress_of_the_old_one() -> None:
    with live(io.StringIO()) as view:
        view.phase("supervised training")
        view.sft(1, 9, {"sft/loss": 2.0})
        assert "update 1/9, loss 2.000" in view.line()
        view.phase("syncing")

        assert view.line() == "syncing · 0.00 s"


def test_the_time_left_is_that_of_steps_like_the_newest() -> None:
    with live(io.StringIO(), steps=12) as view:
        view.step(1, {"time/step_s": 1000.0})
        for step in range(2, 10):
            view.step(step, {"time/step_s": 4.0})

        assert view.line().endswith("· 12.0 s left")


def test_after_the_last_step_no_time_is_left_to_tell() -> None:
    with live(io.StringIO(), steps=1) as view:
        view.step(1, {"time/step_s": 4.0})

        assert "left" not in view.line()


def test_time_counts_from_the_beginning_of_the_training() -> None:
    clock = Clock()
    view = live(io.StringIO(), clock)
    clock.now += 50  # a model is loaded
    with view:
        assert view.line() == "beginning · 0.00 s"


def test_names_in_brackets_are_told_as_they_are() -> None:
    clock, out = Clock(), io.StringIO()
    with live(out, clock) as view:
        view.phase("attempting [bold]")
        clock.now += 20
        view.episode(1, 1, 2)

    assert out.getvalue().startswith("attempting [bold] · 1/2 episodes")


def test_on_a_terminal_the_line_is_redrawn_and_what_is_done_stays_above() -> None:
    clock, out = Clock(), io.StringIO()
    with live(out, clock, terminal=True) as view:
        view.phase("sampling")
        clock.now += 60
        view.episode(1, 1, 8)
        view.step(1, {})

    assert "step 1/10 · 0.0 s" in out.getvalue()
    assert "sampling · 1/8 episodes" in out.getvalue()
    assert "\x1b[?25h" in out.getvalue(), "the cursor is shown again"


def test_stdout_stays_empty(capsys: pytest.CaptureFixture[str]) -> None:
    with TrainingLive(1) as view:
        view.step(1, {"reward/mean": 1.0})
    captured = capsys.readouterr()

    assert captured.out == ""
    assert captured.err.startswith("step 1/1 · reward 1.000")


@pytest.mark.parametrize("terminal", [False, True])
def test_a_training_that_raises_leaves_the_terminal_in_order(terminal: bool) -> None:
    out = io.StringIO()
    with pytest.raises(KeyboardInterrupt), live(out, terminal=terminal):
        raise KeyboardInterrupt

    assert out.getvalue().endswith("\x1b[?25h") if terminal else out.getvalue() == ""
