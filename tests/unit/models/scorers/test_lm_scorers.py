"""Scorers on language models, on a tiny one made from nothing."""

import random
from dataclasses import replace
from itertools import pairwise
from pathlib import Path

import pytest

from agentrl.episode import Episode, Turn
from agentrl.errors import UsageError
from agentrl.models.scorers.lm import LmScorer
from agentrl.models.scorers.lm import build as build_lm
from agentrl.models.scorers.log_ratio import LogRatioScorer
from agentrl.models.scorers.log_ratio import build as build_log_ratio
from agentrl.models.scratch import scratch_checkpoint
from agentrl.rewards.progress.scorers import load_scorer
from agentrl.suite.model import Scratch
from agentrl.suite.reward.progress_models import LmScorerSpec, LogRatioSpec
from tests.unit.rewards.episodes import episode

pytest.importorskip("torch")

TEXTS = ["look", "go north", "wait", "take the key", "room 1 2 3 4"]


@pytest.fixture(scope="module")
def checkpoint() -> Path:
    return scratch_checkpoint(TEXTS, Scratch(hidden_size=32, layers=1, vocabulary=300))


def attempts(count: int) -> list[Episode]:
    drawn = random.Random(0)
    made = []
    for number in range(count):
        actions = [drawn.choice(TEXTS[:3]) for _ in range(3)]
        if number % 2:
            actions[drawn.randrange(3)] = "take the key"
        turns = tuple(Turn(f"room {n}", action) for n, action in enumerate(actions))
        won = float("take the key" in actions)
        made.append(
            replace(episode(f"e{number}", task=f"t{number // 2 % 8}", success=won), turns=turns)
        )
    return made


def test_turn_values_sum_to_the_outcome_and_land_on_the_turn_that_decided(
    checkpoint: Path, tmp_path: Path
) -> None:
    """SPA's estimator (arXiv 2505.20732): only the sum has a target."""
    scorer = build_lm(LmScorerSpec(lr=3e-3, epochs=12, warmup=0, batch=8), checkpoint, "success")
    told = scorer.fit(attempts(96))
    values = scorer.score(attempts(2)[1])
    gains = [after - before for before, after in pairwise(values)]
    decided = [turn.action for turn in attempts(2)[1].turns].index("take the key")

    assert told.error is not None
    assert told.base_error is not None
    assert told.error < 0.5 * told.base_error
    assert values[0] == 0.0
    assert values[-1] == pytest.approx(1.0, abs=0.35)
    assert gains.index(max(gains)) == decided

    scorer.save(tmp_path / "scorer")
    again = load_scorer(tmp_path / "scorer", "lm", "success")
    assert isinstance(again, LmScorer)
    assert again.score(attempts(2)[1]) == pytest.approx(values, abs=1e-5)


def test_prime_learns_from_outcomes_alone(checkpoint: Path) -> None:
    """Online: a few updates tell won from lost attempts (arXiv 2502.01456)."""
    spec = LogRatioSpec(reference=str(checkpoint), learn="outcome", lr=3e-3, epochs=8, batch=8)
    scorer = build_log_ratio(spec, checkpoint, "success")
    start = scorer.score(attempts(2)[1])
    told = scorer.fit(attempts(96))

    assert start == pytest.approx((0.0,) * 4, abs=1e-5)
    assert told.ranked is not None
    assert told.ranked > 0.8


def test_a_log_ratio_of_two_models_needs_no_learning(checkpoint: Path) -> None:
    spec = LogRatioSpec(reference=str(checkpoint), learn="none")
    scorer = build_log_ratio(spec, checkpoint, "success")
    assert isinstance(scorer, LogRatioScorer)
    assert scorer.score(attempts(1)[0]) == pytest.approx((0.0,) * 4, abs=1e-5)


def test_without_a_reference_the_value_is_a_log_probability(checkpoint: Path) -> None:
    spec = LogRatioSpec(learn="none", reference=None)
    values = build_log_ratio(spec, checkpoint, "success").score(attempts(1)[0])
    assert list(values) == sorted(values, reverse=True)
    assert values[-1] < 0


def test_a_reference_of_another_family_is_refused(checkpoint: Path) -> None:
    other = scratch_checkpoint(["other words"], Scratch(hidden_size=32, layers=1, vocabulary=290))
    spec = LogRatioSpec(reference=str(other), learn="none")
    with pytest.raises(UsageError, match="another model family"):
        build_log_ratio(spec, checkpoint, "success")
