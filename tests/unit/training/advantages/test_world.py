"""The small world is what it says, so that its exact gradient can be an oracle."""

from unittest.mock import patch

import numpy as np
import pytest

from agentrl.training.advantages import world
from agentrl.training.advantages.world import (
    CHOICES,
    LOGITS,
    NODES,
    TASKS,
    exact_gradient,
    greedy_policy,
    paths,
    value,
)


@pytest.mark.parametrize("node", NODES)
def test_probabilities_of_all_episodes_add_up_to_one(node: str) -> None:
    assert sum(path.probability for path in paths(node)) == pytest.approx(1)
    assert sum(path.probability for path in paths(node, greedy_policy())) == pytest.approx(1)


def test_episodes_have_several_lengths_and_turns_of_one_and_two_tokens() -> None:
    drawn = paths("hall")
    assert {len(path.rewards) for path in drawn} == {1, 2, 3}
    assert {path.turns.count(0) for path in drawn} == {1, 2}
    assert all(sum(path.ends) == len(path.rewards) for path in drawn)


def test_a_value_is_the_mean_of_what_the_next_tokens_lead_to() -> None:
    """By dynamic programming, not by listing episodes."""

    def expected(node: str) -> float:
        worth = []
        for does in CHOICES[node]:
            if isinstance(does, str):
                worth.append(expected(does))
            else:
                worth.append(
                    sum(
                        o.probability * (o.reward + (expected(o.place) if o.place else 0))
                        for o in does
                    )
                )
        return float(world.chances(node) @ np.array(worth))

    for node in NODES:
        assert value(node) == pytest.approx(expected(node))


def test_the_exact_gradient_is_the_slope_of_the_expected_reward() -> None:
    """Against central differences in every parameter."""
    step = 1e-5
    slopes = []
    for node in NODES:
        for choice in range(2):
            worth = []
            for sign in (1, -1):
                moved = list(LOGITS[node])
                moved[choice] += sign * step
                with patch.object(world, "LOGITS", {**LOGITS, node: tuple(moved)}):
                    worth.append(sum(value(task) for task in TASKS) / len(TASKS))
            slopes.append((worth[0] - worth[1]) / (2 * step))
    assert exact_gradient().tolist() == pytest.approx(slopes, abs=1e-9)
    assert np.linalg.norm(exact_gradient()) > 0.01
