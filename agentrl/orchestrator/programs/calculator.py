"""A calculator: arithmetic, read as a syntax tree and never evaluated as code."""

import ast
import math
import operator
import re
from collections.abc import Callable

from agentrl.orchestrator.program import Program
from agentrl.orchestrator.worker import Request

Number = int | float

MOST_CHARS = 2_000
"""Longest expression."""
MOST_BITS = 20_000
"""Largest whole number, in bits; also keeps powers from taking for ever."""

_BINARY: dict[type[ast.operator], Callable[[Number, Number], Number]] = {
    ast.Add: operator.add,
    ast.Sub: operator.sub,
    ast.Mult: operator.mul,
    ast.Div: operator.truediv,
    ast.FloorDiv: operator.floordiv,
    ast.Mod: operator.mod,
}
_UNARY: dict[type[ast.unaryop], Callable[[Number], Number]] = {
    ast.UAdd: operator.pos,
    ast.USub: operator.neg,
}
_FUNCTIONS: dict[str, Callable[..., Number]] = {
    "abs": abs,
    "max": max,
    "min": min,
    "round": round,
    "sqrt": math.sqrt,
}
_EXPRESSION = re.compile(
    r"(?:\b(?:abs|max|min|round|sqrt)\s*\(|[-+(]\s*)*\d[\d\s.+\-*/%^(),eE]*"
    r"(?:\b(?:abs|max|min|round|sqrt)\s*\([\d\s.+\-*/%^(),eE]*)*"
)
_WRITTEN = str.maketrans(
    {"\N{MULTIPLICATION SIGN}": "*", "\N{MIDDLE DOT}": "*", "\N{DIVISION SIGN}": "/"}
    | {"\N{MINUS SIGN}": "-", "^": "**"}
)
_THOUSANDS = re.compile(r"(?<=\d),(?=\d{3}(?!\d))")


class NoArithmeticError(ValueError):
    """A text holds no arithmetic that can be worked out."""


def calculator() -> Program:
    """Return a program that works out the last arithmetic of its instruction, else of what it sees.

    What it cannot work out it says in words: that is its answer, and a conductor can learn from it.
    """

    def calculate(request: Request) -> str:
        texts = [request.instruction or request.messages[-1].content]
        texts += [seen.answer for seen in reversed(request.sees)]
        problem = "there is no arithmetic in what I was given, such as 17 * (3 + 4)"
        for text in texts:
            for expression in reversed(expressions(text)):
                try:
                    return shown(value(expression))
                except NoArithmeticError as exc:
                    problem = str(exc)
        return f"Not calculated: {problem}."

    return calculate


def expressions(text: str) -> list[str]:
    """Return what looks like arithmetic in a text: numbers and at least one operation.

    >>> expressions("Compute 17 * (3 + 4), please; I have 2 dogs.")
    ['17 * (3 + 4)']
    """
    plain = _THOUSANDS.sub("", text.translate(_WRITTEN))
    found = (match.group().strip().rstrip(",.=+-*/ ") for match in _EXPRESSION.finditer(plain))
    return [e for e in found if any(sign in e.lstrip("+-") for sign in "+-*/%(")]


def value(expression: str) -> Number:
    """Return what an expression comes to.

    >>> value("2 ** 10 - 24 / 3")
    1016.0

    Raises:
        NoArithmeticError: it is no arithmetic, too large, or has no value.
    """
    if len(expression) > MOST_CHARS:
        raise NoArithmeticError(f"the expression is longer than {MOST_CHARS} characters")
    try:
        return _value(ast.parse(expression.strip(), mode="eval").body)
    except (SyntaxError, RecursionError, MemoryError, TypeError) as exc:
        raise NoArithmeticError(f"{expression[:80]!r} is no arithmetic") from exc
    except (ArithmeticError, ValueError) as exc:
        if isinstance(exc, NoArithmeticError):
            raise
        raise NoArithmeticError(f"{expression[:80]!r} has no value: {exc}") from exc


def shown(number: Number) -> str:
    """Return a number as people write it.

    >>> shown(1016.0), shown(0.1 + 0.2), shown(10**30)
    ('1016', '0.3', '1000000000000000000000000000000')
    """
    if isinstance(number, int):
        return str(number)
    if number.is_integer() and abs(number) < 1e15:
        return str(int(number))
    return f"{number:.12g}"


def _value(node: ast.expr) -> Number:
    match node:
        case ast.Constant(value=int() | float() as number) if not isinstance(number, bool):
            return _bounded(number)
        case ast.UnaryOp(op=op, operand=operand) if type(op) in _UNARY:
            return _UNARY[type(op)](_value(operand))
        case ast.BinOp(left=left, op=ast.Pow(), right=right):
            return _power(_value(left), _value(right))
        case ast.BinOp(left=left, op=op, right=right) if type(op) in _BINARY:
            return _bounded(_BINARY[type(op)](_value(left), _value(right)))
        case ast.Call(func=ast.Name(id=name), args=args, keywords=[]) if name in _FUNCTIONS:
            return _bounded(_FUNCTIONS[name](*[_value(argument) for argument in args]))
    raise NoArithmeticError(f"{ast.unparse(node)[:80]!r} is no arithmetic")


def _power(base: Number, exponent: Number) -> Number:
    if isinstance(base, int) and abs(exponent) * max(base.bit_length(), 1) > MOST_BITS:
        raise NoArithmeticError(f"the power is larger than {MOST_BITS} bits")
    result = base**exponent
    if isinstance(result, complex):
        raise NoArithmeticError("a root of a negative number is not real")
    return _bounded(result)


def _bounded(number: Number) -> Number:
    if isinstance(number, int) and number.bit_length() > MOST_BITS:
        raise NoArithmeticError(f"the number is larger than {MOST_BITS} bits")
    if isinstance(number, float) and not math.isfinite(number):
        raise NoArithmeticError("the number is not finite")
    return number
