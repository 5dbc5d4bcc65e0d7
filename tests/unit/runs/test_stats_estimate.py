import pytest

from agentrl.runs.estimate import Estimate, estimate_mean, estimate_rate
from agentrl.runs.stats import cluster_bootstrap, wilson_interval


def test_no_values_give_no_mean_rather_than_zero() -> None:
    assert estimate_rate({}) == estimate_mean({}) == Estimate(None, None, None, 0, "none")


def test_one_attempt_a_task_gets_the_wilson_interval() -> None:
    estimate = estimate_rate({"a": [1.0], "b": [0.0], "c": [1.0]})

    assert estimate.method == "wilson"
    assert estimate.n == 3
    assert (estimate.low, estimate.high) == wilson_interval(2, 3)


def test_several_attempts_get_the_bootstrap_over_tasks() -> None:
    values = {"a": [1.0, 1.0], "b": [0.0, 1.0], "c": [0.0, 0.0]}
    estimate = estimate_rate(values)

    assert estimate.method == "cluster_bootstrap"
    assert estimate.mean == pytest.approx(0.5)
    assert (estimate.low, estimate.high) == cluster_bootstrap(values)


def test_attempts_that_all_succeed_are_no_certainty() -> None:
    """A bootstrap would say [1, 1]; ten tasks leave room for one in four to fail."""
    estimate = estimate_rate({str(i): [1.0] * 8 for i in range(10)})

    assert estimate.method == "wilson_tasks"
    assert estimate.n == 80
    assert (estimate.low, estimate.high) == wilson_interval(10, 10)


def test_values_that_are_no_rate_get_the_interval_of_a_mean() -> None:
    assert estimate_rate({"a": [3.0], "b": [5.0]}) == estimate_mean({"a": [3.0], "b": [5.0]})


def test_one_task_alone_has_a_mean_without_an_interval() -> None:
    assert estimate_mean({"a": [1.0, 4.0]}) == Estimate(2.5, None, None, 2, "none")
