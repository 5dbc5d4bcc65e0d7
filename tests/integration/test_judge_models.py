"""Judges over real models: one that talks nonsense, and servers that fail as they like."""

import asyncio
import json
import time
from collections.abc import Sequence
from pathlib import Path
from typing import Any

import pytest

from agentrl.episode import Episode, Status, StopReason, Turn
from agentrl.errors import UsageError
from agentrl.models.scratch import build_checkpoint
from agentrl.rewards.judge import labeler as judge_labeler
from agentrl.rewards.labeling import Labeler
from agentrl.rewards.tournament import labeler as tournament_labeler
from agentrl.suite.model import Scratch
from agentrl.suite.reward.judge import JudgeLabelSpec
from agentrl.suite.reward.tournament import TournamentLabelSpec
from agentrl.testing.server import FakeServer, fails, garbage, hangs, says

RUBRIC = {"items": [{"name": "tone", "text": "Is it polite?"}]}
YES = json.dumps({"reason": "it is", "scores": {"tone": 1}})


@pytest.fixture(autouse=True)
def _own_cache(monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> None:
    monkeypatch.setenv("AGENTRL_CACHE", str(tmp_path / "cache"))


def group(count: int) -> list[Episode]:
    return [
        Episode(
            f"e{number}",
            "task",
            "task#0",
            0,
            "agent",
            Status.OK,
            StopReason.TERMINATED,
            (Turn("a door", f"please open it {number}"), Turn("open", "thank you")),
            outcome={"success": 1.0},
        )
        for number in range(count)
    ]


def labeled(labeler: Labeler, episodes: Sequence[Episode]) -> list[Episode]:
    async def main() -> list[Episode]:
        try:
            return await labeler.label(episodes)
        finally:
            await labeler.close()

    return asyncio.run(main())


def judge(model: dict[str, Any], **keys: Any) -> Labeler:
    spec = JudgeLabelSpec.model_validate({"model": model, "rubric": RUBRIC, **keys})
    return judge_labeler.build("manners", spec)


def tournament(model: dict[str, Any], **keys: Any) -> Labeler:
    section = {"judge": {"model": model, "rubric": RUBRIC, **keys}}
    return tournament_labeler.build("best", TournamentLabelSpec.model_validate(section))


def server_model(server: FakeServer) -> dict[str, Any]:
    return {"backend": "openai", "model": "fake", "base_url": server.base_url, "max_retries": 1}


@pytest.fixture(scope="module")
def babbling(tmp_path_factory: pytest.TempPathFactory) -> dict[str, Any]:
    """A real checkpoint with random weights."""
    pytest.importorskip("torch", reason="torch is not installed")
    pytest.importorskip("transformers", reason="transformers is not installed")
    folder = tmp_path_factory.mktemp("judge") / "model"
    texts = ["the judge gives a score to what the agent did, from 0 to 1 " * 5]
    build_checkpoint(folder, texts, Scratch(hidden_size=64, vocabulary=400, context=8192))
    return {"backend": "transformers", "checkpoint": str(folder), "device": "cpu"}


@pytest.mark.parametrize("scope", ["episode", "turn"])
def test_a_model_that_talks_nonsense_leaves_episodes_unscored(
    babbling: dict[str, Any], scope: str
) -> None:
    told = labeled(judge(babbling, scope=scope, retries=1, max_tokens=16), group(3))

    assert [episode.status for episode in told] == [Status.UNSCORED] * 3
    assert all(e.error and "gave no readable answer" in e.error.message for e in told)
    assert all("manners" not in episode.outcome for episode in told)


def test_a_tournament_by_a_model_that_talks_nonsense_gives_no_places(
    babbling: dict[str, Any],
) -> None:
    told = labeled(tournament(babbling, retries=0, max_tokens=8), group(3))

    assert [episode.status for episode in told] == [Status.UNSCORED] * 3


def test_a_record_that_does_not_fit_the_models_context_leaves_the_episode_unscored(
    babbling: dict[str, Any],
) -> None:
    long = Episode(
        "e",
        "task",
        "task#0",
        0,
        "agent",
        Status.OK,
        StopReason.TERMINATED,
        (Turn("saw", "é" * 20_000),),
    )

    (told,) = labeled(judge(babbling), [long])

    assert told.error is not None
    assert "show it less (max_chars)" in told.error.message


def test_a_server_that_never_answers_leaves_episodes_unscored_within_the_time_limit() -> None:
    with FakeServer([hangs()]) as server:
        began = time.monotonic()
        told = labeled(judge(server_model(server), timeout_s=0.3), group(4))

    assert time.monotonic() - began < 5
    assert [episode.status for episode in told] == [Status.UNSCORED] * 4
    assert {e.error.kind for e in told if e.error} == {"JudgeError"}
    assert all(e.error and "did not answer within 0.3 s" in e.error.message for e in told)


def test_a_tournament_by_a_server_that_never_answers_comes_to_an_end() -> None:
    with FakeServer([hangs()]) as server:
        began = time.monotonic()
        told = labeled(tournament(server_model(server), timeout_s=0.2), group(4))

    assert time.monotonic() - began < 20
    assert [episode.status for episode in told] == [Status.UNSCORED] * 4


@pytest.mark.parametrize("answer", [fails(500), garbage(), says("10/10")])
def test_a_server_that_fails_leaves_episodes_unscored(answer: Any) -> None:
    with FakeServer([answer]) as server:
        model = {**server_model(server), "max_retries": 0}
        told = labeled(judge(model, retries=0), group(2))

    assert [episode.status for episode in told] == [Status.UNSCORED] * 2


def test_one_episode_that_the_server_chokes_on_costs_no_other() -> None:
    def answer(body: dict[str, Any]) -> Any:
        return hangs() if "open it 1" in body["messages"][1]["content"] else says(YES)

    with FakeServer(answer) as server:
        told = labeled(judge(server_model(server), timeout_s=0.5), group(3))

    assert [episode.outcome.get("manners") for episode in told] == [1.0, None, 1.0]


def test_a_key_that_is_refused_ends_the_run_with_what_to_do() -> None:
    with (
        FakeServer([fails(401, "bad key")]) as server,
        pytest.raises(UsageError, match="set a k"),
    ):
        labeled(judge(server_model(server)), group(2))


def test_no_more_requests_are_under_way_than_allowed_and_none_twice() -> None:
    with FakeServer([says(YES, delay_s=0.02)]) as server:
        first = labeled(judge(server_model(server), concurrency=3), group(9))
        again = labeled(judge(server_model(server), concurrency=3), group(9))

        assert server.most_at_once == 3
        assert len(server.requests) == 9
    assert first == again
