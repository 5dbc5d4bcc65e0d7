"""Runs a reward program on episodes. Runs in a sandbox only, with Python 3.8 or newer.

A request comes in through standard input, the answer leaves through standard output, and both are
closed to the program: it has no use for them. Limits that it cannot lift keep it from starting
processes and from writing files, so that the next run finds the sandbox as this one found it.
Whatever it does here, its answer is read with suspicion outside.
"""

from __future__ import annotations

import json
import os
import resource
import sys
from typing import Any

_MESSAGE = 500


def main() -> None:
    """Answer one request."""
    request = json.loads(sys.stdin.buffer.read())
    channel = os.dup(1)
    nothing = os.open(os.devnull, os.O_RDWR)
    for stream in (0, 1, 2):
        os.dup2(nothing, stream)
    _limit(request["memory_mb"], request["cpu_s"])
    answer = json.dumps(_results(request))
    data = (request["nonce"] + "\n" + answer).encode()
    while data:
        data = data[os.write(channel, data) :]
    os._exit(0)


def _limit(memory_mb: int, cpu_s: int) -> None:
    limits = (
        (resource.RLIMIT_NPROC, 0),
        (resource.RLIMIT_FSIZE, 0),
        (resource.RLIMIT_CORE, 0),
        (resource.RLIMIT_AS, memory_mb << 20),
        (resource.RLIMIT_CPU, cpu_s),
    )
    for kind, most in limits:
        hard = resource.getrlimit(kind)[1]
        if hard != resource.RLIM_INFINITY:
            most = min(most, hard)
        resource.setrlimit(kind, (most, most))


def _results(request: dict[str, Any]) -> list[dict[str, Any]]:
    try:
        code = compile(request["source"], "program.py", "exec")
    except BaseException as exc:  # noqa: BLE001
        fault = _fault(exc)
        return [fault for _ in request["episodes"]]
    return [_result(code, text, request) for text in request["episodes"]]


def _result(code: Any, text: str, request: dict[str, Any]) -> dict[str, Any]:
    try:
        space: dict[str, Any] = {"__name__": "program"}
        exec(code, space)
        given = space["reward"](json.loads(text))
        if not isinstance(given, (list, tuple)):
            return {"error": f"reward returned {type(given).__name__}, expected a list"}
        if len(given) > request["most_turns"]:
            return {"error": f"reward returned a list of {len(given)} mappings"}
        return {"turns": [_terms(terms, request) for terms in given]}
    except BaseException as exc:  # noqa: BLE001
        return _fault(exc)


def _terms(terms: Any, request: dict[str, Any]) -> list[tuple[str, Any]]:
    if not isinstance(terms, dict):
        raise TypeError(f"a turn's terms are {type(terms).__name__}, expected a dict")
    if len(terms) > request["most_terms"]:
        raise ValueError(f"{len(terms)} terms at a turn, allowed are {request['most_terms']}")
    return [(str(name)[:100], _number(value)) for name, value in terms.items()]


def _number(value: Any) -> Any:
    if not isinstance(value, (int, float)):
        return f"a {type(value).__name__}"
    try:
        return float(value)
    except OverflowError:
        return float("inf")


def _fault(exc: BaseException) -> dict[str, Any]:
    try:
        at, line = exc.__traceback__, getattr(exc, "lineno", 0)
        while at is not None:
            if at.tb_frame.f_code.co_filename == "program.py":
                line = at.tb_lineno
            at = at.tb_next
        where = f"line {line}: " if line else ""
        return {"error": f"{where}{type(exc).__name__}: {exc}"[:_MESSAGE]}
    except BaseException:  # noqa: BLE001
        return {"error": "an error that cannot be shown"}


if __name__ == "__main__":
    main()
