"""The network of a choice policy, in memory and on disk."""

import json
import math
from pathlib import Path

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from agentrl.agents.choice.layout import Layout
from agentrl.agents.choice.policy import ChoicePolicy, load_policy, scratch_policy
from agentrl.errors import CheckpointError

LAYOUT = Layout(("price", "skill"), text=2)


def drawn(seed: int = 0, width: int = 3) -> ChoicePolicy:
    """Return a policy all of whose weights are drawn."""
    policy = scratch_policy(LAYOUT, width)
    flat = np.random.default_rng(seed).normal(size=policy.flat.shape)
    return policy.with_flat(flat, 7)


def rows(seed: int, count: int) -> "np.ndarray[tuple[int, ...], np.dtype[np.float32]]":
    chance = np.random.default_rng(seed)
    return chance.normal(size=(count, LAYOUT.columns)).astype(np.float32)


def test_scores_are_what_the_formula_says() -> None:
    """tanh(1 * 0.5 + 2 * (-1) + 0.25) * 2 = tanh(-1.25) * 2, against tanh(0.25) * 2."""
    hidden = np.array([[0.5], [-1.0]], np.float32)
    bias, score = np.array([0.25], np.float32), np.array([2.0], np.float32)
    policy = ChoicePolicy(Layout(("a", "b")), hidden, bias, score)

    given_rows = np.array([[1.0, 2.0], [0.0, 0.0]], np.float32)
    first, second = policy.logprobs(given_rows, temperature=0.5)

    apart = (2 * math.tanh(-1.25) - 2 * math.tanh(0.25)) / 0.5
    assert first == pytest.approx(-math.log(1 + math.exp(-apart)), rel=1e-5)
    assert math.exp(first) + math.exp(second) == pytest.approx(1.0, rel=1e-6)


def test_to_a_policy_from_nothing_all_actions_are_equally_likely() -> None:
    policy = scratch_policy(LAYOUT, 8, seed=3)

    assert policy.logprobs(rows(0, 4)).tolist() == pytest.approx([-math.log(4)] * 4)
    assert policy.flat.tolist() != scratch_policy(LAYOUT, 8, seed=4).flat.tolist()


@given(st.integers(0, 1000), st.permutations(range(5)))
def test_the_order_of_actions_does_not_matter(seed: int, order: list[int]) -> None:
    policy, actions = drawn(seed), rows(seed, 5)

    likely = policy.logprobs(actions)

    reordered = policy.logprobs(actions[order])
    assert reordered.tolist() == pytest.approx(likely[order].tolist(), abs=1e-5)


def test_a_further_action_changes_no_score_of_the_others() -> None:
    policy, actions = drawn(), rows(1, 5)

    assert policy.scores(actions)[:4].tolist() == pytest.approx(
        policy.scores(actions[:4]).tolist(), rel=1e-5
    )


def test_what_was_saved_is_loaded(tmp_path: Path) -> None:
    policy = drawn()
    policy.save(tmp_path / "new")

    loaded = load_policy(tmp_path / "new")

    assert (loaded.layout, loaded.version) == (LAYOUT, 7)
    assert loaded.flat.tolist() == policy.flat.tolist()


def test_of_a_run_the_best_checkpoint_is_loaded_and_else_the_newest(tmp_path: Path) -> None:
    for seed, name in enumerate(("latest", "best")):
        folder = tmp_path / "checkpoints" / name
        folder.mkdir(parents=True)
        drawn(seed).save(folder)

        assert load_policy(tmp_path).flat.tolist() == drawn(seed).flat.tolist()


def test_a_folder_without_a_policy_says_what_to_give(tmp_path: Path) -> None:
    with pytest.raises(CheckpointError, match="give the run folder of a training"):
        load_policy(tmp_path)


@pytest.mark.parametrize(
    ("key", "value", "complaint"),
    [
        ("format", 2, "of format 2, and this agentrl reads format 1"),
        ("layout", {"facts": ["price"], "text": 2, "words": 0}, "not of the sizes"),
        ("layout", {"facts": None}, "no choice policy that can be read"),
        ("version", "new", "no choice policy that can be read"),
    ],
)
def test_a_damaged_description_is_told(
    tmp_path: Path, key: str, value: object, complaint: str
) -> None:
    drawn().save(tmp_path)
    file = tmp_path / "policy.json"
    file.write_text(json.dumps({**json.loads(file.read_text()), key: value}))

    with pytest.raises(CheckpointError, match=complaint):
        load_policy(tmp_path)


def test_a_file_that_is_no_archive_is_told(tmp_path: Path) -> None:
    drawn().save(tmp_path)
    (tmp_path / "policy.npz").write_bytes(b"nothing")

    with pytest.raises(CheckpointError, match="no choice policy that can be read"):
        load_policy(tmp_path)
