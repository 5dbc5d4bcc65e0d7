import json
from pathlib import Path
from typing import Any

import numpy as np
import pytest

from agentrl.episode import Episode, Status
from agentrl.errors import CheckpointError, UsageError
from agentrl.models.scorers.measure import lesson
from agentrl.rewards.progress.convert import difference
from agentrl.rewards.progress.linear import Linear
from agentrl.rewards.progress.scorers import load_scorer
from agentrl.rewards.progress.text import TextScorer
from agentrl.suite.reward.progress import TextScorerSpec
from tests.unit.rewards.progress.attempts import attempt, decided

DECIDED = [decided(index) for index in range(120)]
EPISODES = [episode for episode, _ in DECIDED]


@pytest.fixture(scope="module")
def fitted() -> TextScorer:
    scorer = TextScorer(TextScorerSpec(features=512))
    scorer.fit(EPISODES)
    return scorer


def test_the_turn_that_decides_has_the_largest_contribution(fitted: TextScorer) -> None:
    fresh = [decided(index, seed=1) for index in range(40)]
    for episode, at in fresh:
        changes = difference(fitted.score(episode))
        assert max(range(len(changes)), key=lambda t: abs(changes[t])) == at


def test_there_is_one_value_more_than_turns_and_the_first_is_the_same_for_all(
    fitted: TextScorer,
) -> None:
    scores = [fitted.score(episode) for episode in EPISODES]

    assert [len(s) for s in scores] == [len(e.turns) + 1 for e in EPISODES]
    assert len({s[0] for s in scores}) == 1
    assert fitted.score(attempt()) == (scores[0][0],)


def test_weights_solve_ridge_regression_on_summed_features() -> None:
    scorer = TextScorer(TextScorerSpec(features=64, ridge=0.5))
    scorer.fit(EPISODES)
    sums = np.asarray(scorer._features.sums(EPISODES).todense())
    outcomes = np.array([e.outcome["success"] for e in EPISODES])
    centered = sums - sums.mean(axis=0)
    by_hand = np.linalg.solve(
        centered.T @ centered + 0.5 * np.eye(sums.shape[1]), centered.T @ (outcomes - 0.5)
    )

    assert outcomes.mean() == 0.5
    assert scorer._linear.weights == pytest.approx(by_hand, abs=1e-6)
    assert scorer._linear.start == pytest.approx(0.5 - sums.mean(axis=0) @ by_hand)


def test_a_fit_reports_what_it_did_not_learn_from() -> None:
    lost = attempt("x", name="lost", status=Status.INFRA_FAILED, success=1.0)
    report = TextScorer(TextScorerSpec(features=512)).fit([*EPISODES, lost])

    assert (report.episodes, report.held_out, report.left_out) == (120, 24, 1)
    assert report.held_out_by == "task"
    assert report.mean_outcome == 0.5
    assert report.error is not None
    assert report.error < 0.1
    assert report.base_error == 0.5
    assert report.within_tenth is not None
    assert report.within_tenth > 0.8


def test_the_order_of_episodes_makes_no_difference() -> None:
    there, back = (TextScorer(TextScorerSpec(features=128)) for _ in range(2))

    assert there.fit(EPISODES) == back.fit(EPISODES[::-1])
    there.update(EPISODES[:5])
    back.update(EPISODES[:5][::-1])
    assert there.memory() == back.memory()


def test_no_task_stands_on_both_sides() -> None:
    split = lesson(EPISODES, "success")

    assert not {e.task_id for e in split.taught} & {e.task_id for e in split.held_out}
    assert len(split.every) == len(EPISODES)


def test_with_one_task_episodes_are_held_out() -> None:
    same = [attempt("go", name=f"e{i}", success=float(i % 2)) for i in range(10)]
    split = lesson(same, "success")

    assert split.by == "episode"
    assert (len(split.taught), len(split.held_out)) == (8, 2)


def test_an_update_pulls_values_towards_the_outcome_by_hand() -> None:
    # one feature of value 1: missed 1, gram 1 + 1 for the start, pulled by 1 / (2 + 2)
    from scipy.sparse import csr_matrix  # type: ignore[import-untyped]

    updated = Linear.nothing(1).updated(csr_matrix([[1.0]]), np.array([1.0]), inertia=2.0)

    assert updated.start == pytest.approx(0.25)
    assert updated.weights.tolist() == pytest.approx([0.25])


def test_updates_alone_teach_as_well() -> None:
    scorer = TextScorer(TextScorerSpec(features=512, inertia=1.0))
    for start in range(0, 120, 8):
        scorer.update(EPISODES[start : start + 8])

    good, bad = attempt("take sword", success=1.0), attempt("take stone", success=0.0)
    assert scorer.score(good)[-1] > scorer.score(bad)[-1] + 0.5


def test_an_update_without_outcomes_changes_nothing(fitted: TextScorer) -> None:
    before = fitted.memory()
    fitted.update([attempt("go"), attempt("go", status=Status.UNSCORED, success=1.0)])

    assert fitted.memory() == before


def test_a_saved_scorer_says_the_same(fitted: TextScorer, tmp_path: Path) -> None:
    fitted.save(tmp_path / "s")
    again = load_scorer(tmp_path / "s", "text", "success")

    assert [again.score(e) for e in EPISODES] == [fitted.score(e) for e in EPISODES]
    card = json.loads((tmp_path / "s" / "scorer.json").read_text())
    assert card["backend"] == "text"
    assert card["fit"]["episodes"] == 120


def test_a_memory_taken_up_from_json_goes_on(fitted: TextScorer) -> None:
    again = TextScorer(TextScorerSpec(features=512))
    again.restore(json.loads(json.dumps(fitted.memory())))

    assert again.score(EPISODES[0]) == fitted.score(EPISODES[0])
    with pytest.raises(UsageError, match="of another family"):
        TextScorer(TextScorerSpec(features=64)).restore(fitted.memory())


@pytest.mark.parametrize(
    ("episodes", "message"),
    [
        ([], "no scored episode"),
        ([attempt("go", status=Status.UNSCORED)], "no scored episode"),
        ([attempt("go", score=1.0)], "none of 1 scored episodes states 'success'.*score"),
        ([attempt("go", name=f"e{i}", success=1.0) for i in range(3)], "all 3 .* success = 1"),
    ],
)
def test_what_teaches_nothing_is_refused(episodes: list[Episode], message: str) -> None:
    with pytest.raises(UsageError, match=message):
        TextScorer().fit(episodes)


def test_a_scorer_of_another_family_is_refused(fitted: TextScorer, tmp_path: Path) -> None:
    fitted.save(tmp_path / "s")
    with pytest.raises(UsageError, match="of another model family: its backend is 'text'"):
        load_scorer(tmp_path / "s", "lm")
    with pytest.raises(UsageError, match="was fitted to 'success', expected 'score'"):
        load_scorer(tmp_path / "s", outcome="score")
    _change(tmp_path / "s", family="text: something else")
    with pytest.raises(UsageError, match="of another model family: text: something else"):
        load_scorer(tmp_path / "s")


@pytest.mark.parametrize(
    ("changes", "message"),
    [
        ({"format": 9}, "in a form that this version does not know"),
        ({"backend": "oracle"}, "unknown backend 'oracle'"),
        ({"options": {"ridge": -1}}, "options cannot be used: ridge"),
        ({"options": 3}, "describes no scorer"),
        ({"more": 1}, "describes no scorer"),
    ],
)
def test_a_damaged_card_is_refused(
    changes: dict[str, Any], message: str, fitted: TextScorer, tmp_path: Path
) -> None:
    fitted.save(tmp_path / "s")
    _change(tmp_path / "s", **changes)
    with pytest.raises(CheckpointError, match=message):
        load_scorer(tmp_path / "s")


def test_a_folder_without_scorer_or_weights_is_refused(fitted: TextScorer, tmp_path: Path) -> None:
    with pytest.raises(CheckpointError, match=r"no scorer.json in it"):
        load_scorer(tmp_path)
    fitted.save(tmp_path / "s")
    (tmp_path / "s" / "weights.npz").write_bytes(b"nothing")
    with pytest.raises(CheckpointError, match=r"weights.npz: cannot be read"):
        load_scorer(tmp_path / "s")
    (tmp_path / "s" / "weights.npz").unlink()
    with pytest.raises(CheckpointError, match=r"weights.npz: no such file"):
        load_scorer(tmp_path / "s")


def _change(folder: Path, **changes: Any) -> None:
    card = json.loads((folder / "scorer.json").read_text())
    (folder / "scorer.json").write_text(json.dumps({**card, **changes}))
