"""The parts of the judge that need no sandbox: what travels, and what is run."""

import collections
import datetime
import decimal
import fractions
import json
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from agentrl.envs.code.runner.cases import tidy
from agentrl.envs.code.runner.subject import assembled
from agentrl.envs.code.runner.wire import decode, encode

PROMPT = 'import math\n\ndef area(r):\n    """Return the area."""\n'

atoms = (
    st.none() | st.booleans() | st.integers() | st.floats(allow_nan=False) | st.text() | st.binary()
)
values = st.recursive(
    atoms,
    lambda inner: (
        st.lists(inner)
        | st.tuples(inner, inner)
        | st.dictionaries(st.text() | st.integers() | st.tuples(st.booleans()), inner)
        | st.frozensets(atoms)
    ),
    max_leaves=20,
)


def refuse(value: Any, kind: str = "") -> Any:
    raise TypeError(f"{value!r} cannot travel")


def there_and_back(value: Any) -> Any:
    return decode(json.loads(json.dumps(encode(value, refuse))), refuse)


@given(values)
def test_plain_values_arrive_as_they_are(value: object) -> None:
    arrived = there_and_back(value)

    assert arrived == value
    assert type(arrived) is type(value)


@pytest.mark.parametrize(
    "value",
    [
        {1, 2},
        bytearray(b"a"),
        2j,
        range(1, 9, 2),
        10**30,
        float("inf"),
        collections.deque([1]),
        fractions.Fraction(1, 3),
        decimal.Decimal("1.10"),
        datetime.date(2024, 2, 29),
        datetime.datetime(2024, 2, 29, 1, 2, 3, 4),
        datetime.timedelta(days=1, microseconds=5),
    ],
)
def test_other_values_of_the_standard_library_arrive_too(value: object) -> None:
    assert there_and_back(value) == value


def test_kinds_of_their_own_arrive_as_the_plain_kind_below() -> None:
    point = collections.namedtuple("point", "x y")

    assert there_and_back(collections.Counter("aab")) == {"a": 2, "b": 1}
    assert there_and_back(point(1, 2)) == (1, 2)
    assert list(there_and_back(map(str, [1, 2]))) == ["1", "2"]


def test_an_endless_iterator_is_cut() -> None:
    assert len(list(there_and_back(i for i in iter(int, 1)))) == 100_000


def test_an_object_that_says_it_equals_everything_does_not_travel() -> None:
    class Anything:
        def __eq__(self, other: object) -> bool:
            return True

        __hash__ = None  # type: ignore[assignment]

    with pytest.raises(TypeError, match="cannot travel"):
        there_and_back([Anything()])


@pytest.mark.parametrize("data", [[], ["list"], ["zzz", 1], [1, 2], ["int", "zz"], ["dict", [[1]]]])
def test_what_is_no_value_is_refused(data: object) -> None:
    with pytest.raises((ValueError, TypeError)):
        decode(data, refuse)


@pytest.mark.parametrize(
    "answer",
    [
        "    return math.pi * r ** 2\n",
        "return math.pi * r ** 2",
        "x = r ** 2\nreturn math.pi * x",
        "    x = r ** 2\n    return math.pi * x",
        "def area(r):\n    return math.pi * r ** 2",
        "import math\narea = lambda r: math.pi * r ** 2",
        "from math import pi\n\ndef helper(r):\n    return r * r\n\ndef area(r):\n"
        "    return pi * helper(r)",
    ],
)
def test_a_completion_and_a_whole_function_both_work(answer: str) -> None:
    names: dict[str, Any] = {}

    exec(assembled(PROMPT, answer, "area"), names)

    assert names["area"](2) == pytest.approx(12.566370614)


def test_a_broken_answer_stays_broken() -> None:
    with pytest.raises(SyntaxError):
        compile(assembled(PROMPT, "return (", "area"), "", "exec")


def test_output_is_compared_without_white_space_at_the_ends() -> None:
    assert tidy("1 \n2\n\n") == tidy("1\n2")
    assert tidy("1\n\n2") != tidy("1\n2")
    assert tidy(" 1") != tidy("1")
