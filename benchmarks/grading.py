"""What grading costs beside the tests it runs.

Twenty instances of the mined suite, two at a time, gold patches, images prepared beforehand:

- ours: ``grade``, without the cache of verdicts: sandbox, patch, guard, canaries, runner, verdict;
- bare: ``docker run --rm`` of a shell that applies both patches with git and runs pytest on the
  same files, which is the least that any grader on Docker does;
- with ``--peer-python``, the swebench harness (5.x) on the same instances and images, as rows with
  an ``eval_script``: give the interpreter of an environment in which it is installed.

They take turns, and the medians are compared. Claim: at most 1.25 times the bare cost.

    python benchmarks/grading.py [--peer-python PATH] [--rounds N]
"""

import argparse
import json
import shlex
import statistics
import subprocess
import tempfile
import time
from collections.abc import Callable, Sequence
from concurrent.futures import ThreadPoolExecutor
from contextlib import closing
from pathlib import Path

from agentrl.envs.swe.dataset import read_instances
from agentrl.envs.swe.grading.grade import grade
from agentrl.envs.swe.instance import Instance
from agentrl.envs.swe.prepare import prepare
from agentrl.envs.swe.source import complete
from agentrl.grading.grade_all import Grading
from agentrl.grading.job import Job
from agentrl.sandboxes.base import Backend
from agentrl.sandboxes.connect import connect
from agentrl.sandboxes.pool import Pool
from agentrl.suite.sandbox import SandboxSpec

SUITE = Path(__file__).parents[1] / "tasks/swe/mined.jsonl"
INSTANCES, WORKERS = 20, 2
START, END = ">>>>> Start Test Output", ">>>>> End Test Output"


def ours(instances: Sequence[Instance], backend: Backend, spec: SandboxSpec) -> int:
    """Grade all; return how many are resolved."""
    jobs = [Job(instance, "gold", instance.patch) for instance in instances]
    with closing(Pool(backend, spec)) as pool:
        grading = Grading(lambda job: grade(job.instance, job.patch, pool), workers=WORKERS)
        results = list(grading.results(jobs))
    return sum(bool(result.verdict and result.verdict.resolved) for result in results)


def command(instance: Instance) -> str:
    """Return the command line that runs the tests in question."""
    tests = instance.tests
    named = (*tests.fail_to_pass, *tests.pass_to_pass)
    files = tests.paths or tuple(dict.fromkeys(test.split("::")[0] for test in named))
    return shlex.join([instance.python, "-m", "pytest", "-rA", *tests.options, *files])


def bare(instances: Sequence[Instance], images: dict[str, str]) -> int:
    """Run the tests with nothing around them; return how many runs passed as a whole."""

    def run(instance: Instance) -> bool:
        options = ["--rm", "-i", "--init", "--network", "none", "--user", "1000:1000"]
        shell = f"cd {instance.workdir} && git apply - && {command(instance)}"
        done = subprocess.run(
            ["docker", "run", *options, images[instance.id], "bash", "-c", shell],
            input=(instance.patch + instance.test_patch).encode("utf-8", "surrogateescape"),
            capture_output=True,
            check=False,
        )
        return done.returncode == 0

    with ThreadPoolExecutor(WORKERS) as threads:
        return sum(threads.map(run, instances))


def peer(
    instances: Sequence[Instance], images: dict[str, str], python: str, folder: Path, number: int
) -> int:
    """Grade with the swebench harness; return how many it calls resolved."""
    predictions = folder / "gold.json"
    rows = [
        {"instance_id": i.id, "model_name_or_path": "gold", "model_patch": i.patch}
        for i in instances
    ]
    predictions.write_text(json.dumps(rows))
    rows_file = folder / "rows.jsonl"
    rows_file.write_text("".join(json.dumps(row(i, images[i.id])) + "\n" for i in instances))
    done = subprocess.run(
        [
            *(python, "-m", "swebench.harness.run_evaluation", "--dataset_name", str(rows_file)),
            *("--predictions_path", str(predictions), "--max_workers", str(WORKERS)),
            *("--run_id", f"round{number}", "--report_dir", str(folder)),
        ],
        cwd=folder,
        capture_output=True,
        text=True,
        check=False,
    )
    reports = list(folder.glob(f"*round{number}.json"))
    if not reports:
        raise SystemExit(f"swebench wrote no report:\n{done.stdout[-2000:]}{done.stderr[-2000:]}")
    resolved: int = json.loads(reports[0].read_text())["resolved_instances"]
    return resolved


def row(instance: Instance, image: str) -> dict[str, object]:
    """Return the instance as a row of swebench 5."""
    script = "\n".join(
        [
            "#!/bin/bash",
            "set -uxo pipefail",
            f"git config --global --add safe.directory {instance.workdir}",
            f"cd {instance.workdir}",
            "git apply -v - <<'EOF_114329324912'",
            instance.test_patch + "EOF_114329324912",
            f": '{START}'",
            command(instance),
            f": '{END}'",
            "",
        ]
    )
    return {
        "instance_id": instance.id,
        "repo": "pallets/flask",
        "version": "1.0",
        "base_commit": "HEAD",
        "problem_statement": instance.problem,
        "hints_text": "",
        "created_at": "",
        "patch": instance.patch,
        "test_patch": instance.test_patch,
        "FAIL_TO_PASS": json.dumps(instance.tests.fail_to_pass),
        "PASS_TO_PASS": json.dumps(instance.tests.pass_to_pass),
        "image": image,
        "eval_script": script,
        "log_parser": "parse_log_pytest",
        "eval_type": "pass_and_fail",
    }


def main() -> None:
    """Print the table."""
    parser = argparse.ArgumentParser(description=__doc__.split("\n")[0] if __doc__ else "")
    parser.add_argument("--peer-python", help="interpreter that has swebench 5")
    parser.add_argument("--rounds", type=int, default=3)
    options = parser.parse_args()
    spec = SandboxSpec(backend="docker", cpus=2.0)
    backend = connect(spec)
    instances = [complete(instance) for instance in read_instances(SUITE)[:INSTANCES]]
    images = {instance.id: prepare(instance, backend, spec) for instance in instances}
    with tempfile.TemporaryDirectory() as name:
        folder = Path(name)
        contestants: dict[str, Callable[[int], int]] = {
            "docker run of the tests": lambda _: bare(instances, images),
            "agentrl grade -j 2": lambda _: ours(instances, backend, spec),
        }
        if options.peer_python:
            contestants["swebench harness"] = lambda number: peer(
                instances, images, options.peer_python, folder, number
            )
        times: dict[str, list[float]] = {name: [] for name in contestants}
        for number in range(options.rounds):
            for name, run in contestants.items():
                begin = time.perf_counter()
                good = run(number)
                times[name].append(time.perf_counter() - begin)
                print(f"round {number + 1}: {name:<24} {times[name][-1]:7.2f} s, {good} resolved")
    least = statistics.median(times["docker run of the tests"])
    for name, taken in times.items():
        median = statistics.median(taken)
        print(f"{name:<24} median {median:7.2f} s   {median / least:5.2f} x")


if __name__ == "__main__":
    main()
