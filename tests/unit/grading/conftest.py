from collections.abc import Callable

import pytest

from agentrl.envs.swe.instance import Instance, TestPlan
from agentrl.grading.job import Job


@pytest.fixture
def make_job() -> Callable[..., Job]:
    """Makes jobs of instances ``i-0``, ``i-1``, ..."""

    def make(number: int = 0, patch: str = "diff\n", model: str = "m") -> Job:
        plan = TestPlan("pytest", fail_to_pass=("t.py::a", "t.py::b"), pass_to_pass=("t.py::c",))
        return Job(Instance(f"i-{number}", "mend it", plan), model, patch)

    return make
