import asyncio
import json
from pathlib import Path
from typing import Any

import pytest
from pydantic import ValidationError

from agentrl.episode import Episode, Status
from agentrl.errors import CheckpointError, UnscoredError
from agentrl.models.scorers.base import FitReport, Values
from agentrl.rewards.build import build_labelers
from agentrl.rewards.progress.labeler import ProgressLabeler, build
from agentrl.rewards.progress.source import Scored
from agentrl.rewards.progress.text import TextScorer
from agentrl.suite.reward.progress import ProgressLabelSpec, TextScorerSpec
from agentrl.suite.reward.spec import RewardSpec
from tests.unit.rewards.progress.attempts import attempt, decided

GOOD = attempt("a", "b", name="good", success=1.0)
BAD = attempt("a", "b", "c", name="bad", success=0.0)
LOST = attempt("a", name="lost", status=Status.INFRA_FAILED)


class Halves:
    """Values every prefix at half its turns; refuses one episode; counts what it is taught."""

    backend = "text"
    outcome = "success"

    def __init__(self) -> None:
        self.taught: list[str] = []

    def score(self, episode: Episode) -> Values:
        if episode.id == "dark":
            raise UnscoredError("nothing to see")
        return tuple(turn / 2 for turn in range(len(episode.turns) + 1))

    def fit(self, episodes: Any) -> FitReport:
        raise NotImplementedError

    def update(self, episodes: Any) -> None:
        self.taught += [episode.id for episode in episodes]

    def save(self, folder: Path) -> None:
        raise NotImplementedError

    def memory(self) -> dict[str, Any]:
        return {"taught": self.taught}

    def restore(self, memory: Any) -> None:
        self.taught = list(memory["taught"])


def made(scorer: Halves | None = None, **options: Any) -> ProgressLabeler:
    spec = ProgressLabelSpec.model_validate({"kind": "progress", "scorer": "s", **options})
    return ProgressLabeler("p", spec, Scored(scorer or Halves(), update=spec.update))


def label(labeler: ProgressLabeler, *group: Episode) -> list[Episode]:
    return asyncio.run(labeler.label(group))


def facts(episode: Episode, name: str = "p") -> list[float]:
    return [turn.signals[name] for turn in episode.turns]


@pytest.mark.parametrize(
    ("options", "expected"),
    [
        ({}, [0.5, 0.5, -1.0]),
        ({"residual": "spread"}, [0.0, 0.0, 0.0]),
        ({"residual": "none"}, [0.5, 0.5, 0.5]),
        ({"convert": "difference"}, [0.5, 0.5, 0.5]),
        ({"convert": "potential"}, [0.5, 0.5, -1.0]),
        ({"convert": "potential", "gamma": 0.5}, [0.25, 0.0, -1.0]),
        ({"convert": "segment"}, [0.5, 1.0, 1.5]),
        ({"convert": "segment", "segment_turns": 2}, [0.0, 1.0, 1.5]),
        ({"convert": "segment", "segment_at": "milestone"}, [0.0, 0.0, 1.5]),
    ],
)
def test_values_become_rewards_as_the_label_says(
    options: dict[str, Any], expected: list[float]
) -> None:
    (bad,) = label(made(**options), BAD)

    assert facts(bad) == pytest.approx(expected)
    assert facts(bad, "p/value") == [0.5, 1.0, 1.5]


def test_contributions_sum_to_the_outcome_of_each() -> None:
    good, bad = label(made(), GOOD, BAD)

    assert sum(facts(good)) == pytest.approx(1.0)
    assert sum(facts(bad)) == pytest.approx(0.0)


def test_what_is_not_scored_passes_untouched_and_what_cannot_be_valued_is_unscored() -> None:
    dark = attempt("a", name="dark", success=1.0)
    mute = attempt("a", name="mute", score=1.0)
    lost, unseen, unknown = label(made(), LOST, dark, mute)

    assert lost is LOST
    assert unseen.status is unknown.status is Status.UNSCORED
    assert unseen.error is not None
    assert unseen.error.message == "p: nothing to see"
    assert unknown.error is not None
    assert unknown.error.message == "p: its outcome states score, not 'success'"


def test_an_episode_without_turns_is_labeled_with_nothing() -> None:
    assert label(made(), attempt(success=0.0)) == [attempt(success=0.0)]
    assert label(made()) == []


def test_a_label_that_updates_learns_from_scored_episodes_after_labeling_them() -> None:
    scorer = Halves()
    labeler = made(scorer, update=True)
    label(labeler, GOOD, LOST, BAD)

    assert scorer.taught == ["good", "bad"]
    other = Halves()
    made(other, update=True).restore(json.loads(json.dumps(labeler.memory())))
    assert other.taught == ["good", "bad"]


def test_a_label_that_does_not_update_neither_learns_nor_remembers() -> None:
    scorer = Halves()
    labeler = made(scorer)
    label(labeler, GOOD)

    assert scorer.taught == []
    assert labeler.memory() == {}
    labeler.restore({})


def test_groups_are_learned_in_their_order() -> None:
    scorer = Halves()
    labeler = made(scorer, update=True)

    async def three() -> None:
        await asyncio.gather(*(labeler.label([attempt("a", name=n)]) for n in "xyz"))

    asyncio.run(three())
    assert scorer.taught == ["x", "y", "z"]


def test_a_suite_names_a_scorer_by_its_folder(tmp_path: Path) -> None:
    scorer = TextScorer(TextScorerSpec(features=64))
    scorer.fit([decided(index)[0] for index in range(20)])
    scorer.save(tmp_path / "s")
    reward = {"labels": {"p": {"kind": "progress", "scorer": str(tmp_path / "s")}}}
    labeler = build_labelers(RewardSpec.model_validate(reward).labels)["p"]
    (labeled,) = asyncio.run(labeler.label([GOOD]))

    assert sum(facts(labeled)) == pytest.approx(1.0)
    assert tuple(facts(labeled, "p/value")) == scorer.score(GOOD)[1:]


def test_without_a_scorer_a_label_begins_with_nothing_and_learns() -> None:
    spec = ProgressLabelSpec(kind="progress", update=True, convert="difference")
    labeler = build("p", spec)
    assert facts(label(labeler, GOOD)[0]) == [0.0, 0.0]
    assert facts(label(labeler, GOOD)[0]) != [0.0, 0.0]


@pytest.mark.parametrize(
    ("options", "message"),
    [
        ({}, "without a scorer nothing is known"),
        ({"backend": "lm", "update": True}, "backend 'lm' needs a scorer"),
        ({"scorer": "s", "gamma": 0}, "greater than 0"),
    ],
)
def test_a_label_that_cannot_work_is_refused(options: dict[str, Any], message: str) -> None:
    with pytest.raises(ValidationError, match=message):
        ProgressLabelSpec.model_validate({"kind": "progress", **options})


def test_a_scorer_that_is_not_there_is_told_when_the_label_is_built(tmp_path: Path) -> None:
    with pytest.raises(CheckpointError, match=r"no scorer.json in it"):
        build("p", ProgressLabelSpec(kind="progress", scorer=str(tmp_path / "none")))
