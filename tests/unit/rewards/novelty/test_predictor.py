import json

import numpy as np
import pytest

from agentrl.rewards.novelty.embedding import Vectors
from agentrl.rewards.novelty.predictor import Distillation
from agentrl.rewards.novelty.trail import Trail
from agentrl.suite.reward.novelty import PredictorSpec

RIDGE = 0.1
WORDS = ["a", "b", "c", "d"]


def embed(texts: object) -> Vectors:
    rows = [[float(word == text) for word in WORDS] for text in texts]  # type: ignore[attr-defined]
    return np.asarray(rows, dtype=float).reshape(len(rows), 4)


def made(seed: int = 0, *, drawn: bool = False, noise: float = 1.0) -> Distillation:
    spec = PredictorSpec(hidden=64, outputs=8, ridge=RIDGE, noise=noise, seed=seed)
    return Distillation(embed, 4, spec, drawn=drawn)


def length(measure: Distillation, text: str) -> float:
    return float(np.sum(measure.hidden(embed([text])) ** 2))


def test_what_was_never_learned_has_a_bonus_of_one_and_nothing_a_bonus_of_zero() -> None:
    assert made().overall(Trail("a", ("a", None, "b", "?"))) == pytest.approx([1, 0, 1, 0])


@pytest.mark.parametrize("visits", [1, 3, 20])
def test_the_error_falls_as_ridge_regression_has_it(visits: int) -> None:
    # one vector h, learned n times: prediction = f n|h|^2 / (n|h|^2 + ridge)
    measure = made()
    measure.learn([Trail(None, ("a",) * visits)])
    expected = (RIDGE / (RIDGE + visits * length(measure, "a"))) ** 2

    assert measure.overall(Trail(None, ("a",))) == pytest.approx([expected])


def test_what_is_unlike_everything_learned_stays_newer() -> None:
    measure = made()
    measure.learn([Trail(None, ("a", "b"))])
    known, other = measure.overall(Trail(None, ("a", "c")))

    assert known < 0.1 < 0.5 < other


def test_with_drawn_targets_the_bonus_falls_like_a_count_plus_a_discrepancy() -> None:
    # mean over draws of |n h.h/(n h.h + ridge) noise/sqrt(n)|^2 + (ridge/(n h.h + ridge))^2
    for visits in (1, 4, 16):
        errors, expected = [], []
        for seed in range(200):
            measure = made(seed, drawn=True, noise=0.5)
            measure.learn([Trail(None, ("a",) * visits)])
            errors += measure.overall(Trail(None, ("a",)))
            share = visits * length(measure, "a") / (visits * length(measure, "a") + RIDGE)
            expected.append(share**2 * 0.25 / visits + (1 - share) ** 2)

        assert np.mean(errors) == pytest.approx(np.mean(expected), rel=0.12)


def test_order_makes_no_difference_and_memory_survives_json() -> None:
    trails = [Trail("a", ("b", "c")), Trail(None, ("b",)), Trail("d", ())]
    for drawn in (False, True):
        left, right, again = (made(drawn=drawn) for _ in range(3))
        left.learn(trails)
        right.learn(trails[::-1])
        again.restore(json.loads(json.dumps(left.memory())))
        for measure in (left, again):
            measure.learn(trails[:1])
        right.learn(trails[:1])

        assert left.memory() == right.memory() == again.memory()
        assert left.overall(trails[0]) == again.overall(trails[0])


def test_the_seed_decides_the_networks() -> None:
    first, same, other = made(1), made(1), made(2)

    assert (first.targets(embed(["a"])) == same.targets(embed(["a"]))).all()
    assert (first.targets(embed(["a"])) != other.targets(embed(["a"]))).any()


def test_within_an_episode_visits_are_counted() -> None:
    assert made().episodic(Trail("a", ("a", "b"))) == pytest.approx([2**-0.5, 1])
