"""Where votes are kept, and which model they belong to."""

import os
from pathlib import Path

import pytest
from pydantic import TypeAdapter

from agentrl.rewards.judge.cache import VoteCache, vote_key
from agentrl.rewards.judge.identity import model_identity
from agentrl.rewards.judge.voting import Vote
from agentrl.suite.model import ModelSpec

VOTE = Vote({"": {"tone": 0.5}}, "said \ud800")


def spec(**keys: object) -> ModelSpec:
    adapter: TypeAdapter[ModelSpec] = TypeAdapter(ModelSpec)
    return adapter.validate_python(keys)


def test_a_vote_comes_back_as_it_was_put(tmp_path: Path) -> None:
    VoteCache(tmp_path).put("abcdef", VOTE)

    assert VoteCache(tmp_path).get("abcdef") == VOTE
    assert VoteCache(tmp_path).get("abcdee") is None


def test_a_folder_that_cannot_be_written_only_warns(
    tmp_path: Path, caplog: pytest.LogCaptureFixture
) -> None:
    (tmp_path / "ab").write_text("a file where a folder belongs")

    VoteCache(tmp_path).put("abcdef", VOTE)

    assert "a judge's vote is not kept" in caplog.text
    assert VoteCache(tmp_path).get("abcdef") is None


@pytest.mark.parametrize("text", ["", "[]", '{"shares": {"": {"a": 7}}, "text": ""}', "\x00"])
def test_a_file_that_holds_no_vote_is_removed(tmp_path: Path, text: str) -> None:
    cache = VoteCache(tmp_path)
    cache.put("abcdef", VOTE)
    (file,) = tmp_path.rglob("*.json")
    file.write_text(text)

    assert cache.get("abcdef") is None
    assert not file.exists()


def test_parts_of_a_key_cannot_be_shifted_into_each_other() -> None:
    keys = [("a", "bc"), ("ab", "c"), ("abc",), ("a\0b", "c"), ("a", "b", "c")]

    assert len({vote_key(parts) for parts in keys}) == len(keys)


def test_a_checkpoint_that_was_trained_on_is_another_model(tmp_path: Path) -> None:
    weights = tmp_path / "model.safetensors"
    weights.write_bytes(b"old")
    chosen = spec(backend="transformers", checkpoint=str(tmp_path))
    before = model_identity(chosen)
    assert model_identity(chosen) == before

    weights.write_bytes(b"new")
    os.utime(weights, ns=(1, 1))

    assert model_identity(chosen) != before


def test_how_a_server_is_reached_says_nothing_about_which_model_answers() -> None:
    keys = {"backend": "openai", "model": "m", "base_url": "http://localhost:1/v1"}

    hurried = spec(**keys, timeout_s=1.0, concurrency=1, max_retries=0, api_key_env="OTHER")

    assert model_identity(hurried) == model_identity(spec(**keys))
    assert model_identity(spec(**{**keys, "model": "n"})) != model_identity(spec(**keys))
