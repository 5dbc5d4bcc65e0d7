"""Writes problem statements from changelogs, and from what failing tests are called and say."""

import re
from collections.abc import Iterable, Mapping, Sequence
from itertools import pairwise

from agentrl.envs.swe.instance import Source
from agentrl.envs.swe.patch import is_test_path
from agentrl.envs.swe.sources.changelog import entry
from agentrl.sandboxes.base import File

_GO_ON = "Every test that passes now must go on passing.\n"
_MOST_NAMES = 20
_MOST_MESSAGES = 3
_MOST_LINES = 12
_FRAME = re.compile(r"(?P<file>\S+\.py):\d+: in ")
_UNREPEATABLE = (
    (re.compile(r"0x[0-9a-fA-F]{6,}"), "0x..."),
    (re.compile(r"/tmp/[\w./-]+"), "/tmp/..."),
    (re.compile(r"\b\d+\.\d+ ?(s|ms|seconds)\b"), r"... \1"),
)


def write_statement(source: Source, failing: Sequence[str], fixed: Mapping[str, File]) -> str:
    """Return what is to be done: the changelog's entry, and what the failing tests are called.

    Args:
        source: the pair of releases.
        failing: ids of the failing tests, whose names tell the behaviour.
        fixed: the repository of the later one, for its changelog.
    """
    said = entry(fixed, source.fixed, after=source.release)
    tests = describe_tests(failing)
    parts = [f"This repository holds {source.package} {source.release}."]
    if said:
        parts.append("Make the changes in behaviour that the changelog of its next release lists:")
        parts.append(said)
        parts.append(f"Tests of the following, which fail now, must pass afterwards:\n\n{tests}")
    else:
        parts.append("Some of its behaviour is wrong or missing. Tests of the following fail now:")
        parts.append(f"{tests}\n\nMake them pass.")
    return "\n\n".join([*parts, _GO_ON])


def write_statement_of_failures(
    source: Source, failing: Sequence[str], messages: Mapping[str, str]
) -> str:
    """Return what is to be done where no changelog tells: what the failing tests say.

    Args:
        source: the pair of releases.
        failing: ids of the failing tests.
        messages: what they say on the earlier release, by id.
    """
    parts = [
        f"This repository holds {source.package} {source.release}. Some of its behaviour is wrong "
        f"or missing. Tests of the following fail now:",
        describe_tests(failing),
        *quote_failures(failing, messages),
        "Make them pass.",
        _GO_ON,
    ]
    return "\n\n".join(parts)


def quote_failures(failing: Sequence[str], messages: Mapping[str, str]) -> list[str]:
    """Return paragraphs with what some failing tests asked for and what they got."""
    quotes = [(test, _what_failed(messages.get(test, ""))) for test in failing]
    told = {quote: test for test, quote in reversed(quotes) if quote}
    chosen = sorted((test, quote) for quote, test in told.items())[:_MOST_MESSAGES]
    if not chosen:
        return []
    head = "What they say:" if len(failing) <= len(chosen) else "What some of them say:"
    return [head, *(f"{test}\n```\n{quote}\n```" for test, quote in chosen)]


def _what_failed(message: str) -> str:
    """Return what a test asked for and what it got, without the way that led there."""
    lines = message.splitlines()
    kept: list[str] = []
    for before, line in pairwise(["", *lines]):
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


def describe_tests(ids: Iterable[str]) -> str:
    """Return a list of what tests are called, in words and without their files.

    >>> describe_tests(["tests/test_a.py::TestParse::test_empty_line[x]", "t.py::test_b"])
    '- b\\n- parse: empty line'
    """
    names = sorted({_describe(test) for test in ids})
    lines = [f"- {name}" for name in names[:_MOST_NAMES]]
    if len(names) > _MOST_NAMES:
        lines.append(f"- and {len(names) - _MOST_NAMES} more")
    return "\n".join(lines)


def _describe(test: str) -> str:
    parts = re.sub(r"\[.*", "", test, flags=re.S).split("::")
    return ": ".join(filter(None, map(_words, parts[1:] or parts)))


def _words(name: str) -> str:
    text = re.sub(r"(?<=[a-z0-9])(?=[A-Z])", "_", name.rpartition(".")[2])
    words = [word for word in text.split("_") if word]
    if words and words[0].lower() in ("test", "tests") and len(words) > 1:
        words = words[1:]
    return " ".join(word if word.isupper() and len(word) > 1 else word.lower() for word in words)
