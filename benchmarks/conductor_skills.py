"""What a trained conductor makes of the pool of skills, and what each part of its plans is worth.

    python benchmarks/conductor_skills.py [--seeds 0 1 2] [--runs RUN ...] [--quick]

It trains ``tasks/conductor/skills.yaml`` once for each seed, or reads training runs that are there,
and measures on the suite's held-out tasks:

1. The conductor before training, after imitation and after RL, against the best single worker, the
   best chain of one to three workers (searched on training tasks), a vote and a debate of all
   workers, and the known plans.
2. Its own plans again, with every access list emptied, with every access list full, and with every
   subtask removed. Claim: each matters.

Fixed topologies name no task, so that their workers are told nothing particular; a worker that is
told nothing does the first part of the question that it can.
"""

import argparse
import json
import statistics
import subprocess
import sys
import tempfile
from collections.abc import Callable, Mapping, Sequence
from dataclasses import replace
from itertools import permutations
from pathlib import Path

from agentrl.envs.base import TextEnv
from agentrl.envs.build import build_env
from agentrl.envs.tasks import load_tasks
from agentrl.episode import Episode
from agentrl.orchestrator.parse import parse_workflow
from agentrl.orchestrator.skills.puzzle import EXPERTS
from agentrl.orchestrator.workflow import Workflow, WorkflowError
from agentrl.runs.folder import read_episodes
from agentrl.suite import Suite
from agentrl.suite.load import load_suite
from agentrl.task import Task

SUITE = Path(__file__).parents[1] / "tasks/conductor/skills.yaml"
TOLD = tuple(f"Model {number}" for number in range(len(EXPERTS)))
PHASES = {"base": "untrained", "sft": "after imitation", "rl": "after RL"}
QUICK = (
    "train.steps=1",
    "train.sft.epochs=1",
    "train.sft.tasks.generate.count=40",
    "train.evaluation.tasks.generate.count=20",
)

Plan = Callable[[Task], str]
Change = Callable[[Workflow], Workflow]


def solved(env: TextEnv, tasks: Sequence[Task], plan: Plan) -> tuple[float, float]:
    """Return the share of tasks that a plan solves, and the USD for a thousand of them."""
    success = usd = 0.0
    for task in tasks:
        env.reset(seed=task.seed, options={"task": task})
        env.step(plan(task))
        outcome = env.outcome()
        success, usd = success + outcome["success"], usd + outcome["usd"]
    return success / len(tasks), 1000 * usd / len(tasks)


def topology(name: str, **options: object) -> Plan:
    """Return the plan that names a topology for every task."""
    text = json.dumps({"topology": name, **options})
    return lambda _: text


def best(env: TextEnv, tasks: Sequence[Task], plans: Mapping[str, Plan]) -> str:
    """Return the name of the plan that solves most tasks."""
    return max(plans, key=lambda name: solved(env, tasks, plans[name])[0])


def blind(workflow: Workflow) -> Workflow:
    """Return the workflow in which nobody sees anybody."""
    return Workflow(tuple(replace(node, sees=()) for node in workflow.nodes), workflow.answers)


def open_to_all(workflow: Workflow) -> Workflow:
    """Return the workflow in which everybody sees all that was before."""
    ids = [node.id for node in workflow.nodes]
    nodes = [replace(n, sees=tuple(ids[:index])) for index, n in enumerate(workflow.nodes)]
    return Workflow(tuple(nodes), workflow.answers)


def untold(workflow: Workflow) -> Workflow:
    """Return the workflow in which nobody is told what to do."""
    return Workflow(tuple(replace(n, instruction="") for n in workflow.nodes), workflow.answers)


CHANGES: Mapping[str, Change] = {
    "as written": lambda workflow: workflow,
    "no access lists": blind,
    "all access lists full": open_to_all,
    "no subtasks": untold,
}


def changed(plans: Mapping[str, str], change: Change) -> Plan:
    """Return the recorded plans with a change; what is no plan stays as it is."""

    def plan(task: Task) -> str:
        try:
            workflow = parse_workflow(plans[task.id], TOLD)
        except WorkflowError:
            return plans[task.id]
        return plans[task.id] if workflow is None else change(workflow).to_json()

    return plan


def trained(seed: int, folder: Path, *, quick: bool) -> Path:
    """Train the suite from a seed and return the run's folder."""
    run = folder / f"seed-{seed}"
    sets = [f"train.seed={seed}", f"agent.model.scratch.seed={seed}", *(QUICK if quick else ())]
    options = [part for text in sets for part in ("--set", text)]
    command = [sys.executable, "-m", "agentrl.cli", "train", str(SUITE), "--out", str(run)]
    subprocess.run([*command, *options], check=True, stdout=subprocess.DEVNULL)
    return run


def phases(run: Path) -> dict[str, list[Episode]]:
    """Return a training run's held-out episodes by phase."""
    found: dict[str, list[Episode]] = {name: [] for name in PHASES}
    for episode in read_episodes(run / "evaluations.jsonl"):
        phase = episode.id.partition("-")[0]
        if phase in found:
            found[phase].append(episode)
    return found


def fixed(env: TextEnv, training: Sequence[Task], tasks: Sequence[Task]) -> None:
    """Print what plans come to that are the same for every task, and the known ones."""
    singles = {f"single {n}": topology("single", worker=n) for n in TOLD}
    chains = {
        f"chain {' > '.join(names)}": topology("chain", workers=names)
        for length in (2, 3)
        for names in permutations(TOLD, length)
    }
    everybody = {
        "vote of all": topology("vote", workers=TOLD),
        "debate of all": topology("debate", workers=TOLD),
    }
    rows = {
        name: plans[name] for plans in (singles, chains) for name in [best(env, training, plans)]
    }
    for name, plan in {**rows, **everybody}.items():
        row(name, *solved(env, tasks, plan))
    row("known plans", *solved(env, tasks, lambda task: str(task.data["workflow"])))


def conductors(env: TextEnv, runs: Sequence[Path], tasks: Sequence[Task]) -> None:
    """Print what trained conductors come to, and their plans with a part removed."""
    recorded = [phases(run) for run in runs]
    for phase, name in PHASES.items():
        shares = [
            statistics.mean(e.outcome.get("success", 0.0) for e in found[phase])
            for found in recorded
            if found[phase]
        ]
        if shares:
            spread(f"conductor, {name}", shares)
    print("\nplans after RL, asked again")
    for name, change in CHANGES.items():
        shares = []
        for found in recorded:
            plans = {e.task_id: e.turns[0].action or "" for e in found["rl"] if e.turns}
            known = [task for task in tasks if task.id in plans]
            if known:
                shares.append(solved(env, known, changed(plans, change))[0])
        if shares:
            spread(name, shares)


def row(name: str, success: float, usd: float) -> None:
    """Print one line of the table."""
    print(f"  {name:40} {success:6.1%}   {usd:.4f} USD per 1000")


def spread(name: str, shares: Sequence[float]) -> None:
    """Print the mean of several seeds, and each."""
    each = " ".join(f"{share:.1%}" for share in shares)
    print(f"  {name:40} {statistics.mean(shares):6.1%}   ({each})")


def main() -> None:
    """Measure and print."""
    parser = argparse.ArgumentParser(description=__doc__.partition("\n")[0])
    parser.add_argument("--seeds", type=int, nargs="*", default=[0, 1, 2])
    parser.add_argument("--runs", type=Path, nargs="*", default=[], help="training runs to read")
    parser.add_argument("--quick", action="store_true", help="one seed, hardly any training")
    chosen = parser.parse_args()
    suite = load_suite(SUITE)
    evaluation = suite.spec.train.evaluation if suite.spec.train else None
    assert evaluation is not None
    assert evaluation.tasks.generate is not None
    held_out = evaluation.tasks.generate
    tasks = load_tasks(_at(held_out.seed, 20 if chosen.quick else held_out.count))
    training = load_tasks(_at(1000, 20 if chosen.quick else 60))
    env = build_env(suite.spec.env, suite.spec.sandbox, suite.spec.orchestrator)
    print(f"{len(tasks)} held-out tasks")
    fixed(env, training, tasks)
    with tempfile.TemporaryDirectory() as folder:
        seeds = chosen.seeds[:1] if chosen.quick else chosen.seeds
        made = chosen.runs or [trained(s, Path(folder), quick=chosen.quick) for s in seeds]
        conductors(env, made, tasks)


def _at(seed: int, count: int) -> Suite:
    sets = [f"tasks.generate.seed={seed}", f"tasks.generate.count={count}"]
    return load_suite(SUITE, sets)


if __name__ == "__main__":
    main()
