"""Flaws are tried where tests reach, in an order that the seed decides."""

from agentrl.envs.swe.mutate.candidates import Candidate, candidates

SOURCES = {
    "pkg/a.py": b"def f(a, b):\n    return a + b\n\n\ndef g(a):\n    return not a\n",
    "pkg/b.py": b"LIMIT = 10\n",
}
REACHED = {
    "pkg/a.py": {"": frozenset({1, 5}), "tests/test_a.py": frozenset({2})},
    "pkg/b.py": {"": frozenset({1})},
}


def tried(seed: int) -> list[Candidate]:
    return list(candidates(SOURCES, REACHED, seed))


def test_only_lines_that_tests_reach_are_changed() -> None:
    found = {(candidate.path, candidate.mutation.kind) for candidate in tried(0)}
    assert ("pkg/a.py", "wrong-operator") in found
    assert ("pkg/b.py", "off-by-one") in found
    assert ("pkg/a.py", "dropped-not") not in found


def test_each_knows_the_test_files_that_could_notice_it() -> None:
    files = {(candidate.path, candidate.test_files) for candidate in tried(0)}
    assert files == {("pkg/a.py", ("tests/test_a.py",)), ("pkg/b.py", ())}


def test_the_same_seed_gives_the_same_order_and_another_seed_the_same_flaws() -> None:
    assert tried(3) == tried(3)
    orders = {tuple(candidate.mutated for candidate in tried(seed)) for seed in range(8)}
    assert len(orders) > 1
    assert len({frozenset(order) for order in orders}) == 1


def test_kinds_take_turns() -> None:
    many = b"".join(b"x%d = a + b\n" % n for n in range(50)) + b"y = not a\n"
    reached = {"m.py": {"": frozenset(range(1, 100))}}
    kinds = [candidate.mutation.kind for candidate in candidates({"m.py": many}, reached, 0)]
    assert kinds.index("dropped-not") < len(set(kinds))
