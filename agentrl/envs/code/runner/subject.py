"""The process that the program lives in: it answers the judge's calls, and knows no test."""

import ast
import json
import os
import sys
import textwrap
import traceback
import types
from typing import Any

from agentrl.envs.code.runner.wire import decode, encode

_MOST_TEXT = 2000


def main() -> None:
    """Answer requests, one a line, until there are no more."""
    requests = os.fdopen(int(sys.argv[1]), "rb")
    replies = os.fdopen(int(sys.argv[2]), "wb")
    subject = _Subject()
    for line in requests:
        try:
            reply = subject.answer(json.loads(line.decode()))
        except BaseException as exc:  # noqa: BLE001 - whatever the program raises is its answer
            reply = {"error": _told(exc)}
        replies.write(json.dumps(reply).encode() + b"\n")
        replies.flush()


class _Subject:
    def __init__(self) -> None:
        self._module = types.ModuleType("solution")
        sys.modules["solution"] = self._module
        self._kept = []  # type: list[Any]

    def answer(self, request: "dict[str, Any]") -> "dict[str, Any]":
        return getattr(self, "_" + request["do"])(request)  # type: ignore[no-any-return]

    def _load(self, request: "dict[str, Any]") -> "dict[str, Any]":
        source = assembled(request["prompt"], request["program"], request["entry"])
        exec(compile(source, "<program>", "exec", dont_inherit=True), self._module.__dict__)
        return {}

    def _names(self, request: "dict[str, Any]") -> "dict[str, Any]":
        """Say which of some names the program has, and which of these are modules."""
        found = {name: self._module.__dict__.get(name, self) for name in request["names"]}
        return {
            "names": [name for name, value in found.items() if value is not self],
            "modules": {
                name: value.__name__
                for name, value in found.items()
                if isinstance(value, types.ModuleType)
            },
        }

    def _value(self, request: "dict[str, Any]") -> "dict[str, Any]":
        return {"value": self._out(self._module.__dict__[request["name"]])}

    def _call(self, request: "dict[str, Any]") -> "dict[str, Any]":
        target = self._in(request["target"])
        args = [self._in(item) for item in request["args"]]
        kwargs = {name: self._in(item) for name, item in request["kwargs"].items()}
        reply = {"value": self._out(target(*args, **kwargs))}
        after = [self._out(item) for item in args]
        if after != request["args"]:
            reply["args"] = after
        return reply

    def _get(self, request: "dict[str, Any]") -> "dict[str, Any]":
        return {"value": self._out(getattr(self._in(request["of"]), request["name"]))}

    def _set(self, request: "dict[str, Any]") -> "dict[str, Any]":
        setattr(self._in(request["of"]), request["name"], self._in(request["value"]))
        return {}

    def _length(self, request: "dict[str, Any]") -> "dict[str, Any]":
        return {"value": len(self._in(request["of"]))}

    def _items(self, request: "dict[str, Any]") -> "dict[str, Any]":
        return {"value": self._out(list(self._in(request["of"])))}

    def _item(self, request: "dict[str, Any]") -> "dict[str, Any]":
        return {"value": self._out(self._in(request["of"])[self._in(request["key"])])}

    def _in(self, data: Any) -> Any:
        return decode(data, self._known)

    def _known(self, handle: Any, kind: str) -> Any:
        """Return a kept object by its number, or what the program itself calls so."""
        return self._module.__dict__[handle] if isinstance(handle, str) else self._kept[handle]

    def _out(self, value: Any) -> Any:
        return encode(value, self._keep)

    def _keep(self, value: Any) -> Any:
        for number, kept in enumerate(self._kept):
            if kept is value:
                return ["object", number, type(value).__name__]
        self._kept.append(value)
        return ["object", len(self._kept) - 1, type(value).__name__]


def assembled(prompt: str, program: str, entry: str) -> str:
    """Return the source to run: a whole program as it is, a completion behind its prompt.

    What the prompt defines beside the function that is asked for is there in either case.
    """
    if not prompt:
        return program
    tree = _parsed(program)
    if tree is not None and (not entry or _defines(tree, entry)):
        return (prompt if _parsed(prompt) is not None else "") + "\n\n" + program
    for body in (program, "    " + program.lstrip(), textwrap.indent(program, "    ")):
        joined = prompt + ("" if prompt.endswith("\n") else "\n") + body
        if _parsed(joined) is not None:
            return joined
    return program if tree is None else prompt + "\n\n" + program


def _parsed(source: str) -> "ast.Module | None":
    try:
        tree = ast.parse(source)
        compile(source, "<program>", "exec", dont_inherit=True)  # finds a return without function
        return tree
    except (SyntaxError, ValueError, RecursionError, MemoryError):
        return None


def _defines(tree: ast.Module, name: str) -> bool:
    return any(name == _defined(node) for node in ast.walk(tree))


def _defined(node: ast.AST) -> "str | None":
    if isinstance(node, (ast.FunctionDef, ast.AsyncFunctionDef, ast.ClassDef)):
        return node.name
    if isinstance(node, ast.Name) and isinstance(node.ctx, ast.Store):
        return node.id
    return (node.asname or node.name) if isinstance(node, ast.alias) else None


def _told(error: BaseException) -> "dict[str, Any]":
    """Return an error's kinds, the nearest first, and what a person would read of it."""
    kinds = [kind.__name__ for kind in type(error).__mro__]
    try:
        lines = traceback.extract_tb(error.__traceback__)
        own = [frame.lineno for frame in lines if frame.filename == "<program>"]
        text = str(error)[:_MOST_TEXT]
    except BaseException:  # noqa: BLE001 - an error whose text raises has none
        own, text = [], ""
    return {"kinds": kinds, "text": text, "line": own[-1] if own else None}
