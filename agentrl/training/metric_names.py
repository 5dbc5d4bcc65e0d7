"""Every metric that a training reports: its name, what it means, how it is counted."""

from dataclasses import dataclass
from typing import Literal

Combine = Literal["mean", "sum", "max", "min"]


@dataclass(frozen=True, slots=True)
class MetricName:
    """A documented metric."""

    name: str
    """``group/name``; a part in angle brackets stands for any text."""
    unit: str
    combine: Combine
    """How several values of one step become one: by their weighted mean, sum, maximum, minimum."""
    meaning: str

    @property
    def open_ended(self) -> bool:
        """Whether the name ends in a part that stands for any text."""
        return self.name.endswith(">")

    def matches(self, name: str) -> bool:
        """Say whether ``name`` is this metric."""
        beginning = self.name.partition("<")[0]
        if self.open_ended:
            return name.startswith(beginning) and len(name) > len(beginning)
        return name == self.name


NONFINITE = "nonfinite/"

GROUPS = {
    "reward": "What episodes earned",
    "success": "How often they succeed",
    "advantage": "What the loss weighs tokens by",
    "groups": "Episodes of one task, drawn together",
    "episodes": "What became of the episodes",
    "turns": "Turns",
    "format": "Answers that did not parse",
    "tokens": "Tokens",
    "policy": "The update of the policy",
    "critic": "The update of the critic",
    "evolution": "Evolution of a choice policy",
    "sft": "Supervised training",
    "staleness": "How old the sampling weights were",
    "sync": "Weights to the sampling engine",
    "time": "Where the time went",
    "eval": "Held-out tasks",
    "schedule": "Numbers that follow a schedule",
    "memory": "Memory",
    "nonfinite": "Numbers that were none",
}

_TABLE: tuple[tuple[str, str, Combine, str], ...] = (
    ("reward/mean", "reward", "mean", "Mean reward of an episode, over the scored ones."),
    ("reward/std", "reward", "mean", "Its standard deviation."),
    ("reward/min", "reward", "min", "Least reward of an episode."),
    ("reward/max", "reward", "max", "Most reward of an episode."),
    (
        *("reward/term/<name>", "reward", "mean"),
        "Mean over episodes of what one term of the suite's `reward` added.",
    ),
    ("success/mean", "share", "mean", "Share of the episodes that succeeded."),
    ("reward/gate/<name>", "share", "mean", "Share of episodes in which a gate was open."),
    ("reward/multiplier/<name>", "1", "mean", "Lagrange multiplier of a constrained term."),
    ("reward/weight/<name>", "1", "mean", "Dynamic weight of a term, relative to the suite's."),
    ("advantage/mean", "reward", "mean", "Mean advantage over trained tokens."),
    ("advantage/std", "reward", "mean", "Its standard deviation. 0: the step taught nothing."),
    ("advantage/min", "reward", "min", "Least advantage of a token."),
    ("advantage/max", "reward", "max", "Highest advantage of a token."),
    ("groups/total", "groups", "sum", "Groups that were sampled."),
    (
        *("groups/equal_rewards", "groups", "sum"),
        "Groups whose rewards were all equal; without a further baseline they teach nothing.",
    ),
    ("groups/refilled", "groups", "sum", "Groups drawn in the place of such ones."),
    ("groups/skipped", "groups", "sum", "Groups with equal rewards that were left out."),
    (
        *("groups/short", "groups", "sum"),
        "Groups that lost an episode, and so have fewer than `train.group_size`.",
    ),
    ("episodes/ok", "episodes", "sum", "Episodes that ended by themselves."),
    ("episodes/truncated", "episodes", "sum", "Episodes that a limit ended."),
    (
        *("episodes/infra_failed", "episodes", "sum"),
        "Episodes that infrastructure failed, retries included; never trained on.",
    ),
    ("episodes/unscored", "episodes", "sum", "Episodes nobody could score; never trained on."),
    ("episodes/cancelled", "episodes", "sum", "Episodes that were given up; never trained on."),
    (
        *("episodes/excluded", "episodes", "sum"),
        "Episodes that were not trained on, whatever the reason.",
    ),
    ("episodes/retried", "episodes", "sum", "Attempts that were begun again."),
    ("turns/mean", "turns", "mean", "Mean turns of an episode."),
    ("turns/max", "turns", "max", "Most turns of an episode."),
    ("format/failures", "share", "mean", "Share of turns whose answer did not parse."),
    ("tokens/sampled", "tokens", "sum", "Tokens that the policy sampled."),
    ("tokens/trained", "tokens", "sum", "Sampled tokens that were trained on, once each."),
    ("tokens/prompt", "tokens", "sum", "Tokens that the policy was shown."),
    ("tokens/per_s", "tokens/s", "mean", "Trained tokens a second of the step."),
    ("policy/loss", "", "mean", "Loss of the policy, all its parts."),
    (
        *("policy/kl", "nats a token", "mean"),
        "How far the update moved the policy from the one that sampled (k3 estimate).",
    ),
    (
        *("policy/ratio_mean", "ratio", "mean"),
        "Mean ratio of a token's probability now to when it was sampled.",
    ),
    ("policy/ratio_max", "ratio", "max", "Highest such ratio."),
    ("policy/clip_share", "share", "mean", "Share of tokens without gradient, being clipped."),
    ("policy/clip_low_share", "share", "mean", "Of them, those below the lower bound."),
    ("policy/clip_high_share", "share", "mean", "Of them, those above the upper bound."),
    (
        *("policy/entropy", "nats a token", "mean"),
        "Mean entropy of the distributions that tokens were sampled from.",
    ),
    ("policy/grad_norm", "", "mean", "Length of the gradient before it is shortened."),
    ("policy/lr", "", "mean", "Learning rate."),
    (
        *("policy/logprob_gap_mean", "nats", "mean"),
        "Mean absolute difference between the sampler's and the trainer's log-probability of a "
        "token under the same weights. It should stay near 0.",
    ),
    ("policy/logprob_gap_max", "nats", "max", "Largest such difference."),
    (
        *("policy/importance_mean", "ratio", "mean"),
        "Mean weight that corrects for the sampler (truncated importance sampling).",
    ),
    (
        *("policy/reference_kl", "nats a token", "mean"),
        "Distance of the policy from the one that training began with.",
    ),
    ("policy/imitation_loss", "nats a token", "mean", "Negative log-likelihood of expert tokens."),
    ("critic/loss", "", "mean", "Loss of the critic."),
    (
        *("critic/explained_variance", "share", "mean"),
        "Share of the returns' variance that the critic foresees; 1 is all, below 0 worse than "
        "their mean.",
    ),
    ("critic/value_mean", "reward", "mean", "Mean value of a token."),
    ("critic/grad_norm", "", "mean", "Length of the critic's gradient before it is shortened."),
    ("evolution/width", "", "mean", "Standard deviation of a weight among the candidates."),
    ("evolution/best", "reward", "max", "How far the best candidate is above the mean of all."),
    ("sft/loss", "nats a token", "mean", "Negative log-likelihood of the answers' tokens."),
    (
        *("sft/accuracy", "share", "mean"),
        "Share of them that the model gives more than half of the probability.",
    ),
    (
        *("staleness/mean", "updates", "mean"),
        "Updates between the weights that sampled a token and those that learn from it.",
    ),
    ("staleness/max", "updates", "max", "Most such updates."),
    ("sync/seconds", "s", "sum", "Time that new weights took to the engine, with the check."),
    ("sync/bytes", "bytes", "sum", "Bytes of weights that were moved."),
    (
        *("sync/gap_max", "nats", "max"),
        "Largest difference between engine and trainer on the probe; beyond "
        "`policy.sync_tolerance` the run stops.",
    ),
    ("time/step_s", "s", "sum", "The whole step."),
    ("time/sample_s", "s", "sum", "Sampling episodes."),
    ("time/train_s", "s", "sum", "Updating policy and critic."),
    ("time/sync_s", "s", "sum", "Bringing new weights to the engine."),
    ("time/evaluate_s", "s", "sum", "Held-out evaluation since the step before."),
    ("time/checkpoint_s", "s", "sum", "Writing a checkpoint since the step before."),
    ("time/engine_busy_share", "share", "mean", "Share of the step in which the engine sampled."),
    ("eval/success", "share", "mean", "Share of held-out episodes that succeeded."),
    ("eval/reward", "reward", "mean", "Mean reward of a held-out episode."),
    ("eval/turns", "turns", "mean", "Mean turns of a held-out episode."),
    ("eval/episodes", "episodes", "sum", "Held-out episodes that were scored."),
    ("schedule/<key>", "its own", "mean", "Value of a key of `train.schedules` in this step."),
    ("memory/rss_mb", "MB", "max", "Memory that the trainer's process holds."),
    (
        f"{NONFINITE}<metric>",
        *("values", "sum"),
        "Values of that metric that were NaN or infinite; they are left out of it. Any is a bug "
        "or a training that diverges.",
    ),
)

METRIC_NAMES: tuple[MetricName, ...] = tuple(MetricName(*row) for row in _TABLE)
"""All of them, by group."""
