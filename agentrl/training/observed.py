"""What a step's episodes show, as metrics."""

import statistics
from collections import Counter
from collections.abc import Sequence

from agentrl.episode import Episode
from agentrl.rewards.state import RewardState
from agentrl.training.metrics import Metrics


def note_episodes(metrics: Metrics, episodes: Sequence[Episode], version: int) -> None:
    """Add what some episodes show to the metrics of a step.

    Args:
        metrics: where to.
        episodes: all that were played, whatever their status.
        version: which weights are about to learn from them.
    """
    for status, count in Counter(episode.status for episode in episodes).items():
        metrics.add(f"episodes/{status}", count)
    terms = sorted({name for e in episodes for turn in e.turns for name in turn.terms})
    rewards = [episode.reward for episode in episodes if episode.status.scored]
    if rewards:
        metrics.add("reward/std", statistics.pstdev(rewards))
    metrics.add("episodes/retried", sum(episode.tries - 1 for episode in episodes))
    for episode in episodes:
        if episode.status.scored:
            _note_scored(metrics, episode)
            for name in terms:
                earned = sum(turn.terms.get(name, 0.0) for turn in episode.turns)
                metrics.add(f"reward/term/{name}", earned)
        _note_tokens(metrics, episode, version)


def note_rewards(metrics: Metrics, episodes: Sequence[Episode], state: RewardState) -> None:
    """Add what the rewards did to the metrics of a step.

    Args:
        metrics: where to.
        episodes: with their rewards.
        state: of the rewards, behind the step.
    """
    for episode in episodes:
        for gate in episode.gates:
            metrics.add(f"reward/gate/{gate.name}", float(gate.open))
    for name, multiplier in state.multipliers.items():
        metrics.add(f"reward/multiplier/{name}", multiplier)
    for name, weight in state.weights.items():
        metrics.add(f"reward/weight/{name}", weight)


def _note_scored(metrics: Metrics, episode: Episode) -> None:
    metrics.add("reward/mean", episode.reward)
    if "success" in episode.outcome:
        metrics.add("success/mean", float(episode.outcome["success"] >= 1.0))
    metrics.add("turns/mean", len(episode.turns))
    metrics.add("turns/max", len(episode.turns))
    metrics.add("reward/min", episode.reward)
    metrics.add("reward/max", episode.reward)
    for turn in episode.turns:
        metrics.add("format/failures", float(turn.signals.get("format_ok", 1.0) < 1.0))


def _note_tokens(metrics: Metrics, episode: Episode, version: int) -> None:
    for generation in (g for turn in episode.turns for g in turn.generations):
        metrics.add("tokens/sampled", generation.usage.completion_tokens)
        metrics.add("tokens/prompt", generation.usage.prompt_tokens)
        lag = float(version - generation.weights_version)
        metrics.add("staleness/mean", lag, generation.usage.completion_tokens)
        metrics.add("staleness/max", lag)
