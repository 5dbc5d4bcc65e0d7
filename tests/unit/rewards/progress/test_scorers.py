"""Scorers on a CPU: they learn which turn decided, and say what they are."""

import asyncio
import json
import random
from collections.abc import Sequence
from dataclasses import replace
from pathlib import Path

import numpy as np
import pytest

from agentrl.episode import Episode, Status, Turn
from agentrl.errors import CheckpointError, UsageError
from agentrl.rewards.progress.best import best_of_n
from agentrl.rewards.progress.contrastive import ContrastiveScorer, contrastive_loss
from agentrl.rewards.progress.labeler import ProgressLabeler, build
from agentrl.rewards.progress.scorers import load_scorer
from agentrl.rewards.progress.text import TextScorer
from agentrl.suite.reward.progress import ProgressLabelSpec, TextScorerSpec
from tests.unit.rewards.episodes import episode


def attempt(name: str, actions: Sequence[str], task: str = "t") -> Episode:
    turns = tuple(Turn(f"room {n}", action) for n, action in enumerate(actions))
    success = float("take the key" in actions)
    return replace(episode(name, task=task, success=success), turns=turns)


def attempts(count: int, seed: int = 0) -> list[Episode]:
    """Half of them take the key somewhere on the way, which decides the outcome."""
    drawn = random.Random(seed)
    made = []
    for number in range(count):
        actions = [drawn.choice(["look", "go north", "wait", "sing"]) for _ in range(5)]
        if number % 2:
            actions[drawn.randrange(5)] = "take the key"
        made.append(attempt(f"e{number}", actions, task=f"t{number // 2 % 10}"))
    return made


LUCKY = attempt("lucky", ["look", "go north", "take the key", "wait"])


def test_the_contribution_concentrates_on_the_turn_that_decided() -> None:
    scorer = TextScorer()
    told = scorer.fit(attempts(200))
    spec = ProgressLabelSpec(kind="progress", update=True, residual="spread")
    labelled = ProgressLabeler("spa", spec, _given(scorer))
    (one,) = asyncio.run(labelled.label([LUCKY]))

    rewards = [turn.signals["spa"] for turn in one.turns]
    assert sum(rewards) == pytest.approx(1.0)
    assert rewards[2] > 0.5
    assert max(rewards[0], rewards[1], rewards[3]) < 0.25
    assert one.turns[2].signals["spa/value"] - one.turns[1].signals["spa/value"] > 0.5
    assert told.error is not None
    assert told.base_error is not None
    assert told.error < 0.3 * told.base_error
    assert told.held_out_by == "task"


def _given(scorer: TextScorer):  # type: ignore[no-untyped-def]
    from agentrl.rewards.progress.source import Scored

    return Scored(scorer, update=False)


def test_a_saved_scorer_says_the_same(tmp_path: Path) -> None:
    scorer = TextScorer()
    scorer.fit(attempts(40))
    scorer.save(tmp_path / "scorer")

    again = load_scorer(tmp_path / "scorer", "text", "success")

    assert again.score(LUCKY) == pytest.approx(scorer.score(LUCKY))
    assert json.loads((tmp_path / "scorer" / "scorer.json").read_text())["backend"] == "text"


def test_a_scorer_of_another_model_family_is_refused(tmp_path: Path) -> None:
    scorer = TextScorer()
    scorer.fit(attempts(40))
    scorer.save(tmp_path / "scorer")

    with pytest.raises(UsageError, match="another model family: its backend is 'text'"):
        load_scorer(tmp_path / "scorer", "lm")
    with pytest.raises(UsageError, match="was fitted to 'success', expected 'score'"):
        load_scorer(tmp_path / "scorer", outcome="score")


def test_a_scorer_with_other_features_is_refused(tmp_path: Path) -> None:
    scorer = TextScorer(TextScorerSpec(unit="char"))
    scorer.fit(attempts(40))
    scorer.save(tmp_path / "scorer")
    card = tmp_path / "scorer" / "scorer.json"
    data = json.loads(card.read_text())
    data["options"]["unit"] = "word"
    card.write_text(json.dumps(data))

    with pytest.raises(UsageError, match="model family"):
        load_scorer(tmp_path / "scorer")


def test_a_folder_without_a_scorer_is_refused(tmp_path: Path) -> None:
    with pytest.raises(CheckpointError, match=r"scorer\.json"):
        load_scorer(tmp_path)


@pytest.mark.parametrize("kind", [TextScorer, ContrastiveScorer])
def test_equal_outcomes_teach_nothing(kind: type[TextScorer]) -> None:
    with pytest.raises(UsageError, match=r"equal|all|same|better"):
        kind().fit([attempt(f"e{n}", ["look"]) for n in range(10)])


def test_episodes_that_are_not_scored_teach_nothing() -> None:
    failed = [replace(one, status=Status.INFRA_FAILED) for one in attempts(10)]
    with pytest.raises(UsageError, match="no"):
        TextScorer().fit(failed)


def test_learning_goes_on_from_group_to_group_and_survives_a_checkpoint() -> None:
    label = build("spa", ProgressLabelSpec(kind="progress", update=True))
    for start in range(0, 160, 8):
        asyncio.run(label.label(attempts(160)[start : start + 8]))
    again = build("spa", ProgressLabelSpec(kind="progress", update=True))
    again.restore(json.loads(json.dumps(label.memory())))

    ours, theirs = (asyncio.run(one.label([LUCKY]))[0] for one in (label, again))

    assert ours == theirs
    rewards = [turn.signals["spa"] for turn in ours.turns]
    assert max(rewards) == rewards[2]


def test_an_episode_without_the_outcome_is_unscored_and_never_zero() -> None:
    label = build("spa", ProgressLabelSpec(kind="progress", update=True, outcome="score"))
    (one,) = asyncio.run(label.label([LUCKY]))
    assert one.status is Status.UNSCORED
    assert one.error is not None
    assert "'score'" in one.error.message


def test_a_label_that_knows_nothing_and_learns_nothing_is_refused() -> None:
    with pytest.raises(ValueError, match="set scorer, or update to true"):
        ProgressLabelSpec(kind="progress")


def test_the_contrastive_loss_by_hand() -> None:
    """-log sigmoid(2 - 1) + 1e-3 * |2 + 1| (arXiv 2502.12130)."""
    found = contrastive_loss(np.array([2.0]), np.array([1.0]))
    assert found == pytest.approx(float(np.log(1 + np.exp(-1.0))) + 0.003)


def test_pairs_teach_which_attempt_is_better() -> None:
    scorer = ContrastiveScorer()
    told = scorer.fit(attempts(200))
    unlucky = attempt("unlucky", ["look", "go north", "sing", "wait"])

    assert told.ranked is not None
    assert told.ranked > 0.9
    assert best_of_n([unlucky, LUCKY], scorer).id == "lucky"
