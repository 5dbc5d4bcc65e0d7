"""The program as the judge sees it: functions to call and objects to hold, at arm's length."""

import builtins
import collections
import json
import os
import subprocess
from contextlib import suppress
from typing import Any

from agentrl.envs.code.runner import process
from agentrl.envs.code.runner.wire import decode, encode

_MOST_REPLY = 16 * 2**20


class EndedError(Exception):
    """The program's process ended before it answered."""


class UnreadableError(Exception):
    """The program's process answered something that is no answer."""


class Program:
    """The program in its process, which is started again where it ended.

    Args:
        order: ``prompt``, ``program`` and ``entry``.
        folder: where it may write.
    """

    def __init__(self, order: "dict[str, Any]", folder: str) -> None:
        self._order = {"do": "load", **{k: order[k] for k in ("prompt", "program", "entry")}}
        self._folder = folder
        self._process = None  # type: subprocess.Popen[bytes] | None
        self._pipes = ()  # type: tuple[Any, ...]
        self._loaded = False

    def warm(self) -> None:
        """Start the program's process, and load nothing yet."""
        if self._process is None:
            self._start()
            self.ask({"do": "names", "names": []})

    def open(self) -> None:
        """Start and load the program, unless it is there.

        Raises:
            Exception: what the program raises when it is loaded.
        """
        if self._process is None:
            self._start()
        if not self._loaded:
            self._loaded = True
            self.ask(self._order)

    def ask(self, request: "dict[str, Any]") -> "dict[str, Any]":
        """Return the answer to a request, or raise what the program raised."""
        requests, replies = self._pipes
        try:
            requests.write(json.dumps(request).encode() + b"\n")
            requests.flush()
            line = replies.readline(_MOST_REPLY)
        except BrokenPipeError:
            line = b""
        if not line:
            raise EndedError(f"the program ended early, with exit code {self.close()}")
        try:
            reply = json.loads(line.decode())
            error = reply.get("error")
        except (ValueError, AttributeError, RecursionError):
            self.close()
            raise UnreadableError("the program wrote into the judge's pipe") from None
        if error is not None:
            raise _raised(error)
        return reply  # type: ignore[no-any-return]

    def close(self) -> "int | None":
        """End the process; return its exit code."""
        running, self._process = self._process, None
        self._loaded = False
        code = None if running is None else process.end(running)
        for pipe in self._pipes:
            with suppress(OSError):
                pipe.close()
        self._pipes = ()
        return code

    def _start(self) -> None:
        (their_in, our_out), (our_in, their_out) = os.pipe(), os.pipe()
        argv = [*process.python(), "-c", process.SUBJECT, str(their_in), str(their_out)]
        try:
            self._process = process.start(
                argv,
                self._folder,
                pass_fds=(their_in, their_out),
                stdin=subprocess.DEVNULL,
                stdout=subprocess.DEVNULL,
                stderr=subprocess.DEVNULL,
            )
        finally:
            os.close(their_in)
            os.close(their_out)
        self._pipes = (os.fdopen(our_out, "wb"), os.fdopen(our_in, "rb"))


class Remote:
    """Something of the program's. It equals itself alone, whatever it says of itself."""

    __slots__ = ("_handle", "_kind", "_program")

    def __init__(self, program: Program, handle: "int | str", kind: str) -> None:
        object.__setattr__(self, "_program", program)
        object.__setattr__(self, "_handle", handle)
        object.__setattr__(self, "_kind", kind)

    def __call__(self, *args: Any, **kwargs: Any) -> Any:
        request = {"do": "call", "target": _sent(self)}
        request["args"] = [_sent(item) for item in args]
        request["kwargs"] = {name: _sent(item) for name, item in kwargs.items()}
        reply = _asked(self, request)
        for mine, theirs in zip(args, reply.get("args", ())):  # noqa: B905 - Python 3.6
            _take_over(mine, decode(theirs, _refer(self)))
        return decode(reply["value"], _refer(self))

    def __getattr__(self, name: str) -> Any:
        return self._ask_value({"do": "get", "name": name})

    def __setattr__(self, name: str, value: Any) -> None:
        _asked(self, {"do": "set", "of": _sent(self), "name": name, "value": _sent(value)})

    def __len__(self) -> int:
        return int(self._ask_value({"do": "length"}))

    def __iter__(self) -> Any:
        return iter(self._ask_value({"do": "items"}))

    def __getitem__(self, key: Any) -> Any:
        return self._ask_value({"do": "item", "key": _sent(key)})

    def __bool__(self) -> bool:
        return True

    def __eq__(self, other: object) -> bool:
        return isinstance(other, Remote) and _handle(self) == _handle(other)

    def __hash__(self) -> int:
        return hash(_handle(self))

    def __repr__(self) -> str:
        return "<{} object>".format(object.__getattribute__(self, "_kind"))

    def _ask_value(self, request: "dict[str, Any]") -> Any:
        reply = _asked(self, {"of": _sent(self), **request})
        return decode(reply["value"], _refer(self))


def value_of(program: Program, name: str) -> Any:
    """Return what the program calls ``name``; it holds although the program is started again."""
    reply = program.ask({"do": "value", "name": name})
    return decode(reply["value"], lambda _, kind: Remote(program, name, kind))


def _asked(remote: Remote, request: "dict[str, Any]") -> "dict[str, Any]":
    program = object.__getattribute__(remote, "_program")
    return program.ask(request)  # type: ignore[no-any-return]


def _handle(remote: Remote) -> "int | str":
    return object.__getattribute__(remote, "_handle")  # type: ignore[no-any-return]


def _refer(remote: Remote) -> Any:
    program = object.__getattribute__(remote, "_program")
    return lambda number, kind: Remote(program, int(number), kind)


def _sent(value: Any) -> Any:
    return encode(value, _keep)


def _keep(value: Any) -> Any:
    if type(value) is Remote:
        return ["object", _handle(value)]
    raise TypeError(f"a {type(value).__name__} cannot be handed to the program")


def _take_over(mine: Any, theirs: Any) -> None:
    """Change an argument as the program has changed it."""
    if type(mine) is not type(theirs):
        return
    if isinstance(mine, (list, bytearray)):
        mine[:] = theirs
    elif isinstance(mine, (dict, set)):
        mine.clear()
        mine.update(theirs)
    elif isinstance(mine, collections.deque):
        mine.clear()
        mine.extend(theirs)


def _raised(error: "dict[str, Any]") -> Exception:
    """Return the program's error as the nearest kind that Python itself has."""
    kinds, text = [str(kind) for kind in error["kinds"]], str(error["text"])
    where = " (line {})".format(error["line"]) if error.get("line") else ""
    for kind in kinds:
        found = getattr(builtins, kind, None)
        if isinstance(found, type) and issubclass(found, Exception) and found is not Exception:
            made = found.__new__(found)
            made.args = (text + where,)
            return _marked(made)
    return _marked(RuntimeError(f"{kinds[0]}: {text}{where}"))


def _marked(error: Exception) -> Exception:
    error.__dict__["agentrl_remote"] = True
    return error


def is_remote(error: BaseException) -> bool:
    """Return whether it was the program that raised an error, and not the tests."""
    return bool(error.__dict__.get("agentrl_remote"))
