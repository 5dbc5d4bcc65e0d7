"""Conformance of models: what every backend has to keep to, as one check to call from a test."""

import asyncio
import math
from collections.abc import Awaitable, Callable
from dataclasses import replace

from agentrl.episode import Generation, Sampling
from agentrl.errors import ContextFullError, UsageError
from agentrl.models.base import ChatTokenizer, Message, Model, Request

MANY = 16
"""How many requests are sent at once."""
CHOICES = ("yes", "no", "not now", "no way")
"""Some begin alike, and one is the beginning of another."""

_ROUNDING = 1e-5
_DEFAULT = Request((Message("user", "What now?"),), Sampling(max_tokens=16), session="conformance")


async def check_model(model: Model, *, request: Request = _DEFAULT, recorded: bool = False) -> None:
    """Start a model, see that it does what a model must, and close it.

    A model with a ``tokenizer`` is held to the token record as well; where a model cannot do
    something (choices, a seed), it must say so or leave it, never pretend.

    Args:
        model: not started yet.
        request: something that it can answer.
        recorded: it gives recorded answers, whatever the sampling asks for.

    Raises:
        AssertionError: what it does wrong.
    """
    await model.start()
    try:
        _require(bool(model.name), "a model has a name after start")
        await _many_at_once(model, request)
        await _cancelled(model, request)
        for check in () if recorded else (_stop_text, _choices):
            await check(model, request)
        tokenizer = model.tokenizer
        for token_check in _TOKEN_CHECKS if tokenizer is not None else ():
            await token_check(model, request)
    finally:
        await model.close()
    await model.close()


def check_generation(
    generation: Generation, request: Request, tokenizer: ChatTokenizer | None
) -> None:
    """See that an answer is complete and agrees with itself.

    Raises:
        AssertionError: what is wrong with it.
    """
    _require(bool(generation.finish_reason), "finish_reason is empty")
    _require(bool(generation.model), "the answer does not say which model gave it")
    _require(generation.latency_s >= 0, f"latency_s is {generation.latency_s}")
    _require(
        math.isfinite(generation.cost_usd) and generation.cost_usd >= 0,
        f"cost_usd is {generation.cost_usd}",
    )
    if tokenizer is not None:
        _require(generation.sampling == request.sampling, "the sampling is not the one asked for")
        _check_tokens(generation, request, tokenizer)


def _check_tokens(generation: Generation, request: Request, tokenizer: ChatTokenizer) -> None:
    tokens, logprobs, prompt = (
        generation.token_ids,
        generation.logprobs,
        generation.prompt_token_ids,
    )
    if tokens is None or logprobs is None or prompt is None:
        raise AssertionError("a model with a tokenizer tells token ids, logprobs and the prompt")
    _require(len(tokens) == len(logprobs), f"{len(tokens)} token ids, but {len(logprobs)} logprobs")
    wrong = [value for value in logprobs if not math.isfinite(value) or value > _ROUNDING]
    _require(not wrong, f"logprobs are finite and at most 0, got {wrong}")
    _require(
        request.token_ids is None or prompt == request.token_ids,
        f"given the prompt {request.token_ids}, recorded {prompt}",
    )
    usage = generation.usage
    counted = (usage.prompt_tokens, usage.completion_tokens)
    _require(
        counted == (len(prompt), len(tokens)),
        f"usage counts {counted} tokens, the record has {(len(prompt), len(tokens))}",
    )
    _require(
        0 <= usage.cached_tokens <= len(prompt),
        f"{usage.cached_tokens} tokens of the prompt cached",
    )
    _check_end(generation, tokens, request, tokenizer)


def _check_end(
    generation: Generation, tokens: tuple[int, ...], request: Request, tokenizer: ChatTokenizer
) -> None:
    most = request.sampling.max_tokens
    _require(len(tokens) <= most, f"{len(tokens)} tokens, asked for at most {most}")
    ends = tokenizer.end_of_turn_ids
    if generation.finish_reason == "length":
        _require(len(tokens) == most, f"finish_reason is length after {len(tokens)} of {most}")
    elif not request.sampling.stop:
        _require(
            bool(tokens) and tokens[-1] in ends,
            f"finish_reason is {generation.finish_reason}, but the last of {tokens} ends no turn",
        )
    text = tokenizer.decode(tokens)
    _require(
        text.startswith(generation.text),
        f"the text is {generation.text!r}, the tokens say {text!r}",
    )


async def _many_at_once(model: Model, request: Request) -> None:
    answers = await asyncio.gather(*(model.generate(request) for _ in range(MANY)))
    for answer in answers:
        check_generation(answer, request, model.tokenizer)


async def _cancelled(model: Model, request: Request) -> None:
    tasks = [asyncio.create_task(model.generate(request)) for _ in range(MANY)]
    await asyncio.sleep(0.02)
    for task in tasks[1:]:
        task.cancel()
    await asyncio.wait(tasks)
    check_generation(tasks[0].result(), request, model.tokenizer)
    check_generation(await model.generate(request), request, model.tokenizer)


async def _stop_text(model: Model, request: Request) -> None:
    request = _sampled(request, temperature=0.0)
    full = (await model.generate(request)).text
    stop = next((char for char in full[1:] if char.isprintable() and char != "\ufffd"), None)
    if stop is None:
        return  # the answer has nothing that could be told to stop at
    stopping = _sampled(request, stop=(stop,))
    answer = await model.generate(stopping)
    check_generation(answer, stopping, model.tokenizer)
    expected = full[: full.index(stop)]
    _require(
        (answer.text, answer.finish_reason) == (expected, "stop"),
        f"{full!r} stopped at {stop!r} gives {expected!r}, got {answer.text!r} "
        f"({answer.finish_reason})",
    )


async def _choices(model: Model, request: Request) -> None:
    request = replace(request, choices=CHOICES)
    try:
        answers = await asyncio.gather(*(model.generate(request) for _ in range(MANY)))
    except UsageError:
        _require(model.tokenizer is None, "a model with a tokenizer can keep to choices")
        return
    for answer in answers:
        check_generation(answer, request, model.tokenizer)
        _require(answer.text in CHOICES, f"{answer.text!r} is none of {CHOICES}")
        if model.tokenizer is not None:
            _check_allowed(answer)


def _check_allowed(answer: Generation) -> None:
    tokens, logprobs = answer.token_ids or (), answer.logprobs or ()
    _require(
        answer.allowed is not None, "a constrained answer lacks what its tokens were chosen from"
    )
    for token, logprob, allowed in zip(tokens, logprobs, answer.allowed or (), strict=True):
        _require(
            allowed is not None and token in allowed,
            f"token {token} was sampled, but only {allowed} were allowed",
        )
        _require(
            allowed is None or len(allowed) > 1 or abs(logprob) < _ROUNDING,
            f"token {token} was the only one allowed, but its logprob is {logprob}",
        )


async def _length(model: Model, request: Request) -> None:
    for most in (1, 2, 5):
        short = _sampled(request, max_tokens=most)
        check_generation(await model.generate(short), short, model.tokenizer)


async def _given_tokens(model: Model, request: Request) -> None:
    assert model.tokenizer is not None
    prompt = model.tokenizer.encode(
        model.tokenizer.render(request.messages, generation_prompt=True)
    )
    for given in (prompt, (*prompt, *prompt[:1])):
        exact = replace(request, token_ids=given)
        check_generation(await model.generate(exact), exact, model.tokenizer)
    rendered = await model.generate(replace(request, token_ids=None))
    _require(
        rendered.prompt_token_ids == prompt,
        f"messages become {prompt} by the chat template, recorded {rendered.prompt_token_ids}",
    )


async def _seed(model: Model, request: Request) -> None:
    request = _sampled(request, seed=7, temperature=1.0)
    first, second = [(await model.generate(request)).token_ids for _ in range(2)]
    _require(first == second, f"the same seed gave {first} and {second}")


async def _overflow(model: Model, request: Request) -> None:
    if model.context_window is None:
        return
    assert model.tokenizer is not None
    token = model.tokenizer.encode(model.tokenizer.render(request.messages, generation_prompt=True))
    long = (token * model.context_window)[: model.context_window]
    full = replace(_sampled(request, max_tokens=1), token_ids=long)
    try:
        await model.generate(full)
    except ContextFullError:
        fitting = replace(full, token_ids=long[:-1])
        check_generation(await model.generate(fitting), fitting, model.tokenizer)
        return
    raise AssertionError(f"{len(long)} tokens and one more fitted into {model.context_window}")


_TOKEN_CHECKS: tuple[Callable[[Model, Request], Awaitable[None]], ...] = (
    _length,
    _given_tokens,
    _seed,
    _overflow,
)


def _sampled(request: Request, **changes: object) -> Request:
    return replace(request, sampling=replace(request.sampling, **changes))  # type: ignore[arg-type]


def _require(condition: bool, message: str) -> None:
    if not condition:
        raise AssertionError(message)
