"""Which flaws are tried, in which order, and which tests could notice them."""

import random
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from itertools import chain, zip_longest

from agentrl.envs.swe.mutate.bench import Reached
from agentrl.envs.swe.mutate.find import find_mutations
from agentrl.envs.swe.mutate.mutation import Mutation, changes_code


@dataclass(frozen=True, slots=True)
class Candidate:
    """A flaw in a file that tests reach."""

    path: str
    mutation: Mutation
    source: bytes
    test_files: tuple[str, ...]
    """Those that reach its lines; empty: they run while tests are loaded, so any could."""

    @property
    def mutated(self) -> bytes:
        """The file with the flaw."""
        return self.mutation.apply(self.source)


def candidates(sources: Mapping[str, bytes], reached: Reached, seed: int) -> Iterator[Candidate]:
    """Yield flaws that tests could notice, in an order that depends on the seed.

    Kinds of flaws take turns, so that the frequent ones do not crowd out the others.

    Args:
        sources: the Python files that may have a flaw, by path.
        reached: which of their lines the tests reach.
        seed: decides the order.
    """
    chance = random.Random(seed)
    by_kind: dict[str, list[Candidate]] = {}
    for path in sorted(sources):
        for mutation in find_mutations(sources[path]):
            tests = _noticing(reached.get(path, {}), mutation)
            if tests is not None:
                found = Candidate(path, mutation, sources[path], tests)
                by_kind.setdefault(mutation.kind, []).append(found)
    kinds = sorted(by_kind)
    chance.shuffle(kinds)
    for kind in kinds:
        chance.shuffle(by_kind[kind])
    for candidate in _in_turn([by_kind[kind] for kind in kinds]):
        if changes_code(candidate.source, candidate.mutation):
            yield candidate


def _in_turn(lists: Sequence[Sequence[Candidate]]) -> Iterator[Candidate]:
    everyone = chain.from_iterable(zip_longest(*lists))
    return (candidate for candidate in everyone if candidate is not None)


def _noticing(reached: Mapping[str, frozenset[int]], mutation: Mutation) -> tuple[str, ...] | None:
    """Return the test files that reach a flaw's lines, or None where no test does."""
    lines = range(mutation.first_line, mutation.last_line + 1)
    tests = {test for test, ran in reached.items() if not ran.isdisjoint(lines)}
    if not tests:
        return None
    return () if tests == {""} or _at_load(tests, mutation) else tuple(sorted(tests - {""}))


def _at_load(tests: set[str], mutation: Mutation) -> bool:
    """Whether a flaw's lines run while tests are loaded, and not only in calls of that time."""
    return "" in tests and not mutation.scope
