"""Which plots a training's report shows."""

from collections.abc import Mapping, Sequence
from typing import Any

from agentrl.runs.training import Evaluation
from agentrl.view.numbers import rate
from agentrl.view.svg import LINES, Point, Track, tracks

_FIGURES: tuple[tuple[str, tuple[tuple[str, str], ...]], ...] = (
    ("Reward of an episode", (("mean", "reward/mean"), ("standard deviation", "reward/std"))),
    ("Entropy of a token, nats", (("entropy", "policy/entropy"),)),
    ("KL of an update, nats", (("KL", "policy/kl"),)),
    ("Distance to the policy before RL, nats", (("KL", "policy/reference_kl"),)),
    ("Length of the gradient", (("policy", "policy/grad_norm"), ("critic", "critic/grad_norm"))),
    ("Share of clipped tokens", (("clipped", "policy/clip_share"),)),
    (
        "Sampler against trainer, nats",
        (("mean gap", "policy/logprob_gap_mean"), ("largest gap", "policy/logprob_gap_max")),
    ),
    ("Critic: share of variance explained", (("explained", "critic/explained_variance"),)),
    ("Groups", (("drawn", "groups/total"), ("of equal rewards", "groups/equal_rewards"))),
    ("Turns of an episode", (("mean", "turns/mean"), ("most", "turns/max"))),
    (
        "Episodes of a step",
        (
            ("ok", "episodes/ok"),
            ("truncated", "episodes/truncated"),
            ("failed", "episodes/infra_failed"),
        ),
    ),
    ("Staleness, updates", (("mean", "staleness/mean"), ("most", "staleness/max"))),
    (
        "Seconds of a step",
        (("sampling", "time/sample_s"), ("learning", "time/train_s"), ("sync", "time/sync_s")),
    ),
    ("Trained tokens a second", (("tokens/s", "tokens/per_s"),)),
)


def training_plots(metrics: Sequence[Mapping[str, Any]], evaluations: Sequence[Evaluation]) -> str:
    """Return the learning curve and every other plot that there are numbers for, as HTML.

    Args:
        metrics: lines of ``metrics.jsonl``.
        evaluations: on held-out tasks, in order.
    """
    steps = [line for line in metrics if line.get("phase") == "rl"]
    figures = [_learning_curve(steps, evaluations), _imitation(metrics)]
    for title, lines in _FIGURES:
        drawn = [_track(steps, label, name) for label, name in lines]
        drawn = [line for line in drawn if line.points]
        if drawn:
            figures.append(tracks(title, "step", drawn))
    figures += _named(steps, "reward/term/", "Terms of the reward, mean of an episode")
    figures += _named(steps, "reward/gate/", "Gates: share of episodes open", percent=True)
    figures += _named(steps, "reward/multiplier/", "Multipliers of constrained terms")
    figures += _named(steps, "reward/weight/", "Weights that the reward learns")
    return "".join(figures)


def _named(
    steps: Sequence[Mapping[str, Any]], prefix: str, title: str, *, percent: bool = False
) -> list[str]:
    """Return plots of all metrics that begin alike, as many in each as there are colours."""
    names = list(dict.fromkeys(n for line in steps for n in line if n.startswith(prefix)))
    lines = [_track(steps, name.removeprefix(prefix), name) for name in names]
    starts = range(0, len(lines), LINES)
    return [tracks(title, "step", lines[at : at + LINES], percent=percent) for at in starts]


def _learning_curve(steps: Sequence[Mapping[str, Any]], evaluations: Sequence[Evaluation]) -> str:
    held_out = Track(
        "held-out tasks",
        [(e.step, e.success.mean) for e in evaluations if e.success.mean is not None],
        [(e.step, _mark(e)) for e in evaluations],
    )
    training = _track(steps, "training tasks", "success/mean")
    lines = [line for line in (held_out, training) if line.points]
    return tracks("Learning curve: success", "step of RL", lines, percent=True) if lines else ""


def _imitation(metrics: Sequence[Mapping[str, Any]]) -> str:
    updates = [line for line in metrics if line.get("phase") == "sft"]
    points = [(float(line["update"]), float(line["sft/loss"])) for line in updates]
    if not points:
        return ""
    return tracks("Supervised training: loss, nats", "update", [Track("loss", points)])


def _track(steps: Sequence[Mapping[str, Any]], label: str, name: str) -> Track:
    return Track(label, [(float(s["step"]), float(s[name])) for s in steps if name in s])


def _mark(evaluation: Evaluation) -> Point:
    success = evaluation.success
    label = f"{evaluation.stage}, step {evaluation.step}"
    return Point(label, success.mean, rate(success), success.low, success.high)
