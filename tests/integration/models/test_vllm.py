"""A real vLLM server: what it records, and how it lives and dies."""

import asyncio
import os
import signal
import subprocess
import sys
import time
from collections.abc import Callable
from pathlib import Path
from typing import TYPE_CHECKING

import pytest

from agentrl.episode import Generation, Sampling
from agentrl.errors import ModelError, ServiceDownError
from agentrl.models.base import Message, Request
from agentrl.models.build import build_model, shared_server
from agentrl.models.retry import RetryPolicy
from agentrl.models.vllm import VllmModel, VllmServer
from agentrl.suite.model import VllmSpec

if TYPE_CHECKING:
    from torch import Tensor

pytestmark = pytest.mark.vllm

CHOICES = ("go north", "go south", "go", "take the lamp", "look")
SAMPLINGS = [
    Sampling(),
    Sampling(temperature=0.7, top_p=0.9),
    Sampling(temperature=1.3, top_k=5),
    Sampling(temperature=0.0),
]


def sampled(model: VllmModel, request: Request, count: int) -> list[Generation]:
    async def ask() -> list[Generation]:
        await model.start()
        try:
            return await asyncio.gather(*(model.generate(request) for _ in range(count)))
        finally:
            await model.close()

    return asyncio.run(ask())


def recomputed(checkpoint: Path, answer: Generation) -> list[float]:
    """The log-probabilities of an answer's tokens, by one forward pass of transformers."""
    import torch
    from transformers import AutoModelForCausalLM

    assert answer.prompt_token_ids is not None
    assert answer.token_ids is not None
    model = AutoModelForCausalLM.from_pretrained(checkpoint, dtype=torch.float32)
    tokens = torch.tensor([[*answer.prompt_token_ids, *answer.token_ids]])
    with torch.no_grad():
        logits = model(tokens).logits[0, len(answer.prompt_token_ids) - 1 : -1]
    allowed = answer.allowed or (None,) * len(answer.token_ids)
    rows = [
        _distribution(row, answer.sampling, ids) for row, ids in zip(logits, allowed, strict=True)
    ]
    return [float(row[token]) for row, token in zip(rows, answer.token_ids, strict=True)]


def _distribution(
    logits: "Tensor", sampling: Sampling, allowed: tuple[int, ...] | None
) -> "Tensor":
    import torch

    if allowed is not None:
        masked = torch.full_like(logits, -torch.inf)
        masked[list(allowed)] = logits[list(allowed)]
        logits = masked
    if sampling.temperature == 0:
        return logits.log_softmax(-1)
    logits = logits / sampling.temperature
    if sampling.top_k:
        logits = logits.masked_fill(logits < logits.topk(sampling.top_k).values[-1], -torch.inf)
    ordered, ids = logits.softmax(-1).sort(descending=True)
    surplus = ids[ordered.cumsum(-1) - ordered >= sampling.top_p]
    logits[surplus] = -torch.inf
    return logits.log_softmax(-1)


@pytest.mark.parametrize("choices", [None, CHOICES], ids=["free", "constrained"])
@pytest.mark.parametrize("sampling", SAMPLINGS, ids=["T1", "T0.7-p0.9", "T1.3-k5", "greedy"])
def test_logprobs_are_those_of_the_distribution_sampled_from(
    sampling: Sampling,
    choices: tuple[str, ...] | None,
    vllm_server: VllmServer,
    vllm_spec: VllmSpec,
    checkpoint: Path,
) -> None:
    model = VllmModel(vllm_spec, base_url=vllm_server.base_url)
    request = Request((Message("user", "you are in a room"),), sampling, choices=choices)
    answers = sampled(model, request, 8)
    for answer in answers:
        assert answer.logprobs == pytest.approx(recomputed(checkpoint, answer), abs=1e-3)
    spread = {value for answer in answers for value in answer.logprobs or ()}
    assert len(spread) > 1


def test_requests_of_all_kinds_in_one_batch_keep_their_own_distributions(
    vllm_server: VllmServer, vllm_spec: VllmSpec, checkpoint: Path
) -> None:
    message = (Message("user", "you are in a room"),)
    kinds = [Request(message, s, choices=c) for s in SAMPLINGS for c in (None, CHOICES)]

    async def ask() -> list[Generation]:
        model = VllmModel(vllm_spec, base_url=vllm_server.base_url)
        await model.start()
        try:
            return await asyncio.gather(*(model.generate(kind) for kind in kinds * 3))
        finally:
            await model.close()

    for answer in asyncio.run(ask()):
        assert answer.logprobs == pytest.approx(recomputed(checkpoint, answer), abs=1e-3)


def test_more_seeded_prompts_than_fit_one_step_are_all_answered(
    vllm_server: VllmServer, vllm_spec: VllmSpec
) -> None:
    async def ask() -> list[Generation]:
        model = VllmModel(vllm_spec, base_url=vllm_server.base_url)
        await model.start()
        requests = [
            Request((Message("user", f"{seed} " * 90),), Sampling(max_tokens=8, seed=seed))
            for seed in range(1000, 1024)
        ]
        try:
            return await asyncio.gather(*map(model.generate, requests))
        finally:
            await model.close()

    answers = asyncio.run(ask())
    assert sum(answer.usage.prompt_tokens for answer in answers) > 8192
    assert all(answer.token_ids for answer in answers)


def test_the_next_turn_finds_the_conversation_in_the_cache(
    vllm_server: VllmServer, vllm_spec: VllmSpec
) -> None:
    async def converse() -> tuple[Generation, Generation]:
        model = VllmModel(vllm_spec, base_url=vllm_server.base_url)
        await model.start()
        asked = (Message("user", "unheard of: " + "take the lamp " * 80),)
        sampling = Sampling(max_tokens=8)
        first = await model.generate(Request(asked, sampling))
        prompt = (first.prompt_token_ids or ()) + (first.token_ids or ())
        second = await model.generate(Request(asked, sampling, token_ids=prompt))
        await model.close()
        return first, second

    first, second = asyncio.run(converse())
    assert first.usage.cached_tokens < 64
    assert second.usage.cached_tokens >= 128


def group_of(server_pid: int) -> list[int]:
    """The living processes of a server's process group."""
    members = []
    for entry in Path("/proc").iterdir():
        try:
            fields = (entry / "stat").read_text().rpartition(")")[2].split()
        except (OSError, NotADirectoryError):
            continue
        if fields[0] != "Z" and int(fields[2]) == server_pid:
            members.append(int(entry.name))
    return members


def until(condition: Callable[[], bool]) -> None:
    deadline = time.monotonic() + 60
    while not condition():
        assert time.monotonic() < deadline, "waited in vain"
        time.sleep(0.05)


def pid_of(model: VllmModel) -> int:
    server = model.server
    assert server is not None
    assert server.pid is not None
    return server.pid


@pytest.mark.slow
def test_a_server_that_dies_fails_its_requests_and_then_the_run(
    vllm_spec: VllmSpec, tmp_path: Path
) -> None:
    async def scene() -> int:
        log = tmp_path / "vllm.log"
        model = VllmModel(vllm_spec, log=log, retry=RetryPolicy(3, first_pause_s=0.1))
        await model.start()
        pid = pid_of(model)
        request = Request((Message("user", "hi"),), Sampling(max_tokens=480))
        running = [asyncio.create_task(model.generate(request)) for _ in range(64)]
        await asyncio.sleep(0.3)
        os.kill(max(group_of(pid)), signal.SIGKILL)  # started last: the engine's worker
        failures = await asyncio.gather(*running, return_exceptions=True)
        errors = [failure for failure in failures if isinstance(failure, BaseException)]
        assert errors
        for error in errors:
            assert isinstance(error, ModelError)
        until(lambda: not model.server or not model.server.is_running)
        with pytest.raises(
            ServiceDownError, match=rf"ended; the end of its log, {log}:\n(.|\n)*guard: the"
        ):
            await model.generate(request)
        await model.close()
        return pid

    assert group_of(asyncio.run(scene())) == []


PARENT = """
import asyncio, sys
from pathlib import Path
from agentrl.models.vllm import VllmServer
from agentrl.suite.model import VllmSpec

async def main():
    server = VllmServer(VllmSpec(backend="vllm", checkpoint=sys.argv[1]), log=Path(sys.argv[2]))
    await server.start()
    print(server.pid, flush=True)
    await asyncio.sleep(600)

asyncio.run(main())
"""


@pytest.mark.slow
def test_a_server_ends_with_the_process_that_was_killed(
    vllm_spec: VllmSpec, tmp_path: Path
) -> None:
    command = [sys.executable, "-c", PARENT, vllm_spec.checkpoint, str(tmp_path / "log")]
    with subprocess.Popen(command, stdout=subprocess.PIPE, text=True) as parent:
        assert parent.stdout is not None
        pid = int(parent.stdout.readline())
        assert len(group_of(pid)) >= 3  # guard, server, engine
        parent.kill()
    until(lambda: group_of(pid) == [])


def test_a_server_that_does_not_come_up_shows_the_end_of_its_log(
    vllm_spec: VllmSpec, tmp_path: Path
) -> None:
    spec = vllm_spec.model_copy(update={"args": ("--no-such-argument",)})
    with pytest.raises(ServiceDownError, match=r"did not come up(.|\n)*no-such-argument"):
        asyncio.run(VllmModel(spec, log=tmp_path / "log").start())


def test_a_server_that_takes_too_long_is_given_up(vllm_spec: VllmSpec, tmp_path: Path) -> None:
    async def scene() -> None:
        spec = vllm_spec.model_copy(update={"startup_s": 0.5})
        async with shared_server(spec, log_folder=tmp_path):
            pass

    with pytest.raises(ServiceDownError, match=r"did not answer within startup_s = 0\.5 s"):
        asyncio.run(scene())
    assert "guard: the server ended" in (tmp_path / "vllm.log").read_text()


def test_no_server_at_a_given_address_is_said(vllm_spec: VllmSpec) -> None:
    model = build_model(vllm_spec, base_url="http://127.0.0.1:9/v1")
    with pytest.raises(ServiceDownError, match="no server answers at http://127"):
        asyncio.run(model.start())
    asyncio.run(model.close())
