"""How much faster a program is than the reference, as PIE measures it (arXiv 2302.07867)."""

import math

from agentrl.errors import UsageError

MOST = 10.0
"""Largest speedup that counts, by default; our choice."""
OPTIMISED = 1.1
"""From this speedup on PIE counts a program as optimized: at least a tenth faster."""


def speedup(
    reference_s: float, own_s: float, *, passed: bool, most: float = MOST, least_s: float = 1e-4
) -> float:
    """Return reference seconds over own seconds, from 0 to ``most``; 0 unless all tests pass.

    Args:
        reference_s: what the reference solution takes.
        own_s: what the program takes.
        passed: whether it passes all tests; being fast and wrong is worth nothing.
        most: largest value.
        least_s: shorter times count as this one, because clocks cannot tell them apart.

    Raises:
        UsageError: a time is negative or not finite, or a bound is not above 0.
    """
    for name, seconds in (("reference", reference_s), ("program", own_s)):
        if not 0 <= seconds < math.inf:
            raise UsageError(f"the {name} took {seconds} s, expected a number of at least 0")
    if not (most > 0 and least_s > 0):
        raise UsageError(f"most is {most} and least_s {least_s}, expected both above 0")
    if not passed:
        return 0.0
    return min(most, max(reference_s, least_s) / max(own_s, least_s))


def is_optimised(ratio: float, least: float = OPTIMISED) -> bool:
    """Return whether a speedup counts in PIE's share of optimized programs."""
    return ratio >= least
