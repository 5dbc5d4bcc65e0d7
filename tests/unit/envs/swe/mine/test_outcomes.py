"""Which tests decide, from how they came out on both sources."""

from agentrl.envs.swe.grading.verdict import Status, TestRun
from agentrl.envs.swe.mine.outcomes import Outcomes

P, F, E, S = Status.PASSED, Status.FAILED, Status.ERROR, Status.SKIPPED


def outcomes(before: list[dict[str, Status]], after: list[dict[str, Status]]) -> Outcomes:
    return Outcomes(tuple(map(TestRun, before)), tuple(map(TestRun, after)))


def test_a_test_decides_that_always_fails_before_and_always_passes_after() -> None:
    found = outcomes([{"a": F, "b": E, "d": P}] * 2, [{"a": P, "b": P, "c": P, "d": P}] * 2)
    assert found.fail_to_pass == ("a", "b", "c")
    assert found.pass_to_pass == ("d",)


def test_a_skipped_test_says_nothing() -> None:
    found = outcomes([{"a": S, "b": P}], [{"a": P, "b": S}])
    assert found.fail_to_pass == ()
    assert found.pass_to_pass == ()


def test_what_varies_on_the_same_source_is_left_out() -> None:
    found = outcomes(
        [{"a": F, "b": F, "c": P}, {"a": P, "b": F, "c": P}],
        [{"a": P, "b": P, "c": F}, {"a": P, "b": F, "c": P}],
    )
    assert found.fail_to_pass == ()
    assert found.pass_to_pass == ()
    assert found.unsteady == ("a", "b", "c")


def test_modules_that_tests_lack_are_named() -> None:
    message = "E   ModuleNotFoundError: No module named 'freezegun'"
    run = TestRun({"a": E}, messages={"a": message, "b": "E   ImportError: no"})
    assert Outcomes((), (run,)).lacking == ("freezegun",)
