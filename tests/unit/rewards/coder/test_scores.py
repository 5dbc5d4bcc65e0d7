import math
import re
from typing import Any

import pytest

from agentrl.rewards.coder.scores import Fault, Scores, read_scores


def test_terms_are_summed_over_turns() -> None:
    scores = Scores(({"a": 1.0, "b": 0.5}, {"a": -0.25}))

    assert scores.total == 1.25
    assert scores.term("a") == 0.75
    assert scores.term("b") == 0.5


def test_an_answer_of_the_right_shape_is_read() -> None:
    given = {"turns": [[["a", 1.0], ["b", -2.0]], []]}

    assert read_scores(given, "e1", 2) == Scores(({"a": 1.0, "b": -2.0}, {}))


@pytest.mark.parametrize(
    ("given", "message"),
    [
        ({"error": "line 3: KeyError: 'x'"}, "episode e1: line 3: KeyError: 'x'"),
        ({"turns": [[]]}, "reward returned 1 mappings for 2 turns; return exactly one"),
        ({"turns": [[], [["a", math.nan]]]}, "episode e1, turn 1: term 'a' is nan"),
        ({"turns": [[], [["a", -math.inf]]]}, "turn 1: term 'a' is -inf"),
        ({"turns": [[], [["a", 1e300]]]}, "term 'a' is 1e\\+300, expected at most"),
        ({"turns": [[], [["a", "a str"]]]}, "term 'a' is a str, expected a number"),
        ({"turns": [[], [["a", None]]]}, "term 'a' is NoneType"),
        ({"turns": [[], [["a", 1]]]}, "term 'a' is int"),
        ({"turns": [[], [["x/y", 1.0]]]}, "'x/y' is no name of a term"),
        ({"turns": [[], [["", 1.0]]]}, "'' is no name of a term"),
        ({"turns": [[], [[1, 1.0]]]}, "no mapping of names to numbers"),
        ({"turns": [[], [["a"]]]}, "no mapping of names to numbers"),
        ({"turns": [[], {"a": 1.0}]}, "no mapping of at most 32"),
        ({"turns": [[], [["a", 1.0]] * 33]}, "no mapping of at most 32"),
        ({"turns": "forged"}, "no list of turns"),
        (["forged"], "no list of turns"),
        (None, "no list of turns"),
        ({"error": 5}, "no list of turns"),
    ],
)
def test_an_answer_of_any_other_shape_is_a_fault_that_names_the_episode(
    given: Any, message: str
) -> None:
    fault = read_scores(given, "e1", 2)

    assert isinstance(fault, Fault)
    assert re.search(message, fault.message)
    assert "e1" in fault.message
