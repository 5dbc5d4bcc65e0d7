"""Which tests of a repository can be relied on."""

import pytest

from agentrl.envs.swe.grading.verdict import Status, TestRun
from agentrl.envs.swe.mutate.bench import compare_runs
from agentrl.errors import TaskError

P, F, S = Status.PASSED, Status.FAILED, Status.SKIPPED


def test_only_those_that_pass_each_time() -> None:
    runs = [
        TestRun({"a": P, "b": P, "c": F, "d": S, "e": P}, duration_s=1.0),
        TestRun({"a": P, "b": F, "c": F, "d": S}, duration_s=2.0),
    ]
    baseline = compare_runs("pkg", runs)
    assert baseline.passing == {"a"}
    assert baseline.unsteady == {"b", "e"}
    assert baseline.others == {"c", "d"}
    assert baseline.duration_s == 2.0


def test_where_none_passes_the_log_tells_why() -> None:
    with pytest.raises(TaskError, match=r"no test of pkg passes[^$]*missing"):
        compare_runs("pkg", [TestRun({"a": F}, log="missing")])
