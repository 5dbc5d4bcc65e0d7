"""What clients are sent: completions, chunks and errors in OpenAI's form."""

import json
import time
import uuid
from collections.abc import Iterator, Sequence
from typing import Any

from agentrl.episode import Call, Generation
from agentrl.orchestrator.accounting import CHARS_PER_TOKEN
from agentrl.orchestrator.serving.game import Told
from agentrl.orchestrator.serving.request import Asked, RequestError
from agentrl.orchestrator.serving.solver import Solved
from agentrl.orchestrator.workflow import Node, Workflow

Json = dict[str, Any]

_PIECE = 40
"""Characters of a chunk at most; our choice."""


def completion(solved: Sequence[Solved], asked: Asked, name: str) -> Json:
    """Return the answers as a chat completion."""
    choices = []
    for index, one in enumerate(solved):
        text, reason = cut(one, asked)
        message = {"role": "assistant", "content": text, "refusal": None}
        choices.append({"index": index, "message": message, "finish_reason": reason})
        if len(solved) > 1:
            choices[-1]["agentrl"] = extension(one)
    head = _head("chat.completion", name)
    return {**head, "choices": choices, "usage": usage(solved), "agentrl": _whole(solved)}


class Chunks:
    """Makes the chunks of one stream.

    Args:
        asked: the request.
        name: what the model is called.
    """

    def __init__(self, asked: Asked, name: str) -> None:
        self._asked = asked
        self._head = _head("chat.completion.chunk", name)

    def first(self) -> Iterator[str]:
        """Yield what says that the answers are on their way."""
        for index in range(self._asked.n):
            yield self._chunk(index, {"role": "assistant", "content": ""})

    def progress(self, index: int, told: Told) -> str:
        """Return a chunk without text that says what goes on."""
        return self._chunk(index, {}, agentrl={"progress": progress(told)})

    def answer(self, index: int, solved: Solved) -> Iterator[str]:
        """Yield one answer in pieces, and how it ended."""
        text, reason = cut(solved, self._asked)
        for piece in pieces(text):
            yield self._chunk(index, {"content": piece})
        yield self._chunk(index, {}, reason, agentrl=extension(solved))

    def last(self, solved: Sequence[Solved]) -> Iterator[str]:
        """Yield what ends the stream."""
        if self._asked.usage_in_stream:
            told = {"choices": [], "usage": usage(solved), "agentrl": {"cost_usd": _usd(solved)}}
            yield event({**self._head, **told})
        yield "data: [DONE]\n\n"

    def _chunk(self, index: int, delta: Json, reason: str | None = None, **more: Any) -> str:
        choice = {"index": index, "delta": delta, "finish_reason": reason}
        ours = {"usage": None} if self._asked.usage_in_stream else {}
        return event({**self._head, "choices": [choice], **ours, **more})


def error(problem: RequestError) -> Json:
    """Return an error in OpenAI's form."""
    about = {"message": str(problem), "type": problem.kind}
    return {"error": {**about, "param": problem.param, "code": problem.code}}


def event(data: Json) -> str:
    """Return a server-sent event."""
    return f"data: {json.dumps(data)}\n\n"


def usage(solved: Sequence[Solved]) -> Json:
    """Return the tokens of all calls of all answers."""
    told, said = (sum(counts) for counts in zip(*(one.tokens for one in solved), strict=True))
    return {"prompt_tokens": told, "completion_tokens": said, "total_tokens": told + said}


def extension(solved: Solved) -> Json:
    """Return what an answer took and who did it."""
    told: Json = {"cost_usd": _rounded(solved.cost_usd)}
    if solved.workflows:
        told["workflow"] = json.loads(solved.workflows[-1].to_json())
    if len(solved.workflows) > 1:
        told["workflows"] = [json.loads(one.to_json()) for one in solved.workflows]
    told["calls"] = [_call(call) for call in solved.calls]
    told["policy"] = {"turns": list(solved.plans), **_spent(solved.planned)}
    return told


def progress(told: Told) -> Json:
    """Return one thing that goes on."""
    if isinstance(told, str):
        return {"event": "plan", "text": told}
    if isinstance(told, Workflow):
        return {"event": "workflow", "nodes": [node.id for node in told.nodes]}
    if isinstance(told, Node):
        return {"event": "began", "node": told.id, "worker": told.worker}
    seconds = round(told.finished_s - told.started_s, 3)
    what = {"node": told.node, "worker": told.worker, "seconds": seconds, "error": told.error}
    return {"event": "ended", **what}


def cut(solved: Solved, asked: Asked) -> tuple[str, str]:
    """Return the answer within the request's limits, and why it ends there.

    Tokens are counted by the worker that wrote it, or else as one for four characters.
    """
    text, reason = solved.answer, "stop"
    ends = [at for stop in asked.stop if (at := text.find(stop)) >= 0]
    text = text[: min(ends)] if ends else text
    if asked.max_tokens is not None:
        most = int(asked.max_tokens * _chars_per_token(solved))
        if len(text) > most:
            text, reason = text[:most], "length"
    return text, reason


def pieces(text: str) -> Iterator[str]:
    """Yield a text in pieces that end between words, where there are words.

    >>> list(pieces("one two")), "".join(pieces("x" * 100)) == "x" * 100
    (['one two'], True)
    """
    start = 0
    while start < len(text):
        end = start + _PIECE
        if end < len(text):
            space = text.rfind(" ", start, end)
            end = space + 1 if space > start else end
        yield text[start:end]
        start = end


def _chars_per_token(solved: Solved) -> float:
    answers = [call.generation for call in solved.calls if call.generation is not None]
    for said in reversed(answers):
        if said.text == solved.answer and said.usage.completion_tokens:
            return max(len(said.text) / said.usage.completion_tokens, 1e-9)
    return CHARS_PER_TOKEN


def _whole(solved: Sequence[Solved]) -> Json:
    return extension(solved[0]) if len(solved) == 1 else {"cost_usd": _usd(solved)}


def _call(call: Call) -> Json:
    said = call.generation
    return {
        "node": call.node,
        "worker": call.worker,
        "answer": said.text if said else None,
        **_spent(() if said is None else (said,)),
        "seconds": round(call.finished_s - call.started_s, 3),
        "error": call.error,
    }


def _spent(generations: Sequence[Generation]) -> Json:
    return {
        "prompt_tokens": sum(g.usage.prompt_tokens for g in generations),
        "completion_tokens": sum(g.usage.completion_tokens for g in generations),
        "cost_usd": _rounded(sum(g.cost_usd for g in generations)),
    }


def _usd(solved: Sequence[Solved]) -> float:
    return _rounded(sum(one.cost_usd for one in solved))


def _rounded(usd: float) -> float:
    """Return an amount without what binary fractions add to it: no price goes below 1e-12 USD."""
    return round(usd, 12)


def _head(kind: str, name: str) -> Json:
    made = {"id": f"chatcmpl-{uuid.uuid4().hex}", "object": kind}
    return {**made, "created": int(time.time()), "model": name}
