"""What a training's folder amounts to, read from folders made by hand."""

import json
from collections.abc import Sequence
from dataclasses import replace
from pathlib import Path
from typing import Any

import pytest

from agentrl.codec import dump_episode
from agentrl.episode import Episode, Failure, Status, StopReason, Turn
from agentrl.errors import RecordError
from agentrl.runs.stats import wilson_interval
from agentrl.runs.training import (
    TrainingSummary,
    evaluate,
    read_evaluations,
    read_metrics,
    summarise_training,
)
from agentrl.suite import load_suite

SUITE = """\
name: counting
env: {id: agentrl/Maze-v0}
tasks: {generate: {count: 2}}
agent: {kind: expert}
train: {algorithm: rloo, steps: 7}
"""


def episode(
    task: str, success: float = 1.0, *, of: str = "base-0", attempt: int = 0, turns: int = 2
) -> Episode:
    """An episode that earns its success with its last turn."""
    said = [Turn(f"room {n}", "go") for n in range(turns)]
    said[-1] = replace(said[-1], terms={"success": success})
    return Episode(
        id=f"{of}/{task}/{attempt}",
        task_id=task,
        group_id=task,
        seed=1,
        agent="policy",
        status=Status.OK,
        stop_reason=StopReason.TERMINATED,
        turns=tuple(said),
        outcome={"success": success},
        attempt=attempt,
    )


def not_scored(task: str, status: Status, *, of: str = "base-0") -> Episode:
    return replace(
        episode(task, 0.0, of=of, turns=9), status=status, error=Failure("ModelError", "down")
    )


def evaluated(stage: str, step: int) -> dict[str, Any]:
    return {"phase": "evaluation", "stage": stage, "step": step}


def stepped(step: int, **numbers: float) -> dict[str, Any]:
    named = {name.replace("_", "/", 1): value for name, value in numbers.items()}
    return {"time": 1.5, "phase": "rl", "step": step, **named}


def write_metrics(folder: Path, lines: Sequence[dict[str, Any]], torn: str = "") -> Path:
    path = folder / "metrics.jsonl"
    path.write_text("".join(json.dumps(line) + "\n" for line in lines) + torn, encoding="utf-8")
    return path


def write_episodes(path: Path, episodes: Sequence[Episode], torn: str = "") -> Path:
    path.write_text("".join(dump_episode(e) + "\n" for e in episodes) + torn, encoding="utf-8")
    return path


def summarised(folder: Path) -> TrainingSummary:
    suite = folder / "suite.yaml"
    suite.write_text(SUITE, encoding="utf-8")
    return summarise_training(folder, load_suite(suite).spec, duration_s=12.5)


def test_the_summary_tells_the_success_before_between_and_after(tmp_path: Path) -> None:
    write_metrics(
        tmp_path,
        [evaluated("base", 0), evaluated("sft", 0), stepped(7), evaluated("rl", 7)],
    )
    write_episodes(
        tmp_path / "evaluations.jsonl",
        [
            *(episode(task, 0.0, of="base-0") for task in "abcd"),
            *(episode(task, float(task == "a"), of="sft-0") for task in "abcd"),
            *(episode(task, float(task != "a"), of="rl-7") for task in "abcd"),
        ],
    )
    told = summarised(tmp_path).to_json()

    assert told["success"] == {"base": 0.0, "sft": 0.25, "rl": 0.75}
    assert told["games"] == {"base": 4, "sft": 4, "rl": 4}
    assert told["success_interval"]["rl"] == list(wilson_interval(3, 4))
    assert [e["stage"] for e in told["evaluations"]] == ["base", "sft", "rl"]
    json.dumps(told, allow_nan=False)


def test_the_summary_names_the_run_its_suite_and_how_far_it_came(tmp_path: Path) -> None:
    folder = tmp_path / "my-run"
    folder.mkdir()
    write_metrics(folder, [stepped(1), stepped(2)])
    write_episodes(
        folder / "episodes.jsonl",
        [episode("a"), episode("b"), not_scored("c", Status.INFRA_FAILED)],
    )
    told = summarised(folder)

    assert (told.run, told.suite, told.algorithm) == ("my-run", "counting", "rloo")
    assert (told.steps, told.planned_steps, told.duration_s) == (2, 7, 12.5)
    assert told.episodes == {"ok": 2, "infra_failed": 1}


def test_a_stage_that_did_not_happen_is_absent_and_no_zero(tmp_path: Path) -> None:
    write_metrics(tmp_path, [evaluated("base", 0), evaluated("step", 5)])
    write_episodes(
        tmp_path / "evaluations.jsonl", [episode("a"), episode("a", 0.0, of="step-5", turns=1)]
    )
    summary = summarised(tmp_path)
    told = summary.to_json()

    assert told["success"] == {"base": 1.0}
    assert told["games"] == {"base": 1}
    assert set(told["success_interval"]) == {"base"}
    assert summary.stage("sft") is summary.stage("rl") is None
    assert [e["step"] for e in told["evaluations"]] == [0, 5], "one between steps is listed"


def test_a_folder_without_records_is_a_training_that_did_nothing(tmp_path: Path) -> None:
    told = summarised(tmp_path).to_json()

    assert told["success"] == told["games"] == told["episodes"] == told["last"] == {}
    assert told["evaluations"] == []
    assert (told["steps"], told["tokens_trained"]) == (0, 0)
    assert told["checkpoint"] is told["best_checkpoint"] is None


def test_only_scored_episodes_are_in_the_means() -> None:
    found = evaluate(
        [
            episode("a", 1.0, turns=2),
            replace(episode("b", 0.0, turns=4), status=Status.TRUNCATED),
            not_scored("c", Status.INFRA_FAILED),
            not_scored("d", Status.UNSCORED),
            not_scored("e", Status.CANCELLED),
        ],
        "rl",
        3,
    )

    assert (found.stage, found.step) == ("rl", 3)
    assert (found.success.mean, found.success.n) == (0.5, 2)
    assert found.reward.mean == 0.5
    assert (found.games, found.episodes, found.turns) == (2, 2, 3.0)


def test_several_attempts_at_a_task_are_one_game() -> None:
    found = evaluate([episode("a", float(n < 1), attempt=n) for n in range(4)], "base", 0)

    assert (found.games, found.episodes) == (1, 4)
    assert found.success.mean == 0.25


def test_a_reward_counts_in_full_where_it_is_no_rate() -> None:
    shaped = replace(episode("a"), turns=(Turn("o", "a", terms={"gold": 5.0, "step": -0.5}),))
    found = evaluate([shaped, episode("b", 0.0)], "base", 0)

    assert found.reward.mean == 2.25
    assert found.success.mean == 0.5


@pytest.mark.parametrize("episodes", [[], [not_scored("a", Status.INFRA_FAILED)]])
def test_an_evaluation_that_scored_nothing_has_no_numbers(episodes: list[Episode]) -> None:
    found = evaluate(episodes, "base", 0)

    assert found.success.mean is found.reward.mean is found.turns is None
    assert found.metrics == {"eval/episodes": 0.0}
    json.dumps(found.to_json(), allow_nan=False)


def test_trackers_are_told_the_means_of_an_evaluation() -> None:
    found = evaluate([episode("a", turns=3), episode("b", 0.0, turns=2)], "rl", 1)

    assert found.metrics == {
        "eval/success": 0.5,
        "eval/reward": 0.5,
        "eval/turns": 2.5,
        "eval/episodes": 2.0,
    }


def test_a_half_written_last_line_of_metrics_is_passed_over(tmp_path: Path) -> None:
    path = write_metrics(tmp_path, [stepped(1), stepped(2)], torn='{"phase": "rl", "st')

    assert [line["step"] for line in read_metrics(path)] == [1, 2]


def test_a_half_written_last_evaluation_is_passed_over(tmp_path: Path) -> None:
    write_metrics(tmp_path, [evaluated("base", 0)], torn='{"phase": "evalu')
    torn = dump_episode(episode("c", 0.0))[:40]
    write_episodes(tmp_path / "evaluations.jsonl", [episode("a"), episode("b")], torn)
    write_episodes(tmp_path / "episodes.jsonl", [episode("t", of="1")], torn)
    told = summarised(tmp_path)

    assert told.to_json()["success"] == {"base": 1.0}
    assert told.to_json()["games"] == {"base": 2}
    assert told.episodes == {"ok": 1}


@pytest.mark.parametrize("broken", ["", "no json", '{"phase": '])
def test_another_line_that_is_no_json_is_named(tmp_path: Path, broken: str) -> None:
    path = tmp_path / "metrics.jsonl"
    path.write_text(f'{{"step": 1}}\n{broken}\n{{"step": 2}}\n', encoding="utf-8")

    with pytest.raises(RecordError, match=r"metrics\.jsonl:2: no JSON: "):
        read_metrics(path)


def test_no_metrics_are_no_lines(tmp_path: Path) -> None:
    assert read_metrics(tmp_path / "metrics.jsonl") == []


def test_a_step_that_was_done_again_counts_as_it_came_out_last(tmp_path: Path) -> None:
    write_metrics(
        tmp_path,
        [
            stepped(1, tokens_trained=10.0, reward_mean=0.1),
            stepped(2, tokens_trained=20.0, reward_mean=0.2),
            stepped(2, tokens_trained=40.0, reward_mean=0.4),
        ],
    )
    told = summarised(tmp_path)

    assert told.steps == 2
    assert told.tokens_trained == 50
    assert told.last == {"tokens/trained": 40.0, "reward/mean": 0.4}


def test_lines_of_different_phases_do_not_replace_each_other(tmp_path: Path) -> None:
    lines = [
        {"phase": "sft", "update": 1, "step": 0},
        {"phase": "sft", "update": 2, "step": 0},
        evaluated("base", 0),
        evaluated("sft", 0),
        stepped(5),
        evaluated("step", 5),
        evaluated("rl", 5),
    ]

    assert read_metrics(write_metrics(tmp_path, lines)) == lines


def test_imitation_alone_is_no_step_of_rl(tmp_path: Path) -> None:
    write_metrics(tmp_path, [{"phase": "sft", "update": 3, "sft/loss": 0.5, "tokens/trained": 9}])
    told = summarised(tmp_path)

    assert (told.steps, told.tokens_trained, told.last) == (0, 0, {})


def test_an_evaluation_that_did_not_come_to_its_end_is_left_out(tmp_path: Path) -> None:
    path = write_episodes(
        tmp_path / "evaluations.jsonl", [episode("a"), episode("a", of="rl-7"), episode("b")]
    )

    assert [e.stage for e in read_evaluations(path, [evaluated("base", 0)])] == ["base"]


def test_an_episode_that_was_evaluated_again_counts_once_as_it_came_out_last(
    tmp_path: Path,
) -> None:
    path = write_episodes(
        tmp_path / "evaluations.jsonl", [episode("a", 0.0), episode("b", 0.0), episode("a", 1.0)]
    )
    [found] = read_evaluations(path, [evaluated("base", 0)])

    assert (found.episodes, found.success.mean) == (2, 0.5)


def test_evaluations_at_steps_that_begin_alike_are_kept_apart(tmp_path: Path) -> None:
    path = write_episodes(
        tmp_path / "evaluations.jsonl",
        [episode("a", 0.0, of="step-1"), episode("a", 1.0, of="step-10")],
    )
    found = read_evaluations(path, [evaluated("step", 1), evaluated("step", 10)])

    assert [(e.step, e.success.mean) for e in found] == [(1, 0.0), (10, 1.0)]


def test_the_newest_of_a_stage_is_the_one_that_counts(tmp_path: Path) -> None:
    """A training of 5 steps that was resumed with 7 ends twice."""
    write_metrics(tmp_path, [stepped(5), evaluated("rl", 5), stepped(7), evaluated("rl", 7)])
    write_episodes(
        tmp_path / "evaluations.jsonl", [episode("a", 0.0, of="rl-5"), episode("a", of="rl-7")]
    )

    assert summarised(tmp_path).to_json()["success"] == {"rl": 1.0}


def test_checkpoints_are_named_where_there_are_any(tmp_path: Path) -> None:
    (tmp_path / "checkpoints" / "latest").mkdir(parents=True)
    told = summarised(tmp_path)

    assert told.checkpoint == str(tmp_path / "checkpoints" / "latest")
    assert told.best_checkpoint is None


def test_steps_that_a_resumed_training_left_behind_count_nowhere(tmp_path: Path) -> None:
    """Killed after step 4 with a checkpoint of step 2, resumed, and interrupted after step 3."""
    first = [stepped(n, tokens_trained=10) for n in (1, 2, 3, 4)]
    undone = evaluated("step", 4)
    metrics = read_metrics(
        write_metrics(tmp_path, [evaluated("base", 0), *first, undone, stepped(3)])
    )
    assert [line["step"] for line in metrics] == [0, 1, 2, 3]
    assert "tokens/trained" not in metrics[-1]
