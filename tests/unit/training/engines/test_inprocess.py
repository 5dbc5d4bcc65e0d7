"""The engine in this process, with a real model."""

import asyncio
from collections.abc import Mapping, Sequence
from pathlib import Path

import pytest
import torch
from torch import Tensor

from agentrl.errors import SyncError, UsageError
from agentrl.models.scratch import build_checkpoint
from agentrl.models.transformers.load import load_model
from agentrl.suite.model import Scratch, TransformersSpec
from agentrl.suite.train import PolicySpec
from agentrl.training.engines import ModelEngine, build_engine
from agentrl.training.policy import Policy

TEXTS = ["Where am I? In the kitchen. Open the door, then go north. What do you see?"]


@pytest.fixture(scope="module")
def folder(tmp_path_factory: pytest.TempPathFactory) -> Path:
    scratch = Scratch(hidden_size=32, layers=1, vocabulary=300)
    return build_checkpoint(tmp_path_factory.mktemp("model") / "tiny", TEXTS, scratch)


def spec_of(folder: Path) -> TransformersSpec:
    return TransformersSpec(backend="transformers", checkpoint=str(folder))


def policy_of(folder: Path, *, moved: float = 0.0) -> Policy:
    model = load_model(folder, spec_of(folder))
    generator = torch.Generator().manual_seed(0)
    with torch.no_grad():
        for parameter in model.parameters():
            parameter += moved * torch.randn(parameter.shape, generator=generator)
    return Policy(model)


def engine_of(folder: Path, tmp_path: Path, **policy: float) -> ModelEngine:
    section = PolicySpec.model_validate(policy)
    return build_engine(section, spec_of(folder), folder, work=tmp_path / "engine")


class Stale:
    """Hands over old weights, as a transfer that silently does nothing would."""

    def __init__(self, old: Policy, new: Policy) -> None:
        self._old = old
        self._new = new

    def state_dict(self) -> Mapping[str, Tensor]:
        return self._old.state_dict()

    def save(self, folder: Path) -> None:
        self._old.save(folder)

    def logprobs(self, prompt: Sequence[int], answer: Sequence[int]) -> list[float]:
        return self._new.logprobs(prompt, answer)


def test_a_sync_brings_the_weights_and_proves_it(folder: Path, tmp_path: Path) -> None:
    async def sync() -> None:
        engine = engine_of(folder, tmp_path)
        await engine.start()
        try:
            for version in (1, 2):
                report = await engine.sync(policy_of(folder, moved=0.1 * version), version)
                assert report.version == version
                assert report.gap < 1e-4
                assert report.tokens > 0
                assert report.bytes > 1000
        finally:
            await engine.close()

    asyncio.run(sync())


def test_weights_that_did_not_arrive_stop_the_run_with_both_numbers(
    folder: Path, tmp_path: Path
) -> None:
    async def sync() -> None:
        engine = engine_of(folder, tmp_path)
        await engine.start()
        try:
            stale = Stale(policy_of(folder), policy_of(folder, moved=0.2))
            with pytest.raises(SyncError, match=r"engine -\d.*, trainer -\d.*sync_tolerance"):
                await engine.sync(stale, 1)
        finally:
            await engine.close()

    asyncio.run(sync())


def test_a_weight_that_is_no_number_is_not_within_tolerance(folder: Path, tmp_path: Path) -> None:
    async def sync() -> None:
        engine = engine_of(folder, tmp_path)
        await engine.start()
        try:
            broken = policy_of(folder)
            with torch.no_grad():
                next(broken.parameters()).fill_(float("nan"))
            stale = Stale(policy_of(folder), broken)
            with pytest.raises(SyncError, match="nan"):
                await engine.sync(stale, 1)
        finally:
            await engine.close()

    asyncio.run(sync())


def test_weights_of_another_architecture_are_refused(folder: Path, tmp_path: Path) -> None:
    other = build_checkpoint(
        tmp_path / "other", TEXTS, Scratch(hidden_size=64, layers=1, vocabulary=300)
    )

    async def sync() -> None:
        engine = engine_of(folder, tmp_path)
        await engine.start()
        try:
            with pytest.raises(UsageError, match="do not fit the model"):
                await engine.sync(policy_of(other), 1)
        finally:
            await engine.close()

    asyncio.run(sync())
