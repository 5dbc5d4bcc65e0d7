"""The conformance check finds what it is there to find."""

import asyncio
import math
from collections.abc import Callable, Sequence
from dataclasses import replace

import pytest

from agentrl.episode import Generation, Usage
from agentrl.errors import ContextFullError
from agentrl.models.base import Message, Request
from agentrl.testing.models import CHOICES, check_model

END = 0
WINDOW = 200


class ByteTokenizer:
    """One token a byte, and 0 ends a turn."""

    end_of_turn_ids = frozenset({END})

    def render(self, messages: Sequence[Message], *, generation_prompt: bool) -> str:
        return "".join(f"{m.role}:{m.content}\n" for m in messages)

    def encode(self, text: str) -> tuple[int, ...]:
        return tuple(text.encode())

    def decode(self, token_ids: Sequence[int]) -> str:
        return bytes(token for token in token_ids if token != END).decode()


class ByteModel:
    """A right model that says one thing, and is bent by a test."""

    name = "bytes"
    context_window = WINDOW

    def __init__(self, bend: Callable[[Generation], Generation] = lambda g: g) -> None:
        self.tokenizer = ByteTokenizer()
        self._bend = bend

    async def start(self) -> None: ...
    async def close(self) -> None: ...

    async def generate(self, request: Request) -> Generation:
        text = CHOICES[0]
        prompt = request.token_ids
        if prompt is None:
            prompt = self.tokenizer.encode(
                self.tokenizer.render(request.messages, generation_prompt=True)
            )
        if len(prompt) + request.sampling.max_tokens > WINDOW:
            raise ContextFullError("full")
        for stop in request.sampling.stop:
            text = text.partition(stop)[0]
        stopped = request.sampling.stop and text != CHOICES[0]
        tokens = (*text.encode(), *(() if stopped else (END,)))[: request.sampling.max_tokens]
        ended = stopped or tokens[-1] == END
        return self._bend(
            Generation(
                text=self.tokenizer.decode(tokens),
                finish_reason="stop" if ended else "length",
                model=self.name,
                sampling=request.sampling,
                usage=Usage(len(prompt), len(tokens)),
                token_ids=tokens,
                logprobs=(0.0,) * len(tokens),
                prompt_token_ids=prompt,
                allowed=tuple((token,) for token in tokens) if request.choices else None,
            )
        )


def test_a_right_model_passes() -> None:
    asyncio.run(check_model(ByteModel()))


@pytest.mark.parametrize(
    ("bend", "complaint"),
    [
        (lambda g: replace(g, logprobs=None), "tells token ids, logprobs"),
        (lambda g: replace(g, logprobs=g.logprobs[1:]), "4 token ids, but 3 logprobs"),
        (lambda g: replace(g, logprobs=(0.5,) * len(g.logprobs)), "at most 0"),
        (lambda g: replace(g, logprobs=(math.nan,) * len(g.logprobs)), "finite"),
        (lambda g: replace(g, usage=Usage(1, 1)), "usage counts"),
        (lambda g: replace(g, text="other"), "the text is 'other'"),
        (lambda g: replace(g, prompt_token_ids=(1,) * len(g.prompt_token_ids)), "given the prompt"),
        (lambda g: replace(g, finish_reason=""), "finish_reason is empty"),
        (lambda g: replace(g, latency_s=-1.0), "latency_s"),
        (lambda g: replace(g, cost_usd=math.inf), "cost_usd"),
        (lambda g: replace(g, allowed=None), "lacks what its tokens were chosen from"),
        (lambda g: replace(g, allowed=g.allowed and ((1,),) * len(g.allowed)), "only"),
        (lambda g: replace(g, token_ids=(*g.token_ids[:-1], 97)), "ends no turn"),
        (lambda g: replace(g, finish_reason="length"), "finish_reason is length after 4"),
    ],
)
def test_a_wrong_answer_is_found(bend: Callable[[Generation], Generation], complaint: str) -> None:
    with pytest.raises(AssertionError, match=complaint):
        asyncio.run(check_model(ByteModel(bend)))


def test_a_model_that_never_finds_its_context_full_is_found() -> None:
    class Endless(ByteModel):
        async def generate(self, request: Request) -> Generation:
            short = replace(request, token_ids=(request.token_ids or ())[:20] or None)
            answer = await super().generate(short)
            prompt = request.token_ids or answer.prompt_token_ids or ()
            usage = Usage(len(prompt), len(answer.token_ids or ()))
            return replace(answer, prompt_token_ids=prompt, usage=usage)

    with pytest.raises(AssertionError, match="200 tokens and one more fitted into 200"):
        asyncio.run(check_model(Endless()))


def test_a_seed_that_repeats_nothing_is_found() -> None:
    class Moody(ByteModel):
        calls = 0

        async def generate(self, request: Request) -> Generation:
            answer = await super().generate(request)
            self.calls += 1
            if request.sampling.seed is None or self.calls % 2:
                return answer
            tokens = (*b"YES", END)
            return replace(answer, token_ids=tokens, text="YES")

    with pytest.raises(AssertionError, match="the same seed gave"):
        asyncio.run(check_model(Moody()))
