"""Recorded answers, given again."""

import asyncio
from pathlib import Path

import pytest

from agentrl.codec import dump_episode
from agentrl.episode import Episode, Generation, Sampling, Status, StopReason, Turn, Usage
from agentrl.errors import RecordError, UsageError
from agentrl.models.base import Message, Request
from agentrl.models.replay import ReplayModel
from agentrl.suite.model import ReplaySpec
from agentrl.testing.models import check_model

ASK = Message("user", "what now?")


def said(text: str) -> Generation:
    return Generation(
        text=text,
        finish_reason="stop",
        model="recorded",
        sampling=Sampling(temperature=0.3),
        usage=Usage(3, 2, 1),
        token_ids=(7, 8),
        logprobs=(-0.25, -1.5),
        prompt_token_ids=(1, 2, 3),
        allowed=((7, 9), None),
        cost_usd=0.5,
        latency_s=2.0,
        weights_version=4,
    )


def episode(name: str, *texts: str) -> Episode:
    turns = tuple(Turn("what now?", text, (said(text),)) for text in texts)
    return Episode(name, "t", "t", 0, "llm", Status.OK, StopReason.TERMINATED, turns)


def run_folder(folder: Path, *episodes: Episode) -> Path:
    lines = "".join(dump_episode(e) + "\n" for e in episodes)
    (folder / "episodes.jsonl").write_text(lines, encoding="utf-8")
    return folder


def replayed(run: Path, session: str, turn: int) -> Generation:
    async def ask() -> Generation:
        model = ReplayModel(ReplaySpec(backend="replay", run=str(run)))
        await model.start()
        messages = (ASK, *((Message("assistant", "x"), ASK) * turn))
        return await model.generate(Request(messages, session=session))

    return asyncio.run(ask())


def test_every_turn_is_answered_exactly_as_recorded(tmp_path: Path) -> None:
    run = run_folder(tmp_path, episode("a", "go", "look"), episode("b", "wait"))
    assert replayed(run, "a", 0) == said("go")
    assert replayed(run, "a", 1) == said("look")
    assert replayed(run / "episodes.jsonl", "b", 0) == said("wait")


def test_the_later_record_of_an_episode_counts(tmp_path: Path) -> None:
    run = run_folder(tmp_path, episode("a", "old"), episode("a", "new"))
    assert replayed(run, "a", 0).text == "new"


def test_a_torn_last_line_is_passed_over(tmp_path: Path) -> None:
    run = run_folder(tmp_path, episode("a", "go"))
    with (run / "episodes.jsonl").open("a") as file:
        file.write(dump_episode(episode("b", "x"))[:-20])
    assert replayed(run, "a", 0).text == "go"
    with pytest.raises(UsageError, match="no episode 'b'"):
        replayed(run, "b", 0)


def test_a_broken_line_is_named(tmp_path: Path) -> None:
    (tmp_path / "episodes.jsonl").write_text("{]\n" + dump_episode(episode("a", "go")) + "\n")
    with pytest.raises(RecordError, match=r"episodes\.jsonl:1: not a line of JSON"):
        replayed(tmp_path, "a", 0)


def test_a_missing_episode_or_turn_is_named(tmp_path: Path) -> None:
    run = run_folder(tmp_path, episode("a", "go"))
    with pytest.raises(UsageError, match=r"no episode 'z'.*\(1 episodes\)"):
        replayed(run, "z", 0)
    with pytest.raises(UsageError, match="1 answers of episode 'a', and answer 2 is asked for"):
        replayed(run, "a", 1)


def test_a_missing_run_is_named(tmp_path: Path) -> None:
    with pytest.raises(UsageError, match=r"no recorded run at .*nowhere"):
        replayed(tmp_path / "nowhere", "a", 0)


def test_it_conforms(tmp_path: Path) -> None:
    run = run_folder(tmp_path, episode("a", "go"))
    model = ReplayModel(ReplaySpec(backend="replay", run=str(run)))
    request = Request((ASK,), session="a")
    asyncio.run(check_model(model, request=request, recorded=True))


def test_a_world_that_now_shows_something_else_is_noticed(tmp_path: Path) -> None:
    run = run_folder(tmp_path, episode("a", "go"))
    model = ReplayModel(ReplaySpec(backend="replay", run=str(run)))

    async def ask() -> None:
        await model.start()
        await model.generate(Request((Message("user", "and now?"),), session="a"))

    with pytest.raises(UsageError, match=r"given to 'what now\?', and now 'and now\?' is asked"):
        asyncio.run(ask())
