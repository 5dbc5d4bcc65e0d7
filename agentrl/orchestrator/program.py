"""A function of Python as a worker."""

import importlib
import inspect
import sys
import time
from collections.abc import Awaitable, Callable, Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from agentrl.episode import Usage
from agentrl.errors import UsageError, nearest
from agentrl.orchestrator.accounting import chars_given, estimated_tokens, usd
from agentrl.orchestrator.model_worker import own_generation
from agentrl.orchestrator.thread import on_a_thread
from agentrl.orchestrator.worker import Answer, Descriptor, Request

BUILTINS: Mapping[str, str] = {
    "calculator": "agentrl.orchestrator.programs.calculator:calculator",
    "picker": "agentrl.orchestrator.programs.picker:picker",
    "python": "agentrl.orchestrator.programs.python:python_runner",
    "retriever": "agentrl.orchestrator.programs.retriever:retriever",
}
"""Functions that come with agentrl; each is made with the worker's ``options``."""


@dataclass(frozen=True, slots=True)
class Reply:
    """An answer of a program that counts its own tokens."""

    text: str
    usage: Usage


Program = Callable[[Request], str | Reply | Awaitable[str | Reply]]
"""Answers a request; what it raises is a failure of the worker. A plain function runs on a thread
of its own, a coroutine function on the event loop."""


class ProgramWorker:
    """Answers as a function does; its tokens are counted as one for four characters.

    Args:
        name: the worker's name in its pool.
        program: who answers.
        descriptor: what is known about it; None: it is free.
    """

    def __init__(self, name: str, program: Program, descriptor: Descriptor | None = None) -> None:
        self.name = name
        self.descriptor = descriptor or Descriptor(price_in=0.0, price_out=0.0)
        self._program = program

    async def answer(self, request: Request) -> Answer:
        """Answer one request; whatever the function raises is passed on."""
        started = time.perf_counter()
        said = await self._said(request)
        reply = said if isinstance(said, Reply) else Reply(str(said), _counted(request, str(said)))
        generation = own_generation(
            reply.text,
            self.name,
            usage=reply.usage,
            cost_usd=usd(reply.usage, self.descriptor) or 0.0,
            latency_s=time.perf_counter() - started,
        )
        return Answer(reply.text, generation)

    async def close(self) -> None:
        """Let the function close what it holds, where it has a ``close``."""
        close = getattr(self._program, "close", None)
        if close is not None:
            await on_a_thread(close)

    async def _said(self, request: Request) -> str | Reply:
        program = self._program
        call = getattr(program, "__call__", None)  # noqa: B004 - whether that is a coroutine function
        if inspect.iscoroutinefunction(program) or inspect.iscoroutinefunction(call):
            said = program(request)
        else:
            said = await on_a_thread(lambda: program(request), f"agentrl-{self.name}")
        return await said if inspect.isawaitable(said) else said


def load_program(function: str, options: Mapping[str, Any] | None) -> Program:
    """Return the program that a suite names.

    Args:
        function: a name of ``BUILTINS``, or ``module:name``; the module is looked for in the
            current folder too.
        options: arguments. A function of the user's that has some, and every builtin, is called
            with them and returns the program.

    Raises:
        UsageError: there is no such function, or it does not take the options.
    """
    path = BUILTINS.get(function, function)
    module, _, name = path.partition(":")
    if not name:
        hint = nearest(function, BUILTINS) or f"; builtin: {', '.join(BUILTINS)}"
        raise UsageError(f"no function {function!r}{hint}; your own is named module:name")
    found = _imported(module, name, function)
    if function in BUILTINS or options is not None:
        found = _made(found, function, options or {})
    if not callable(found):
        raise UsageError(f"{function!r} is {found!r}, expected a function of a request")
    program: Program = found
    return program


def _imported(module: str, name: str, function: str) -> Any:
    here = str(Path.cwd())
    if here not in sys.path:
        sys.path.append(here)
    try:
        found = importlib.import_module(module)
    except ImportError as exc:
        raise UsageError(f"{function!r}: the module {module!r} cannot be imported: {exc}") from exc
    try:
        return getattr(found, name)
    except AttributeError:
        hint = nearest(name, vars(found))
        raise UsageError(f"{function!r}: {module!r} has no {name!r}{hint}") from None


def _made(maker: Any, function: str, options: Mapping[str, Any]) -> Any:
    try:
        inspect.signature(maker).bind(**options)
    except TypeError as exc:
        known = ", ".join(inspect.signature(maker).parameters) or "none"
        raise UsageError(f"{function!r}: options: {exc}; it takes: {known}") from None
    return maker(**options)


def _counted(request: Request, text: str) -> Usage:
    given = chars_given(request.messages)
    return Usage(estimated_tokens(given), estimated_tokens(len(text)))
