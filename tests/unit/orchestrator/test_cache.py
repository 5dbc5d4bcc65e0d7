"""Results of workflows that are kept on the disk."""

from dataclasses import replace
from pathlib import Path

import pytest

from agentrl.orchestrator.cache import WorkflowCache
from agentrl.orchestrator.execute import execute
from agentrl.orchestrator.limits import Limits
from agentrl.orchestrator.pool import Pool
from agentrl.orchestrator.worker import WorkerFailedError
from agentrl.orchestrator.workflow import Workflow
from agentrl.task import Task
from agentrl.testing.workflows import in_no_time
from tests.unit.orchestrator.executing import DIAMOND, QUESTION, TASK, failing, node, run
from tests.unit.orchestrator.stubs import stub


def test_a_kept_result_is_given_again_under_other_ids(tmp_path: Path) -> None:
    cache, worker = WorkflowCache("pool 1", tmp_path), stub("w", usd=0.5)
    renamed = Workflow((replace(node("a"), id="x"), replace(node("b", "a"), id="y", sees=("x",))))

    first = run(Workflow((node("a"), node("b", "a"))), worker, cache=cache, seed=3)
    again = run(renamed, worker, cache=cache, seed=3)

    assert len(worker.requests) == 2
    assert dict(again.answers) == {"x": "a done", "y": "b done"}
    assert [call.node for call in again.calls] == ["x", "y"]
    assert (again.answer, again.cost_usd) == (first.answer, first.cost_usd)
    assert again.duration_s == first.duration_s


def test_a_kept_result_is_equal_to_the_one_that_was_kept(tmp_path: Path) -> None:
    cache = WorkflowCache("pool 1", tmp_path)

    first = run(DIAMOND, stub("w", usd=0.1), cache=cache)

    assert run(DIAMOND, stub("w"), cache=cache) == first


@pytest.mark.parametrize("other", ["pool", "seed", "question", "task", "workflow"])
def test_a_kept_result_is_only_for_what_it_hangs_on(tmp_path: Path, other: str) -> None:
    worker = stub("w")
    plain = {"pool": "1", "seed": 0, "question": "q", "task": TASK, "workflow": DIAMOND}
    changed = {
        "pool": "2",
        "seed": 1,
        "question": "r",
        "task": Task("t1", data={"question": "Which?"}),
        "workflow": Workflow(DIAMOND.nodes, ("c",)),
    }
    for case in (plain, {**plain, other: changed[other]}):
        in_no_time(
            execute(
                case["workflow"],  # type: ignore[arg-type]
                {"w": worker},
                case["task"],  # type: ignore[arg-type]
                question=str(case["question"]),
                seed=int(str(case["seed"])),
                cache=WorkflowCache(str(case["pool"]), tmp_path),
            )
        )

    assert len(worker.requests) == 8


def test_a_kept_result_of_model_0_is_not_given_for_another_model_0(tmp_path: Path) -> None:
    """In sub-pools of one pool the same anonymous name stands for different workers."""
    cache = WorkflowCache("pool 1", tmp_path)
    workflow = Workflow((node("a", worker="Model 0"),))

    answers = [
        in_no_time(
            execute(
                workflow,
                Pool([stub(name, lambda request, name=name: name)]),  # type: ignore[misc]
                TASK,
                question=QUESTION,
                cache=cache,
            )
        ).answer
        for name in ("small", "large", "small")
    ]

    assert answers == ["small", "large", "small"]
    assert len(list(tmp_path.rglob("*.json"))) == 2


def test_a_result_with_a_failure_is_not_kept(tmp_path: Path) -> None:
    cache = WorkflowCache("pool 1", tmp_path)
    flaky = failing("w", WorkerFailedError("w", "was busy"), times=1)

    run(Workflow((node("a"),)), flaky, cache=cache, retries=1)
    run(Workflow((node("a"),)), stub("w"), cache=cache, limits=Limits(usd=0.0))

    assert not list(tmp_path.rglob("*.json"))


@pytest.mark.parametrize("usd", [0.0, 0.25, 0.5, 1.0, 1.5, None])
def test_a_budget_gives_the_same_whether_the_result_is_kept_or_not(
    tmp_path: Path, usd: float | None
) -> None:
    limits, cache = Limits(usd=usd), WorkflowCache("pool 1", tmp_path)
    run(DIAMOND, stub("w", usd=0.5), cache=cache)

    kept = run(DIAMOND, stub("w", usd=0.5), cache=cache, limits=limits)

    assert kept == run(DIAMOND, stub("w", usd=0.5), limits=limits)


def test_a_damaged_file_is_made_again(tmp_path: Path) -> None:
    cache, worker = WorkflowCache("pool 1", tmp_path), stub("w")
    run(DIAMOND, worker, cache=cache)
    (kept,) = tmp_path.rglob("*.json")
    kept.write_bytes(kept.read_bytes()[:50])

    assert run(DIAMOND, worker, cache=cache).answer == "d done"
    assert len(worker.requests) == 8


def test_an_answer_that_has_no_utf8_is_not_kept_and_no_error(tmp_path: Path) -> None:
    worker = stub("w", lambda request: "\ud800")

    result = run(Workflow((node("a"),)), worker, cache=WorkflowCache("pool 1", tmp_path))

    assert result.answer == "\ud800"
    assert not list(tmp_path.rglob("*.json"))
