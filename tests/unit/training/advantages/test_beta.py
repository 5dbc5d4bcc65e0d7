"""The Beta density that BNPO divides by."""

import pytest
import torch
from hypothesis import given, settings
from hypothesis import strategies as st

from agentrl.training.advantages.beta import LARGEST_WEIGHT, BetaDensity, fitted, unit_scores

RATES = st.lists(st.integers(0, 16).map(lambda n: n / 16), min_size=2, max_size=8)


@settings(deadline=None)
@given(alpha=st.floats(1, 40), beta=st.floats(1, 40), rate=st.floats(0.01, 0.99))
def test_the_density_is_that_of_the_beta_distribution(
    alpha: float, beta: float, rate: float
) -> None:
    numbers = (torch.tensor(number, dtype=torch.float64) for number in (alpha, beta, rate))
    one, two, at = numbers
    expected = float(torch.distributions.Beta(one, two).log_prob(at))  # type: ignore[no-untyped-call]
    assert BetaDensity(alpha, beta).log(rate) == pytest.approx(expected, abs=1e-8)


def test_parameters_of_two_rates_by_hand() -> None:
    """Rates 0.4 and 0.6: mean 0.5, variance 0.02; a = b = (0.25 / 0.02 - 1) / 2 = 5.75."""
    density = fitted([0.4, 0.6])
    assert density.alpha == pytest.approx(1 + 5.75 / 3)
    assert density.beta == pytest.approx(1 + 5.75 / 3)


@settings(deadline=None)
@given(rates=RATES)
def test_no_parameter_is_below_one_and_weights_are_finite(rates: list[float]) -> None:
    density = fitted(rates)
    assert min(density.alpha, density.beta) >= 1
    assert all(0 < density.weight(rate) <= LARGEST_WEIGHT for rate in rates)


@pytest.mark.parametrize("rates", [[], [0.3], [0.3, 0.3, 0.3], [0.0, 0.0], [1.0, 1.0]])
def test_where_rates_do_not_differ_the_density_is_flat(rates: list[float]) -> None:
    assert fitted(rates).weight(0.3) == pytest.approx(1)


def test_a_rate_that_the_density_rules_out_has_the_largest_weight() -> None:
    assert BetaDensity(2.0, 2.0).weight(0.0) == LARGEST_WEIGHT
    assert BetaDensity(2.0, 2.0).weight(1.0) == LARGEST_WEIGHT
    assert BetaDensity(1.0, 1.0).weight(0.0) == pytest.approx(1)


def test_scores_between_0_and_1_stay_and_others_are_mapped() -> None:
    inside = {"a": (0.25,), "b": (0.5,)}
    assert unit_scores(inside) == inside
    assert unit_scores({"a": (-1.0,), "b": (1.0,), "c": (3.0,)}) == {
        "a": (0.0,),
        "b": (0.5,),
        "c": (1.0,),
    }
    assert unit_scores({"a": (5.0,), "b": (5.0,)}) == {"a": (0.0,), "b": (0.0,)}
