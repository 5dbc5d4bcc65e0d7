"""The policy loss."""

import math
from dataclasses import replace
from typing import Any

import pytest
import torch
from hypothesis import given
from hypothesis import strategies as st

from agentrl.suite.algorithm import LossSpec
from agentrl.training.loss import (
    LossInputs,
    LossResult,
    Totals,
    imitation_loss,
    kl_estimate,
    policy_loss,
)


def inputs(
    logprobs: list[float],
    old: list[float],
    advantages: list[float],
    episodes: list[int] | None = None,
    **more: Any,
) -> LossInputs:
    numbers = torch.tensor(episodes or [0] * len(logprobs))
    return LossInputs(
        logprobs=torch.tensor(logprobs, dtype=torch.float64, requires_grad=True),
        old_logprobs=torch.tensor(old, dtype=torch.float64),
        sampler_logprobs=more.pop("sampler", torch.tensor(old, dtype=torch.float64)),
        advantages=torch.tensor(advantages, dtype=torch.float64),
        entropies=more.pop("entropies", torch.zeros(len(logprobs), dtype=torch.float64)),
        episodes=numbers,
        lengths=torch.bincount(numbers),
        **more,
    )


def run(given: LossInputs, **switches: Any) -> LossResult:
    totals = Totals(len(given.logprobs), len(given.lengths))
    return policy_loss(LossSpec(**switches), given, totals)


def gradient(given: LossInputs, **switches: Any) -> list[float]:
    (grad,) = torch.autograd.grad(run(given, **switches).loss, given.logprobs)
    return [round(value, 6) for value in grad.tolist()]


LN2 = math.log(2.0)


def test_reinforce_is_the_log_probability_times_the_advantage() -> None:
    given = inputs([-1.0, -2.0], [-1.0, -2.0], [3.0, -1.0])
    assert run(given).loss.item() == pytest.approx(-(-1.0 * 3 + -2.0 * -1) / 2)
    assert gradient(given) == [-1.5, 0.5]


@pytest.mark.parametrize(
    ("advantage", "log_ratio", "expected"),
    [
        (1.0, LN2, -1.2),  # clipped above: no more to be had
        (1.0, -LN2, -0.5),  # a good token that became rarer is not clipped
        (-1.0, LN2, 2.0),  # a bad token that became likelier is not clipped
        (-1.0, -LN2, 0.8),  # clipped below
    ],
)
def test_the_clip_takes_the_worse_of_both(
    advantage: float, log_ratio: float, expected: float
) -> None:
    given = inputs([log_ratio - 3], [-3.0], [advantage])
    result = run(given, ratio="token", clip_low=0.2, clip_high=0.2)
    assert result.loss.item() == pytest.approx(expected)


def test_a_clipped_token_has_no_gradient_and_is_counted() -> None:
    given = inputs([LN2 - 3, -3.0 - LN2, -3.0], [-3.0] * 3, [1.0, -1.0, 1.0])
    switches = {"ratio": "token", "clip_low": 0.2, "clip_high": 0.2}
    assert gradient(given, **switches)[:2] == [0.0, 0.0]
    sums = run(given, **switches).sums
    assert sums["policy/clip_high_share"] == (1.0, 3.0)
    assert sums["policy/clip_low_share"] == (1.0, 3.0)
    assert sums["policy/clip_share"] == (2.0, 3.0)


def test_each_bound_of_the_clip_can_be_left_open() -> None:
    given = inputs([LN2 - 3, -3.0 - LN2], [-3.0] * 2, [1.0, -1.0])
    assert gradient(given, ratio="token", clip_low=0.2) == [-1.0, 0.0]
    assert gradient(given, ratio="token", clip_high=0.2) == [0.0, 0.25]


def test_dual_clip_bounds_what_a_bad_token_costs() -> None:
    given = inputs([math.log(10) - 3], [-3.0], [-1.0])
    assert run(given, ratio="token").loss.item() == pytest.approx(10.0)
    assert run(given, ratio="token", dual_clip=3.0).loss.item() == pytest.approx(3.0)


def test_a_sequence_ratio_is_the_geometric_mean_of_an_episode() -> None:
    """Ratios 2 and 1/2 make 1; the other episode's 4 and 1 make 2."""
    given = inputs(
        [LN2 - 3, -LN2 - 3, 2 * LN2 - 3, -3.0], [-3.0] * 4, [1.0, 1.0, 1.0, 1.0], [0, 0, 1, 1]
    )
    result = run(given, ratio="sequence")
    assert result.loss.item() == pytest.approx(-(1 + 1 + 2 + 2) / 4)
    assert gradient(given, ratio="sequence") == [-0.25, -0.25, -0.5, -0.5]


def test_the_taper_weighs_negatives_by_their_whole_episodes_ratio() -> None:
    """TOPR: positives count fully, negative episodes of ratio 1/4 and 4 a quarter and one."""
    given = inputs(
        [-3.0, -LN2 - 3, -LN2 - 3, 2 * LN2 - 3],
        [-3.0 - LN2, -3.0, -3.0, -3.0],
        [1.0, -1.0, -1.0, -1.0],
        [0, 1, 1, 2],
    )
    assert gradient(given, ratio="taper") == [-0.25, 0.0625, 0.0625, 0.25]


def test_importance_weights_correct_for_the_sampler_up_to_the_cap() -> None:
    sampler = torch.tensor([-3.0 - math.log(10), -3.0 + LN2], dtype=torch.float64)
    given = inputs([-3.0, -3.0], [-3.0, -3.0], [1.0, 1.0], sampler=sampler)
    switches = {"old_logprobs": "trainer", "importance_cap": 2.0}
    assert gradient(given, **switches) == [-1.0, -0.25]
    assert run(given, **switches).sums["policy/importance_mean"] == pytest.approx((2.5, 2.0))


def test_means_are_over_tokens_episodes_or_a_constant() -> None:
    """Three tokens of advantage 1 in one episode, one of advantage 5 in the other."""
    given = inputs([0.0] * 4, [0.0] * 4, [1.0, 1.0, 1.0, 5.0], [0, 0, 0, 1])
    switches: dict[str, Any] = {"ratio": "token"}
    assert run(given, **switches, aggregate="token_mean").loss.item() == pytest.approx(-2.0)
    assert run(given, **switches, aggregate="sequence_mean").loss.item() == pytest.approx(-3.0)
    constant = run(given, **switches, aggregate="constant", constant=8)
    assert constant.loss.item() == pytest.approx(-8 / 16)


def test_signs_can_weigh_differently() -> None:
    given = inputs([-1.0, -1.0], [-1.0, -1.0], [1.0, -1.0])
    assert gradient(given, positive_weight=0.0) == [0.0, 0.5]
    assert gradient(given, negative_weight=0.5) == [-0.5, 0.25]


def test_tokens_can_weigh_differently() -> None:
    weights = torch.tensor([2.0, 0.0], dtype=torch.float64)
    given = inputs([-1.0, -1.0], [-1.0, -1.0], [1.0, 1.0], weights=weights)
    assert gradient(given) == [-1.0, 0.0]


def test_entropy_is_rewarded() -> None:
    entropies = torch.tensor([1.0, 3.0], dtype=torch.float64)
    given = inputs([-1.0, -1.0], [-1.0, -1.0], [0.0, 0.0], entropies=entropies)
    assert run(given, entropy=0.1).loss.item() == pytest.approx(-0.2)


def test_distance_to_the_reference_costs() -> None:
    reference = torch.tensor([-1.0 - LN2], dtype=torch.float64)
    given = inputs([-1.0], [-1.0], [0.0], reference_logprobs=reference)
    result = run(given, kl="loss", kl_coefficient=0.5, kl_estimator="k3")
    assert result.loss.item() == pytest.approx(0.5 * (0.5 - 1 + LN2))


def test_estimates_of_the_divergence_by_hand() -> None:
    new, reference = torch.tensor([-1.0]), torch.tensor([-1.0 - LN2])
    assert kl_estimate("k1", new, reference).item() == pytest.approx(LN2)
    assert kl_estimate("k2", new, reference).item() == pytest.approx(LN2**2 / 2)
    assert kl_estimate("k3", new, reference).item() == pytest.approx(0.5 - 1 + LN2)


def test_imitation_is_the_mean_over_the_whole_update() -> None:
    assert imitation_loss(torch.tensor([-1.0, -3.0]), 8).item() == pytest.approx(0.5)


NUMBERS = st.floats(-3, 3, allow_nan=False)
TOKENS = st.lists(
    st.tuples(
        NUMBERS.map(lambda x: x - 4), NUMBERS.map(lambda x: x - 4), NUMBERS, st.integers(0, 2)
    ),
    min_size=2,
    max_size=8,
)
KINDS: list[dict[str, Any]] = [
    {"ratio": "none"},
    {"ratio": "token", "clip_low": 0.2, "clip_high": 0.28},
    {"ratio": "token", "clip_low": 0.2, "clip_high": 0.2, "dual_clip": 3.0},
    {"ratio": "sequence", "clip_low": 0.2, "clip_high": 0.2},
    {"ratio": "taper"},
    {"ratio": "none", "aggregate": "sequence_mean", "entropy": 0.1},
    {"ratio": "token", "aggregate": "constant", "positive_weight": 0.3},
]


def of_tokens(tokens: list[tuple[float, float, float, int]]) -> LossInputs:
    """Return the inputs of some tokens, their episodes numbered without gaps."""
    present = sorted({episode for *_, episode in tokens})
    return inputs(
        [t[0] for t in tokens],
        [t[1] for t in tokens],
        [t[2] for t in tokens],
        [present.index(t[3]) for t in tokens],
    )


@pytest.mark.parametrize("switches", KINDS)
@given(tokens=TOKENS)
def test_where_nothing_has_moved_every_ratio_has_the_gradient_of_reinforce(
    switches: dict[str, Any], tokens: list[tuple[float, float, float, int]]
) -> None:
    still = of_tokens([(new, new, advantage, e) for new, _, advantage, e in tokens])
    plain = {k: v for k, v in switches.items() if k in ("aggregate", "positive_weight", "entropy")}
    assert gradient(still, **switches) == pytest.approx(gradient(still, **plain), abs=1e-6)


@pytest.mark.parametrize("switches", KINDS)
@given(tokens=TOKENS)
def test_passes_add_up_to_the_update(
    switches: dict[str, Any], tokens: list[tuple[float, float, float, int]]
) -> None:
    whole = of_tokens(tokens)
    totals = Totals(len(tokens), len(whole.lengths))
    spec = LossSpec(**switches)
    loss, shares = 0.0, 0.0
    for episode in {t[3] for t in tokens}:
        part = of_tokens([t for t in tokens if t[3] == episode])
        result = policy_loss(spec, part, totals)
        loss += result.loss.item()
        shares += result.sums["policy/loss"][1]
    assert loss == pytest.approx(policy_loss(spec, whole, totals).loss.item(), abs=1e-9)
    assert shares == pytest.approx(1.0)


@pytest.mark.parametrize("switches", KINDS)
@given(tokens=TOKENS)
def test_the_order_of_tokens_does_not_matter(
    switches: dict[str, Any], tokens: list[tuple[float, float, float, int]]
) -> None:
    there, back = of_tokens(tokens), of_tokens(tokens[::-1])
    assert gradient(there, **switches) == pytest.approx(gradient(back, **switches)[::-1], abs=1e-6)


@given(new=NUMBERS, reference=NUMBERS)
def test_the_third_estimate_is_never_negative(new: float, reference: float) -> None:
    values = (
        torch.tensor([new], dtype=torch.float64),
        torch.tensor([reference], dtype=torch.float64),
    )
    assert kl_estimate("k3", *values).item() >= -1e-12


def test_the_third_estimate_is_the_divergence_on_average() -> None:
    policy = torch.tensor([0.7, 0.2, 0.1], dtype=torch.float64).log()
    reference = torch.tensor([0.2, 0.3, 0.5], dtype=torch.float64).log()
    exact = (policy.exp() * (policy - reference)).sum()
    for kind in ("k1", "k3"):
        mean = (policy.exp() * kl_estimate(kind, policy, reference)).sum()
        assert mean.item() == pytest.approx(exact.item())


def test_a_ratio_beyond_every_number_is_not_hidden() -> None:
    given = replace(inputs([-1.0], [-1.0], [1.0]), old_logprobs=torch.tensor([-torch.inf]))
    assert not math.isfinite(run(given, ratio="token").loss.item())
