"""The algorithms that papers name: presets of switches, each with its source."""

from collections.abc import Callable, Mapping
from typing import Any

Switches = dict[str, Any]
"""What a preset says of the ``train`` section."""

_CLIPPED: Switches = {"ratio": "token", "clip_low": 0.2, "clip_high": 0.2}
_SIGNED: Switches = {"advantage": {"centre": 0.5}, "sampler": {"equal_rewards": "keep"}}
"""No baseline, and a success is as much above the centre as a failure is below."""


def reinforce() -> Switches:
    """REINFORCE without a baseline (Williams, 1992): unbiased, and noisy."""
    return {"sampler": {"equal_rewards": "keep"}}


def grpo() -> Switches:
    """GRPO (arXiv 2402.03300): against the group's mean, in its standard deviations.

    Without the paper's KL term, as most have it today; ``loss.kl`` adds it.
    """
    return {
        "advantage": {"baseline": "group_mean", "scale": "group_std"},
        "loss": {**_CLIPPED, "aggregate": "sequence_mean"},
    }


def dr_grpo() -> Switches:
    """Dr. GRPO (arXiv 2503.20783): GRPO without its biases for short answers and easy tasks."""
    return {
        "advantage": {"baseline": "group_mean"},
        "loss": {**_CLIPPED, "aggregate": "constant"},
    }


def rloo() -> Switches:
    """RLOO (arXiv 2402.14740): against the mean of the group's other episodes; unbiased."""
    return {
        "advantage": {"baseline": "leave_one_out"},
        "loss": {**_CLIPPED, "aggregate": "token_mean"},
    }


def reinforce_pp() -> Switches:
    """REINFORCE++ (arXiv 2501.03262): normalised over the batch, KL penalty in the reward."""
    return {
        "advantage": {"baseline": "batch_mean", "scale": "batch_std"},
        "loss": {**_CLIPPED, "kl": "reward", "kl_estimator": "k1", "kl_coefficient": 0.001},
        "sampler": {"equal_rewards": "keep"},
    }


def remax() -> Switches:
    """ReMax (arXiv 2310.10505): against the reward of a greedy episode of the task; unbiased."""
    return {"advantage": {"baseline": "greedy"}, "sampler": {"equal_rewards": "keep"}}


def bnpo() -> Switches:
    """BNPO (arXiv 2506.02864): divided by a Beta density fitted to the groups' success rates."""
    return {
        "advantage": {"baseline": "group_mean", "scale": "beta"},
        "loss": {"ratio": "token", "clip_low": 0.2, "clip_high": 0.28},
    }


def ppo() -> Switches:
    """PPO (arXiv 1707.06347) as the Practitioner's Guide runs it (arXiv 2510.01132).

    Generalised advantage estimation over the tokens of a whole episode, each turn's reward on its
    last token; KL penalty in the reward.
    """
    return {
        "advantage": {"baseline": "value", "credit": "token"},
        "loss": {**_CLIPPED, "kl": "reward", "kl_estimator": "k1", "kl_coefficient": 0.01},
        "sampler": {"equal_rewards": "keep"},
    }


def ppo_turn() -> Switches:
    """PPO with one value and one advantage a turn instead of a token."""
    return {
        "advantage": {"baseline": "value", "credit": "turn"},
        "loss": dict(_CLIPPED),
        "sampler": {"equal_rewards": "keep"},
    }


def turn_rloo() -> Switches:
    """Leave-one-out on the rewards from each turn on: credit by turn that stays unbiased."""
    return {
        "advantage": {"baseline": "leave_one_out", "credit": "turn"},
        "loss": dict(_CLIPPED),
    }


def gspo() -> Switches:
    """GSPO (arXiv 2507.18071): one ratio an episode, the geometric mean of its tokens'."""
    return {
        "advantage": {"baseline": "group_mean", "scale": "group_std"},
        "loss": {
            "ratio": "sequence",
            "clip_low": 3e-4,
            "clip_high": 4e-4,
            "aggregate": "sequence_mean",
        },
    }


def dapo() -> Switches:
    """DAPO (arXiv 2503.14476): more room upwards, token mean, groups that teach nothing redrawn."""
    return {
        "advantage": {"baseline": "group_mean", "scale": "group_std"},
        "loss": {"ratio": "token", "clip_low": 0.2, "clip_high": 0.28},
        "sampler": {"equal_rewards": "refill"},
    }


def topr() -> Switches:
    """TOPR (arXiv 2503.14286): positives unweighted, negatives by their ratio cut to [0, 1].

    The paper's rewards are +1 and -1; ``advantage.centre`` makes such of successes 1 and 0.
    """
    return {**_SIGNED, "loss": {"ratio": "taper"}}


def nsr() -> Switches:
    """Negative sample reinforcement (arXiv 2506.01347): learn from failures alone."""
    return {**_SIGNED, "loss": {**_CLIPPED, "positive_weight": 0.0}}


def w_reinforce() -> Switches:
    """Weighted REINFORCE (arXiv 2506.01347): failures count ten times as much as successes."""
    return {**_SIGNED, "loss": {**_CLIPPED, "positive_weight": 0.1}}


def copo() -> Switches:
    """COPO (arXiv 2508.04138): groups of equal rewards are judged against the batch."""
    return {**grpo(), "sampler": {"equal_rewards": "global"}}


def unlikeliness() -> Switches:
    """Rewarding the unlikely (arXiv 2506.02355): a group's likelier successes count less."""
    preset = grpo()
    return {**preset, "loss": {**preset["loss"], "unlikeliness": 0.25}, "epochs": 2}


def ahpo() -> Switches:
    """AHPO (arXiv 2510.08540): an expert is imitated where a task's group hardly succeeds."""
    preset = grpo()
    imitation = {"coefficient": 0.1, "below_success": 0.25}
    return {
        **preset,
        "loss": {**preset["loss"], "imitation": imitation},
        "sampler": {"equal_rewards": "keep"},
    }


def concurrent_il() -> Switches:
    """Concurrent imitation: an expert is imitated all along, beside RL."""
    preset = rloo()
    return {**preset, "loss": {**preset["loss"], "imitation": {"coefficient": 0.1}}}


def reinforce_ada() -> Switches:
    """Reinforce-Ada (arXiv 2510.04996): a task is sampled until both signs are seen."""
    return {
        "advantage": {"baseline": "group_mean"},
        "loss": {"ratio": "token", "clip_low": 0.2, "clip_high": 0.28},
        "sampler": {"kind": "adaptive"},
    }


def sep_cma_es() -> Switches:
    """TRINITY's search (arXiv 2512.04695): a choice policy evolves, by the separable CMA-ES.

    A group has an episode of every candidate; advantages and losses do not come into it.
    """
    return {"group_size": 16, "sampler": {"equal_rewards": "keep"}}


PRESETS: Mapping[str, Callable[[], Switches]] = {
    preset.__name__: preset
    for preset in (
        *(reinforce, rloo, remax, reinforce_pp, grpo, dr_grpo, gspo, dapo, bnpo),
        *(ppo, ppo_turn, turn_rloo, topr, nsr, w_reinforce, copo, unlikeliness),
        *(ahpo, concurrent_il, reinforce_ada, sep_cma_es),
    )
}


def merged(train: Mapping[str, Any]) -> dict[str, Any]:
    """Return a ``train`` section with its preset's switches under its own.

    What a resolved suite says is complete, so merging it again changes nothing. An unknown preset
    is left for the section to complain about.
    """
    name = train.get("algorithm", "grpo")
    preset = PRESETS.get(name) if isinstance(name, str) else None
    return _under(preset() if preset else {}, train)


def _under(switches: Mapping[str, Any], own: Mapping[str, Any]) -> dict[str, Any]:
    result = {**switches, **own}
    for key, value in switches.items():
        if isinstance(value, Mapping) and isinstance(own.get(key), Mapping):
            result[key] = _under(value, own[key])
    return result
