"""Writes the problem statement of a pair of releases."""

import re
from collections.abc import Iterable, Mapping, Sequence

from agentrl.envs.swe.instance import Source
from agentrl.envs.swe.sources.changelog import entry
from agentrl.sandboxes.base import File

_MOST_NAMES = 20


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
    parts.append("Every test that passes now must go on passing.")
    return "\n\n".join(parts) + "\n"


def describe_tests(ids: Iterable[str]) -> str:
    """Return a list of what tests are called, in words and without their files.

    >>> describe_tests(["tests/test_a.py::TestParse::test_empty_line[x]", "t.py::test_b"])
    '- parse: empty line\\n- b'
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
