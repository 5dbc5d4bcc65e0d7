"""Tests of counting what an answer took."""

import math

import pytest
from hypothesis import given
from hypothesis import strategies as st

from agentrl.episode import Generation, Sampling, Usage
from agentrl.orchestrator.accounting import counted, estimated_tokens, settled, usd
from agentrl.orchestrator.worker import Answer, Descriptor

counts = st.integers(0, 10**6)
prices = st.floats(0, 100)


def answer(usage: Usage, **more: float) -> Answer:
    return Answer("text", Generation("text", "stop", "m", Sampling(), usage, **more))  # type: ignore[arg-type]


def test_cached_tokens_have_their_own_price() -> None:
    descriptor = Descriptor(price_in=2.0, price_out=10.0, price_cached=0.5)

    assert usd(Usage(1000, 100, 600), descriptor) == pytest.approx(
        (400 * 2 + 600 * 0.5 + 100 * 10) / 1e6
    )


@pytest.mark.parametrize("known", [Descriptor(), Descriptor(price_in=1.0), Descriptor(None, 1.0)])
def test_without_both_prices_nobody_knows_the_cost(known: Descriptor) -> None:
    assert usd(Usage(1, 1), known) is None
    assert not known.priced


@given(st.lists(st.tuples(counts, counts), max_size=8), prices, prices)
def test_the_cost_of_calls_is_the_cost_of_their_sum(
    calls: list[tuple[int, int]], price_in: float, price_out: float
) -> None:
    descriptor = Descriptor(price_in, price_out)
    each = [usd(Usage(*call), descriptor) or 0.0 for call in calls]
    whole = usd(Usage(sum(c[0] for c in calls), sum(c[1] for c in calls)), descriptor)

    assert math.fsum(each) == pytest.approx(whole)


@given(st.integers(1, 10**6), st.integers(1, 10**6))
def test_an_honest_usage_is_believed(given_chars: int, said: int) -> None:
    honest = Usage(estimated_tokens(given_chars), estimated_tokens(said))

    assert counted(honest, given_chars, said) == (honest, "")


@pytest.mark.parametrize(
    ("usage", "why"),
    [
        (Usage(-5, 10), "cannot be"),
        (Usage(100, 0), "states no usage"),
        (Usage(1, 100), "too small"),
        (Usage(100, 1), "too small"),
        (Usage(100, 10**7), "too large"),
        (Usage(10**6, 100), "too large"),
        (Usage(10, 10, 11), "cannot be"),
    ],
)
def test_a_model_that_lies_is_counted_by_its_characters(usage: Usage, why: str) -> None:
    ours, note = counted(usage, given=400, said=400)

    assert ours == Usage(100, 100)
    assert why in note


def test_hidden_thoughts_are_believed() -> None:
    assert counted(Usage(100, 30_000), given=400, said=20)[1] == ""


def test_tokens_of_workers_are_not_kept() -> None:
    generation = Generation(
        "text", "stop", "m", Sampling(), Usage(1, 1), token_ids=(1,), logprobs=(-1.0,)
    )

    kept = settled(Answer("text", generation), 4, Descriptor(), 1.5).generation

    assert (kept.token_ids, kept.logprobs, kept.weights_version) == (None, None, 0)
    assert kept.latency_s == 1.5


def test_without_prices_a_stated_cost_is_kept_where_it_is_one() -> None:
    stated = settled(answer(Usage(1, 1), cost_usd=0.5), 4, Descriptor(), 1.0)
    absurd = settled(answer(Usage(1, 1), cost_usd=math.nan), 4, Descriptor(), 1.0)

    assert stated.generation.cost_usd == 0.5
    assert absurd.generation.cost_usd == 0.0
