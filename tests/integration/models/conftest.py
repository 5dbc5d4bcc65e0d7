"""One small checkpoint, and one vLLM server of it, for all tests here."""

import asyncio
import importlib.util
from collections.abc import Iterator
from pathlib import Path

import pytest

from agentrl.models.scratch import build_checkpoint
from agentrl.models.vllm import VllmServer
from agentrl.suite.model import Scratch, VllmSpec

TEXTS = ["go north, take the lamp, open the door, look around: you are in a small room " * 5]


@pytest.fixture(scope="session")
def checkpoint(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A model whose next token is neither certain nor a matter of pure chance."""
    pytest.importorskip("torch", reason="torch is not installed")
    transformers = pytest.importorskip("transformers", reason="transformers is not installed")
    folder = tmp_path_factory.mktemp("served") / "model"
    build_checkpoint(folder, TEXTS, Scratch(hidden_size=64, vocabulary=400, context=512))
    model = transformers.AutoModelForCausalLM.from_pretrained(folder)
    model.lm_head.weight.data *= 12
    model.save_pretrained(folder)
    return folder


@pytest.fixture(scope="session")
def vllm_spec(checkpoint: Path) -> VllmSpec:
    if importlib.util.find_spec("vllm") is None:
        pytest.skip("vLLM is not installed")
    return VllmSpec(backend="vllm", checkpoint=str(checkpoint))


@pytest.fixture(scope="session")
def vllm_server(
    vllm_spec: VllmSpec, tmp_path_factory: pytest.TempPathFactory
) -> Iterator[VllmServer]:
    server = VllmServer(vllm_spec, log=tmp_path_factory.mktemp("vllm") / "server.log")
    asyncio.run(server.start())
    yield server
    server.stop()
