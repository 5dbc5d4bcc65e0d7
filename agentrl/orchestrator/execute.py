"""Executing a workflow: every node begins as soon as what it sees is there.

Nothing is polled: a node that ends begins those that waited only for it. What goes wrong with a
worker stays inside of the result, and however an execution ends it leaves no task behind.
"""

import asyncio
import hashlib
from collections.abc import Mapping
from dataclasses import dataclass
from typing import Protocol

from agentrl.episode import Call
from agentrl.orchestrator.cache import WorkflowCache
from agentrl.orchestrator.context import NO_ANSWER, chat
from agentrl.orchestrator.limits import HasLimits, Limits
from agentrl.orchestrator.node import Asking, Work
from agentrl.orchestrator.result import Stopped, WorkflowResult
from agentrl.orchestrator.vote import vote
from agentrl.orchestrator.watch import tell
from agentrl.orchestrator.worker import Request, Seen, Worker
from agentrl.orchestrator.workflow import Node, Workflow
from agentrl.task import Task

_NOTHING = WorkflowResult("", {}, (), {}, 0.0, 0.0)


class Workers(Protocol):
    """Workers by name, as a pool offers them."""

    def __getitem__(self, name: str, /) -> Worker:
        """Return a worker."""


async def execute(
    workflow: Workflow,
    pool: Workers,
    task: Task,
    *,
    question: str,
    limits: HasLimits = Limits(),  # noqa: B008
    retries: int = 1,
    fallback: str | None = None,
    seed: int = 0,
    cache: WorkflowCache | None = None,
    after: WorkflowResult | None = None,
) -> WorkflowResult:
    """Let a pool's workers do what a workflow says.

    A worker that fails is asked again, then the fallback is asked in its place, and then the node
    has failed; the nodes that see it run all the same and are told.

    A used-up budget begins nothing more, and what is under way may end, for it is paid. A deadline
    ends what is under way. Either gives the result as far as it is known.

    Args:
        workflow: valid for the pool (``Workflow.validate``).
        pool: has every worker that the workflow names, and the fallback.
        task: handed to the workers.
        question: what every node is told of the task.
        limits: ``usd`` and ``seconds`` bound the execution.
        retries: how often a worker that failed is asked again.
        fallback: the worker that stands in for one that keeps failing; None or empty: nobody.
        seed: with it every node has its own seed, which does not hang on ids.
        cache: keeps results in which nothing failed, and gives them again.
        after: the result of a smaller workflow that this one grew from. What it has is not done
            again, and the result is of both together.

    Raises:
        UsageError: a worker's settings cannot be used, or the pool has it not.
    """
    spare = pool[fallback] if fallback else None
    named = {node.worker: pool[node.worker] for node in workflow.nodes}
    if any(name != worker.name for name, worker in named.items()):  # "Model 0" of some sub-pool
        workflow = workflow.with_workers({name: worker.name for name, worker in named.items()})
    workers = {worker.name: worker for worker in named.values()}
    tell(workflow)
    job = _Job(workflow, workers, spare, task, question, limits, retries, seed)
    if cache is None or after is not None:
        return await _Run(job, after or _NOTHING).finish()
    key = cache.key(workflow, task, question, seed)
    known = cache.get(key, workflow)
    if known is None or not known.begun_within(limits.usd):  # what is kept counts as paid
        known = await _Run(job, _NOTHING).finish()
        cache.put(key, workflow, known)
    return known


def final_answer(workflow: Workflow, answers: Mapping[str, str]) -> str:
    """Return a workflow's answer from those of its nodes, in the workflow's order.

    It is the answer node's, or the vote of several. Where none of them has answered, the last
    node that has speaks for the workflow.
    """
    given = [answers[name] for name in workflow.answers if name in answers]
    if len(given) > 1:
        return vote(given, workflow.vote).answer or given[0]
    return given[0] if given else next(reversed(list(answers.values())), "")


def node_seed(seed: int, number: int) -> int:
    """Return the seed of a node: from 0 to 2**31 - 1, other for every node and every seed."""
    digest = hashlib.sha256(f"{seed}:{number}".encode()).digest()
    return int.from_bytes(digest[:4], "big") >> 1


@dataclass(frozen=True, slots=True)
class _Job:
    """What is to be executed."""

    workflow: Workflow
    workers: Mapping[str, Worker]
    fallback: Worker | None
    task: Task
    question: str
    limits: HasLimits
    retries: int
    seed: int


class _Run:
    """One execution."""

    def __init__(self, job: _Job, after: WorkflowResult) -> None:
        self._job, self._workflow = job, job.workflow
        self._earlier_s, self._spent = after.duration_s, after.cost_usd
        self._calls = list(after.calls)
        self._answers = dict(after.answers)
        self._failed = dict(after.failed)
        self._stopped: Stopped = ""
        self._running: dict[asyncio.Task[Work], str] = {}
        self._waits_for = {
            node.id: sum(not self._done(name) for name in node.sees)
            for node in self._workflow.nodes
        }
        self._loop = asyncio.get_running_loop()
        self._began = self._loop.time()
        self._asking = Asking(
            self._clock, self._record, self._affordable, job.retries, job.fallback
        )

    async def finish(self) -> WorkflowResult:
        """Run every node that is not done yet, and say what came of it."""
        try:
            for name in self._workflow.order:
                if self._waits_for[name] == 0 and not self._done(name):
                    self._begin(name)
            while self._running and self._stopped != "deadline":
                await self._next_to_end()
        finally:
            await self._end_running()
        return self._result()

    def _done(self, name: str) -> bool:
        """Whether a node has ended, well or badly."""
        return name in self._answers or name in self._failed

    def _clock(self) -> float:
        return self._earlier_s + self._loop.time() - self._began

    def _affordable(self) -> bool:
        most = self._job.limits.usd
        if most is None or self._spent < most:
            return True
        self._stopped = self._stopped or "budget"
        return False

    def _record(self, call: Call) -> None:
        tell(call)
        self._calls.append(call)
        self._spent += call.generation.cost_usd if call.generation else 0.0

    def _begin(self, name: str) -> None:
        if not self._affordable():
            return
        node = self._workflow.by_id[name]
        tell(node)
        asking = self._asking.work(self._job.workers[node.worker], self._request(node))
        self._running[self._loop.create_task(asking)] = name

    def _request(self, node: Node) -> Request:
        sees = tuple(
            Seen(name, self._workflow.by_id[name].instruction, self._answers.get(name, NO_ANSWER))
            for name in self._workflow.seen_by[node.id]
        )
        messages = chat(self._job.question, node.instruction, node.role, sees)
        seed = node_seed(self._job.seed, self._workflow.numbers[node.id])
        return Request(self._job.task, messages, node.instruction, node.id, seed, sees)

    async def _next_to_end(self) -> None:
        seconds = self._job.limits.seconds
        left = None if seconds is None else max(0.0, seconds - self._clock())
        ended, _ = await asyncio.wait(
            self._running, timeout=left, return_when=asyncio.FIRST_COMPLETED
        )
        if not ended:
            self._stopped = "deadline"
        for work in ended:
            done = work.result()
            name = self._running.pop(work)
            self._take(name, done)
            for after in self._workflow.graph.successors(name):
                self._waits_for[after] -= 1
                if self._waits_for[after] == 0:
                    self._begin(after)

    def _take(self, name: str, work: Work) -> None:
        if work.text is not None:
            self._answers[name] = work.text
        elif work.why:  # else the money was gone before the first try
            self._failed[name] = work.why

    async def _end_running(self) -> None:
        for work in self._running:
            work.cancel()
        if self._running:
            await asyncio.wait(self._running)
        for work, name in self._running.items():
            if not work.cancelled() and work.exception() is None:
                self._take(name, work.result())
            elif self._stopped == "deadline":
                self._failed[name] = f"no answer within {self._job.limits.seconds:g} s"

    def _result(self) -> WorkflowResult:
        order = self._workflow.order
        answers = {name: self._answers[name] for name in order if name in self._answers}
        return WorkflowResult(
            final_answer(self._workflow, answers),
            answers,
            tuple(sorted(self._calls, key=lambda call: call.started_s)),
            {name: self._failed[name] for name in order if name in self._failed},
            self._spent,
            self._clock(),
            self._stopped,
        )
