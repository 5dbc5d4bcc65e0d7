"""What a training amounts to, on a terminal."""

import io
from dataclasses import replace
from typing import Any

import pytest
from rich.console import Console

from agentrl.runs.estimate import Estimate
from agentrl.runs.training import Evaluation, Stage, TrainingSummary
from agentrl.view.training_table import print_training_summary


def evaluation(stage: Stage, step: int, success: float, games: int = 8) -> Evaluation:
    found = Estimate(success, 0.05, 0.95, games, "wilson")
    return Evaluation(stage, step, found, found, games, games, 3.25)


BASE, SFT, RL = evaluation("base", 0, 0.125), evaluation("sft", 0, 0.5), evaluation("rl", 20, 0.875)


def printed(*evaluations: Evaluation, width: int = 100, **other: Any) -> str:
    summary = TrainingSummary(
        run="my-run",
        suite="counting",
        algorithm="rloo",
        steps=20,
        planned_steps=30,
        evaluations=evaluations,
        episodes={"ok": 150, "truncated": 9, "infra_failed": 1},
        tokens_trained=12_345,
        duration_s=75.0,
        checkpoint="runs/my-run/checkpoints/latest",
        best_checkpoint=None,
        last={},
    )
    out = io.StringIO()
    print_training_summary(replace(summary, **other), Console(file=out, width=width))
    return out.getvalue()


def rows(text: str) -> list[list[str]]:
    return [
        [cell.strip() for cell in line.split("│")[1:-1]]
        for line in text.splitlines()
        if "│" in line
    ]


def test_the_table_has_a_row_for_each_stage_with_its_numbers() -> None:
    text = printed(BASE, SFT, RL)

    assert text.startswith("my-run: rloo")
    assert "success [95%]" in text
    assert rows(text) == [
        ["before training", "12.5% [5, 95]", "3.2", "8"],
        ["after imitation", "50.0% [5, 95]", "3.2", "8"],
        ["after RL", "87.5% [5, 95]", "3.2", "8"],
    ]


def test_a_stage_that_did_not_happen_has_no_row() -> None:
    assert [row[0] for row in rows(printed(BASE, RL))] == ["before training", "after RL"]


def test_evaluations_between_steps_are_left_to_the_report() -> None:
    text = printed(BASE, evaluation("step", 10, 0.375), RL)

    assert len(rows(text)) == 2
    assert "37.5%" not in text


def test_below_stand_steps_episodes_tokens_and_time() -> None:
    text = printed(RL)

    assert "20 of 30 steps · 160 episodes · 12.3k trained tokens · 1:15 min\n" in text


def test_the_policy_is_where_its_newest_checkpoint_is() -> None:
    long = "/data/" + "very-long-name/" * 12 + "latest"

    assert "policy: runs/my-run/checkpoints/latest\n" in printed(RL)
    assert f"policy: {long}\n" in printed(RL, checkpoint=long), "in one line, to be copied"
    assert "policy" not in printed(RL, checkpoint=None)


def test_without_held_out_tasks_there_is_no_table() -> None:
    text = printed()

    assert text.startswith("20 of 30 steps")
    assert rows(text) == []


def test_what_was_not_scored_is_a_dash_and_no_zero() -> None:
    nothing = replace(BASE, success=Estimate(), reward=Estimate(), games=0, turns=None)

    assert rows(printed(nothing)) == [["before training", "–", "", "0"]]  # noqa: RUF001


def test_a_time_that_is_not_known_is_a_dash() -> None:
    assert "trained tokens · –\n" in printed(RL, duration_s=None)  # noqa: RUF001


@pytest.mark.parametrize("width", [60, 200])
def test_any_width_keeps_the_success(width: int) -> None:
    text = printed(BASE, RL, width=width)
    table = [line for line in text.splitlines() if "│" in line or "┃" in line]

    assert "87.5%" in text
    assert max(map(len, table)) <= width


def test_names_are_text_and_no_markup() -> None:
    text = printed(BASE, run="[red]x[/b]", checkpoint="/tmp/x[/a]/ck")
    assert "[red]x[/b]: rloo" in text
    assert "policy: /tmp/x[/a]/ck" in text


def test_a_pipe_gets_plain_text() -> None:
    assert "\x1b" not in printed(BASE, SFT, RL)
