"""The page of the algorithms, written from the presets.

``python -m agentrl.suite.presets_page > docs/training/algorithms.md`` writes it again.
"""

import re
import sys
from collections.abc import Callable, Iterator, Mapping
from typing import Any

from agentrl.suite.presets import PRESETS, Switches

_SOURCE = re.compile(r" \((arXiv \d{4}\.\d{5}|\w+, \d{4})\)")

HEAD = """\
# Algorithms

This page is written from the code:
`python -m agentrl.suite.presets_page > docs/training/algorithms.md`.

An algorithm is a name for a set of switches. The switches do not depend on each other: what is
expected of a turn, what the difference is divided by, how far a ratio counts, what a mean is over,
which groups are left out. `train.algorithm` names a preset of them, `grpo` if it says nothing; keys
that the suite has itself win over the preset's, one by one, and what neither says has the default
of [suites.md](../suites.md).

```yaml
train:
  algorithm: grpo
  advantage: {scale: none}    # wins over the preset's group_std
  loss:
    clip_high: 0.28           # wins; clip_low stays the preset's
    aggregate: token_mean
```

A preset's switch goes only where another value stands in its place: `advantage: {baseline: none}`
under `grpo` is still divided by `group_std`, and `clip_low: null` takes a limit away. The
`suite.yaml` of the run folder shows what came of it, every switch written out. Some combinations
make no sense and are refused before anything begins, with the reason.

## The presets

Keys are those of the section `train`. Where a source stands, the preset sets what the paper says as
far as it is a switch; learning rates, batch sizes and the number of episodes are not part of it.
Those without a source are combinations of switches that no cited paper names.

| `algorithm` | what it is | source | sets |
|---|---|---|---|
"""

TAIL = """
What some of them ask for besides:

- `ppo` and `ppo_turn` train a critic (`train.critic`), by default a copy of the policy: a second
  model in memory. `train.critic.warmup_steps` lets it learn alone first.
- `kl: reward` and `kl: loss` keep the policy before RL in memory, to measure the distance to it.
- `remax` plays one more episode of each group, at temperature 0; it is not trained on.
- `ahpo` and `concurrent_il` play the environment's known solution of every task before the first
  step; an environment without one cannot be used with them.
- `topr`, `nsr` and `w_reinforce` tell good episodes from bad ones without a baseline: by
  `advantage.centre`, 0.5, which lies between a failure's reward and a success's. Where
  `reward.terms` give other sums, set it between them.
- All that compare within a group need a `group_size` of at least 2.

Which advantages are biased, and by how much: [advantages.md](advantages.md). What
`equal_rewards` and `kind` do: [sampling.md](sampling.md).

## The loss

There is one loss function. Of each sampled token it takes

1. the advantage, times `positive_weight` or `negative_weight` by its sign;
2. times the token's log-probability or its ratio, as `ratio` says, clipped;
3. times `importance_cap`'s weight, and the turn's (`turn_weight`);
4. plus the entropy bonus, less the KL penalty, where there are any;

and `aggregate` makes one number of them, of which the negative is minimised. Imitation is added to
that. Every switch is a key of `train.loss`, and each works with every preset unless the table says
what it needs.

| switch | what it means |
|---|---|
"""

LOSS: tuple[tuple[str, str], ...] = (
    (
        "`ratio: none`",
        "REINFORCE: log-probability times advantage, right for samples of the current weights",
    ),
    ("`ratio: token`", "each token's new over old probability, as PPO"),
    (
        "`ratio: sequence`",
        "the geometric mean of the ratios of an episode's tokens, the same for all of "
        "them, as GSPO",
    ),
    (
        "`ratio: taper`",
        "1 where the advantage is positive, else the whole episode's ratio cut to [0, 1], as TOPR",
    ),
    (
        "`clip_low`, `clip_high`",
        "beyond 1 - `clip_low` and 1 + `clip_high` a ratio earns nothing more; for "
        "`token` and `sequence`",
    ),
    (
        "`dual_clip`",
        "where the advantage is negative, a ratio counts at most this much; for `token`",
    ),
    (
        "`old_logprobs: sampler`",
        "a ratio's old probability is the recorded one, so it corrects for stale weights "
        "and for the engine's arithmetic alike",
    ),
    (
        "`old_logprobs: trainer`",
        "it is the trainer's before the first update of the step: a further pass, and the "
        "ratio begins at 1",
    ),
    (
        "`importance_cap`",
        "with `trainer`: weigh each token by the trainer's over the sampler's "
        "probability, cut here",
    ),
    (
        "`kl: reward`",
        "the distance to the policy before RL is taken off the rewards, turn by turn "
        "(with `credit: token`, token by token)",
    ),
    ("`kl: loss`", "it is added to the loss, with its gradient"),
    ("`kl_coefficient`", "how much of it"),
    (
        "`kl_estimator`",
        "`k1`: log of the policy's over the reference's probability; `k2`: half its square; `k3`: "
        "r - 1 - log r, where r is the reference's over the policy's. In the loss take `k2` or "
        "`k3`: on samples of the current weights the gradient of `k1` is 0 in the mean",
    ),
    ("`entropy`", "bonus for the entropy of each token's distribution"),
    ("`aggregate: token_mean`", "mean over the update's tokens: long episodes weigh more"),
    (
        "`aggregate: sequence_mean`",
        "mean over episodes of the mean over their tokens: tokens of short episodes weigh more",
    ),
    (
        "`aggregate: constant`",
        "sum over tokens, divided by the episodes times `constant`: a token weighs the "
        "same in episodes of any length",
    ),
    ("`positive_weight`, `negative_weight`", "factors on advantages of either sign"),
    (
        "`turn_weight: duration`",
        "a turn counts by how long it took, over the batch's mean (arXiv 2509.01684)",
    ),
    (
        "`unlikeliness`",
        "the likeliest success of a group loses this share of its advantage, the least "
        "likely nothing; without effect under `baseline: value`",
    ),
    ("`imitation.coefficient`", "weight of the expert's negative log-likelihood beside the loss"),
    ("`imitation.below_success`", "only for tasks whose group succeeds less often than this"),
)
"""The switches of ``train.loss``, each with what it means."""

LIMITS = """
Limits:

- A mean is over one update (`train.minibatches`), not over the step.
- `ratio: none` and `ratio: taper` are refused beside a limit, also a preset's: add
  `clip_low: null, clip_high: null`.
- A token that had no alternative has log-probability 0 whatever the weights. It adds no gradient
  and counts in the means.
- Nothing is clipped with `none` and `taper`, so [metrics.md](metrics.md)'s `policy/clip_share` is
  not recorded there; `policy/ratio_mean` always is.
"""


def presets_page() -> str:
    """Return the page as Markdown."""
    rows = [_row(name, preset) for name, preset in PRESETS.items()]
    switches = [f"| {key} | {meaning} |\n" for key, meaning in LOSS]
    return "".join([HEAD, *rows, TAIL, *switches, LIMITS])


def _row(name: str, preset: Callable[[], Switches]) -> str:
    text = " ".join((preset.__doc__ or "").replace("``", "`").split())
    meaning, source = _SOURCE.sub("", text), ", ".join(_SOURCE.findall(text))
    sets = ", ".join(f"`{key}: {value}`" for key, value in _flat(preset()))
    return f"| `{name}` | {meaning} | {source} | {sets} |\n"


def _flat(switches: Mapping[str, Any], path: str = "") -> Iterator[tuple[str, str]]:
    for key, value in switches.items():
        if isinstance(value, Mapping):
            yield from _flat(value, f"{path}{key}.")
        else:
            yield f"{path}{key}", f"{value:g}" if isinstance(value, float) else str(value)


if __name__ == "__main__":
    sys.stdout.write(presets_page())
