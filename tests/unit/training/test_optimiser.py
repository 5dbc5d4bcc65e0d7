"""AdamW and its learning rate."""

import copy
import math
from typing import Any

import pytest
import torch
from hypothesis import given
from hypothesis import strategies as st
from torch import nn

from agentrl.errors import DivergedError
from agentrl.suite.train import OptimiserSpec
from agentrl.training.optimiser import Optimiser, lr_factor


def weight(*values: float) -> nn.Parameter:
    return nn.Parameter(torch.tensor(values))


def pull(parameter: nn.Parameter, *gradient: float) -> None:
    parameter.grad = torch.tensor(gradient)


def first_moment(optimiser: Optimiser, number: int = 0) -> list[float]:
    moment: torch.Tensor = optimiser.state()["state"][number]["exp_avg"]
    return moment.tolist()


FREE: dict[str, Any] = {"lr": 0.1, "max_grad_norm": 100.0}


@pytest.mark.parametrize(
    ("schedule", "expected"),
    [
        ("constant", [0.5, 1, 1, 1, 1, 1]),
        ("linear", [0.5, 1, 1, 0.75, 0.5, 0.25]),
        ("cosine", [0.5, 1, 1, (2 + math.sqrt(2)) / 4, 0.5, (2 - math.sqrt(2)) / 4]),
    ],
)
def test_the_rate_rises_over_the_warm_up_and_then_follows_its_schedule(
    schedule: str, expected: list[float]
) -> None:
    spec = OptimiserSpec.model_validate({"schedule": schedule, "warmup_steps": 2})
    assert [lr_factor(spec, step, 6) for step in range(1, 7)] == pytest.approx(expected)


@pytest.mark.parametrize("schedule", ["constant", "linear", "cosine"])
def test_without_a_warm_up_the_first_step_gets_the_highest_rate(schedule: str) -> None:
    spec = OptimiserSpec.model_validate({"schedule": schedule})
    assert lr_factor(spec, 1, 4) == 1.0


@pytest.mark.parametrize("schedule", ["linear", "cosine"])
def test_nothing_is_left_beyond_the_last_step(schedule: str) -> None:
    spec = OptimiserSpec.model_validate({"schedule": schedule})
    assert [lr_factor(spec, step, 4) for step in (5, 9)] == [0.0, 0.0]


def test_a_warm_up_longer_than_the_training_only_rises() -> None:
    spec = OptimiserSpec(schedule="cosine", warmup_steps=8)
    assert [lr_factor(spec, step, 4) for step in range(1, 5)] == [0.125, 0.25, 0.375, 0.5]


@given(
    schedule=st.sampled_from(["constant", "linear", "cosine"]),
    warmup=st.integers(0, 12),
    steps=st.integers(1, 12),
)
def test_the_rate_is_never_negative_and_never_above_the_highest(
    schedule: str, warmup: int, steps: int
) -> None:
    spec = OptimiserSpec.model_validate({"schedule": schedule, "warmup_steps": warmup})
    factors = [lr_factor(spec, step, steps) for step in range(1, steps + 1)]
    assert all(0 < factor <= 1 for factor in factors)
    assert factors[warmup:] == sorted(factors[warmup:], reverse=True)


def test_the_first_step_moves_each_weight_by_the_rate_against_its_gradient() -> None:
    spec = OptimiserSpec(**FREE)
    one = weight(1.0, 1.0, 1.0)
    optimiser = Optimiser([([one], spec.lr)], spec)
    pull(one, 2.0, -0.5, 0.0)
    optimiser.step(spec, 1, 10)
    assert one.tolist() == pytest.approx([0.9, 1.1, 1.0], abs=1e-6)
    assert optimiser.lr == 0.1


def test_the_rate_of_a_step_is_what_the_schedule_leaves_of_it() -> None:
    spec = OptimiserSpec(**FREE, schedule="linear")
    one = weight(1.0)
    optimiser = Optimiser([([one], spec.lr)], spec)
    pull(one, 1.0)
    optimiser.step(spec, 3, 4)
    assert optimiser.lr == pytest.approx(0.05)
    assert one.item() == pytest.approx(0.95, abs=1e-6)


def test_weights_decay_towards_zero_by_the_rate_times_the_decay() -> None:
    spec = OptimiserSpec(**FREE, weight_decay=0.5)
    one = weight(1.0, 1.0)
    optimiser = Optimiser([([one], spec.lr)], spec)
    pull(one, 0.0, 1.0)
    optimiser.step(spec, 1, 1)
    assert one.tolist() == pytest.approx([0.95, 0.85], abs=1e-6)


def test_a_weight_without_a_gradient_stays() -> None:
    spec = OptimiserSpec(**FREE, weight_decay=0.5)
    one, other = weight(1.0), weight(1.0)
    optimiser = Optimiser([([one, other], spec.lr)], spec)
    pull(one, 1.0)
    optimiser.step(spec, 1, 1)
    assert other.item() == 1.0


def test_a_long_gradient_is_shortened_and_reported_as_it_was() -> None:
    spec = OptimiserSpec(lr=0.1, max_grad_norm=1.0)
    one = weight(0.0, 0.0)
    optimiser = Optimiser([([one], spec.lr)], spec)
    pull(one, 3.0, 4.0)
    assert optimiser.step(spec, 1, 1) == pytest.approx(5.0)
    assert first_moment(optimiser) == pytest.approx([0.06, 0.08], rel=1e-4)


def test_a_short_gradient_is_left_as_it_is() -> None:
    spec = OptimiserSpec(lr=0.1, max_grad_norm=10.0, betas=(0.5, 0.999))
    one = weight(0.0, 0.0)
    optimiser = Optimiser([([one], spec.lr)], spec)
    pull(one, 3.0, 4.0)
    assert optimiser.step(spec, 1, 1) == pytest.approx(5.0)
    assert first_moment(optimiser) == pytest.approx([1.5, 2.0])


def test_the_length_of_the_gradient_is_that_of_all_groups_together() -> None:
    spec = OptimiserSpec(lr=0.1, max_grad_norm=1.0)
    one, other = weight(0.0), weight(0.0)
    optimiser = Optimiser([([one], 0.1), ([other], 0.01)], spec)
    pull(one, 3.0)
    pull(other, 4.0)
    assert optimiser.step(spec, 1, 1) == pytest.approx(5.0)
    assert first_moment(optimiser, 1) == pytest.approx([0.08], rel=1e-4)


def test_the_limit_of_the_step_at_hand_counts() -> None:
    """A schedule may change it while training goes on."""
    spec = OptimiserSpec(lr=0.1, max_grad_norm=1.0)
    one = weight(0.0)
    optimiser = Optimiser([([one], spec.lr)], spec)
    pull(one, 4.0)
    optimiser.step(spec.model_copy(update={"max_grad_norm": 2.0}), 1, 1)
    assert first_moment(optimiser) == pytest.approx([0.2], rel=1e-4)


def test_every_group_follows_a_changed_rate_in_proportion() -> None:
    spec = OptimiserSpec(**FREE)
    one, other = weight(1.0), weight(1.0)
    optimiser = Optimiser([([one], 0.1), ([other], 0.02)], spec)
    pull(one, 1.0)
    pull(other, 1.0)
    optimiser.step(spec.model_copy(update={"lr": 0.05}), 1, 1)
    assert one.item() == pytest.approx(0.95, abs=1e-6)
    assert other.item() == pytest.approx(0.99, abs=1e-6)
    assert optimiser.lr == pytest.approx(0.05)


def test_a_gradient_counts_once() -> None:
    spec = OptimiserSpec(**FREE)
    one = weight(1.0)
    optimiser = Optimiser([([one], spec.lr)], spec)
    pull(one, 1.0)
    optimiser.step(spec, 1, 2)
    after = one.item()
    assert one.grad is None
    assert optimiser.step(spec, 2, 2) == 0.0
    assert one.item() == after


@pytest.mark.parametrize("bad", [math.nan, math.inf, -math.inf])
def test_a_gradient_that_is_no_number_changes_nothing_and_says_what_to_do(bad: float) -> None:
    spec = OptimiserSpec(**FREE)
    one, other = weight(1.0, 2.0), weight(3.0)
    optimiser = Optimiser([([one], 0.1), ([other], 0.1)], spec)
    pull(one, 1.0, bad)
    pull(other, 1.0)
    with pytest.raises(DivergedError, match=r"norm is (nan|inf).*Lower train\.optimiser\.lr"):
        optimiser.step(spec, 1, 2)
    assert one.tolist() == [1.0, 2.0]
    assert other.tolist() == [3.0]
    assert one.grad is None
    pull(one, 1.0, 1.0)
    optimiser.step(spec, 1, 2)
    assert one.tolist() == pytest.approx([0.9, 1.9], abs=1e-6)


def test_a_restored_optimiser_goes_on_bit_for_bit() -> None:
    spec = OptimiserSpec(lr=0.1, schedule="cosine", warmup_steps=1, weight_decay=0.1)
    gradients = [(0.3, -2.0), (1.0, 0.1), (-0.7, 0.2), (0.4, 0.4)]
    whole = weight(1.0, -1.0)
    through = Optimiser([([whole], spec.lr)], spec)
    saved: dict[str, Any] = {}
    before: list[float] = []
    for step, gradient in enumerate(gradients, start=1):
        if step == 3:
            saved, before = copy.deepcopy(through.state()), whole.tolist()
        pull(whole, *gradient)
        through.step(spec, step, 4)
    again = weight(*before)
    continued = Optimiser([([again], spec.lr)], spec)
    continued.restore(saved)
    for step in (3, 4):
        pull(again, *gradients[step - 1])
        continued.step(spec, step, 4)
    assert torch.equal(again, whole)
    assert continued.lr == through.lr
