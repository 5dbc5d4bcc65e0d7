"""What training reads off episodes, before anything becomes a tensor."""

from collections.abc import Mapping
from dataclasses import dataclass, field

from agentrl.agents.tokens import TokenSequence
from agentrl.episode import Sampling


@dataclass(frozen=True, slots=True)
class Trajectory:
    """An episode as advantages see it: whose it is, and what each turn earned."""

    episode_id: str
    group_id: str
    """Episodes of one task, drawn together, share it."""
    rewards: tuple[float, ...]
    """Reward of each turn, in order."""
    turn_rewards: tuple[float, ...] = ()
    """Of each reward, the part that credit ``split`` compares turn by turn; empty: nothing."""
    success: bool = False
    durations: tuple[float, ...] = ()
    """Seconds that each turn took; empty where nobody asks."""
    loglikelihood: float = 0.0
    """Sum of the recorded log-probabilities of every sampled token."""

    @property
    def total(self) -> float:
        """Reward of the episode."""
        return sum(self.rewards)


@dataclass(frozen=True, slots=True)
class Sample:
    """One token sequence of an episode; most episodes have one, some have one a turn."""

    episode_id: str
    tokens: TokenSequence
    sampling: Sampling
    """How its tokens were sampled; the seed says nothing here."""
    weights_version: int = 0
    """Which weights sampled its first token."""


@dataclass(frozen=True, slots=True)
class Batch:
    """The episodes that a step learns from, and what was left out."""

    trajectories: tuple[Trajectory, ...]
    """One for each episode, each id once."""
    samples: tuple[Sample, ...]
    """At least one for each trajectory, in their order."""
    excluded: Mapping[str, int] = field(default_factory=dict)
    """Episodes left out, by reason."""
