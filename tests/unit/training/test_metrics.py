import json
import math
from collections import Counter
from pathlib import Path

import pytest
from hypothesis import given
from hypothesis import strategies as st

from agentrl.training.metric_names import GROUPS, METRIC_NAMES
from agentrl.training.metrics import Metrics, described, reference

ROOT = Path(__file__).parents[3]
NOT_A_NUMBER = [math.nan, math.inf, -math.inf]


def test_the_page_of_metrics_is_what_the_code_says() -> None:
    assert (ROOT / "docs/training/metrics.md").read_text() == reference()


def test_every_metric_is_named_once_in_a_group_that_has_a_title() -> None:
    names = Counter(metric.name for metric in METRIC_NAMES)

    assert set(names.values()) == {1}
    assert {name.partition("/")[0] for name in names} == set(GROUPS)
    assert all(metric.name in reference() for metric in METRIC_NAMES)


def test_a_mean_counts_each_value_by_its_weight() -> None:
    metrics = Metrics()
    metrics.add("policy/kl", 0.1, weight=30)
    metrics.add("policy/kl", 0.5, weight=10)

    assert metrics.result() == {"policy/kl": pytest.approx(0.2)}


def test_counts_add_up_and_extremes_stay() -> None:
    metrics = Metrics()
    for value in (3.0, -1.0, 2.0):
        for name in ("tokens/trained", "advantage/min", "advantage/max"):
            metrics.add(name, value)

    assert metrics.result() == {"advantage/max": 3.0, "advantage/min": -1.0, "tokens/trained": 4.0}


@given(st.lists(st.tuples(st.floats(-1e6, 1e6), st.floats(0.01, 1e3)), min_size=1), st.integers(0))
def test_sums_of_parts_give_the_mean_of_the_whole(
    values: list[tuple[float, float]], cut: int
) -> None:
    whole, parts = Metrics(), Metrics()
    for value, weight in values:
        whole.add("policy/kl", value, weight)
    for part in (values[: cut % len(values)], values[cut % len(values) :]):
        parts.add_sums({"policy/kl": (sum(v * w for v, w in part), sum(w for _, w in part))})

    assert parts.result()["policy/kl"] == pytest.approx(whole.result()["policy/kl"], abs=1e-6)


def test_maxima_of_parts_give_the_maximum() -> None:
    metrics = Metrics()
    metrics.add_maxima({"policy/ratio_max": 1.5})
    metrics.add("policy/ratio_max", 2.5)
    metrics.add_maxima({"policy/ratio_max": 2.0})

    assert metrics.result() == {"policy/ratio_max": 2.5}


def test_what_no_token_weighs_on_has_no_value() -> None:
    metrics = Metrics()
    metrics.add("policy/kl", 3.0, weight=0)
    metrics.add_sums({"policy/entropy": (0.0, 0.0)})

    assert metrics.result() == {}


@pytest.mark.parametrize("value", NOT_A_NUMBER)
def test_what_is_no_number_is_left_out_counted_and_never_written(value: float) -> None:
    metrics = Metrics()
    metrics.add("policy/loss", value)
    metrics.add("policy/loss", 2.0)
    metrics.add_sums({"policy/loss": (value, 5.0)})
    metrics.add_maxima({"policy/ratio_max": value})
    metrics.add_total("tokens/trained", value)

    assert json.loads(json.dumps(metrics.result(), allow_nan=False)) == {
        "nonfinite/policy/loss": 2,
        "nonfinite/policy/ratio_max": 1,
        "nonfinite/tokens/trained": 1,
        "policy/loss": 2.0,
    }


def test_sums_without_a_weight_are_no_number() -> None:
    metrics = Metrics()
    metrics.add_sums({"policy/kl": (1.0, 0.0)})

    assert metrics.result() == {"nonfinite/policy/kl": 1.0}


def test_values_that_add_up_beyond_every_number_are_not_written() -> None:
    metrics = Metrics()
    for _ in range(2):
        metrics.add("policy/loss", 1.7e308)
        metrics.add("sync/bytes", 1.7e308)

    assert metrics.result() == {"nonfinite/policy/loss": 1.0, "nonfinite/sync/bytes": 1.0}


@pytest.mark.parametrize(
    "name", ["reward/term/format", "schedule/limits.max_turns", "nonfinite/critic/loss"]
)
def test_the_end_of_some_names_is_free(name: str) -> None:
    assert described(name).open_ended


@pytest.mark.parametrize(
    "name", ["policy/kll", "reward/term/", "reward/term", "schedule", "", "x/"]
)
def test_a_name_that_is_not_documented_is_refused(name: str) -> None:
    with pytest.raises(ValueError, match="not documented"):
        Metrics().add(name, 1.0)


def test_a_name_that_is_nearly_right_is_pointed_out() -> None:
    with pytest.raises(ValueError, match=r"did you mean policy/kl\?"):
        Metrics().add("policy/kll", 1.0)


def test_a_name_is_added_up_only_in_its_own_way() -> None:
    metrics = Metrics()
    with pytest.raises(ValueError, match="tokens/trained is a sum, not a mean"):
        metrics.add_sums({"tokens/trained": (1.0, 1.0)})
    with pytest.raises(ValueError, match="policy/kl is a mean, not a max"):
        metrics.add_maxima({"policy/kl": 1.0})
    with pytest.raises(ValueError, match="turns/max is a max, not a sum"):
        metrics.add_total("turns/max", 1.0)


@pytest.mark.parametrize("weight", [-1.0, *NOT_A_NUMBER])
def test_a_weight_must_be_possible(weight: float) -> None:
    with pytest.raises(ValueError, match="weight must be a number from 0"):
        Metrics().add("policy/kl", 1.0, weight)
    if weight < 0:
        with pytest.raises(ValueError, match="weight must be a number from 0"):
            Metrics().add_sums({"policy/kl": (1.0, weight)})
