"""What ``agentrl grade`` is given: predictions, and settings of its sandboxes."""

from collections.abc import Sequence
from typing import Any

import yaml
from pydantic import ValidationError

from agentrl.envs.swe.instance import Instance
from agentrl.envs.swe.predictions import read_predictions
from agentrl.errors import TaskError, UsageError, nearest
from agentrl.grading.job import Job
from agentrl.suite.sandbox import SandboxSpec


def read_jobs(predictions: str, instances: Sequence[Instance], only: Sequence[str]) -> list[Job]:
    """Return what is to be graded.

    Raises:
        UsageError: an instance that is named is not among the tasks, the predictions cannot be
            read, or there is none.
    """
    by_id = {instance.id: instance for instance in instances}
    for name in only:
        if name not in by_id:
            raise TaskError(f"no instance {name} among the tasks{nearest(name, by_id)}")
    found = read_predictions(predictions, instances, only=only)
    if not found:
        raise UsageError(f"{predictions} holds no prediction for any of these tasks")
    return [Job(by_id[each.instance_id], each.model, each.patch) for each in found]


def read_sandbox(settings: Sequence[str]) -> SandboxSpec:
    """Return the sandboxes' settings: the suite's defaults, with some keys set.

    Raises:
        UsageError: a key or a value that cannot be used.
    """
    values: dict[str, Any] = {}
    for setting in settings:
        key, equals, text = setting.partition("=")
        section, dot, name = key.partition(".")
        if not equals or not dot or section != "sandbox":
            raise UsageError(f"--set {setting}: expected sandbox.KEY=VALUE")
        if name not in SandboxSpec.model_fields:
            known = nearest(name, SandboxSpec.model_fields)
            raise UsageError(f"--set {setting}: sandbox has no key {name}{known}")
        try:
            values[name] = yaml.safe_load(text)
        except yaml.YAMLError as exc:
            raise UsageError(f"--set {setting}: the value is no YAML: {exc}") from None
    try:
        return SandboxSpec.model_validate(values)
    except ValidationError as exc:
        first = exc.errors()[0]
        where = ".".join(map(str, first["loc"]))
        problem = first["msg"].removeprefix("Value error, ")
        raise UsageError(f"--set sandbox.{where}={first['input']}: {problem}") from None
