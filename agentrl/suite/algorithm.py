"""The switches that an RL algorithm is made of: its ``advantage`` and its ``loss``."""

from typing import Literal

from pydantic import Field, NonNegativeFloat, PositiveFloat, PositiveInt, model_validator

from agentrl.suite.section import Section


class AdvantageSpec(Section):
    """How much better than expected an action was."""

    baseline: Literal["none", "group_mean", "leave_one_out", "batch_mean", "greedy", "value"] = (
        "none"
    )
    """What is expected: nothing, the mean of the task's episodes, the mean of its other episodes,
    the mean of the batch, the reward of a greedy episode of the task, or the critic's value."""
    scale: Literal["none", "group_std", "batch_std", "beta"] = "none"
    """What the difference is divided by: nothing, the standard deviation within the task's
    episodes or over the batch, or a Beta density fitted to the success rates (BNPO)."""
    credit: Literal["episode", "turn", "token", "split"] = "episode"
    """What shares a number: all tokens of an episode, all of a turn (by the rewards from that
    turn on), or none (generalised advantage estimation over tokens). ``split``: a turn gets the
    episode's advantage, plus how far its own ``turn_terms`` are above the mean of all turns of the
    group (VeRPO, arXiv 2601.03525)."""
    turn_terms: tuple[str, ...] = ()
    """With credit ``split``: the reward terms that are compared turn by turn; all others make up
    the episode's part."""
    turn_weight: float = Field(1.0, ge=0)
    """With credit ``split``: what a turn's own part counts."""
    centre: float = 0.0
    """With baseline ``none``: the reward of an episode that counts as neither good nor bad."""
    gamma: float = Field(1.0, gt=0, le=1)
    """Discount from one turn (``turn``) or token (``token``) to the next."""
    lam: float = Field(1.0, ge=0, le=1)
    """Lambda of generalised advantage estimation; 1: rewards alone decide."""

    @property
    def needs_group(self) -> bool:
        """Whether a task needs several episodes."""
        return self.baseline in ("group_mean", "leave_one_out") or self.scale in (
            "group_std",
            "beta",
        )

    @model_validator(mode="after")
    def _possible(self) -> "AdvantageSpec":
        if self.credit == "token" and self.baseline != "value":
            raise ValueError("credit 'token' needs baseline 'value', which has a value a token")
        if self.baseline == "value" and self.credit == "episode":
            raise ValueError("baseline 'value' needs credit 'turn' or 'token'")
        if (self.credit == "split") != bool(self.turn_terms):
            raise ValueError("credit 'split' and 'turn_terms' need each other")
        if self.credit == "split" and self.baseline == "value":
            raise ValueError("credit 'split' compares the episodes of a group: no baseline 'value'")
        if self.baseline == "greedy" and self.credit != "episode":
            raise ValueError("baseline 'greedy' is one number an episode: credit must be 'episode'")
        if self.baseline == "value" and self.scale not in ("none", "batch_std"):
            raise ValueError(
                "baseline 'value' has no group to compare in: scale 'none' or 'batch_std'"
            )
        if self.centre and (self.baseline, self.credit) != ("none", "episode"):
            raise ValueError("'centre' needs baseline 'none' and credit 'episode'")
        if self.credit in ("episode", "split") and self.gamma != 1:
            raise ValueError(
                "'gamma' discounts from turn to turn: it needs credit 'turn' or 'token'"
            )
        if self.baseline != "value" and self.lam != 1:
            raise ValueError("'lam' weighs a critic's values: it needs baseline 'value'")
        if self.scale == "beta" and (self.baseline, self.credit) != ("group_mean", "episode"):
            raise ValueError("scale 'beta' needs baseline 'group_mean' and credit 'episode'")
        return self


class ImitationSpec(Section):
    """Likelihood of expert episodes as a further part of the loss."""

    coefficient: NonNegativeFloat = 0.0
    """Its weight; 0: none."""
    below_success: float = Field(1.0, ge=0, le=1)
    """Only for tasks whose group succeeds less often than this (AHPO); 1: for all that fail at
    times."""


class LossSpec(Section):
    """From log-probabilities and advantages to what is minimised."""

    ratio: Literal["none", "token", "sequence", "taper"] = "none"
    """Importance of a token: 1 (REINFORCE), its own ratio of new to old probability (PPO), the
    geometric mean over its episode (GSPO), or for negative advantages the episode's ratio cut to
    [0, 1] (TOPR)."""
    clip_low: PositiveFloat | None = None
    """With ratio ``token`` and ``sequence``: how far below 1 the ratio counts; None: no limit."""
    clip_high: PositiveFloat | None = None
    """How far above 1 the ratio counts; None: no limit."""
    dual_clip: float | None = Field(None, gt=1)
    """Most that a ratio counts where the advantage is negative; None: no limit."""
    old_logprobs: Literal["sampler", "trainer"] = "sampler"
    """Where a ratio's old log-probability is from: the record of the sampler, or a pass of the
    trainer before its first update."""
    importance_cap: PositiveFloat | None = None
    """With ``old_logprobs: trainer``: weight tokens by the trainer's probability over the
    sampler's, cut here (truncated importance sampling); None: no weights."""
    kl: Literal["none", "reward", "loss"] = "none"
    """Where the distance to the policy before RL counts."""
    kl_coefficient: NonNegativeFloat = 0.001
    kl_estimator: Literal["k1", "k2", "k3"] = "k3"
    """Of the KL divergence, from one sampled token: log ratio, half its square, or the low-variance
    one that is never negative."""
    entropy: float = 0.0
    """Bonus for the entropy of each token's distribution."""
    aggregate: Literal["token_mean", "sequence_mean", "constant"] = "token_mean"
    """Mean over all tokens, over episodes of the mean over their tokens, or sum over tokens
    divided by episodes times ``constant``."""
    constant: PositiveInt = 1024
    """Tokens that ``aggregate: constant`` divides by."""
    positive_weight: NonNegativeFloat = 1.0
    """Weight of positive advantages."""
    negative_weight: NonNegativeFloat = 1.0
    """Weight of negative advantages."""
    turn_weight: Literal["none", "duration"] = "none"
    """``duration``: a turn counts by how long it took, divided by the batch's mean (arXiv
    2509.01684)."""
    unlikeliness: float = Field(0.0, ge=0, lt=1)
    """Lowers the advantage of a group's likelier successes by up to this share (arXiv
    2506.02355); 0: none."""
    imitation: ImitationSpec = ImitationSpec()

    @model_validator(mode="after")
    def _possible(self) -> "LossSpec":
        if self.importance_cap is not None and self.old_logprobs == "sampler":
            raise ValueError(
                "'importance_cap' corrects the ratio of the trainer to the sampler: it needs "
                "'old_logprobs: trainer'"
            )
        if self.ratio in ("none", "taper") and not self.clip_low is self.clip_high is None:
            raise ValueError(
                f"ratio '{self.ratio}' is not clipped: leave 'clip_low' and 'clip_high'"
            )
        if self.ratio != "token" and self.dual_clip is not None:
            raise ValueError("'dual_clip' needs ratio 'token'")
        return self
