"""Every recorded log-probability equals that of one plain forward pass over the whole record."""

import asyncio
from collections.abc import Sequence
from pathlib import Path
from typing import Any

import pytest

from agentrl.episode import Generation, Sampling
from agentrl.models.base import Message, Request
from agentrl.models.scratch import build_checkpoint
from agentrl.models.transformers import TransformersModel
from agentrl.suite.model import Scratch, TransformersSpec

torch = pytest.importorskip("torch", reason="needs torch")
transformers = pytest.importorskip("transformers", reason="needs transformers")

TEXTS = ["go north and open the door. take the apple from the kitchen table."] * 20
COMMANDS = ("go north", "go south", "go", "take apple", "take apple from table", "\U0001f600", "雪")
SAMPLINGS = (
    Sampling(max_tokens=24, seed=1),
    Sampling(max_tokens=17, seed=2, temperature=0.7, top_p=0.9),
    Sampling(max_tokens=9, seed=3, top_k=5),
    Sampling(max_tokens=30, seed=4, temperature=1.5, top_k=40, top_p=0.8),
    Sampling(max_tokens=12, temperature=0.0),
)


@pytest.fixture(scope="module")
def checkpoint(tmp_path_factory: pytest.TempPathFactory) -> Path:
    scratch = Scratch(hidden_size=64, layers=3, vocabulary=320, context=8192)
    folder = build_checkpoint(tmp_path_factory.mktemp("models") / "small", TEXTS, scratch)
    # Random weights are nearly indifferent between tokens; louder ones would show a wrong position.
    model = transformers.AutoModelForCausalLM.from_pretrained(folder)
    with torch.no_grad():
        for parameter in model.parameters():
            if parameter.ndim == 2:
                parameter.mul_(5)
    model.save_pretrained(folder)
    return folder


@pytest.fixture(scope="module")
def reference(checkpoint: Path) -> Any:
    return transformers.AutoModelForCausalLM.from_pretrained(
        checkpoint, dtype=torch.float32, attn_implementation="eager"
    ).eval()


def spec(checkpoint: Path, **options: Any) -> TransformersSpec:
    return TransformersSpec(
        backend="transformers", checkpoint=str(checkpoint), device="cpu", **options
    )


async def play(
    model: TransformersModel, number: int, turns: int, choices: tuple[str, ...] | None
) -> list[Generation]:
    """Play one conversation of growing tokens, as an agent would."""
    tokenizer = model.tokenizer
    assert tokenizer is not None
    tokens: tuple[int, ...] = ()
    answers: list[Generation] = []
    for turn in range(turns):
        message = Message("user", "open the door " * ((3 * number + 5 * turn) % 11 + 1))
        tokens += tokenizer.encode(tokenizer.render((message,), generation_prompt=True))
        sampling = SAMPLINGS[(number + turn) % len(SAMPLINGS)]
        request = Request((), sampling, tokens, choices, session=f"episode-{number}")
        answer = await model.generate(request)
        answers.append(answer)
        tokens += answer.token_ids or ()
    return answers


def expected_logprobs(reference: Any, answer: Generation) -> list[float]:
    """Compute the sampled tokens' log-probabilities from the record alone."""
    prompt, tokens = answer.prompt_token_ids, answer.token_ids
    assert prompt
    assert tokens
    with torch.inference_mode():
        logits = reference(torch.tensor([prompt + tokens])).logits[0, len(prompt) - 1 : -1]
    allowed = answer.allowed or [None] * len(tokens)
    return [
        restricted(scores, answer.sampling, ids)[token]
        for scores, token, ids in zip(logits.tolist(), tokens, allowed, strict=True)
    ]


def restricted(
    scores: Sequence[float], sampling: Sampling, allowed: Sequence[int] | None
) -> dict[int, float]:
    """Return the log-probability of every token that may be sampled, the slow and plain way."""
    greedy = sampling.temperature == 0
    ids = sorted(allowed or range(len(scores)), key=lambda i: -scores[i])
    rest = torch.tensor([scores[i] for i in ids], dtype=torch.float64)
    if not greedy:
        rest = rest / sampling.temperature
        if sampling.top_k:
            rest = rest[: sampling.top_k]
        before = rest.softmax(0).cumsum(0) - rest.softmax(0)
        rest = rest[: max(1, int((before < sampling.top_p).sum()))]
    return dict(zip(ids, rest.log_softmax(0).tolist(), strict=False))


def check(reference: Any, answer: Generation) -> None:
    assert answer.token_ids is not None
    assert answer.logprobs is not None
    assert len(answer.logprobs) == len(answer.token_ids)
    assert list(answer.logprobs) == pytest.approx(expected_logprobs(reference, answer), abs=1e-4)


@pytest.mark.parametrize("max_batch", [1, 3, 64])
@pytest.mark.parametrize("cache", [0, 2**30], ids=["forgetful", "remembering"])
def test_recorded_logprobs_are_those_of_a_plain_forward_pass(
    checkpoint: Path, reference: Any, max_batch: int, cache: int
) -> None:
    async def run() -> list[list[Generation]]:
        model = TransformersModel(spec(checkpoint, max_batch=max_batch), conversation_bytes=cache)
        await model.start()
        episodes = [play(model, n, 4, COMMANDS if n % 2 else None) for n in range(9)]
        answers = await asyncio.gather(*episodes)
        await model.close()
        return answers

    episodes = asyncio.run(run())
    for answers in episodes:
        for answer in answers:
            check(reference, answer)
    later = [answer.usage.cached_tokens for answers in episodes for answer in answers[1:]]
    assert all(later) if cache else not any(later)


def test_long_prompts_that_are_read_in_parts_give_the_same_logprobs(
    checkpoint: Path, reference: Any
) -> None:
    async def run() -> list[Generation]:
        model = TransformersModel(spec(checkpoint))
        await model.start()
        lengths = (30, 1400, 1450, 1500, 1500, 1500, 1500, 4500)
        prompts = [tuple((7 * n + j) % 290 for j in range(n)) for n in lengths]
        requests = [Request((), SAMPLINGS[0], token_ids=prompt) for prompt in prompts]
        answers = await asyncio.gather(*map(model.generate, requests))
        await model.close()
        return list(answers)

    for answer in asyncio.run(run()):
        check(reference, answer)


def test_a_constrained_answer_is_one_of_the_choices_and_says_what_was_allowed(
    checkpoint: Path,
) -> None:
    async def run() -> list[Generation]:
        model = TransformersModel(spec(checkpoint))
        await model.start()
        samplings = [Sampling(max_tokens=30, seed=seed) for seed in range(40)]
        chat = (Message("user", "what next?"),)
        requests = [Request(chat, sampling, choices=COMMANDS) for sampling in samplings]
        answers = await asyncio.gather(*map(model.generate, requests))
        await model.close()
        return list(answers)

    answers = asyncio.run(run())
    assert {answer.text for answer in answers} <= set(COMMANDS)
    assert len({answer.text for answer in answers}) > 2
    for answer in answers:
        assert answer.finish_reason == "stop"
        assert answer.token_ids
        assert answer.logprobs
        assert answer.allowed
        for token, logprob, ids in zip(
            answer.token_ids, answer.logprobs, answer.allowed, strict=True
        ):
            assert ids is not None
            assert token in ids
            assert (logprob == 0.0) == (len(ids) == 1)


def test_a_model_with_sliding_windows_gives_true_logprobs_one_by_one(
    checkpoint: Path, tmp_path: Path, caplog: pytest.LogCaptureFixture
) -> None:
    config = transformers.MistralConfig(
        vocab_size=320,
        hidden_size=64,
        num_hidden_layers=2,
        num_attention_heads=4,
        num_key_value_heads=2,
        intermediate_size=128,
        sliding_window=16,
        eos_token_id=2,
    )
    mistral = transformers.MistralForCausalLM(config).eval()
    mistral.save_pretrained(tmp_path)
    for file in checkpoint.glob("*token*"):
        (tmp_path / file.name).write_bytes(file.read_bytes())
    (tmp_path / "chat_template.jinja").write_bytes(
        (checkpoint / "chat_template.jinja").read_bytes()
    )

    async def run() -> list[list[Generation]]:
        model = TransformersModel(spec(tmp_path))
        await model.start()
        episodes = [play(model, n, 2, COMMANDS if n % 2 else None) for n in range(3)]
        answers = await asyncio.gather(*episodes)
        await model.close()
        return answers

    for answers in asyncio.run(run()):
        for answer in answers:
            check(mistral, answer)
            assert answer.usage.cached_tokens == 0
    assert "answers one request at a time" in caplog.text
