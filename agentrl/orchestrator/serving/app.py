"""The OpenAI-compatible endpoint."""

import hmac
import json
import time
import uuid
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from typing import Any

from starlette.applications import Starlette
from starlette.requests import Request
from starlette.responses import JSONResponse, Response, StreamingResponse
from starlette.routing import Route

from agentrl.errors import AgentrlError, ContextFullError, InfrastructureError, UsageError
from agentrl.orchestrator.serving.solver import Solved, Solver, question_of


def build_app(solver: Solver, name: str, token: str | None = None) -> Starlette:
    """Return the application that offers a solver as the model ``name``.

    Args:
        solver: answers; started and closed with the application.
        name: what clients call the model.
        token: what clients must send as API key; None: anything.
    """

    async def models(request: Request) -> Response:
        if (refused := _refused(request, token)) is not None:
            return refused
        row = {"id": name, "object": "model", "created": 0, "owned_by": "agentrl"}
        return JSONResponse({"object": "list", "data": [row]})

    async def chat(request: Request) -> Response:
        if (refused := _refused(request, token)) is not None:
            return refused
        try:
            body = await _body(request)
            question = question_of([_message(message) for message in body["messages"]])
            seed = body.get("seed") or 0
            if not isinstance(seed, int):
                raise UsageError(f"seed is {seed!r}, expected a whole number")
        except UsageError as exc:
            return _error(400, str(exc), "invalid_request_error")
        try:
            solved = await solver.solve(question, seed)
        except InfrastructureError as exc:
            return _error(503, str(exc), "server_error")
        except ContextFullError as exc:
            return _error(400, str(exc), "invalid_request_error")
        except AgentrlError as exc:  # a setting of the suite, which is not the client's fault
            return _error(500, str(exc), "server_error")
        if body.get("stream"):
            options = body.get("stream_options")
            usage = isinstance(options, dict) and bool(options.get("include_usage"))
            return StreamingResponse(_chunks(solved, name, usage), media_type="text/event-stream")
        return JSONResponse(_completion(solved, name))

    @asynccontextmanager
    async def lifespan(_app: Starlette) -> AsyncIterator[None]:
        await solver.start()
        try:
            yield
        finally:
            await solver.close()

    routes = [Route("/v1/models", models), Route("/v1/chat/completions", chat, methods=["POST"])]
    return Starlette(routes=routes, lifespan=lifespan)


async def _body(request: Request) -> dict[str, Any]:
    try:
        body = json.loads(await request.body())
    except (ValueError, RecursionError) as exc:
        raise UsageError(f"the body is no JSON: {exc}") from None
    if not isinstance(body, dict) or not isinstance(body.get("messages"), list):
        raise UsageError("the body needs messages, a list of objects with role and content")
    return body


def _message(message: Any) -> tuple[str, str]:
    if isinstance(message, dict) and isinstance(message.get("role"), str):
        content = message.get("content")
        if isinstance(content, list):
            texts = [part.get("text") for part in content if isinstance(part, dict)]
            content = "\n".join(text for text in texts if isinstance(text, str))
        if isinstance(content, str) and content.strip():
            return message["role"], content
    raise UsageError("every message needs a role and a content that is a text")


def _refused(request: Request, token: str | None) -> Response | None:
    given = request.headers.get("authorization", "")
    if token is None or hmac.compare_digest(given.encode(), f"Bearer {token}".encode()):
        return None
    return _error(401, "the API key is missing or wrong", "authentication_error")


def _error(status: int, message: str, kind: str) -> Response:
    error = {"message": message, "type": kind, "param": None, "code": None}
    return JSONResponse({"error": error}, status)


def _usage(solved: Solved) -> dict[str, int]:
    told, said = solved.tokens
    return {"prompt_tokens": told, "completion_tokens": said, "total_tokens": told + said}


def _extension(solved: Solved) -> dict[str, Any]:
    calls = [
        {
            "node": call.node,
            "worker": call.worker,
            "answer": call.generation.text if call.generation else None,
            "cost_usd": call.generation.cost_usd if call.generation else 0.0,
            "error": call.error,
        }
        for call in solved.result.calls
    ]
    workflow = json.loads(solved.workflow.to_json())
    return {"cost_usd": solved.cost_usd, "workflow": workflow, "calls": calls}


def _head(kind: str, name: str) -> dict[str, Any]:
    made = {"id": f"chatcmpl-{uuid.uuid4().hex}", "object": kind}
    return {**made, "created": int(time.time()), "model": name}


def _completion(solved: Solved, name: str) -> dict[str, Any]:
    message = {"role": "assistant", "content": solved.result.answer}
    choice = {"index": 0, "message": message, "finish_reason": "stop"}
    head = _head("chat.completion", name)
    return {**head, "choices": [choice], "usage": _usage(solved), "agentrl": _extension(solved)}


async def _chunks(solved: Solved, name: str, usage: bool) -> AsyncIterator[str]:
    head = _head("chat.completion.chunk", name)
    delta = {"role": "assistant", "content": solved.result.answer}
    first = {"index": 0, "delta": delta, "finish_reason": None}
    last = {"index": 0, "delta": {}, "finish_reason": "stop"}
    yield _event({**head, "choices": [first]})
    yield _event({**head, "choices": [last], "agentrl": _extension(solved)})
    if usage:
        yield _event({**head, "choices": [], "usage": _usage(solved)})
    yield "data: [DONE]\n\n"


def _event(data: dict[str, Any]) -> str:
    return f"data: {json.dumps(data)}\n\n"
