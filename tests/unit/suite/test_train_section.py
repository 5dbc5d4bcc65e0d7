"""The section ``train``: what it refuses, and what it says about it."""

from pathlib import Path

import pytest

from agentrl.errors import SuiteError
from agentrl.suite import load_suite
from agentrl.suite.train import TrainSpec

SUITE = """\
name: demo
env: {id: agentrl/Maze-v0}
tasks: {generate: {count: 2}}
agent: {kind: expert}
train:
"""


def suite_file(folder: Path, line: str) -> Path:
    path = folder / "suite.yaml"
    path.write_text(f"{SUITE}  {line}\n", encoding="utf-8")
    return path


def flow(keys: str) -> str:
    """Keys as one mapping on a line: the whole section."""
    return f"{{{keys}}}"


def read(folder: Path, line: str) -> TrainSpec:
    train = load_suite(suite_file(folder, line)).spec.train
    assert train is not None
    return train


def complaint(folder: Path, line: str) -> str:
    with pytest.raises(SuiteError) as caught:
        load_suite(suite_file(folder, line))
    return str(caught.value)


@pytest.mark.parametrize(
    ("line", "expected"),
    [
        ("steps: -1", "train.steps: input should be greater than or equal to 0, got -1"),
        ("steps: many", "train.steps: input should be a valid integer"),
        ("group_size: 0", "train.group_size: input should be greater than 0, got 0"),
        ("epochs: 1.5", "train.epochs: input should be a valid integer"),
        ("stall_s: .inf", "train.stall_s: input should be a finite number, got inf"),
        ("truncated: drop", "train.truncated: input should be 'use' or 'exclude', got 'drop'"),
        ("algorithm: 7", "train.algorithm: input should be a valid string, got 7"),
        ("optimiser: {lr: 0}", "train.optimiser.lr: input should be greater than 0, got 0"),
        ("optimiser: {lr: 3}", "train.optimiser.lr: input should be less than or equal to 1"),
        ("optimiser: {betas: [0.9]}", "train.optimiser.betas[1]: "),
        (
            "optimiser: {schedule: step}",
            "train.optimiser.schedule: input should be 'constant', 'linear' or 'cosine', "
            "got 'step'",
        ),
        ("critic: {trunk: own}", "train.critic.trunk: input should be 'copy' or 'shared'"),
        ("sampler: {equal_rewards: drop}", "'keep', 'skip', 'refill' or 'global', got 'drop'"),
        ("advantage: {gamma: 1.5}", "train.advantage.gamma: input should be less than or equal"),
        ("loss: {clip_low: -0.2}", "train.loss.clip_low: input should be greater than 0, got -0.2"),
        ("loss: {dual_clip: 1}", "train.loss.dual_clip: input should be greater than 1, got 1"),
        ("loss: {positive_weight: -1}", "train.loss.positive_weight: input should be greater than"),
        ("loss: {unlikeliness: 1}", "train.loss.unlikeliness: input should be less than 1, got 1"),
        ("sampler: {curriculum: {memory: 1}}", "memory: input should be less than 1, got 1"),
        ("sampler: {adaptive: {keep: 0}}", "train.sampler.adaptive.keep: input should be greater"),
        ("checkpoints: {every: 0}", "train.checkpoints.every: input should be greater than 0"),
        (
            "trackers: [tensorbord]",
            "train.trackers[0]: input should be 'tensorboard', 'wandb' or 'mlflow', "
            "got 'tensorbord'",
        ),
        ("evaluation: {every: 5}", "train.evaluation.tasks: missing; a suite must say it"),
        (
            "evaluation: {tasks: {generate: {count: 1}}, temperature: -1}",
            "train.evaluation.temperature: input should be greater than or equal to 0, got -1",
        ),
        ("sft: {warmup: 2}", "train.sft.warmup: input should be less than or equal to 1, got 2"),
        ("advantage: null", "train.advantage: input should be a valid dictionary"),
    ],
)
def test_a_value_that_cannot_be_is_named_with_what_was_given_and_expected(
    tmp_path: Path, line: str, expected: str
) -> None:
    text = complaint(tmp_path, line)

    assert expected in text
    assert "suite.yaml:6: train." in text, "the line is told too"


@pytest.mark.parametrize(
    ("line", "meant"),
    [
        ("step: 3", "train.step: unknown key (did you mean steps?)"),
        ("optimizer: {}", "train.optimizer: unknown key (did you mean optimiser?)"),
        ("loss: {clip: 0.2}", "train.loss.clip: unknown key"),
        ("loss: {clip_lo: 0.2}", "train.loss.clip_lo: unknown key (did you mean clip_low?)"),
        ("sampler: {xyzzy: 1}", "unknown key; known: kind, adaptive, curriculum, equal_rewards"),
    ],
)
def test_a_key_that_is_not_known_is_met_with_the_one_that_was_meant(
    tmp_path: Path, line: str, meant: str
) -> None:
    assert meant in complaint(tmp_path, line)


@pytest.mark.parametrize(
    ("line", "reason"),
    [
        (
            "advantage: {credit: token}",
            "train.advantage: credit 'token' needs baseline 'value'",
        ),
        (
            "algorithm: reinforce, advantage: {baseline: value}",
            "train.advantage: baseline 'value' needs credit 'turn' or 'token'",
        ),
        (
            "algorithm: remax, advantage: {credit: turn}",
            "baseline 'greedy' is one number an episode: credit must be 'episode'",
        ),
        (
            "algorithm: ppo, advantage: {scale: group_std}",
            "baseline 'value' has no group to compare in: scale 'none' or 'batch_std'",
        ),
        (
            "advantage: {gamma: 0.9}",
            "'gamma' discounts from turn to turn: it needs credit 'turn' or 'token'",
        ),
        (
            "algorithm: turn_rloo, advantage: {lam: 0.9}",
            "'lam' weighs a critic's values: it needs baseline 'value'",
        ),
        (
            "algorithm: rloo, advantage: {scale: beta}",
            "scale 'beta' needs baseline 'group_mean' and credit 'episode'",
        ),
        (
            "algorithm: bnpo, advantage: {credit: turn}",
            "scale 'beta' needs baseline 'group_mean' and credit 'episode'",
        ),
        (
            "loss: {ratio: none}",
            "ratio 'none' is not clipped: leave 'clip_low' and 'clip_high'",
        ),
        (
            "algorithm: grpo, advantage: {centre: 0.5}",
            "'centre' needs baseline 'none' and credit 'episode'",
        ),
        (
            "algorithm: topr, loss: {clip_high: 0.2}",
            "ratio 'taper' is not clipped: leave 'clip_low' and 'clip_high'",
        ),
        ("algorithm: gspo, loss: {dual_clip: 3}", "'dual_clip' needs ratio 'token'"),
        ("loss: {importance_cap: 2}", "it needs 'old_logprobs: trainer'"),
        (
            "group_size: 1",
            "baseline 'group_mean' compares the episodes of a task: 'group_size' must be at least",
        ),
        ("sampler: {curriculum: {low: 0.5, high: 0.5}}", "'low' must be below 'high'"),
        ("schedules: {limits.max_turns: {start: 3}}", "shape 'linear' needs an 'end'"),
        ("sft: {source: run}", "give 'run' with source 'run', and only there"),
        ("sft: {run: runs/old}", "give 'run' with source 'run', and only there"),
        (
            "evaluation: {tasks: {generate: {count: 1}, file: t.jsonl}}",
            "give exactly one of 'generate', 'file' and 'inline'",
        ),
    ],
)
def test_switches_that_cannot_go_together_are_refused_with_the_reason(
    tmp_path: Path, line: str, reason: str
) -> None:
    text = complaint(tmp_path, flow(line))

    assert reason in text
    assert f"{tmp_path}/suite.yaml:" in text


@pytest.mark.parametrize(
    "line",
    [
        "algorithm: ppo, advantage: {scale: batch_std, gamma: 0.99, lam: 0.95}",
        "algorithm: turn_rloo, advantage: {gamma: 0.9}",
        "loss: {ratio: none, clip_low: null, clip_high: null}",
        "loss: {old_logprobs: trainer, importance_cap: 2, dual_clip: 3}",
        "algorithm: reinforce, group_size: 1",
        "sft: {source: run, run: runs/old}",
        "schedules: {limits.max_turns: {shape: observed_turns}}",
        "steps: 0, staleness: 0, trackers: []",
    ],
)
def test_switches_that_can_go_together_are_taken(tmp_path: Path, line: str) -> None:
    read(tmp_path, flow(line))


def test_every_problem_of_the_section_is_told_at_once(tmp_path: Path) -> None:
    text = complaint(tmp_path, flow("steps: -1, optimiser: {lr: 0}, loss: {clip: 1}"))

    assert "train.steps" in text
    assert "train.optimiser.lr" in text
    assert "train.loss.clip: unknown key" in text


def test_a_suite_without_the_section_trains_nothing(tmp_path: Path) -> None:
    path = suite_file(tmp_path, "")
    path.write_text(SUITE.removesuffix("train:\n"), encoding="utf-8")

    assert load_suite(path).spec.train is None


def test_an_empty_section_has_every_default(tmp_path: Path) -> None:
    train = read(tmp_path, "{}")

    assert (train.algorithm, train.steps, train.tasks_per_step, train.group_size) == (
        "grpo",
        100,
        8,
        8,
    )
    assert train.sft is None
    assert train.evaluation is None


def test_a_switch_set_on_the_command_line_wins_over_the_preset(tmp_path: Path) -> None:
    path = suite_file(tmp_path, "algorithm: dapo")
    train = load_suite(path, ["train.loss.clip_high=0.3"]).spec.train

    assert train is not None
    assert (train.loss.clip_low, train.loss.clip_high) == (0.2, 0.3)
    assert train.sampler.equal_rewards == "refill"


@pytest.mark.parametrize("line", ["algorithm: dapo", "loss: {clip_high: null}", "sft: {}"])
def test_the_resolved_suite_trains_the_same(tmp_path: Path, line: str) -> None:
    suite = load_suite(suite_file(tmp_path, line))
    again = tmp_path / "again.yaml"
    again.write_text(suite.resolved(), encoding="utf-8")

    assert load_suite(again).spec == suite.spec
