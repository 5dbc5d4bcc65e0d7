from typing import Any

import numpy as np
import pytest
from gymnasium import spaces
from hypothesis import given, settings
from hypothesis import strategies as st

from agentrl.envs.text.gym_spaces import check_readable, readable, without_colours
from agentrl.envs.text.gym_table import DISCOUNT, best_actions
from agentrl.errors import UsageError


@pytest.mark.parametrize(
    ("space", "value", "text"),
    [
        (spaces.Discrete(5), np.int64(3), "3"),
        (spaces.Box(-1, 1, (2,)), np.array([0.25, -1 / 3], np.float32), "[0.25, -0.3333]"),
        (spaces.Box(0, 9, (2, 2), np.int64), np.array([[1, 2], [3, 4]]), "\n1 2\n3 4"),
        (spaces.MultiBinary(3), np.array([1, 0, 1], np.int8), "[1, 0, 1]"),
        (spaces.Tuple((spaces.Discrete(3), spaces.Discrete(2))), (2, 1), "2, 1"),
        (
            spaces.Dict({"at": spaces.Discrete(3), "word": spaces.Text(5)}),
            {"at": 2, "word": "hat"},
            "at: 2\nword: hat",
        ),
    ],
)
def test_observations_are_written_by_their_space(
    space: spaces.Space[Any], value: Any, text: str
) -> None:
    assert readable(space, value) == text


def test_an_array_with_layers_is_written_layer_by_layer() -> None:
    value = np.zeros((2, 1, 2), np.int64)

    assert readable(spaces.Box(0, 1, (2, 1, 2), np.int64), value) == "layer 0:\n0 0\nlayer 1:\n0 0"


def test_a_large_array_inside_another_space_is_refused() -> None:
    space = spaces.Dict({"image": spaces.Box(0, 255, (64, 64), np.uint8)})

    with pytest.raises(UsageError, match=r"World-v0 shows arrays of shape \(64, 64\)"):
        check_readable(space, "World-v0")


def test_colours_are_dropped_and_highlights_bracketed() -> None:
    assert (
        without_colours("\n\x1b[34;1mB\x1b[0m \x1b[43m \x1b[0m|\x1b[1;42mT\x1b[0m\n") == "B [ ]|[T]"
    )


@settings(max_examples=25, deadline=None)
@given(st.integers(2, 6), st.integers(0, 10_000))
def test_no_other_choice_of_actions_is_worth_more(states: int, seed: int) -> None:
    rng = np.random.default_rng(seed)
    table = {
        state: {
            action: [
                (float(p), int(rng.integers(states)), float(rng.normal()), bool(rng.random() < 0.3))
                for p in rng.dirichlet([1.0, 1.0])
            ]
            for action in range(2)
        }
        for state in range(states)
    }

    best = values(table, [int(action) for action in best_actions(table)])

    for number in range(2**states):
        other = values(table, [number >> state & 1 for state in range(states)])
        assert (other <= best + 1e-5).all()


def values(table: Any, policy: list[int]) -> Any:
    """Return what a policy is worth in every state, by solving its linear equations."""
    onward = np.zeros((len(table), len(table)))
    gain = np.zeros(len(table))
    for state, action in enumerate(policy):
        for p, following, reward, ends in table[state][action]:
            gain[state] += p * reward
            onward[state, following] += p * DISCOUNT * (not ends)
    return np.linalg.solve(np.eye(len(table)) - onward, gain)
