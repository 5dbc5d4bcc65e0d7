"""Which flaws a piece of code could have."""

import ast
import random
import textwrap
from pathlib import Path

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

import agentrl
from agentrl.envs.swe.mutate.find import find_mutations
from agentrl.envs.swe.mutate.mutation import Mutation, changes_code, parse
from agentrl.envs.swe.patch import parse_patch
from agentrl.envs.swe.sources.diff import diff
from agentrl.sandboxes.base import File

CODE = sorted(Path(agentrl.__file__).parent.rglob("*.py"))


def mutants(code: str) -> set[tuple[str, str]]:
    """Return the kinds of flaws of a piece of code, and what it reads then."""
    source = textwrap.dedent(code).lstrip().encode()
    found = find_mutations(source)
    return {(m.kind, m.apply(source).decode()) for m in found if changes_code(source, m)}


@pytest.mark.parametrize(
    ("kind", "right", "wrong"),
    [
        ("wrong-operator", "x = a + b", "x = a - b"),
        ("wrong-operator", "x = (a)  // (b)", "x = (a)  / (b)"),
        ("wrong-operator", "x += a", "x -= a"),
        ("swapped-operands", "x = a - b", "x = b - a"),
        ("flipped-comparison", "x = a < b", "x = a <= b"),
        ("flipped-comparison", "x = a < b", "x = a > b"),
        ("flipped-comparison", "x = a <= b", "x = a < b"),
        ("flipped-comparison", "x = a == b", "x = a != b"),
        ("flipped-comparison", "x = a is b", "x = a is not b"),
        ("flipped-comparison", "x = a in b", "x = a not in b"),
        ("flipped-comparison", "x = 1 < a <= b", "x = 1 < a < b"),
        ("swapped-and-or", "x = a and b", "x = a or b"),
        ("dropped-condition", "x = a and b", "x = a"),
        ("dropped-not", "x = not a", "x = a"),
        ("dropped-minus", "x = -a", "x = a"),
        ("changed-constant", "x = True", "x = False"),
        ("off-by-one", "x = a[3]", "x = a[4]"),
        ("off-by-one", "x = a[3]", "x = a[2]"),
        ("off-by-one", "x = len(a)", "x = (len(a) - 1)"),
        ("off-by-one", "x = range(n)", "x = range(n - 1)"),
        ("swapped-arguments", "f(a, b)", "f(b, a)"),
        ("swapped-arguments", "f((a), b)", "f((b), a)"),
        ("dropped-argument", "x = f(a, key=b)", "x = f(a)"),
        ("wrong-name", "x = a.lstrip()", "x = a.rstrip()"),
        ("wrong-name", "x = min(a)", "x = max(a)"),
        ("negated-condition", "x = a if b else c", "x = a if not b else c"),
        ("negated-condition", "x = [a for a in b if a]", "x = [a for a in b if not a]"),
        ("dropped-bound", "x = a[1:n]", "x = a[:n]"),
        ("wrong-default", "def f(a=True): pass", "def f(a=False): pass"),
    ],
)  # fmt: skip
def test_of_one_line(kind: str, right: str, wrong: str) -> None:
    assert (kind, wrong) in mutants(right)


def test_a_guard_goes_with_all_of_its_lines() -> None:
    code = "def f(a):\n    if not a:\n        # why\n        return 0\n    return a[0]\n"
    assert ("removed-guard", "def f(a):\n    return a[0]\n") in mutants(code)


def test_a_guard_that_is_all_there_is_becomes_a_pass() -> None:
    code = "for a in b:\n    if a:\n        break\n"
    assert ("removed-guard", "for a in b:\n    pass\n") in mutants(code)


def test_a_branch_is_dropped_and_the_others_stay() -> None:
    code = "if a:\n    b()\nelif c:\n    d()\nelse:\n    e()\n"
    texts = {text for kind, text in mutants(code) if kind == "dropped-branch"}
    assert texts == {
        "if a:\n    b()\nelse:\n    e()\n",
        "if a:\n    b()\nelif c:\n    d()\n",
    }


def test_a_call_and_an_assignment_are_removed() -> None:
    code = "def f(a):\n    a = a.strip()\n    g(a)\n    return a\n"
    found = mutants(code)
    assert ("removed-assignment", "def f(a):\n    g(a)\n    return a\n") in found
    assert ("removed-call", "def f(a):\n    a = a.strip()\n    return a\n") in found


def test_break_and_continue_are_swapped() -> None:
    code = "for a in b:\n    if a:\n        continue\n    c()\n"
    wanted = "for a in b:\n    if a:\n        break\n    c()\n"
    assert ("swapped-break-continue", wanted) in mutants(code)


@pytest.mark.parametrize(
    "code",
    [
        '"""A docstring with 1 + 2."""',
        "def f(a: list[1]) -> dict[1, 2]: ...",
        "@app.route(1, 2)\ndef f(): ...",
        "raise ValueError(1 + 2)",
        "__version__ = 1",
        'if __name__ == "__main__":\n    main(1)',
        "if TYPE_CHECKING:\n    a = 1",
        "logger.info(1 + 2)",
        'x = f"{a + 1}"',
        'x = "a %s" % b',
    ],
)
def test_what_changes_nothing_that_tests_see_is_left_alone(code: str) -> None:
    assert mutants(code) == set()


def test_places_are_right_behind_letters_of_several_bytes() -> None:
    assert ("wrong-operator", "x = 'é' * 2 if é - b else 1\n") in mutants(
        "x = 'é' * 2 if é + b else 1\n"
    )


def test_a_comment_between_is_no_operator() -> None:
    code = "x = (a  # + not this\n     + b)\n"
    assert ("wrong-operator", "x = (a  # + not this\n     - b)\n") in mutants(code)


@pytest.mark.parametrize("source", [b"def f(:", b"x = '\xe9'", b"\0", b""])
def test_what_is_no_python_has_none(source: bytes) -> None:
    assert find_mutations(source) == ()


def test_the_scope_names_function_and_class() -> None:
    found = find_mutations(b"class A:\n    def f(self):\n        return self.a + 1\n")
    assert {mutation.scope for mutation in found} == {"A.f"}


@settings(max_examples=15, deadline=None)
@given(path=st.sampled_from(CODE), pick=st.randoms(use_true_random=False))
def test_a_flaw_is_one_span_that_compiles_and_whose_reverse_repairs_it(
    path: Path, pick: random.Random
) -> None:
    source = path.read_bytes()
    found = find_mutations(source)
    for mutation in pick.sample(found, min(3, len(found))):
        if changes_code(source, mutation):
            check_flaw(source, mutation)


def check_flaw(source: bytes, mutation: Mutation) -> None:
    mutated = mutation.apply(source)
    end = mutation.start + len(mutation.new)
    assert mutated[: mutation.start] == source[: mutation.start]
    assert mutated[end:] == source[mutation.end :]
    before, after = parse(source), parse(mutated)
    assert before is not None
    assert after is not None
    assert ast.dump(before) != ast.dump(after)
    patch = diff({"a.py": File(mutated)}, {"a.py": File(source)})
    assert len(parse_patch(patch)) == 1


def test_a_mutation_is_refused_for_another_source() -> None:
    mutation = find_mutations(b"x = a + b\n")[0]
    with pytest.raises(ValueError, match="does not hold"):
        mutation.apply(b"something else\n")
