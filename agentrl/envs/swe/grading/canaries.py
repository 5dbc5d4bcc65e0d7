"""Tests whose results are known, which travel with every grading under names nobody can guess."""

import random
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


@dataclass(frozen=True, slots=True)
class Canaries:
    """Files of tests that must pass and tests that must fail."""

    files: dict[str, str]
    """Text by path: the first file is collected first, the second last."""
    passing: frozenset[str]
    """Ids of the tests that must pass."""
    failing: frozenset[str]


def make_canaries(framework: str, folder: str, chance: random.Random) -> Canaries:
    """Return canaries for a session of pytest or unittest.

    Args:
        framework: ``pytest`` or ``unittest``.
        folder: where their files lie, relative to the repository.
        chance: source of names and values.
    """
    names = _names(chance)
    files: dict[str, str] = {}
    passing: set[str] = set()
    failing: set[str] = set()
    while len(files) < 2:
        path = str(PurePosixPath(folder) / f"{next(names)}.py")
        prefix, joint = path + "::", "::"
        if framework == "unittest":
            prefix, joint = PurePosixPath(path).stem + ".", "."
        text = ["import unittest", ""]
        if framework == "pytest":
            functions = _functions(chance)
            text = ["import unittest", "", "import pytest", ""]
            for passes, body in functions:
                name = next(names)
                text.append(body.replace("NAME", name))
                (passing if passes else failing).add(prefix + name)
        case = "".join(word.title() for word in next(names).split("_")) + "Case"
        text += ["", f"class {case}(unittest.TestCase):"]
        for passes, body in _methods(chance):
            name = next(names)
            text.append(body.replace("NAME", name))
            (passing if passes else failing).add(f"{prefix}{case}{joint}{name}")
        files[path] = "\n".join(text) + "\n"
    return Canaries(files, frozenset(passing), frozenset(failing))


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


def _names(chance: random.Random):  # type: ignore[no-untyped-def]
    known: set[str] = set()
    while True:
        parts = [chance.choice(words) for words in (_SUBJECTS, _VERBS, _QUALITIES, _SUBJECTS)]
        name = "test_" + "_".join(parts)
        if name not in known:
            known.add(name)
            yield name


def _functions(chance: random.Random) -> list[tuple[bool, str]]:
    """Return test functions, each with whether it passes; every style of checking is there."""
    a, b = chance.sample(range(2, 90), 2)
    bodies = [
        (True, f"def NAME():\n    assert {a} + {b} == {a + b}\n"),
        (False, f"def NAME():\n    value = {a} + {b}\n    assert value == {a + b + 1}\n"),
        (True, f"def NAME():\n    with pytest.raises(ValueError):\n        int('{a}x')\n"),
        (False, f"def NAME():\n    with pytest.raises(ValueError):\n        int('{a}')\n"),
        (True, f"def NAME(tmp_path):\n    assert tmp_path.name != '{a}'\n"),
        (False, f"def NAME(tmp_path):\n    assert (tmp_path / '{b}').exists()\n"),
        (False, f"def NAME():\n    raise KeyError('{b}')\n"),
    ]
    chance.shuffle(bodies)
    return bodies


def _methods(chance: random.Random) -> list[tuple[bool, str]]:
    a, b = sorted(chance.sample(range(2, 90), 2))
    bodies = [
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
    chance.shuffle(bodies)
    return bodies
