import math
from collections.abc import Sequence
from typing import Any

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from agentrl.episode import Sampling
from agentrl.errors import ModelError

torch = pytest.importorskip("torch", reason="samples with torch")
module: Any = pytest.importorskip("agentrl.models.transformers.sampling")
choose, log_distribution = module.choose, module.log_distribution

SCORES = [2.0, 1.0, 0.0, -1.0, 0.5]


def probabilities(
    sampling: Sampling, allowed: Sequence[int] | None = None, scores: Sequence[float] = SCORES
) -> list[float]:
    rows = log_distribution(torch.tensor([scores]), [sampling], [allowed])
    return [float(p) for p in rows[0].exp()]


def softmax(scores: Sequence[float]) -> list[float]:
    weights = [math.exp(s) for s in scores]
    return [w / sum(weights) for w in weights]


def test_temperature_divides_the_scores() -> None:
    expected = softmax([s / 0.5 for s in SCORES])
    assert probabilities(Sampling(temperature=0.5)) == pytest.approx(expected, abs=1e-6)


def test_top_k_keeps_the_most_likely_and_renormalises() -> None:
    first, second = softmax([2.0, 1.0])
    expected = [first, second, 0, 0, 0]
    assert probabilities(Sampling(top_k=2)) == pytest.approx(expected, abs=1e-6)


def test_top_p_keeps_the_smallest_set_that_reaches_it() -> None:
    exact = softmax(SCORES)
    enough = exact[0] + exact[1] - 0.01  # the most likely alone is too little
    first, second = softmax([2.0, 1.0])
    expected = [first, second, 0, 0, 0]
    assert probabilities(Sampling(top_p=enough)) == pytest.approx(expected, abs=1e-6)


def test_top_p_always_keeps_the_most_likely() -> None:
    assert probabilities(Sampling(top_p=0.0))[0] == 1.0


def test_what_is_not_allowed_has_no_probability() -> None:
    second, third = softmax([0.0, -1.0])
    expected = [0, 0, second, third, 0]
    assert probabilities(Sampling(), [2, 3]) == pytest.approx(expected, abs=1e-6)


def test_top_k_counts_only_what_is_allowed() -> None:
    assert probabilities(Sampling(top_k=1), [3, 4]) == pytest.approx([0, 0, 0, 0, 1])


def test_greedy_records_the_distribution_at_temperature_one() -> None:
    greedy = Sampling(temperature=0.0, top_k=1, top_p=0.1)
    assert probabilities(greedy) == pytest.approx(softmax(SCORES), abs=1e-6)


def test_greedy_takes_the_most_likely_whatever_the_draw() -> None:
    greedy = Sampling(temperature=0.0)
    rows = log_distribution(torch.tensor([SCORES, SCORES]), [greedy] * 2, [None, (3, 4)])
    tokens, logprobs = choose(rows, [greedy] * 2, [0.999, 0.0])
    assert tokens == [0, 4]
    assert logprobs[0] == pytest.approx(math.log(softmax(SCORES)[0]))


@settings(deadline=None)
@given(
    scores=st.lists(st.lists(st.floats(-30, 30), min_size=7, max_size=7), min_size=2, max_size=4),
    temperature=st.floats(0.05, 5),
    top_p=st.floats(0, 1),
    top_k=st.integers(0, 9),
    draw=st.floats(0, 1, exclude_max=True),
)
def test_a_row_does_not_depend_on_its_company(
    scores: list[list[float]], temperature: float, top_p: float, top_k: int, draw: float
) -> None:
    samplings = [Sampling(temperature, top_p, top_k)] + [Sampling()] * (len(scores) - 1)
    allowed = [(1, 3, 5)] + [None] * (len(scores) - 1)
    together = log_distribution(torch.tensor(scores), samplings, allowed)
    alone = log_distribution(torch.tensor(scores[:1]), samplings[:1], allowed[:1])
    assert torch.equal(together[:1], alone)
    assert float(alone.double().exp().sum()) == pytest.approx(1, abs=1e-5)
    (token,), (logprob,) = choose(alone, samplings[:1], [draw])
    assert token in (1, 3, 5)
    assert logprob > -math.inf


def test_draws_follow_the_distribution() -> None:
    count = 5000
    rows = log_distribution(torch.tensor([SCORES]), [Sampling()], [None]).expand(count, -1)
    draws = [(i + 0.5) / count for i in range(count)]
    tokens, _ = choose(rows, [Sampling()] * count, draws)
    shares = [tokens.count(token) / count for token in range(len(SCORES))]
    assert shares == pytest.approx(softmax(SCORES), abs=1e-3)


def test_the_last_possible_draw_is_a_token_with_probability() -> None:
    row = torch.tensor([[0.0, -torch.inf, -torch.inf]])
    tokens, _ = choose(row, [Sampling()], [math.nextafter(1, 0)])
    assert tokens == [0]


@pytest.mark.parametrize("score", [math.nan, math.inf])
def test_scores_that_are_not_finite_are_an_error(score: float) -> None:
    rows = log_distribution(torch.tensor([[score, 0.0]]), [Sampling()], [None])
    with pytest.raises(ModelError, match="not finite"):
        choose(rows, [Sampling()], [0.5])
