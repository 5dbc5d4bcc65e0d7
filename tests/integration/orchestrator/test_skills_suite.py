"""The suite of skills: its known plans solve it, and no single worker does."""

from pathlib import Path

import pytest

from agentrl.envs.build import build_env
from agentrl.envs.tasks import load_tasks
from agentrl.orchestrator.skills.puzzle import EXPERTS
from agentrl.suite.load import load_suite
from agentrl.suite.orchestrator import PoolSpec
from agentrl.suite.spec import SuiteSpec
from agentrl.suite.worker import ProgramWorkerSpec

SUITE = Path(__file__).parents[3] / "tasks/conductor/skills.yaml"
COUNT = 120


@pytest.fixture(scope="module")
def spec() -> SuiteSpec:
    return load_suite(SUITE).spec


def successes(spec: SuiteSpec, plan: str | None) -> float:
    """Return the share of tasks that a plan solves; None: each task's own."""
    suite = load_suite(SUITE, [f"tasks.generate.count={COUNT}"])
    env = build_env(spec.env, spec.sandbox, spec.orchestrator)
    total = 0.0
    for task in load_tasks(suite):
        env.reset(seed=task.seed, options={"task": task})
        total += env.step(plan or str(env.expert_action()))[1]
    env.close()
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


def test_the_pool_is_the_one_that_the_known_plans_are_made_for(spec: SuiteSpec) -> None:
    assert spec.orchestrator is not None
    assert isinstance(spec.orchestrator.pool, PoolSpec)
    workers = spec.orchestrator.pool.workers
    can = {
        name: tuple((worker.options or {})["can"])
        for name, worker in workers.items()
        if isinstance(worker, ProgramWorkerSpec)
    }
    assert list(can.items()) == list(EXPERTS.items())


def test_where_nobody_errs_the_known_plans_solve_every_task(spec: SuiteSpec) -> None:
    assert successes(without_errors(spec), None) == 1.0


def test_with_the_workers_errors_they_solve_nearly_every_task(spec: SuiteSpec) -> None:
    assert 0.88 <= successes(spec, None) < 1.0


@pytest.mark.parametrize("worker", range(len(EXPERTS)))
def test_no_worker_alone_solves_much(spec: SuiteSpec, worker: int) -> None:
    alone = f'model_id = [{worker}]\nsubtasks = [""]\naccess_list = [[]]'

    assert successes(without_errors(spec), alone) <= 0.2
