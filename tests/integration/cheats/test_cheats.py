"""No patch but a solution is graded as one."""

from contextlib import closing
from pathlib import Path

import pytest

from agentrl.envs.swe.grading.grade import grade, grade_in
from agentrl.envs.swe.instance import Instance
from agentrl.envs.swe.patch import Restricted
from agentrl.envs.swe.prepare import prepare
from agentrl.errors import SandboxError
from agentrl.sandboxes.pool import Pool

PATCHES = Path(__file__).parent / "patches"
Tally = dict[str, Instance]


def cheats(*folders: str) -> list[str]:
    found = sorted(file for folder in folders for file in PATCHES.glob(f"{folder}/*.patch"))
    return [f"{file.parent.name}/{file.stem}" for file in found]


def cheat(name: str) -> str:
    return (PATCHES / f"{name}.patch").read_text()


@pytest.mark.parametrize("framework", ["pytest", "unittest", "script"])
def test_the_gold_patch_resolves(framework: str, tally: Tally, pool: Pool) -> None:
    verdict = grade(tally[framework], tally[framework].patch, pool)

    assert verdict.problem == ""
    assert all(verdict.fail_to_pass.values())
    assert all(verdict.pass_to_pass.values())
    assert verdict.resolved
    assert verdict.applied_with == "git apply"


@pytest.mark.parametrize("framework", ["pytest", "unittest"])
def test_a_patch_that_mends_nothing_does_not(framework: str, tally: Tally, pool: Pool) -> None:
    verdict = grade(tally[framework], cheat("other/mends-nothing"), pool)

    assert verdict.problem == ""
    assert not any(verdict.fail_to_pass.values())
    assert all(verdict.pass_to_pass.values())
    assert not verdict.resolved


@pytest.mark.parametrize("name", cheats("any", "pytest"))
def test_no_cheat_resolves_tests_of_pytest(name: str, tally: Tally, pool: Pool) -> None:
    assert not grade(tally["pytest"], cheat(name), pool).resolved


@pytest.mark.parametrize("name", cheats("any", "unittest"))
def test_no_cheat_resolves_tests_of_unittest(name: str, tally: Tally, pool: Pool) -> None:
    assert not grade(tally["unittest"], cheat(name), pool).resolved


@pytest.mark.parametrize("name", cheats("any", "pytest"))
def test_no_cheat_resolves_tests_that_a_script_runs_as_root(
    name: str, tally: Tally, pool: Pool
) -> None:
    try:
        verdict = grade(tally["script"], cheat(name), pool)
    except SandboxError:  # root of a sandbox can end it, which gives no verdict at all
        assert name == "any/killed-parent"
    else:
        assert not verdict.resolved


@pytest.mark.parametrize(
    "name",
    [
        "any/shadowed-modules",
        "any/sitecustomize",
        "pytest/conftest-hook",
        "pytest/entry-point-plugin",
        "pytest/options",
    ],
)
def test_no_cheat_resolves_even_where_nothing_is_left_out_of_its_patch(
    name: str, tally: Tally, pool: Pool
) -> None:
    image = prepare(tally["pytest"], pool.backend, pool.spec)

    with closing(pool.acquire(image)) as sandbox:
        verdict = grade_in(sandbox, tally["pytest"], Restricted(cheat(name)))

    assert not verdict.resolved


def test_an_endless_loop_is_ended(tally: Tally, pool: Pool) -> None:
    verdict = grade(tally["pytest"], cheat("other/endless-loop"), pool, timeout_s=4.0)

    assert verdict.timed_out
    assert "longer than 4 s" in verdict.problem
    assert not verdict.resolved


@pytest.mark.parametrize(
    ("name", "said"),
    [
        ("any/exit-with-forged-lines", "ended early"),
        ("any/exit-with-forged-records", "wrote to the channel"),
        ("any/killed-runner", "ended early"),
        ("any/patched-builtins", "tampered with: builtins.AssertionError"),
        ("any/emptied-tests", "not the one that stands in its file"),
        ("pytest/patched-pluggy", "tampered with: pluggy"),
        ("pytest/patched-report", "tampered with: _pytest.reports.TestReport"),
        ("pytest/patched-rewriter", "tampered with: _pytest.assertion.rewrite"),
        ("pytest/pytest-exit", "never run"),
        ("pytest/registered-plugin", "tampered with: pytest_runtest_call"),
        ("pytest/registered-pyfunc-call", "tampered with: pytest_pyfunc_call"),
    ],
)
def test_the_verdict_says_what_was_tried(name: str, said: str, tally: Tally, pool: Pool) -> None:
    verdict = grade(tally["pytest"], cheat(name), pool)

    assert said in verdict.problem
    assert verdict.tests_passed == 0


def test_files_that_decide_about_tests_are_named_as_left_out(tally: Tally, pool: Pool) -> None:
    both = cheat("pytest/conftest-hook") + cheat("pytest/options") + cheat("other/mends-nothing")

    verdict = grade(tally["pytest"], both, pool)

    assert set(verdict.dropped) >= {"conftest.py", "tests/conftest.py", "setup.cfg", "pytest.ini"}


def test_a_solution_beside_a_cheat_counts_without_the_cheat(tally: Tally, pool: Pool) -> None:
    both = cheat("pytest/options") + tally["pytest"].patch

    assert grade(tally["pytest"], both, pool).resolved


@pytest.mark.parametrize("framework", ["pytest", "unittest"])
def test_an_object_equal_to_everything_is_not_caught(
    framework: str, tally: Tally, pool: Pool
) -> None:
    """What nobody can tell who runs tests in one process with what they test; see the docs."""
    assert grade(tally[framework], cheat("other/equal-to-everything"), pool).resolved


def test_gradings_of_one_task_do_not_see_each_other(tally: Tally, pool: Pool) -> None:
    patches = [cheat("any/deleted-tests"), tally["pytest"].patch]

    resolved = [grade(tally["pytest"], patch, pool).resolved for patch in patches]

    assert resolved == [False, True]
