"""What a training amounts to: how good the policy was before, between and after."""

import json
from collections import Counter
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import asdict, dataclass
from pathlib import Path
from typing import Any, Literal

from agentrl.episode import Episode
from agentrl.errors import RecordError
from agentrl.runs.estimate import Estimate, estimate_mean, estimate_rate
from agentrl.runs.folder import METRICS, read_episodes
from agentrl.runs.stats import mean
from agentrl.runs.summary_facts import by_task, facts
from agentrl.suite.spec import SuiteSpec

EVALUATIONS = "evaluations.jsonl"
"""File of the episodes on held-out tasks."""

Stage = Literal["base", "sft", "step", "rl"]
"""Before any training, after supervised training, between two steps of RL, after RL."""


@dataclass(frozen=True, slots=True)
class Evaluation:
    """How the policy did on held-out tasks."""

    stage: Stage
    step: int
    """Steps of RL behind it."""
    success: Estimate
    reward: Estimate
    games: int
    """Tasks that were attempted and scored."""
    episodes: int
    """Scored episodes."""
    turns: float | None
    """Mean turns of an episode."""

    @property
    def metrics(self) -> dict[str, float]:
        """What ``metrics.jsonl`` and trackers are told."""
        told = {
            "eval/success": self.success.mean,
            "eval/reward": self.reward.mean,
            "eval/turns": self.turns,
            "eval/episodes": float(self.episodes),
        }
        return {name: value for name, value in told.items() if value is not None}

    def to_json(self) -> dict[str, Any]:
        """Return it as JSON values."""
        return asdict(self)


@dataclass(frozen=True, slots=True)
class TrainingSummary:
    """What ``summary.json`` of a training holds."""

    run: str
    suite: str
    algorithm: str
    steps: int
    """Steps of RL that were taken."""
    planned_steps: int
    evaluations: tuple[Evaluation, ...]
    episodes: Mapping[str, int]
    """Training episodes by status."""
    tokens_trained: int
    """Sampled tokens that RL learned from."""
    duration_s: float | None
    """How long the newest start took."""
    checkpoint: str | None
    """The newest checkpoint's folder."""
    best_checkpoint: str | None
    """That with the most held-out success."""
    last: Mapping[str, float]
    """The newest step's metrics."""

    def stage(self, stage: Stage) -> Evaluation | None:
        """Return the evaluation of a stage; None where there was none."""
        return next((e for e in reversed(self.evaluations) if e.stage == stage), None)

    def to_json(self) -> dict[str, Any]:
        """Return the summary as JSON values; stages that did not happen are absent."""
        names: tuple[Stage, ...] = ("base", "sft", "rl")
        stages = {name: self.stage(name) for name in names}
        held = {name: stage for name, stage in stages.items() if stage is not None}
        return {
            "run": self.run,
            "suite": self.suite,
            "algorithm": self.algorithm,
            "success": {name: stage.success.mean for name, stage in held.items()},
            "games": {name: stage.games for name, stage in held.items()},
            "success_interval": {
                name: [stage.success.low, stage.success.high] for name, stage in held.items()
            },
            "steps": self.steps,
            "planned_steps": self.planned_steps,
            "evaluations": [evaluation.to_json() for evaluation in self.evaluations],
            "episodes": dict(self.episodes),
            "tokens_trained": self.tokens_trained,
            "duration_s": self.duration_s,
            "checkpoint": self.checkpoint,
            "best_checkpoint": self.best_checkpoint,
            "last": dict(self.last),
        }


def evaluate(episodes: Iterable[Episode], stage: Stage, step: int) -> Evaluation:
    """Return what some episodes on held-out tasks tell; those that are not scored count nowhere."""
    rows = [row for row in map(facts, episodes) if row.status.scored]
    return Evaluation(
        stage=stage,
        step=step,
        success=estimate_rate(by_task(rows, lambda row: row.success)),
        reward=estimate_mean(by_task(rows, lambda row: row.scored_reward)),
        games=len({row.task_id for row in rows}),
        episodes=len(rows),
        turns=mean(row.turns for row in rows) if rows else None,
    )


def read_metrics(path: Path) -> list[dict[str, Any]]:
    """Return the lines of a training's ``metrics.jsonl``.

    What a resumed training did again, steps after its checkpoint and their evaluations, counts as
    it came out last. A torn last line, left by a killed process, is passed over.

    Raises:
        RecordError: another line is no JSON.
    """
    lines: dict[tuple[Any, ...], dict[str, Any]] = {}
    if not path.exists():
        return []
    raw = path.read_text(encoding="utf-8").splitlines(keepends=True)
    for number, text in enumerate(raw, 1):
        try:
            line = json.loads(text)
        except ValueError as exc:
            if number == len(raw) and not text.endswith("\n"):
                break
            raise RecordError(f"{path}:{number}: no JSON: {exc}") from None
        if line.get("phase") == "rl":
            lines = {key: old for key, old in lines.items() if not _is_undone(old, line["step"])}
        key = (line.get("phase"), line.get("stage"), line.get("step"), line.get("update"))
        lines.pop(key, None)
        lines[key] = line
    return list(lines.values())


def _is_undone(line: Mapping[str, Any], step: int) -> bool:
    """Whether a line is of a future that a resumed training, at ``step`` now, never had."""
    return line.get("phase") in ("rl", "evaluation") and int(line.get("step", 0)) >= step


def read_evaluations(path: Path, metrics: Sequence[Mapping[str, Any]]) -> list[Evaluation]:
    """Return the evaluations of a training, in order.

    Args:
        path: file of their episodes, whose ids begin with stage and step.
        metrics: the training's metrics, which say which evaluations came to their end.
    """
    by_evaluation: dict[str, dict[str, Episode]] = {}
    for episode in read_episodes(path) if path.exists() else ():
        name = episode.id.partition("/")[0]
        by_evaluation.setdefault(name, {})[episode.id] = episode  # one done again counts once
    return [
        evaluate(by_evaluation[name].values(), line["stage"], line["step"])
        for line in metrics
        if line.get("phase") == "evaluation"
        and (name := f"{line['stage']}-{line['step']}") in by_evaluation
    ]


def is_training(folder: Path) -> bool:
    """Whether a run folder is a training's."""
    return any("phase" in line for line in read_metrics(folder / METRICS))


def newest_evaluation(folder: Path) -> list[Episode]:
    """Return the episodes of a training's last evaluation on held-out tasks.

    Raises:
        RecordError: there is none.
    """
    lines = [x for x in read_metrics(folder / METRICS) if x.get("phase") == "evaluation"]
    if not lines:
        raise RecordError(f"{folder}: this training has no evaluation on held-out tasks yet")
    name = f"{lines[-1]['stage']}-{lines[-1]['step']}/"
    episodes = (e for e in read_episodes(folder / EVALUATIONS) if e.id.startswith(name))
    return list({episode.id: episode for episode in episodes}.values())


def summarise_training(
    folder: Path, spec: SuiteSpec, *, duration_s: float | None = None
) -> TrainingSummary:
    """Return what the training in a run folder amounts to.

    Args:
        folder: the run's folder.
        spec: its suite, with a ``train`` section.
        duration_s: how long the newest start took.

    Raises:
        RecordError: a file of the folder cannot be read.
    """
    assert spec.train is not None
    metrics = read_metrics(folder / METRICS)
    steps = [line for line in metrics if line.get("phase") == "rl"]
    newest = steps[-1] if steps else {}
    return TrainingSummary(
        run=folder.name,
        suite=spec.name,
        algorithm=spec.train.algorithm,
        steps=int(newest.get("step", 0)),
        planned_steps=spec.train.steps,
        evaluations=tuple(read_evaluations(folder / EVALUATIONS, metrics)),
        episodes=Counter(str(episode.status) for episode in read_episodes(folder)),
        tokens_trained=int(sum(line.get("tokens/trained", 0) for line in steps)),
        duration_s=duration_s,
        checkpoint=_link(folder / "checkpoints" / "latest"),
        best_checkpoint=_link(folder / "checkpoints" / "best"),
        last={name: value for name, value in newest.items() if "/" in name},
    )


def _link(path: Path) -> str | None:
    return str(path) if path.exists() else None
