"""A set of answers against a reference set, with partial credit that guessing cannot earn."""

from collections.abc import Collection, Hashable, Sequence

from agentrl.errors import UsageError
from agentrl.rewards.checks import inaction, over_enumeration, recall, set_score

STAR_R1 = (0.5, 1.5, 5.0)
"""STAR-R1's credit for an answer whose object, whose object and attribute, or whose object,
attribute and value are right (arXiv 2505.15804, as a review of it gives them)."""


def facts(
    chosen: Collection[Hashable],
    reference: Collection[Hashable],
    universe: Collection[Hashable] | None = None,
) -> dict[str, float]:
    """Return ``recall``, ``over``, ``inaction``, ``score`` and ``exact`` of a chosen set.

    Args:
        chosen: what was answered.
        reference: what is right.
        universe: everything that could have been answered, where that is listed.
    """
    return {
        "recall": recall(chosen, reference),
        "over": over_enumeration(chosen, reference, universe),
        "inaction": inaction(chosen, reference),
        "score": set_score(chosen, reference, universe),
        "exact": float(set(chosen) == set(reference)),
    }


def prefix_credit(
    chosen: Collection[Sequence[Hashable]],
    reference: Collection[Sequence[Hashable]],
    credit: Sequence[float] = STAR_R1,
) -> float:
    """Return the credit of answers that are right in their first parts, from 0 to 1.

    Each reference answer is met at most once, by the answer that shares most of its first parts;
    the credits are summed and divided by the most there is. Combine it with the penalties of
    ``facts``: alone it pays for guessing.

    Args:
        chosen: answers, such as ``(object, attribute, value)``.
        reference: right answers of the same form.
        credit: what one, two, ... right parts are worth, rising.

    Raises:
        UsageError: the credits are not positive and rising.
    """
    if not credit or list(credit) != sorted(set(credit)) or credit[0] < 0:
        raise UsageError(f"the credits are {list(credit)}, expected rising numbers from 0 on")
    if not reference:
        return float(not chosen)
    pairs = sorted(
        (
            (_shared(one, right), i, j)
            for i, one in enumerate(chosen)
            for j, right in enumerate(reference)
        ),
        key=lambda pair: (-pair[0], pair[1], pair[2]),
    )
    used: tuple[set[int], set[int]] = (set(), set())
    total = 0.0
    for shared, i, j in pairs:
        if shared and i not in used[0] and j not in used[1]:
            used[0].add(i)
            used[1].add(j)
            total += credit[min(shared, len(credit)) - 1]
    return total / (credit[-1] * len(reference))


def _shared(one: Sequence[Hashable], other: Sequence[Hashable]) -> int:
    count = 0
    for mine, theirs in zip(one, other, strict=False):
        if mine != theirs:
            break
        count += 1
    return count
