"""What a trained conductor makes of the pool of skills, and what each part of its plans is worth.

    python benchmarks/conductor_skills.py [--seeds 0 1 2] [--runs FOLDER] [--only NAME] [--quick]

It trains ``tasks/conductor/skills.yaml`` once for each seed: imitation, then RL from there. None of
the tasks here was looked at while settings were chosen; that was done on the suite's own held-out
tasks, which are others.

1. Success on new tasks, after imitation and after RL: with sequences of parts that training had,
   with sequences that it never had, with seven of the ten workers, drawn for each task and numbered
   anew, and with a pool of five of them and two that nobody had in training, which most of these
   tasks need. Beside it the best single worker, the best chains of two and three (found on training
   tasks), a vote and a debate, the planner that was imitated, and one that knows who is reliable.
2. The plans after RL again, with every access list emptied, with every access list full, and with
   every subtask removed.
3. ``tasks/conductor/skills_recursive.yaml``: success of the first plan alone, and of what is
   answered in the end where the conductor sees the answer and may plan again.

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
from contextlib import closing
from dataclasses import replace
from pathlib import Path

from agentrl.cli.starting import open_folder
from agentrl.envs.base import TextEnv
from agentrl.envs.build import build_env
from agentrl.episode import Episode
from agentrl.orchestrator.parse import parse_workflow
from agentrl.orchestrator.workflow import Workflow, WorkflowError
from agentrl.rollout.run import check_suite, run_suite
from agentrl.runs.folder import read_episodes
from agentrl.suite import Suite
from agentrl.suite.load import load_suite
from agentrl.suite.orchestrator import PoolSpec
from agentrl.task import Task

TASKS = Path(__file__).parents[1] / "tasks/conductor"
SKILLS, RECURSIVE = TASKS / "skills.yaml", TASKS / "skills_recursive.yaml"
IMITATION, RL = "imitation", "RL"
SEQUENCES = "env.options.env.options.sequences"
KNOWS = "env.options.planner.options.knows"
OLD = ("sieve", "clerk", "mixer", "quick", "rough")
ADDED = {"scribe": (("double", "count"), 5), "abacus": (("subtract", "large", "count"), 4)}
"""Two workers of other skills than any in training, of which they are the reliable ones here."""
QUICK = ("train.sft.epochs=1", "train.sft.tasks.generate.count=32")

Plan = Callable[[TextEnv, Task], str]
Change = Callable[[Workflow], Workflow]


def skills(*sets: str, seed: int, count: int) -> Suite:
    """Return the suite of skills with other tasks than anybody trained on."""
    tasks = (f"tasks.generate.seed={seed}", f"tasks.generate.count={count}")
    return load_suite(SKILLS, [*tasks, *sets])


def with_added() -> str:
    """Return the setting of a pool that has five workers of the suite and the two added ones."""
    suite = load_suite(SKILLS).spec
    assert suite.orchestrator is not None
    assert isinstance(suite.orchestrator.pool, PoolSpec)
    known = suite.orchestrator.pool.model_dump(mode="json", exclude_unset=True)["workers"]
    workers = {name: known[name] for name in OLD}
    for number, (name, (can, price)) in enumerate(ADDED.items()):
        options = {"can": can, "error": 0.02, "seed": 101 + number}
        facts = {"tags": can, "performance": {"right": 0.98}, "price_in": price}
        workers[name] = {**known["sieve"], **facts, "price_out": 2 * price, "options": options}
    return f"orchestrator.pool={json.dumps({'workers': workers})}"


def test_sets(count: int) -> dict[str, Suite]:
    """Return the suites that conductors are measured on."""
    return {
        "new tasks": skills(seed=2_000_000, count=count),
        "unseen sequences": skills(f"{SEQUENCES}=rare", seed=3_000_000, count=count),
        "parts of the pool": skills("orchestrator.sub_pool={size: 7}", seed=4_000_000, count=count),
        "two workers added": skills(with_added(), seed=5_000_000, count=count),
    }


# What is measured without a model.


def solved(suite: Suite, plan: Plan) -> tuple[float, float]:
    """Return the share of a suite's tasks that a plan solves, and the USD for a thousand."""
    success = usd = 0.0
    tasks = check_suite(suite)
    with closing(build_env(suite.spec.env, suite.spec.sandbox, suite.spec.orchestrator)) as env:
        for task in tasks:
            env.reset(seed=task.seed, options={"task": task})
            env.step(plan(env, task))
            outcome = env.outcome()
            success, usd = success + outcome["success"], usd + outcome["usd"]
    return success / len(tasks), 1000 * usd / len(tasks)


def planned(env: TextEnv, _: Task) -> str:
    """Return what the suite's planner says; it says nothing where nobody claims a part."""
    return env.expert_action() or "nobody"


def topology(name: str, **options: object) -> Plan:
    """Return the plan that names a topology for every task."""
    text = json.dumps({"topology": name, **options})
    return lambda *_: text


def best_chains(training: Suite, names: Sequence[str]) -> dict[str, Plan]:
    """Return the best single worker and chains, longer ones built upon the ten best shorter."""
    found: dict[str, Plan] = {}
    kept: list[tuple[str, ...]] = [()]
    for length in (1, 2, 3):
        longer = [(*chain, n) for chain in kept for n in names if n not in chain]
        plans = {chain: topology("chain", workers=chain) for chain in longer}
        scores = {chain: solved(training, plan)[0] for chain, plan in plans.items()}
        kept = sorted(longer, key=scores.__getitem__, reverse=True)[:10]
        title = "best single worker" if length == 1 else f"best chain of {length}"
        found[title] = plans[kept[0]]
    return found


def fixed(tests: Mapping[str, Suite], count: int) -> None:
    """Print what needs no training."""
    spec = load_suite(SKILLS).spec.orchestrator
    assert spec is not None
    assert isinstance(spec.pool, PoolSpec)
    names = [f"Model {number}" for number in range(len(spec.pool.workers))]
    plans = best_chains(skills(seed=100_000, count=count), names)
    plans["vote of all"] = topology("vote", workers=names)
    plans["debate of five"] = topology("debate", workers=names[:5], rounds=2)
    suite = tests["new tasks"]
    for name, plan in plans.items():
        success, usd = solved(suite, plan)
        line(name, [f"{success:.1%}", "", "", "", f"{usd:.3f}"])
    for knows, name in (("claims", "who is imitated"), ("records", "who knows the reliable")):
        results = [solved(_knowing(suite, knows), planned) for suite in tests.values()]
        line(name, [*(f"{share:.1%}" for share, _ in results), f"{results[0][1]:.3f}"])


def _knowing(suite: Suite, knows: str) -> Suite:
    spec = suite.spec
    env = spec.env.model_copy(deep=True)
    env.options["planner"]["options"] = {"knows": knows}
    return replace(suite, spec=spec.model_copy(update={"env": env}))


# Training, and what trained conductors do.


def trained(path: Path, seed: int, folder: Path, *sets: str) -> dict[str, Path]:
    """Train a suite from a seed; return the checkpoints after imitation and after RL.

    The suite trains in one go; here the two halves are two runs, so that both leave weights.
    """
    first, second = folder / f"{path.stem}-{seed}-imitation", folder / f"{path.stem}-{seed}-rl"
    seeds = (f"train.seed={seed}", f"agent.model.scratch.seed={seed}")
    _train(path, first, *sets, *seeds, "train.steps=0")
    begun = {IMITATION: first / "checkpoints/latest"}
    quick = ("train.steps=1",) if sets else ()
    _train(path, second, f"train.seed={seed}", "train.sft=null", model(begun[IMITATION]), *quick)
    return {**begun, RL: second / "checkpoints/latest"}


def _train(path: Path, run: Path, *sets: str) -> None:
    if (run / "report.html").exists():
        return
    options = [part for text in sets for part in ("--set", text)]
    command = [sys.executable, "-m", "agentrl.cli", "train", str(path), "--out", str(run)]
    subprocess.run([*command, *options], check=True, stdout=subprocess.DEVNULL)


def model(checkpoint: Path) -> str:
    """Return the setting of an agent that is a checkpoint."""
    return f"agent.model={json.dumps({'backend': 'transformers', 'checkpoint': str(checkpoint)})}"


def played(suite: Suite, checkpoint: Path, folder: Path) -> list[Episode]:
    """Return the episodes of a checkpoint on a suite's tasks, as recorded or played now."""
    if not (folder / "done").exists():
        spec = suite.spec
        with_model = load_suite(suite.path, [model(checkpoint)]).spec.agent
        suite = replace(suite, spec=spec.model_copy(update={"agent": with_model}))
        with open_folder(suite, folder, None) as run:
            run_suite(suite, check_suite(suite), run)
        (folder / "done").touch()
    return list(read_episodes(folder))


def success(episodes: Sequence[Episode]) -> float:
    """Return the share of episodes that succeeded."""
    return statistics.mean(episode.outcome.get("success", 0.0) for episode in episodes)


def first_plans(suite: Suite, episodes: Sequence[Episode], change: Change | None = None) -> float:
    """Return the success of the episodes' first plans alone, changed if they are plans at all."""
    said = {e.task_id: e.turns[0].action or "" for e in episodes if e.turns}

    def plan(env: TextEnv, task: Task) -> str:
        text = said.get(task.id, "")
        try:
            workflow = parse_workflow(text, env.names)  # type: ignore[attr-defined]
        except WorkflowError:
            return text
        return change(workflow).to_json() if change and workflow else text

    return solved(suite, plan)[0]


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
    "no access lists": blind,
    "all access lists full": open_to_all,
    "no subtasks": untold,
}


def conductors(tests: Mapping[str, Suite], seeds: Sequence[int], folder: Path, *sets: str) -> None:
    """Print what trained conductors come to, and their plans with a part removed."""
    found: dict[tuple[str, str], list[float]] = {}
    changed: dict[str, list[float]] = {}
    for seed in seeds:
        for stage, checkpoint in trained(SKILLS, seed, folder, *sets).items():
            for name, suite in tests.items():
                run = folder / f"{seed}-{stage}-{name.replace(' ', '-')}"
                episodes = played(suite, checkpoint, run)
                found.setdefault((stage, name), []).append(success(episodes))
                if (stage, name) == (RL, "new tasks"):
                    for title, change in CHANGES.items():
                        changed.setdefault(title, []).append(first_plans(suite, episodes, change))
    for stage in (IMITATION, RL):
        line(f"conductor after {stage}", [spread(found[stage, name]) for name in tests])
    print("\nplans after RL on new tasks, asked again")
    line("as written", [spread(found[RL, "new tasks"])])
    for title, shares in changed.items():
        line(title, [spread(shares)])


def recursion(seeds: Sequence[int], folder: Path, count: int, *sets: str) -> None:
    """Print what planning again is worth."""
    tasks = ("tasks.generate.seed=2000000", f"tasks.generate.count={count}")
    suite = load_suite(RECURSIVE, tasks)
    once = load_suite(RECURSIVE, [*tasks, "env.options.recursion=false"])
    found: dict[str, list[float]] = {}
    for seed in seeds:
        for stage, checkpoint in trained(RECURSIVE, seed, folder, *sets).items():
            episodes = played(suite, checkpoint, folder / f"{seed}-{stage}-recursive")
            count_of_plans = statistics.mean(
                sum(turn.signals.get("nodes", 0.0) > 0 for turn in episode.turns)
                for episode in episodes
            )
            rows = {
                "off": first_plans(once, episodes),
                "on": success(episodes),
                "plans": count_of_plans,
            }
            for name, value in rows.items():
                found.setdefault(f"{stage} {name}", []).append(value)
    print("\nrecursion: the first plan alone, planning again, and how many plans that takes")
    for stage in (IMITATION, RL):
        plans = f"{statistics.mean(found[f'{stage} plans']):.2f}"
        cells = [*(spread(found[f"{stage} {name}"]) for name in ("off", "on")), plans]
        line(f"conductor after {stage}", cells)


def line(name: str, cells: Sequence[str]) -> None:
    """Print one line of a table."""
    print(f"{name:28}" + "".join(f"{cell:>20}" for cell in cells), flush=True)


def spread(shares: Sequence[float]) -> str:
    """Return mean and standard deviation in percent."""
    sd = statistics.stdev(shares) if len(shares) > 1 else 0.0
    return f"{100 * statistics.mean(shares):.1f} ± {100 * sd:.1f}%"


def main() -> None:
    """Measure and print."""
    parser = argparse.ArgumentParser(description=__doc__.partition("\n")[0])
    parser.add_argument("--seeds", type=int, nargs="*", default=[0, 1, 2])
    parser.add_argument("--runs", type=Path, help="keep runs here, and take those that are there")
    parser.add_argument("--only", choices=["fixed", "conductors", "recursion"], action="append")
    parser.add_argument("--quick", action="store_true", help="one seed, hardly any training")
    chosen = parser.parse_args()
    count = 20 if chosen.quick else 150
    seeds, sets = (chosen.seeds[:1], QUICK) if chosen.quick else (chosen.seeds, ())
    parts = chosen.only or ["fixed", "conductors", "recursion"]
    tests = test_sets(count)
    with tempfile.TemporaryDirectory() as made:
        folder = chosen.runs or Path(made)
        print(f"{count} tasks of each kind, {len(seeds)} seeds; success, mean ± standard deviation")
        line("", [*tests, "USD per 1000"])
        if "fixed" in parts:
            fixed(tests, 10 if chosen.quick else 40)
        if "conductors" in parts:
            conductors(tests, seeds, folder, *sets)
        if "recursion" in parts:
            recursion(seeds, folder, count, *sets)


if __name__ == "__main__":
    main()
