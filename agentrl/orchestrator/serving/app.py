"""The OpenAI-compatible endpoint."""

import asyncio
import hmac
import logging
import time
from collections.abc import AsyncIterator
from functools import partial

from starlette.applications import Starlette
from starlette.exceptions import HTTPException
from starlette.requests import ClientDisconnect, Request
from starlette.responses import JSONResponse, Response, StreamingResponse
from starlette.routing import Route

from agentrl.errors import AgentrlError
from agentrl.orchestrator.serving.game import Told
from agentrl.orchestrator.serving.reply import Chunks, completion, error, event
from agentrl.orchestrator.serving.request import Asked, RequestError, read_request
from agentrl.orchestrator.serving.solver import Solved, Solver

logger = logging.getLogger(__name__)

_MOST_BYTES = 4 << 20
"""Largest body that is read; our choice."""
_DRAINED_BYTES = 64 << 20
"""Of a larger one so much is taken in before the answer, so that its sender gets to read it."""
_GONE = 499
"""Status where the client hung up; nobody sees it."""


class Endpoint:
    """Offers a solver as one model.

    Args:
        solver: answers; whoever serves starts it before and closes it after.
        token: what clients must send as API key; None: anything.
        concurrency: most answers under way at a time; more are turned away with 429.
        quiet_s: after so long without news a stream gets a comment, so that nobody hangs up.
    """

    def __init__(
        self,
        solver: Solver,
        *,
        token: str | None = None,
        concurrency: int = 32,
        quiet_s: float = 10.0,
    ) -> None:
        self._solver, self._token = solver, token
        self._concurrency, self._quiet_s = concurrency, quiet_s
        self._under_way: set[asyncio.Task[list[Solved]]] = set()
        self._answers = 0
        self._stopping = False
        self._since = int(time.time())

    def app(self) -> Starlette:
        """Return the application."""
        routes = [
            Route("/health", self._health),
            Route("/v1/models", self._models),
            Route("/v1/models/{name:path}", self._models),
            Route("/v1/chat/completions", self._chat, methods=["POST"]),
        ]
        handlers = {HTTPException: _refused, RequestError: _problem, Exception: _broken}
        return Starlette(routes=routes, exception_handlers=handlers)

    def stop(self) -> None:
        """Let nobody new in."""
        self._stopping = True

    async def close(self) -> None:
        """End what is still under way; whoever waits for it is told."""
        self.stop()
        for task in self._under_way:
            task.cancel()
        await asyncio.gather(*self._under_way, return_exceptions=True)

    async def _health(self, request: Request) -> Response:
        about = {"status": "ok", "model": self._solver.name, "under_way": self._answers}
        return JSONResponse(about)

    async def _models(self, request: Request) -> Response:
        self._check_key(request)
        name = self._solver.name
        row = {"id": name, "object": "model", "created": self._since, "owned_by": "agentrl"}
        if "name" not in request.path_params:
            return JSONResponse({"object": "list", "data": [row]})
        if request.path_params["name"] != name:
            raise RequestError(f"there is no such model here; there is {name!r}", status=404)
        return JSONResponse(row)

    async def _chat(self, request: Request) -> Response:
        self._check_key(request)
        try:
            asked = read_request(await _body(request), self._solver.name)
        except ClientDisconnect:
            return Response(status_code=_GONE)
        self._check_room(asked)
        if asked.stream:
            return StreamingResponse(self._stream(asked), media_type="text/event-stream")
        work = self._begin(asked, None)
        gone = asyncio.create_task(_hung_up(request))
        try:
            await asyncio.wait({work, gone}, return_when=asyncio.FIRST_COMPLETED)
            if not work.done():
                return Response(status_code=_GONE)
            if work.cancelled():
                raise _stopped()
            return JSONResponse(completion(work.result(), asked, self._solver.name))
        finally:
            gone.cancel()
            work.cancel()

    def _check_key(self, request: Request) -> None:
        given = request.headers.get("authorization", "")
        wanted = f"Bearer {self._token}"
        if self._token is not None and not hmac.compare_digest(given.encode(), wanted.encode()):
            raise RequestError(
                "the API key is missing or wrong",
                code="invalid_api_key",
                status=401,
                kind="authentication_error",
            )

    def _check_room(self, asked: Asked) -> None:
        if self._stopping:
            raise _stopped()
        if self._answers + asked.n > self._concurrency:
            raise RequestError(
                f"{self._answers} answers are under way, and more than {self._concurrency} must "
                f"not be; try again in a moment",
                code="rate_limit_exceeded",
                status=429,
                kind="rate_limit_error",
            )

    def _begin(
        self, asked: Asked, news: "asyncio.Queue[tuple[int, Told | Solved]] | None"
    ) -> "asyncio.Task[list[Solved]]":
        """Begin to answer; the place that it takes is given back when it ends."""
        self._answers += asked.n
        task = asyncio.create_task(self._solve(asked, news))
        self._under_way.add(task)

        def ended(task: "asyncio.Task[list[Solved]]") -> None:
            self._answers -= asked.n
            self._under_way.discard(task)
            if not task.cancelled():
                task.exception()  # whoever waited has it; nobody may have

        task.add_done_callback(ended)
        return task

    async def _solve(
        self, asked: Asked, news: "asyncio.Queue[tuple[int, Told | Solved]] | None"
    ) -> list[Solved]:
        async def one(number: int) -> Solved:
            tell = None if news is None else partial(_put, news, number)
            solved = await self._solver.solve(asked, number, tell)
            if news is not None:
                news.put_nowait((number, solved))
            return solved

        try:
            async with asyncio.TaskGroup() as group:
                tasks = [group.create_task(one(number)) for number in range(asked.n)]
        except BaseExceptionGroup as several:
            raise _for_client(several.exceptions[0]) from several
        return [task.result() for task in tasks]

    async def _stream(self, asked: Asked) -> AsyncIterator[str]:
        chunks = Chunks(asked, self._solver.name)
        news: asyncio.Queue[tuple[int, Told | Solved]] = asyncio.Queue()
        work = self._begin(asked, news)
        try:
            for chunk in chunks.first():
                yield chunk
            while not (work.done() and news.empty()):
                async for chunk in self._told(chunks, work, news):
                    yield chunk
            if work.cancelled():
                raise _stopped()
            for chunk in chunks.last(work.result()):
                yield chunk
        except RequestError as exc:
            yield event(error(exc))
        finally:
            work.cancel()

    async def _told(
        self,
        chunks: Chunks,
        work: "asyncio.Task[list[Solved]]",
        news: "asyncio.Queue[tuple[int, Told | Solved]]",
    ) -> AsyncIterator[str]:
        """Yield what there is to tell next, or a comment where there is nothing for long."""
        waiting = asyncio.create_task(news.get())
        try:
            done, _ = await asyncio.wait(
                {work, waiting}, timeout=self._quiet_s, return_when=asyncio.FIRST_COMPLETED
            )
            if waiting.done():
                index, told = waiting.result()
                if isinstance(told, Solved):
                    for chunk in chunks.answer(index, told):
                        yield chunk
                else:
                    yield chunks.progress(index, told)
            elif not done:
                yield ": still at work\n\n"
        finally:
            waiting.cancel()


def _put(news: "asyncio.Queue[tuple[int, Told | Solved]]", number: int, told: Told) -> None:
    news.put_nowait((number, told))


def _stopped() -> RequestError:
    return RequestError(
        "the server is being stopped", code="stopping", status=503, kind="server_error"
    )


async def _hung_up(request: Request) -> None:
    """Wait until the client is gone; its body was read before."""
    while (await request.receive())["type"] != "http.disconnect":
        pass


async def _body(request: Request) -> bytes:
    parts: list[bytes] = []
    size = 0
    async for part in request.stream():
        size += len(part)
        if size <= _MOST_BYTES:
            parts.append(part)
        elif size > _DRAINED_BYTES:
            break
    if size > _MOST_BYTES:
        raise RequestError(
            f"the body is larger than {_MOST_BYTES >> 20} MiB", code="too_large", status=413
        )
    return b"".join(parts)


def _for_client(problem: BaseException) -> RequestError:
    """Return an error as clients are told it."""
    if isinstance(problem, RequestError):
        return problem
    logger.error("a question could not be answered", exc_info=problem)
    told = str(problem) if isinstance(problem, AgentrlError) else "an error inside of the server"
    return RequestError(told, status=500, kind="server_error")


def _refused(request: Request, exc: Exception) -> Response:
    assert isinstance(exc, HTTPException)
    message = f"{request.method} {request.url.path}: {exc.detail}"
    problem = RequestError(message, status=exc.status_code)
    return JSONResponse(error(problem), exc.status_code, headers=exc.headers)


def _problem(request: Request, exc: Exception) -> Response:
    assert isinstance(exc, RequestError)
    headers = {"Retry-After": "1"} if exc.status == 429 else None
    return JSONResponse(error(exc), exc.status, headers=headers)


def _broken(request: Request, exc: Exception) -> Response:
    problem = RequestError("an error inside of the server", status=500, kind="server_error")
    return JSONResponse(error(problem), 500)
