"""Small problems made from a seed, for tasks that need no file."""

import random
from typing import Any


def small_problem(seed: int) -> dict[str, Any]:
    """Return a row with a problem about whole numbers."""
    rng = random.Random(seed)
    makers = (_multiples, _digits, _run)
    return makers[rng.randrange(len(makers))](rng)


def _multiples(rng: random.Random) -> dict[str, Any]:
    one, other = rng.sample(range(2, 10), 2)
    tests = [
        f"assert f({n}) == {sum(i for i in range(n) if i % one == 0 or i % other == 0)}"
        for n in (0, one, one * other + 1, rng.randrange(20, 60))
    ]
    return {
        "statement": f"Write f(n): the sum of the whole numbers from 0 up to, not including, n "
        f"that are multiples of {one} or of {other}.",
        "entry_point": "f",
        "tests": tests,
        "solution": "def f(n):\n"
        f"    return sum(i for i in range(n) if i % {one} == 0 or i % {other} == 0)\n",
    }


def _digits(rng: random.Random) -> dict[str, Any]:
    base = rng.randrange(3, 10)
    tests = [
        f"assert f({n}) == {_digit_sum(n, base)}"
        for n in (0, base - 1, base, rng.randrange(50, 500))
    ]
    return {
        "statement": f"Write f(n): the sum of the digits of the whole number n in base {base}.",
        "entry_point": "f",
        "tests": tests,
        "solution": "def f(n):\n    total = 0\n    while n:\n"
        f"        total += n % {base}\n        n //= {base}\n    return total\n",
    }


def _run(rng: random.Random) -> dict[str, Any]:
    least = rng.randrange(2, 6)
    lists = [[], [least], *([rng.randrange(9) for _ in range(8)] for _ in range(3))]
    tests = [f"assert f({numbers}) == {[n for n in numbers if n >= least]}" for numbers in lists]
    return {
        "statement": f"Write f(numbers): the list of those numbers that are at least {least}, in "
        f"their order.",
        "entry_point": "f",
        "tests": tests,
        "solution": f"def f(numbers):\n    return [n for n in numbers if n >= {least}]\n",
    }


def _digit_sum(number: int, base: int) -> int:
    return number % base + _digit_sum(number // base, base) if number else 0
