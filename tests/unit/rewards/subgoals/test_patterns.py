import re
import time

import pytest

from agentrl.rewards.subgoals.patterns import MOST_SEARCHED, unsafe


@pytest.mark.parametrize(
    "pattern",
    [
        "you take the key",
        "you (?:take|get) the .*key",
        r"score: \d+",
        "a b?c",
        r"\[x\]",
        "[ab]+!",
        ".+?x",
    ],
)
def test_plain_patterns_may_be_used(pattern: str) -> None:
    assert unsafe(pattern) is None


@pytest.mark.parametrize(
    ("pattern", "reason"),
    [
        ("(a+)+b", "may only follow"),
        ("(a|a)*b", "may only follow"),
        ("(?:ab)?c", "may only follow"),
        ("(?i)key", "may only follow"),
        (r"(a)\1", "references to groups"),
        ("a{1,9}b", "'{'"),
        ("a*b*c", "at most one"),
        ("x?x?x?xxx", "at most 2 '\\?'"),
        ("(a|a)(a|a)(a|a)(a|a)(a|a)b", "and 4"),
        ("(", "no regular expression"),
        ("a*", "found in every text"),
        ("", "1 to 200 characters"),
        ("a" * 201, "1 to 200 characters"),
    ],
)
def test_patterns_that_could_take_for_ever_or_say_nothing_are_refused(
    pattern: str, reason: str
) -> None:
    assert re.search(reason, unsafe(pattern) or "")


def test_the_worst_that_is_allowed_ends_soon() -> None:
    pattern = "(a|a)(a|a)(a|a)(a|a)a?a?a*b"
    assert unsafe(pattern) is None
    started = time.perf_counter()
    assert re.search(pattern, "a" * MOST_SEARCHED) is None

    assert time.perf_counter() - started < 10
