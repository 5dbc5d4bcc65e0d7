"""Small repositories with a flaw, made from nothing: tasks that need no data set and no network."""

import secrets
from dataclasses import dataclass

from agentrl.cache import cache_folder
from agentrl.envs.swe.instance import Instance, Source, TestPlan
from agentrl.envs.swe.sources.archive import write_archive
from agentrl.envs.swe.sources.diff import diff
from agentrl.sandboxes.base import File


@dataclass(frozen=True, slots=True)
class _Flaw:
    """What is wrong in one of the packages."""

    name: str
    right: str
    """Text of the package's module; it stands there once."""
    wrong: str
    problem: str
    test: str
    """Body of the hidden test that knows it."""


@dataclass(frozen=True, slots=True)
class _Package:
    name: str
    readme: str
    module: str
    test: str
    """Body of the test that is there from the beginning, and passes."""
    flaws: tuple[_Flaw, ...]


_INTERVALS = _Package(
    "intervals",
    "Intervals of numbers, each from its start up to, not including, its end.",
    '''\
"""Intervals of numbers: (start, end), the end not included."""


def length(interval):
    """Return how long an interval is; one that ends before it starts is empty."""
    start, end = interval
    return max(0, end - start)


def merge(intervals):
    """Return the intervals in order, those that overlap or touch made one."""
    merged = []
    for start, end in sorted(intervals):
        if merged and start <= merged[-1][1]:
            merged[-1] = (merged[-1][0], max(merged[-1][1], end))
        else:
            merged.append((start, end))
    return merged


def covered(intervals):
    """Return how much the intervals cover in all; what several cover counts once."""
    return sum(length(interval) for interval in merge(intervals))
''',
    "self.assertEqual(intervals.merge([(1, 3), (5, 7)]), [(1, 3), (5, 7)])",
    (
        _Flaw(
            "inner",
            "max(merged[-1][1], end)",
            "end",
            "merge() loses the end of a long interval when a short one lies inside of it: "
            "merge([(0, 10), (2, 3)]) gives [(0, 3)], and covered() comes out too small.",
            "self.assertEqual(intervals.merge([(0, 10), (2, 3)]), [(0, 10)])",
        ),
        _Flaw(
            "touching",
            "start <= merged[-1][1]",
            "start < merged[-1][1]",
            "Intervals that touch are to be made one, as the docstring of merge() says, but "
            "merge([(0, 1), (1, 2)]) returns both.",
            "self.assertEqual(intervals.merge([(0, 1), (1, 2)]), [(0, 2)])",
        ),
        _Flaw(
            "order",
            "sorted(intervals)",
            "list(intervals)",
            "merge() only works when the intervals come in order: "
            "merge([(3, 5), (0, 4), (6, 7)]) does not return [(0, 5), (6, 7)].",
            "self.assertEqual(intervals.merge([(3, 5), (0, 4), (6, 7)]), [(0, 5), (6, 7)])",
        ),
    ),
)

_ROMAN = _Package(
    "roman",
    "Roman numerals.",
    '''\
"""Roman numerals."""

_SIGNS = [(10, "X"), (9, "IX"), (5, "V"), (4, "IV"), (1, "I")]


def write(number):
    """Return the Roman numeral of a number from 1 to 39."""
    if not 1 <= number <= 39:
        raise ValueError("not between 1 and 39: %r" % (number,))
    text = ""
    for value, sign in _SIGNS:
        while number >= value:
            text += sign
            number -= value
    return text


def read(text):
    """Return the number that a Roman numeral stands for, in either case."""
    total, rest = 0, text.upper()
    for value, sign in _SIGNS:
        while rest.startswith(sign):
            total += value
            rest = rest[len(sign):]
    if rest or write(total) != text.upper():
        raise ValueError("no Roman numeral: %r" % (text,))
    return total
''',
    'self.assertEqual([roman.write(n) for n in (1, 5, 11, 22)], ["I", "V", "XI", "XXII"])',
    (
        _Flaw(
            "four",
            '(5, "V"), (4, "IV"), (1, "I")',
            '(5, "V"), (1, "I")',
            "write(4) returns IIII, and read('XIV') raises a ValueError; it should be 14.",
            'self.assertEqual((roman.write(4), roman.read("XIV")), ("IV", 14))',
        ),
        _Flaw(
            "range",
            "1 <= number <= 39",
            "0 <= number <= 39",
            "There is no Roman numeral for 0: write(0) must raise a ValueError as other numbers "
            "out of range do. It returns an empty text.",
            "self.assertRaises(ValueError, roman.write, 0)",
        ),
        _Flaw(
            "case",
            "0, text.upper()",
            "0, text",
            "read() does not understand numerals in lower case, although its docstring says that "
            "it does: read('xii') raises a ValueError.",
            'self.assertEqual(roman.read("xii"), 12)',
        ),
    ),
)

_PACKAGES = (_INTERVALS, _ROMAN)
_CASES = tuple((package, flaw) for package in _PACKAGES for flaw in package.flaws)

_TEST = """\
import unittest

import {package}


class {title}Test(unittest.TestCase):
    def test_usual(self):
        {usual}
{more}

if __name__ == "__main__":
    unittest.main()
"""


def example_instance(seed: int) -> Instance:
    """Return the instance of a seed; there are six, and their tests need nothing but Python."""
    package, flaw = _CASES[seed % len(_CASES)]
    right, wrong = _module(package, package.module), _module(package, _flawed(package, flaw))
    before, after = _tests(package, ""), _tests(package, flaw.test)
    name = f"{package.name}-{flaw.name}"
    case = f"tests.test_{package.name}.{package.name.capitalize()}Test"
    return Instance(
        id=name,
        problem=flaw.problem,
        tests=TestPlan(
            framework="unittest",
            fail_to_pass=(f"{case}.test_{flaw.name}",),
            pass_to_pass=(f"{case}.test_usual",),
            paths=(f"tests/test_{package.name}.py",),
            timeout_s=60.0,
        ),
        patch=diff(wrong, right),
        test_patch=diff(before, after),
        repo=f"example/{package.name}",
        source=Source(archive=_archive(name, {**_readme(package), **wrong, **before})),
        python="/opt/venv/bin/python",
    )


def _flawed(package: _Package, flaw: _Flaw) -> str:
    assert package.module.count(flaw.right) == 1
    return package.module.replace(flaw.right, flaw.wrong)


def _readme(package: _Package) -> dict[str, File]:
    text = f"# {package.name}\n\n{package.readme}\n\n`python3 -m unittest` runs the tests.\n"
    return {"README.md": File(text.encode()), "tests/__init__.py": File(b"")}


def _module(package: _Package, text: str) -> dict[str, File]:
    return {f"{package.name}.py": File(text.encode())}


def _tests(package: _Package, hidden: str) -> dict[str, File]:
    flaw = next((flaw for flaw in package.flaws if flaw.test == hidden), None)
    more = f"\n    def test_{flaw.name}(self):\n        {flaw.test}\n" if flaw else ""
    text = _TEST.format(
        package=package.name, title=package.name.capitalize(), usual=package.test, more=more
    )
    return {f"tests/test_{package.name}.py": File(text.encode())}


def _archive(name: str, files: dict[str, File]) -> str:
    folder = cache_folder() / "swe" / "examples"
    folder.mkdir(parents=True, exist_ok=True)
    path = folder / f"{name}.tar.gz"
    fresh = folder / f"{name}.{secrets.token_hex(4)}.part"
    write_archive(fresh, files)
    fresh.replace(path)  # another process may be writing the very same
    return str(path)
