"""Writes the problem statement of a mutant from what its failing tests say."""

import re
from collections.abc import Mapping, Sequence

from agentrl.envs.swe.patch import is_test_path
from agentrl.envs.swe.sources.statement import describe_tests

_MOST_MESSAGES = 3
_MOST_LINES = 12
_FRAME = re.compile(r"(?P<file>\S+\.py):\d+: in ")
_UNREPEATABLE = (
    (re.compile(r"0x[0-9a-fA-F]{6,}"), "0x..."),
    (re.compile(r"/tmp/[\w./-]+"), "/tmp/..."),
    (re.compile(r"\b\d+\.\d+ ?(s|ms|seconds)\b"), r"... \1"),
)


def write_mutant_statement(failing: Sequence[str], messages: Mapping[str, str]) -> str:
    """Return a statement that tells what no longer works, and not where.

    Args:
        failing: ids of the tests that fail.
        messages: what they say, by id.
    """
    parts = ["Something that used to work in this repository does not any more. These tests fail:"]
    parts.append(describe_tests(failing))
    quotes = [(test, _what_failed(messages.get(test, ""))) for test in failing]
    told = [(test, quote) for test, quote in quotes if quote][:_MOST_MESSAGES]
    if told:
        parts.append("What they say:" if len(failing) <= len(told) else "What some of them say:")
        parts += [f"{test}\n```\n{quote}\n```" for test, quote in told]
    parts.append("Find the cause in the source, not in the tests, and repair it.")
    return "\n\n".join(parts) + "\n"


def _what_failed(message: str) -> str:
    """Return what a test asked for and what it got, without the way that led there."""
    lines = message.splitlines()
    kept: list[str] = []
    for before, line in zip(["", *lines], lines, strict=False):
        frame = _FRAME.match(before)
        if frame and is_test_path(frame["file"]):
            kept.append(line.strip())
        elif line.startswith("E ") and not _tells_where(line):
            kept.append(line.rstrip())
    if not kept:  # unittest
        kept = [line for line in lines[-3:] if not line.startswith(" ") and not _tells_where(line)]
    text = "\n".join(kept[:_MOST_LINES])
    for pattern, instead in _UNREPEATABLE:
        text = pattern.sub(instead, text)
    return text


def _tells_where(line: str) -> bool:
    return re.search(r"\.py\b.*(:\d+|line \d+)", line) is not None
