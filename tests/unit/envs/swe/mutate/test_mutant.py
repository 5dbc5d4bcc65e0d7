"""What is written down of a flaw."""

from agentrl.envs.swe.instance import Instance, TestPlan
from agentrl.envs.swe.mutate.bench import Baseline
from agentrl.envs.swe.mutate.candidates import candidates
from agentrl.envs.swe.mutate.mutant import difficulty_of, make_instance
from agentrl.envs.swe.mutate.trial import Finding, Trial
from agentrl.sandboxes.base import File

FILES = {"pkg/a.py": File(b"def f(a, b):\n    return a + b\n")}
REACHED = {"pkg/a.py": {"tests/test_a.py": frozenset({2})}}
PASSING = frozenset({"tests/test_a.py::test_f", "tests/test_a.py::test_g", "tests/test_b.py::t"})
REPOSITORY = Instance("pkg", "", TestPlan("pytest", paths=("tests",)))


def mutant() -> Instance:
    sources = {name: file.data for name, file in FILES.items()}
    candidate = next(iter(candidates(sources, REACHED, 0)))
    messages = {"tests/test_a.py::test_f": "tests/test_a.py:3: in test_f\n    assert f(1, 1) == 2"}
    trial = Trial(candidate, Finding.KEPT, ("tests/test_a.py::test_f",), messages)
    baseline = Baseline(PASSING, frozenset(), frozenset(), 1.0)
    return make_instance(trial, REPOSITORY, FILES, baseline, REACHED)


def test_the_gold_patch_takes_the_flaw_back() -> None:
    instance = mutant()
    assert "+    return a + b" in instance.patch
    assert "-    return a + b" in instance.bug_patch


def test_tests_that_cannot_see_the_file_are_left_out() -> None:
    plan = mutant().tests
    assert plan.fail_to_pass == ("tests/test_a.py::test_f",)
    assert plan.pass_to_pass == ("tests/test_a.py::test_g",)


def test_the_statement_tells_what_fails_and_not_where() -> None:
    problem = mutant().problem
    assert "assert f(1, 1) == 2" in problem
    assert "pkg/a.py" not in problem


def test_neither_id_nor_statement_tell_what_was_done() -> None:
    instance = mutant()
    kind = str(instance.extra["mutation"])
    assert kind not in instance.id
    assert kind not in instance.problem


def test_the_fewer_tests_notice_it_the_harder_it_is() -> None:
    assert [difficulty_of(broken, 200) for broken in (1, 2, 3, 10, 11, 40)] == [
        *("hard", "hard", "medium", "medium", "easy", "easy")
    ]
