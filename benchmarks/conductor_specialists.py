"""What a trained conductor makes of four tiny language models, against plans that never change.

    python -m benchmarks.conductor_specialists RUN [RUN ...]

The specialists must have been trained (``docs/orchestrator/specialists.md``); every RUN is a
training of ``tasks/conductor/specialists.yaml``. On the suite's held-out tasks it measures each
worker alone, the workflow that is best of all that solve some kind of task (chosen on training
tasks), the known plans, and the conductor before training, after imitation and after RL.
"""

import argparse
import statistics
from collections.abc import Callable, Sequence
from concurrent.futures import ThreadPoolExecutor
from contextlib import closing, suppress
from pathlib import Path

from agentrl.envs.build import build_env
from agentrl.envs.tasks import load_tasks
from agentrl.orchestrator.loop import close_shared_pools
from agentrl.orchestrator.specialists.puzzle import SHAPES, Puzzle
from agentrl.orchestrator.worker import WorkerFailedError
from agentrl.runs.folder import read_episodes
from agentrl.suite.load import load_suite
from agentrl.suite.spec import SuiteSpec
from agentrl.task import Task

SUITE = Path(__file__).parents[1] / "tasks/conductor/specialists.yaml"
FIXED = {
    ", ".join(skill for skill, _ in shape): Puzzle(shape, ()).workflow
    for shapes in SHAPES.values()
    for shape in shapes
}
"""Workflows that solve one kind of task, by their skills."""
PHASES = {"base": "before training", "sft": "after imitation", "rl": "after RL"}
AT_A_TIME = 32

Plan = Callable[[Task], str]


def solved(spec: SuiteSpec, tasks: Sequence[Task], plan: Plan) -> tuple[float, float]:
    """Return the share of tasks that a plan solves, and the USD for a thousand of them."""

    def one(task: Task) -> tuple[float, float]:
        with closing(build_env(spec.env, spec.sandbox, spec.orchestrator)) as env:
            env.reset(seed=task.seed, options={"task": task})
            with suppress(WorkerFailedError):  # nobody answered anything
                env.step(plan(task))
            outcome = env.outcome()
        return outcome["success"], outcome["usd"]

    with ThreadPoolExecutor(AT_A_TIME) as threads:
        results = list(threads.map(one, tasks))
    success, usd = (statistics.mean(column) for column in zip(*results, strict=True))
    return success, 1000 * usd


def always(workflow: str) -> Plan:
    """Return the plan that is the same for every task."""
    return lambda _: workflow


def best(spec: SuiteSpec, tasks: Sequence[Task], names: Sequence[str]) -> str:
    """Return which of the fixed workflows solves most tasks."""
    return max(names, key=lambda name: solved(spec, tasks, always(FIXED[name]))[0])


def row(name: str, success: float, usd: float) -> None:
    """Print one line of the table."""
    print(f"| {name} | {success:.1%} | {usd:.4f} |", flush=True)


def main() -> None:
    """Measure and print."""
    parser = argparse.ArgumentParser(description=__doc__.partition("\n")[0])
    parser.add_argument("runs", type=Path, nargs="*", help="trainings of the conductor")
    chosen = parser.parse_args()
    suite = load_suite(SUITE)
    spec = suite.spec
    assert spec.train is not None
    assert spec.train.evaluation is not None
    tasks = load_tasks(suite, spec.train.evaluation.tasks)
    training = load_tasks(suite)[:60]
    single = [name for name in FIXED if "," not in name]
    several = [name for name in FIXED if "," in name]
    print(
        f"{len(tasks)} held-out tasks\n| who plans | success | USD per 1000 |\n| --- | --- | --- |"
    )
    for name in single:
        row(f"{name} alone", *solved(spec, tasks, always(FIXED[name])))
    name = best(spec, training, several)
    row(f"best fixed workflow: {name}", *solved(spec, tasks, always(FIXED[name])))
    row("known plans", *solved(spec, tasks, lambda task: str(task.data["workflow"])))
    for phase, told in PHASES.items():
        shares = [_share(run, phase) for run in chosen.runs]
        costs = [_usd(run, phase) for run in chosen.runs]
        if shares:
            row(f"conductor, {told}", statistics.mean(shares), statistics.mean(costs))


def _share(run: Path, phase: str) -> float:
    return statistics.mean(e.get("success", 0.0) for e in _outcomes(run, phase))


def _usd(run: Path, phase: str) -> float:
    return 1000 * statistics.mean(e.get("usd", 0.0) for e in _outcomes(run, phase))


def _outcomes(run: Path, phase: str) -> list[dict[str, float]]:
    episodes = read_episodes(run / "evaluations.jsonl")
    return [dict(e.outcome) for e in episodes if e.id.partition("-")[0] == phase]


if __name__ == "__main__":
    main()
    close_shared_pools()
