"""What ``agentrl tasks list`` prints."""

import json
from collections.abc import Iterator, Sequence
from pathlib import Path


def suite_lines(path: Path, settings: Sequence[str], as_json: bool) -> Iterator[str]:
    """Yield a line for each task of a suite.

    Raises:
        UsageError: the suite or its tasks cannot be used.
    """
    from agentrl.envs.tasks import load_tasks, world_seed
    from agentrl.suite import load_suite

    suite = load_suite(path, list(settings))
    for task in load_tasks(suite):
        seed = world_seed(suite.spec.rollouts.seed, task)
        if as_json:
            row = {"id": task.id, "group": task.group, "seed": seed, "data": dict(task.data)}
            yield json.dumps(row, default=str)
        else:
            yield "\t".join(filter(None, (task.id, task.group)))


def dataset_lines(path: Path, as_json: bool) -> Iterator[str]:
    """Yield a line for each instance of a data set.

    Raises:
        TaskError: it cannot be read.
    """
    from agentrl.envs.swe.dataset import read_instances

    for instance in read_instances(path):
        tests = instance.tests
        counts = {"fail_to_pass": len(tests.fail_to_pass), "pass_to_pass": len(tests.pass_to_pass)}
        if as_json:
            names = {"id": instance.id, "repo": instance.repo, "family": instance.family}
            yield json.dumps({**names, "difficulty": instance.difficulty, **counts})
        else:
            asked = f"{counts['fail_to_pass']} to pass, {counts['pass_to_pass']} to keep"
            yield "\t".join(filter(None, (instance.id, asked, instance.difficulty)))
