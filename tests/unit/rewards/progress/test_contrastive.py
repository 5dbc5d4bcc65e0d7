import math
from pathlib import Path

import numpy as np
import pytest

from agentrl.episode import Status
from agentrl.errors import UsageError
from agentrl.models.scorers.pairs import pairs_of
from agentrl.rewards.progress.best import best_of_n
from agentrl.rewards.progress.contrastive import ContrastiveScorer, _held_near, contrastive_loss
from agentrl.rewards.progress.convert import difference
from agentrl.rewards.progress.linear import Vector
from agentrl.rewards.progress.scorers import load_scorer
from agentrl.suite.reward.progress import ContrastiveSpec
from tests.unit.rewards.progress.attempts import attempt, decided

EPISODES = [decided(index)[0] for index in range(80)]
SPEC = ContrastiveSpec(features=256)
SWORD, STONE = attempt("take sword", name="sword"), attempt("take stone", name="stone")


@pytest.fixture(scope="module")
def fitted() -> ContrastiveScorer:
    scorer = ContrastiveScorer(SPEC)
    scorer.fit(EPISODES)
    return scorer


def test_the_loss_is_that_of_the_paper_by_hand() -> None:
    better, worse = np.array([2.0, 0.0]), np.array([1.0, 1.0])
    # -log sigmoid(1) and -log sigmoid(-1); the mean of the sums 3 and 1 is 2
    by_hand = (math.log(1 + math.exp(-1)) + math.log(1 + math.e)) / 2 + 1e-3 * 2

    assert contrastive_loss(better, worse) == pytest.approx(by_hand)
    assert contrastive_loss(better, worse, 0.0) == pytest.approx(by_hand - 2e-3)


def test_scores_of_pairs_are_centered_and_no_small_change_lowers_the_loss(
    fitted: ContrastiveScorer,
) -> None:
    better, worse = fitted._sums(pairs_of(EPISODES, "success", SPEC.pairs))
    start, weights = fitted._linear.start, fitted._linear.weights

    def loss(weights: Vector, start: float) -> float:
        pairs = better.shape[0]
        high, low = (start + side @ weights for side in (better, worse))
        held = SPEC.ridge / 2 / pairs * weights @ weights
        return contrastive_loss(high, low, SPEC.centering) + float(held)

    least = loss(weights, start)
    random = np.random.default_rng(0)
    assert float(np.mean((better + worse) @ weights)) + 2 * start == pytest.approx(0, abs=1e-9)
    for _ in range(20):
        nudge = 1e-2 * random.standard_normal(weights.shape)
        assert loss(weights + nudge, start) > least
        assert loss(weights, start + float(nudge[0])) > least


def test_one_pair_is_fitted_as_by_hand() -> None:
    # at the least, hold * w is the chance of the wrong order
    from scipy.sparse import csr_matrix  # type: ignore[import-untyped]

    (weight,) = _held_near(np.zeros(1), csr_matrix([[1.0]]), 0.5)

    assert 0.5 * weight == pytest.approx(1 / (1 + math.exp(weight)), abs=1e-7)


def test_better_attempts_score_higher_by_the_turn_that_made_the_difference(
    fitted: ContrastiveScorer,
) -> None:
    assert fitted.score(SWORD)[-1] > fitted.score(STONE)[-1] + 1
    for index in range(20):
        episode, at = decided(index, seed=2)
        changes = difference(fitted.score(episode))
        assert max(range(len(changes)), key=lambda t: abs(changes[t])) == at


def test_a_fit_reports_how_held_out_pairs_are_ranked() -> None:
    report = ContrastiveScorer(SPEC).fit(EPISODES)

    assert report.error is report.within_tenth is None
    assert report.ranked == 1.0


def test_an_update_teaches_from_pairs_and_leaves_what_has_none_alone() -> None:
    scorer = ContrastiveScorer(SPEC)
    scorer.update(EPISODES)
    assert scorer.score(SWORD)[-1] > scorer.score(STONE)[-1]

    before = scorer.memory()
    scorer.update([attempt("go", name=f"{i}", success=1.0) for i in range(3)])
    assert scorer.memory() == before


def test_a_saved_scorer_says_the_same(fitted: ContrastiveScorer, tmp_path: Path) -> None:
    fitted.save(tmp_path / "s")
    assert load_scorer(tmp_path / "s", "contrastive").score(SWORD) == fitted.score(SWORD)
    other = ContrastiveScorer(SPEC)
    other.restore(fitted.memory())
    assert other.score(SWORD) == fitted.score(SWORD)


def test_tasks_without_a_better_and_a_worse_attempt_are_refused() -> None:
    alone = [attempt("a", name=f"e{i}", task=f"t{i}", success=float(i % 2)) for i in range(10)]
    with pytest.raises(UsageError, match="no task has attempts of which one came to more"):
        ContrastiveScorer(SPEC).fit(alone)


def test_pairs_are_of_one_task_better_first_and_no_more_than_asked() -> None:
    every = pairs_of(EPISODES, "success", 1000)

    assert len(every) == 10 * 4 * 4
    assert all(a.task_id == b.task_id for a, b in every)
    assert all(a.outcome["success"] > b.outcome["success"] for a, b in every)
    few = pairs_of(EPISODES, "success", 3)
    assert len(few) == 30
    assert few == pairs_of(EPISODES[::-1], "success", 3)


def test_the_best_of_n_is_what_the_scorer_values_most(fitted: ContrastiveScorer) -> None:
    lost = attempt("take sword", "take sword", name="lost", status=Status.INFRA_FAILED)
    again = attempt("take sword", name="again")

    assert best_of_n([STONE, lost, SWORD, again], fitted) is SWORD
    with pytest.raises(UsageError, match="none of 1 attempts can be valued"):
        best_of_n([lost], fitted)
