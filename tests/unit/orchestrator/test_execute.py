"""Tests of executing workflows: when nodes run, what they see, and what becomes of failures."""

import asyncio
from collections.abc import Sequence
from dataclasses import replace

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from agentrl.episode import Usage
from agentrl.errors import ContextFullError, ServiceDownError, UsageError
from agentrl.models.base import Message
from agentrl.orchestrator.accounting import usd
from agentrl.orchestrator.context import NO_ANSWER
from agentrl.orchestrator.execute import execute
from agentrl.orchestrator.limits import Limits
from agentrl.orchestrator.pool import Pool
from agentrl.orchestrator.result import WorkflowResult
from agentrl.orchestrator.worker import Descriptor, WorkerFailedError
from agentrl.orchestrator.workflow import Node, Workflow
from agentrl.suite.worker import GuardSpec
from agentrl.testing.workers import FakeWorker
from agentrl.testing.workflows import in_no_time
from tests.unit.orchestrator.executing import DIAMOND, QUESTION, TASK, failing, node, run
from tests.unit.orchestrator.stubs import stub


@st.composite
def timed(draw: st.DrawFn) -> tuple[Workflow, Sequence[float]]:
    """A random graph and how long each of its nodes takes."""
    size = draw(st.integers(1, 10))
    nodes = tuple(
        node(str(n), *map(str, sorted(draw(st.sets(st.integers(0, n - 1)))) if n else ()))
        for n in range(size)
    )
    seconds = draw(st.lists(st.integers(1, 9), min_size=size, max_size=size))
    return Workflow(tuple(draw(st.permutations(nodes)))), seconds


@given(timed())
@settings(deadline=None)
def test_any_graph_takes_as_long_as_its_longest_path(
    case: tuple[Workflow, Sequence[float]],
) -> None:
    workflow, seconds = case
    worker = stub("w", seconds=lambda request: seconds[int(request.node)])

    result = run(workflow, worker)

    ends: dict[str, float] = {}
    for name in workflow.order:
        begins = max((ends[seen] for seen in workflow.by_id[name].sees), default=0.0)
        ends[name] = begins + seconds[int(name)]
    assert result.duration_s == pytest.approx(max(ends.values()))
    assert {call.node: call.finished_s for call in result.calls} == pytest.approx(ends)


@given(timed())
@settings(deadline=None)
def test_every_node_sees_exactly_what_it_names_and_only_once_it_is_done(
    case: tuple[Workflow, Sequence[float]],
) -> None:
    workflow, seconds = case
    worker = stub("w", seconds=lambda request: seconds[int(request.node)])

    result = run(workflow, worker)

    call_of = {call.node: call for call in result.calls}
    assert len(result.calls) == len(workflow.nodes)
    for request in worker.requests:
        seen = [other.node for other in request.sees]
        assert set(seen) == set(workflow.by_id[request.node].sees)
        assert seen == sorted(seen, key=workflow.order.index)
        assert [other.answer for other in request.sees] == [f"{name} done" for name in seen]
        assert len(request.messages) == 2 * len(seen) + 1
        begun = call_of[request.node].started_s
        assert all(call_of[name].finished_s <= begun for name in seen)


def test_the_context_is_a_chat_of_earlier_instructions_and_answers() -> None:
    worker = stub("w")
    nodes = (node("a"), replace(node("b", "a"), role="a careful editor"))

    run(Workflow(nodes), worker)

    assert worker.requests[0].messages == (Message("user", "Do a.\n\nQuestion:\nHow many?"),)
    assert worker.requests[1].messages == (
        Message("system", "You are a careful editor."),
        Message("user", "Do a."),
        Message("assistant", "a done"),
        Message("user", "Do b.\n\nQuestion:\nHow many?"),
    )


def test_a_node_without_an_instruction_asks_the_question_alone() -> None:
    worker = stub("w")

    run(Workflow((Node("a", "w"), Node("b", "w", sees=("a",)))), worker)

    assert worker.requests[0].messages == (Message("user", "How many?"),)
    assert worker.requests[1].messages[:2] == (
        Message("user", "How many?"),
        Message("assistant", "a done"),
    )


def test_the_record_has_every_call_with_its_times_and_cost() -> None:
    result = run(DIAMOND, stub("w", usd=0.25))

    assert [call.node for call in result.calls] == ["a", "b", "c", "d"]
    assert [(call.started_s, call.finished_s) for call in result.calls] == [
        (0.0, 1.0),
        (1.0, 2.0),
        (1.0, 2.0),
        (2.0, 3.0),
    ]
    assert result.calls[1].messages[0] == ("user", "Do a.")
    assert result.calls[1].generation is not None
    assert result.calls[1].generation.text == "b done"
    assert result.cost_usd == 1.0
    assert result.answer == "d done"
    assert dict(result.answers) == {name: f"{name} done" for name in "abcd"}


def test_several_answers_are_voted_on() -> None:
    says = {"a": "The answer is 12.", "b": "x = 7, so the answer is 7", "c": "7.0"}
    worker = stub("w", lambda request: says[request.node])

    result = run(Workflow((node("a"), node("b"), node("c")), ("a", "b", "c")), worker)

    assert result.answer == "x = 7, so the answer is 7"


def test_a_vote_that_nobody_can_read_takes_the_first_answer() -> None:
    worker = stub("w", lambda request: f"no number in {request.node}")
    workflow = Workflow((node("a"), node("b")), ("a", "b"), "number")

    assert run(workflow, worker).answer == "no number in a"


def test_every_node_has_its_own_seed_and_ids_do_not_matter() -> None:
    one, other, again = stub("w"), stub("w"), stub("w")
    nodes = (node("a"), node("b"))

    run(Workflow(nodes, ("a", "b")), one, seed=1)
    run(Workflow((replace(nodes[0], id="x"), nodes[1]), ("x", "b")), other, seed=1)
    run(Workflow(nodes, ("a", "b")), again, seed=2)

    seeds = [[request.seed for request in worker.requests] for worker in (one, other, again)]
    assert seeds[0] == seeds[1]
    assert len({*seeds[0], *seeds[2]}) == 4
    assert all(0 <= seed < 2**31 for seed in seeds[0])


def test_a_failure_is_tried_again_and_both_calls_are_recorded() -> None:
    worker = failing("w", WorkerFailedError("w", "was busy"), times=1)

    result = run(Workflow((node("a"),)), worker, retries=1)

    assert result.answer == "w answers"
    assert [call.error for call in result.calls] == ["was busy", ""]
    assert result.calls[0].generation is None
    assert not result.failed


def test_a_worker_that_keeps_failing_is_replaced_by_the_fallback() -> None:
    worker, spare = failing("w", WorkerFailedError("w", "was busy")), stub("spare")

    result = run(Workflow((node("a"),)), worker, spare, retries=2, fallback="spare")

    assert result.answer == "a done"
    assert [(call.worker, call.replaces) for call in result.calls] == [
        ("w", ""),
        ("w", ""),
        ("w", ""),
        ("spare", "w"),
    ]


def test_who_sees_a_failed_node_runs_and_is_told() -> None:
    bad, good = failing("bad", WorkerFailedError("bad", "was busy")), stub("w")
    nodes = (node("a", worker="bad"), node("b", "a"))

    result = run(Workflow(nodes), bad, good)

    assert good.requests[0].sees[0].answer == NO_ANSWER
    assert good.requests[0].messages[1] == Message("assistant", NO_ANSWER)
    assert result.answer == "b done"
    assert dict(result.failed) == {"a": "was busy"}
    assert "a" not in result.answers


def test_where_the_fallback_fails_too_both_reasons_are_told() -> None:
    bad = failing("w", WorkerFailedError("w", "was busy"))
    worse = failing("spare", WorkerFailedError("spare", "is down"))

    result = run(Workflow((node("a"),)), bad, worse, fallback="spare")

    assert dict(result.failed) == {"a": "was busy; is down"}
    assert result.answer == ""


def test_a_failed_answer_leaves_the_last_answer_that_is_known() -> None:
    bad = failing("bad", WorkerFailedError("bad", "was busy"))
    nodes = (node("a"), node("b", "a"), node("c", "b", worker="bad"))

    assert run(Workflow(nodes), bad, stub("w")).answer == "b done"


@pytest.mark.parametrize(
    "error",
    [
        ContextFullError("too long"),
        WorkerFailedError("w", "has no room", "context"),
        WorkerFailedError("w", "is left alone", "resting"),
    ],
)
def test_what_another_try_cannot_mend_is_not_tried_again(error: Exception) -> None:
    worker = failing("w", error)

    run(Workflow((node("a"),)), worker, retries=5)

    assert len(worker.requests) == 1


def test_an_unexpected_error_of_a_worker_is_a_failure_too() -> None:
    result = run(Workflow((node("a"),)), failing("w", KeyError("door")), retries=0)

    assert dict(result.failed) == {"a": "it raised an error: KeyError: 'door'"}


@pytest.mark.parametrize("error", [UsageError("no such model"), ServiceDownError("gone")])
def test_what_no_workflow_can_go_on_with_ends_it_and_leaves_no_task(error: Exception) -> None:
    slow = stub("slow", seconds=lambda request: 100.0)

    async def main() -> int:
        workers = {"w": failing("w", error), "slow": slow}
        workflow = Workflow((node("a", worker="slow"), node("b")), ("a", "b"))
        with pytest.raises(type(error)):
            await execute(workflow, workers, TASK, question=QUESTION)
        return len(asyncio.all_tasks())

    assert in_no_time(main()) == 1


def test_a_workers_name_that_the_pool_has_not_is_bad_input() -> None:
    pool = Pool([stub("large")])

    with pytest.raises(UsageError, match="no worker 'larg' is in the pool"):
        in_no_time(execute(Workflow((node("a", worker="larg"),)), pool, TASK, question=""))


def test_a_deadline_keeps_what_is_known() -> None:
    seconds = {"a": 1.0, "b": 2.0, "c": 50.0, "d": 1.0}
    worker = stub("w", seconds=lambda request: seconds[request.node])

    result = run(DIAMOND, worker, limits=Limits(seconds=5.0))

    assert result.stopped == "deadline"
    assert result.duration_s == 5.0
    assert dict(result.answers) == {"a": "a done", "b": "b done"}
    assert result.answer == "b done"
    assert dict(result.failed) == {"c": "no answer within 5 s"}
    assert [call.error for call in result.calls] == ["", "", "stopped before it answered"]


def test_a_budget_begins_nothing_more_and_lets_end_what_is_paid() -> None:
    result = run(DIAMOND, stub("w", usd=0.5), limits=Limits(usd=1.0))

    assert result.stopped == "budget"
    assert dict(result.answers) == {"a": "a done", "b": "b done", "c": "c done"}
    assert result.answer == "c done"
    assert not result.failed
    assert result.cost_usd == 1.5


def test_a_budget_that_is_used_up_by_the_last_node_stops_nothing() -> None:
    result = run(Workflow((node("a"),)), stub("w", usd=2.0), limits=Limits(usd=1.0))

    assert result.stopped == ""
    assert result.answer == "a done"


def test_a_budget_of_nothing_asks_nobody() -> None:
    worker = stub("w")

    result = run(DIAMOND, worker, limits=Limits(usd=0.0))

    assert (result.stopped, result.answer, result.calls) == ("budget", "", ())
    assert not worker.requests


def test_a_used_up_budget_ends_the_tries_of_a_worker() -> None:
    """The other node's call uses the budget up while this one fails."""
    bad = failing("bad", WorkerFailedError("bad", "was busy"), seconds=2.0)
    workflow = Workflow((node("a", worker="bad"), node("b")), ("a", "b"))

    result = run(workflow, bad, stub("w", usd=1.0), limits=Limits(usd=1.0), retries=5)

    assert len(bad.requests) == 1
    assert (result.stopped, result.answer) == ("budget", "b done")
    assert dict(result.failed) == {"a": "was busy"}


def test_a_cancelled_execution_leaves_no_task_behind() -> None:
    worker = stub("w", seconds=lambda request: 100.0)
    workflow = Workflow((node("a"), node("b"), node("c", "a", "b")))

    async def main() -> tuple[int, int]:
        work = execute(workflow, {"w": worker}, TASK, question=QUESTION)
        task = asyncio.create_task(work)
        await asyncio.sleep(1.0)
        during = len(asyncio.all_tasks())
        task.cancel()
        with pytest.raises(asyncio.CancelledError):
            await task
        return during, len(asyncio.all_tasks())

    assert in_no_time(main()) == (4, 1)


def test_a_grown_workflow_runs_only_what_is_new() -> None:
    worker = stub("w", usd=0.5)
    small = Workflow((node("a"),))
    large = Workflow((node("a"), node("b", "a")))

    first = run(small, worker)
    both = run(large, worker, after=first)

    assert [request.node for request in worker.requests] == ["a", "b"]
    assert worker.requests[1].sees[0].answer == "a done"
    assert [call.node for call in both.calls] == ["a", "b"]
    assert [call.started_s for call in both.calls] == [0.0, 1.0]
    assert (both.cost_usd, both.duration_s, both.answer) == (1.0, 2.0, "b done")


def test_a_grown_workflow_has_what_is_left_of_the_limits() -> None:
    limits = Limits(usd=0.5, seconds=1.5)
    small, large = Workflow((node("a"),)), Workflow((node("a"), node("b", "a")))

    dear = run(large, stub("w"), after=run(small, stub("w", usd=0.5)), limits=limits)
    slow = run(large, stub("w"), after=run(small, stub("w")), limits=limits)

    assert (dear.stopped, dear.answer) == ("budget", "a done")
    assert (slow.stopped, slow.duration_s) == ("deadline", 1.5)


def test_a_real_pools_guard_prices_the_calls() -> None:
    async def main() -> WorkflowResult:
        pool = Pool([stub("w")])
        try:
            return await execute(DIAMOND, pool, TASK, question=QUESTION)
        finally:
            await pool.close()

    result = in_no_time(main())

    assert result.answer == "d done"
    assert len(result.calls) == 4


def test_five_hundred_workflows_at_once_keep_their_calls_apart_and_leave_no_task() -> None:
    worker = stub("w", lambda request: f"{request.node} of {request.messages[-1].content[-3:]}")

    async def many() -> tuple[list[WorkflowResult], int]:
        pool = Pool([worker], {"w": GuardSpec(concurrency=10_000)})
        runs = (execute(DIAMOND, pool, TASK, question=f"q{n:03}", seed=n) for n in range(500))
        return await asyncio.gather(*runs), len(asyncio.all_tasks())

    results, tasks = in_no_time(many())

    assert [result.answer for result in results] == [f"d of {n:03}" for n in range(500)]
    assert {(len(r.calls), round(r.duration_s, 6)) for r in results} == {(4, 3.0)}
    assert (worker.most_at_once, tasks) == (1000, 1)


@st.composite
def billed(draw: st.DrawFn) -> tuple[Workflow, Sequence[FakeWorker], int]:
    """A random graph, workers that fail now and then and count by their own prices, and retries."""
    workflow, _ = draw(timed())
    failures = st.lists(st.booleans(), min_size=1, max_size=12)
    workers = []
    for name in ("w", "spare"):
        says = [WorkerFailedError(name, "was busy") if bad else "4" for bad in draw(failures)]
        usage = Usage(draw(st.integers(1, 10**6)), draw(st.integers(1, 10**6)))
        prices = Descriptor(draw(st.integers(0, 50)), draw(st.integers(0, 50)))
        workers.append(FakeWorker(name, says, usage=usage, usd=7.0, descriptor=prices))
    return workflow, workers, draw(st.integers(0, 2))


@given(billed())
@settings(deadline=None)
def test_what_nodes_and_workflow_cost_is_the_sum_of_what_workers_were_asked(
    case: tuple[Workflow, Sequence[FakeWorker], int],
) -> None:
    workflow, workers, retries = case
    pool = Pool(workers, {w.name: GuardSpec(break_after=10**6) for w in workers})

    result = in_no_time(
        execute(workflow, pool, TASK, question=QUESTION, retries=retries, fallback="spare")
    )

    by_node: dict[str, float] = {}
    for call in result.calls:
        if call.generation is not None:
            by_node[call.node] = by_node.get(call.node, 0.0) + call.generation.cost_usd
    each = {w.name: usd(w.usage, w.descriptor) for w in workers}
    paid = sum(each[call.worker] or 0.0 for call in result.calls if not call.error)
    assert result.cost_usd == pytest.approx(paid)
    assert sum(by_node.values()) == pytest.approx(paid)
    assert len(result.calls) == sum(len(w.requests) for w in workers)
    assert set(by_node) == set(result.answers)  # a node is paid for once, when it has its answer
    assert set(result.answers) | set(result.failed) == set(workflow.by_id)
