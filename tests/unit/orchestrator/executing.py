"""Workflows that tests execute in no time."""

from collections.abc import Mapping
from typing import Any

from agentrl.orchestrator.execute import execute
from agentrl.orchestrator.result import WorkflowResult
from agentrl.orchestrator.worker import Request, Worker
from agentrl.orchestrator.workflow import Node, Workflow
from agentrl.task import Task
from agentrl.testing.workers import FakeWorker
from agentrl.testing.workflows import in_no_time
from tests.unit.orchestrator.stubs import stub

TASK = Task("t1", data={"question": "How many?"})
QUESTION = "How many?"


def run(workflow: Workflow, *workers: Worker, **options: Any) -> WorkflowResult:
    pool: Mapping[str, Worker] = {worker.name: worker for worker in workers}
    return in_no_time(execute(workflow, pool, TASK, question=QUESTION, **options))


def node(name: str, *sees: str, worker: str = "w") -> Node:
    return Node(name, worker, f"Do {name}.", sees=sees)


def failing(name: str, error: Exception, times: int = 10**9, *, seconds: float = 1.0) -> FakeWorker:
    """A worker that fails some times, and then answers."""

    def say(request: Request) -> str:
        if len(worker.requests) <= times:
            raise error
        return f"{name} answers"

    worker = stub(name, say, seconds=lambda request: seconds)
    return worker


DIAMOND = Workflow((node("a"), node("b", "a"), node("c", "a"), node("d", "b", "c")))
