"""Tests whose results are known, which travel with every grading under names nobody can guess."""

import random
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import PurePosixPath

from agentrl.envs.swe.grading.verdict import Status

_SUBJECTS = [
    "parser",
    "cache",
    "header",
    "path",
    "record",
    "index",
    "token",
    "column",
    "option",
    "buffer",
    "label",
    "range",
]
_QUALITIES = [
    "empty",
    "nested",
    "default",
    "missing",
    "long",
    "mixed",
    "repeated",
    "sorted",
    "single",
    "partial",
]
_VERBS = ["keeps", "reads", "rejects", "returns", "joins", "splits", "handles", "restores"]


_Test = tuple[bool, str]
"""Whether a test passes, and its text with NAME for its name."""


@dataclass(frozen=True, slots=True)
class Canaries:
    """Files of tests that must pass and tests that must fail."""

    files: dict[str, str]
    """Text by path: the first file is collected first, the second last."""
    passing: set[str]
    """Ids of the tests that must pass."""
    failing: set[str]


def make_canaries(framework: str, folder: str, chance: random.Random) -> Canaries:
    """Return canaries for a session of pytest or unittest.

    Args:
        framework: ``pytest`` or ``unittest``.
        folder: where their files lie, relative to the repository.
        chance: source of names and values.
    """
    names = _names(chance)
    functions = _halves(_functions(chance), chance) if framework == "pytest" else [[], []]
    canaries = Canaries({}, set(), set())
    for tests, methods in zip(functions, _halves(_methods(chance), chance), strict=True):
        path = str(PurePosixPath(folder) / f"{next(names)}.py")
        _add_file(canaries, path, framework, tests, methods, names)
    return canaries


def _halves(tests: list[_Test], chance: random.Random) -> list[list[_Test]]:
    """Deal tests out to two files, so that each has some that pass and some that fail."""
    halves: list[list[_Test]] = [[], []]
    for passes in (True, False):
        kind = [test for test in tests if test[0] is passes]
        chance.shuffle(kind)
        for place, half in enumerate(halves):
            half += kind[place::2]
    for half in halves:
        chance.shuffle(half)
    return halves


def _add_file(
    canaries: Canaries,
    path: str,
    framework: str,
    functions: list[_Test],
    methods: list[_Test],
    names: Iterator[str],
) -> None:
    stem, joint = PurePosixPath(path).stem, "::" if framework == "pytest" else "."
    prefix = f"{path}::" if framework == "pytest" else f"{stem}."
    case = "".join(word.title() for word in next(names).split("_")) + "Case"
    text = ["import unittest\n", "import pytest\n\n" if functions else ""]
    for test in functions:
        text.append(_named(canaries, test, prefix, next(names)))
    text.append(f"class {case}(unittest.TestCase):")
    for test in methods:
        text.append(_named(canaries, test, f"{prefix}{case}{joint}", next(names)))
    canaries.files[path] = "\n".join(text)


def _named(canaries: Canaries, test: _Test, prefix: str, name: str) -> str:
    passes, body = test
    (canaries.passing if passes else canaries.failing).add(prefix + name)
    return body.replace("NAME", name)


def wrong_answer(canaries: Canaries, statuses: dict[str, Status]) -> str:
    """Return what canaries answered wrongly; empty where all is well.

    A canary that could not run because a fixture of the repository failed says nothing.
    """
    neutral = Status.ERROR
    for name in sorted(canaries.failing):
        if (status := statuses.get(name)) not in (Status.FAILED, neutral):
            return f"a test that must fail came out as {status or 'never run'}"
    for name in sorted(canaries.passing):
        if (status := statuses.get(name)) not in (Status.PASSED, neutral):
            return f"a test that must pass came out as {status or 'never run'}"
    return ""


def _names(chance: random.Random) -> Iterator[str]:
    known: set[str] = set()
    while True:
        parts = [chance.choice(words) for words in (_SUBJECTS, _VERBS, _QUALITIES, _SUBJECTS)]
        name = "test_" + "_".join(parts)
        if name not in known:
            known.add(name)
            yield name


def _functions(chance: random.Random) -> list[_Test]:
    """Return test functions, each with whether it passes; every style of checking is there."""
    a, b = chance.sample(range(2, 90), 2)
    return [
        (True, f"def NAME():\n    assert {a} + {b} == {a + b}\n"),
        (False, f"def NAME():\n    value = {a} + {b}\n    assert value == {a + b + 1}\n"),
        (True, f"def NAME():\n    with pytest.raises(ValueError):\n        int('{a}x')\n"),
        (False, f"def NAME():\n    with pytest.raises(ValueError):\n        int('{a}')\n"),
        (True, f"def NAME(tmp_path):\n    assert tmp_path.name != '{a}'\n"),
        (False, f"def NAME(tmp_path):\n    assert (tmp_path / '{b}').exists()\n"),
        (False, f"def NAME():\n    raise KeyError('{b}')\n"),
    ]


def _methods(chance: random.Random) -> list[_Test]:
    a, b = sorted(chance.sample(range(2, 90), 2))
    return [
        (True, f"    def NAME(self):\n        self.assertEqual([{a}], [{b}][:0] + [{a}])\n"),
        (False, f"    def NAME(self):\n        self.assertEqual({{'n': {a}}}, {{'n': {b}}})\n"),
        (False, f"    def NAME(self):\n        self.assertTrue({a} > {b})\n"),
        (False, f"    def NAME(self):\n        self.assertIn({a}, [{b}])\n"),
        (
            False,
            f"    def NAME(self):\n        with self.assertRaises(KeyError):\n"
            f"            {{{a}: 1}}[{a}]\n",
        ),
        (
            True,
            f"    def NAME(self):\n        with self.assertRaises(KeyError):\n"
            f"            {{{a}: 1}}[{b}]\n",
        ),
    ]
