"""Values on their way between the judge and the program, as JSON.

Only plain values travel. Whatever else the program makes stays where it is, and the judge gets a
handle: a number. So no code of the program ever runs in the judge, not even a comparison.
"""

import collections
import datetime
import decimal
import fractions
import itertools
import types
from collections.abc import Callable
from typing import Any

_MOST_ITEMS = 100000
_PLAIN = (type(None), bool, float, str)
_ITERATORS = (map, filter, zip, enumerate, reversed, types.GeneratorType)
_BASES = (dict, list, tuple, set, frozenset, str, int, float)  # type: tuple[Any, ...]
_TEXTS = {
    "fraction": (fractions.Fraction, str, fractions.Fraction),
    "decimal": (decimal.Decimal, str, decimal.Decimal),
}
_MOMENTS = {
    "datetime": (datetime.datetime, 7),
    "date": (datetime.date, 3),
    "timedelta": (datetime.timedelta, 3),
}


def encode(value: Any, keep: "Callable[[Any], Any]") -> Any:
    """Return a value as JSON has it; ``keep`` gives the code of one that cannot travel."""
    kind = type(value)
    if kind in _PLAIN:
        return value
    if kind is int:
        return value if -(2**63) < value < 2**63 else ["int", hex(value)]
    if kind in (list, tuple, set, frozenset, collections.deque):
        return [kind.__name__, [encode(item, keep) for item in value]]
    if kind is dict:
        return ["dict", [[encode(k, keep), encode(v, keep)] for k, v in value.items()]]
    return _encode_other(value, kind, keep)


def _encode_other(value: Any, kind: type, keep: "Callable[[Any], Any]") -> Any:
    if kind in (bytes, bytearray):
        return [kind.__name__, value.hex()]
    if kind is complex:
        return ["complex", [value.real, value.imag]]
    if kind is range:
        return ["range", [value.start, value.stop, value.step]]
    for name, (type_, to_text, _) in _TEXTS.items():
        if kind is type_:
            return [name, to_text(value)]
    for name, (type_, _) in _MOMENTS.items():
        if kind is type_:
            return [name, _moment(value)]
    if isinstance(value, _ITERATORS) or kind.__name__.endswith("_iterator"):
        return ["iterator", [encode(item, keep) for item in itertools.islice(value, _MOST_ITEMS)]]
    # Counter, OrderedDict, namedtuple, IntEnum: what they are beside their plain kind is lost.
    for base in _BASES:
        if isinstance(value, base):
            return encode(base(value), keep)
    return keep(value)


def _moment(value: Any) -> "list[int]":
    if isinstance(value, datetime.timedelta):
        return [value.days, value.seconds, value.microseconds]
    if isinstance(value, datetime.datetime):
        return [*value.timetuple()[:6], value.microsecond]
    return list(value.timetuple()[:3])


def decode(data: Any, refer: "Callable[[Any, str], Any]") -> Any:
    """Return the value that JSON stands for; ``refer`` gives what a handle stands for.

    Raises:
        ValueError: it stands for none.
    """
    if not isinstance(data, list):
        return data
    if len(data) < 2 or not isinstance(data[0], str):
        raise ValueError("a value of no kind")
    return _decode(data[0], data[1], data, refer)


def _decode(name: str, inner: Any, data: Any, refer: "Callable[[Any, str], Any]") -> Any:
    if name == "object":
        return refer(inner, str(data[2]) if len(data) > 2 else "")
    if name == "dict":
        return {decode(k, refer): decode(v, refer) for k, v in inner}
    if name in ("list", "tuple", "set", "frozenset", "deque", "iterator"):
        items = [decode(item, refer) for item in inner]
        makers = {
            "list": list,
            "tuple": tuple,
            "set": set,
            "frozenset": frozenset,
            "deque": collections.deque,
            "iterator": iter,
        }  # type: dict[str, Any]
        return makers[name](items)
    if name == "int":
        return int(inner, 16)
    if name in ("bytes", "bytearray"):
        return {"bytes": bytes, "bytearray": bytearray}[name](bytes.fromhex(inner))
    if name == "complex":
        return complex(*inner)
    if name == "range":
        return range(*inner)
    if name in _TEXTS:
        return _TEXTS[name][2](inner)
    if name in _MOMENTS:
        return _MOMENTS[name][0](*inner)
    raise ValueError("a value of an unknown kind")
