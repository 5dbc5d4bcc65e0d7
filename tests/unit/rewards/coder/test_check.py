import pytest

from agentrl.rewards.coder.check import MOST_CHARACTERS, check

GOOD = """
import math
from collections import Counter

SCALE = 0.5

def _count(turns):
    return Counter(turn["action"] for turn in turns)

def reward(episode):
    seen = _count(episode["turns"])
    return [{"new": SCALE / math.sqrt(seen[turn["action"]])} for turn in episode["turns"]]
"""


def found(source: str) -> str:
    return "\n".join(str(finding) for finding in check(source))


def test_a_plain_program_has_no_findings() -> None:
    assert check(GOOD) == ()


@pytest.mark.parametrize(
    ("line", "finding"),
    [
        ("import os", "import of 'os' is not allowed; allowed are collections"),
        ("import collections.abc, socket", "import of 'socket'"),
        ("from subprocess import run", "import of 'subprocess'"),
        ("from . import x", "import of '.'"),
        ("x = ().__class__", "'__class__'"),
        ("x = open('/etc/passwd')", "'open' is not allowed"),
        ("x = __builtins__", "'__builtins__' is not allowed"),
        ("eval('1')", "'eval' is not allowed"),
        ("print(1)", "'print' is not allowed"),
        ("def f():\n    global y", "nothing is kept between two episodes"),
    ],
)
def test_what_a_program_has_no_use_for_is_named_with_its_line(line: str, finding: str) -> None:
    said = found(GOOD + "\n" + line + "\n")

    assert finding in said
    assert said.startswith("line 1")


@pytest.mark.parametrize(
    ("source", "finding"),
    [
        ("", "no function reward"),
        ("def score(e): return []", "no function reward"),
        ("reward = lambda e: []", "no function reward"),
        ("async def reward(e): return []", "line 1: reward is async"),
        ("def reward(): return []", "line 1: reward must take one argument"),
        ("def reward(a, b): return []", "line 1: reward must take one argument"),
        ("def reward(e, *, b): return []", "line 1: reward must take one argument"),
        ("def reward(e:\n  return", "no valid Python"),
        ("x = '\x00'", "no valid Python"),
        ("#" * (MOST_CHARACTERS + 1), "20,001 characters; use at most 20,000"),
        ("-" * 15_000 + "1", "nested too deeply"),
        ("x" + ".a" * 9_000, "nested too deeply"),
    ],
)
def test_a_program_that_cannot_work_is_told_why(source: str, finding: str) -> None:
    assert finding in found(source)


def test_further_arguments_with_defaults_are_fine() -> None:
    assert check("def reward(episode, scale=1.0, *, bias=0.0): return []") == ()
