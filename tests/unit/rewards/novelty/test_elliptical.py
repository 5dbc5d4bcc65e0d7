import json

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from agentrl.rewards.novelty.elliptical import Ellipse, Elliptical
from agentrl.rewards.novelty.embedding import Vectors
from agentrl.rewards.novelty.trail import Trail

AXES = {"x": [1.0, 0.0], "y": [0.0, 1.0], "xy": [0.6, 0.8], "": [0.0, 0.0]}


def embed(texts: object) -> Vectors:
    rows = [AXES[text] for text in texts]  # type: ignore[attr-defined]
    return np.asarray(rows, dtype=float).reshape(len(rows), 2)


def test_bonuses_are_as_by_hand() -> None:
    # ridge 1: x new 1; then A = diag(2, 1): x again 1/2; y new 1; then xy: 0.36/3 + 0.64/2
    bonuses = Elliptical(embed, 2, 1.0).episodic(Trail(None, ("x", "x", "y", "xy", None, "")))

    assert bonuses == pytest.approx([1, 1 / 2, 1, 0.36 / 3 + 0.64 / 2, 0, 0])


def test_the_start_is_seen_and_the_ridge_is_the_scale() -> None:
    # ridge 0.1: 1 / (1 + 0.1)
    assert Elliptical(embed, 2, 0.1).episodic(Trail("x", ("x", "y"))) == pytest.approx(
        [1 / 1.1, 10]
    )


def test_overall_what_was_learned_is_no_longer_new() -> None:
    measure = Elliptical(embed, 2, 1.0)
    measure.learn([Trail("x", ("x",)), Trail(None, ("x", "y"))])

    # A = diag(1 + 3, 1 + 1)
    assert measure.overall(Trail(None, ("x", "y"))) == pytest.approx([1 / 4, 1 / 2])
    assert measure.episodic(Trail(None, ("x", "y"))) == pytest.approx([1, 1])


@given(st.integers(0, 2**31), st.integers(1, 12), st.floats(0.05, 5))
def test_sherman_morrison_is_the_inverse(seed: int, count: int, ridge: float) -> None:
    random = np.random.default_rng(seed)
    rows = random.standard_normal((count, 5))
    ellipse = Ellipse(np.eye(5) / ridge)
    for row in rows:
        ellipse.add(row)
    direct = np.linalg.inv(rows.T @ rows + ridge * np.eye(5))
    vector = random.standard_normal(5)

    assert ellipse.bonus(vector) == pytest.approx(float(vector @ direct @ vector), rel=1e-6)


def test_order_makes_no_difference_and_memory_survives_json() -> None:
    trails = [Trail("x", ("xy", "y")), Trail(None, ("xy",)), Trail("y", ("x",))]
    left, right, again = (Elliptical(embed, 2, 1.0) for _ in range(3))
    left.learn(trails)
    right.learn(trails[::-1])
    again.restore(json.loads(json.dumps(left.memory())))

    assert left.memory() == right.memory() == again.memory()
    assert again.overall(trails[0]) == left.overall(trails[0])
