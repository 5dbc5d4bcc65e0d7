"""The suites of skills: known plans solve them, and no single worker does."""

from contextlib import closing
from pathlib import Path

import pytest

from agentrl.envs.build import build_env
from agentrl.envs.tasks import load_tasks
from agentrl.suite.load import load_suite
from agentrl.suite.orchestrator import PoolSpec
from agentrl.suite.spec import SuiteSpec
from agentrl.suite.worker import ProgramWorkerSpec

CONDUCTOR = Path(__file__).parents[3] / "tasks/conductor"
SUITE = CONDUCTOR / "skills.yaml"
COUNT = 80
KNOWS = "env.options.planner.options.knows=records"
WHOLE = "orchestrator.sub_pool=null"


def successes(path: Path, *sets: str, plan: str | None = None, errors: bool = True) -> float:
    """Return the share of tasks that a plan solves; None: the suite's planner."""
    suite = load_suite(path, [f"tasks.generate.count={COUNT}", *sets])
    spec = suite.spec if errors else without_errors(suite.spec)
    total = 0.0
    with closing(build_env(spec.env, spec.sandbox, spec.orchestrator)) as env:
        for task in load_tasks(suite):
            env.reset(seed=task.seed, options={"task": task})
            ended = False
            while not ended:
                _, _, ended, _, _ = env.step(plan or env.expert_action() or "")
                ended = ended or plan is not None or env.expert_action() is None
            total += env.outcome()["success"]
    return total / COUNT


def without_errors(spec: SuiteSpec) -> SuiteSpec:
    section = spec.orchestrator
    assert section is not None
    assert isinstance(section.pool, PoolSpec)
    workers = {}
    for name, worker in section.pool.workers.items():
        assert isinstance(worker, ProgramWorkerSpec)
        options = {**(worker.options or {}), "error": 0.0}
        workers[name] = worker.model_copy(update={"options": options})
    pool = section.pool.model_copy(update={"workers": workers})
    return spec.model_copy(update={"orchestrator": section.model_copy(update={"pool": pool})})


def test_where_nobody_errs_the_known_plans_solve_every_task() -> None:
    assert successes(SUITE, KNOWS, WHOLE, errors=False) == 1.0


def test_who_knows_the_reliable_solves_nearly_all_and_who_knows_claims_half() -> None:
    assert 0.9 <= successes(SUITE, KNOWS, WHOLE) < 1.0
    assert 0.3 <= successes(SUITE) <= 0.65


def test_a_part_of_the_pool_seldom_lacks_a_skill() -> None:
    assert 0.8 <= successes(SUITE, KNOWS) < 0.97


@pytest.mark.parametrize("worker", range(10))
def test_no_worker_alone_solves_much(worker: int) -> None:
    alone = f'model_id = [{worker}]\nsubtasks = ["x"]\naccess_list = [[]]'

    assert successes(SUITE, WHOLE, plan=alone, errors=False) <= 0.2


def test_what_workers_are_said_to_be_is_what_they_are() -> None:
    for path in (SUITE, CONDUCTOR / "skills_recursive.yaml"):
        section = load_suite(path).spec.orchestrator
        assert section is not None
        assert isinstance(section.pool, PoolSpec)
        for worker in section.pool.workers.values():
            assert isinstance(worker, ProgramWorkerSpec)
            options = worker.options or {}
            assert list(worker.tags) == options.get("can", ["check"])
            assert worker.performance["right"] == pytest.approx(1 - options["error"])


def test_planning_again_repairs_what_a_checker_finds_wrong() -> None:
    recursive = CONDUCTOR / "skills_recursive.yaml"
    once = successes(recursive, "env.options.recursion=false")

    assert 0.4 <= once <= 0.7
    assert successes(recursive) >= once + 0.2
