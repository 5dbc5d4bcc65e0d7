"""Results that are known already, on disk: a stored workflow gives the same again for nothing."""

import hashlib
import json
import logging
import os
from collections.abc import Mapping
from contextlib import suppress
from dataclasses import replace
from functools import cache
from pathlib import Path

from pydantic import TypeAdapter, ValidationError

from agentrl.cache import cache_folder
from agentrl.orchestrator.result import WorkflowResult
from agentrl.orchestrator.workflow import Workflow
from agentrl.task import Task

logger = logging.getLogger(__name__)

_FORMAT = "1"  # raise it when the same workflow is executed otherwise


class WorkflowCache:
    """Results of workflows in a folder of files, which several processes may share.

    Only a result in which every call succeeded is kept, so a failure is tried again.

    Args:
        pool: what the answers hang on beside the workflow: everything about the pool's workers,
            as ``agentrl.orchestrator.fingerprint`` tells it. Two pools that would answer otherwise
            must differ in it.
        folder: where; None: in agentrl's cache.
    """

    def __init__(self, pool: str, folder: Path | None = None) -> None:
        self._pool = pool
        self._folder = folder or cache_folder() / "workflows"

    def key(self, workflow: Workflow, task: Task, question: str, seed: int) -> str:
        """Return the digest of all that a result hangs on; the ids of nodes are no part of it."""
        data = json.dumps(task.data, sort_keys=True, default=str)
        parts = [_FORMAT, self._pool, workflow.digest, task.id, data, question, str(seed)]
        return hashlib.sha256(json.dumps(parts).encode()).hexdigest()

    def get(self, key: str, workflow: Workflow) -> WorkflowResult | None:
        """Return what is known, with the ids of this workflow; a damaged file is removed."""
        path = self._path(key)
        try:
            stored = _adapter().validate_json(path.read_bytes())
            names = {str(number): name for name, number in workflow.numbers.items()}
            return _renamed(stored, names)
        except FileNotFoundError:
            return None
        except (OSError, ValidationError, KeyError):
            with suppress(OSError):
                path.unlink()
            return None

    def put(self, key: str, workflow: Workflow, result: WorkflowResult) -> None:
        """Keep a result in which nothing failed; where the disk refuses, a warning is all."""
        if not result.whole:
            return
        numbers = {name: str(number) for name, number in workflow.numbers.items()}
        path = self._path(key)
        temporary = path.with_name(f"{path.name}.{os.getpid()}.{id(result)}")
        try:
            data = _adapter().dump_json(_renamed(result, numbers))
            path.parent.mkdir(parents=True, exist_ok=True)
            temporary.write_bytes(data)
            temporary.replace(path)
        except (OSError, ValueError) as exc:  # it is only a cache; a surrogate has no UTF-8
            logger.warning("a workflow's result is not kept: %s", exc)
            with suppress(OSError):
                temporary.unlink()

    def _path(self, key: str) -> Path:
        return self._folder / key[:2] / f"{key[2:]}.json"


@cache
def _adapter() -> TypeAdapter[WorkflowResult]:
    return TypeAdapter(WorkflowResult)


def _renamed(result: WorkflowResult, names: Mapping[str, str]) -> WorkflowResult:
    return replace(
        result,
        answers={names[node]: answer for node, answer in result.answers.items()},
        calls=tuple(replace(call, node=names[call.node]) for call in result.calls),
    )
