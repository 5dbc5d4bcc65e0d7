"""The vLLM engine of a training: weights, proofs, and a server that dies."""

import asyncio
import os
import signal
from pathlib import Path
from typing import Any

import pytest
import torch

from agentrl.episode import Sampling
from agentrl.errors import CheckpointError, ServiceDownError, SyncError, UsageError
from agentrl.models.base import Message, Request
from agentrl.models.scratch import build_checkpoint
from agentrl.models.transformers.load import load_model
from agentrl.suite.model import Scratch, TransformersSpec
from agentrl.suite.train import PolicySpec
from agentrl.training.engines import build_engine
from agentrl.training.engines.served import ServedEngine
from agentrl.training.policy import Policy

pytest.importorskip("vllm", reason="vLLM is not installed")

QUESTION = Request((Message("user", "Where am I?"),), Sampling(max_tokens=8, seed=3))


@pytest.fixture(scope="module")
def folder(tmp_path_factory: pytest.TempPathFactory) -> Path:
    texts = ["Where am I? In the kitchen. Open the door, then go north. What do you see?"]
    scratch = Scratch(hidden_size=64, layers=2, vocabulary=320)
    return build_checkpoint(tmp_path_factory.mktemp("model") / "tiny", texts, scratch)


def policy_of(folder: Path, moved: float) -> Policy:
    from transformers import AutoTokenizer

    model = load_model(folder, TransformersSpec(backend="transformers", checkpoint=str(folder)))
    generator = torch.Generator().manual_seed(1)
    with torch.no_grad():
        for parameter in model.parameters():
            parameter += moved * torch.randn(parameter.shape, generator=generator)
    untyped: Any = AutoTokenizer
    return Policy(model, untyped.from_pretrained(folder))


def engine_of(folder: Path, tmp_path: Path, **policy: Any) -> ServedEngine:
    section = PolicySpec.model_validate({"engine": "vllm", **policy})
    model = TransformersSpec(backend="transformers", checkpoint=str(folder))
    engine = build_engine(section, model, folder, work=tmp_path / "work", log_folder=tmp_path)
    assert isinstance(engine, ServedEngine)
    return engine


@pytest.mark.vllm
@pytest.mark.slow
def test_weights_arrive_and_a_dead_server_comes_back_once(
    folder: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    async def live() -> None:
        engine = engine_of(folder, tmp_path)
        await engine.start()
        try:
            answer = await engine.model.generate(QUESTION)
            for version in (1, 2):
                policy = policy_of(folder, 0.05 * version)
                report = await engine.sync(policy, version)
                assert report.gap < 1e-4
                answer = await engine.model.generate(QUESTION)
                assert answer.weights_version == version
                assert answer.prompt_token_ids is not None
                assert answer.token_ids is not None
                expected = policy.logprobs(answer.prompt_token_ids, answer.token_ids)
                assert answer.logprobs == pytest.approx(expected, abs=1e-4)
            assert [path.name for path in (tmp_path / "work").iterdir()] == ["weights-2"]

            kill(engine)
            again = await asyncio.gather(*(engine.model.generate(QUESTION) for _ in range(4)))
            assert {g.token_ids for g in again} == {answer.token_ids}
            kill(engine)
            with pytest.raises(ServiceDownError, match="died twice"):
                await engine.model.generate(QUESTION)

            await engine.sync(policy_of(folder, 0.2), 3)  # starts it once more
            monkeypatch.setattr("agentrl.training.engines.served.reload_weights", lambda *_: None)
            with pytest.raises(SyncError, match="does not have the trainer's weights"):
                await engine.sync(policy_of(folder, 0.4), 4)
        finally:
            await engine.close()
        assert not (tmp_path / "work").exists()

    asyncio.run(live())


def kill(engine: ServedEngine) -> None:
    pid = engine.pid
    assert pid is not None
    os.killpg(pid, signal.SIGKILL)


def test_tied_embeddings_are_refused_before_a_server_starts(folder: Path, tmp_path: Path) -> None:
    config = folder / "config.json"
    tied = tmp_path / "tied"
    tied.mkdir()
    text = config.read_text().replace('"tie_word_embeddings": false', '"tie_word_embeddings": true')
    (tied / "config.json").write_text(text)
    with pytest.raises(CheckpointError, match="ties its input and output embeddings"):
        engine_of(tied, tmp_path)


def test_a_way_that_does_not_exist_here_is_refused(folder: Path, tmp_path: Path) -> None:
    with pytest.raises(UsageError, match=r"policy\.sync is 'transfer'"):
        engine_of(folder, tmp_path, sync="transfer")
