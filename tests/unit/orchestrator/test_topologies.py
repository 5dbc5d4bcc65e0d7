"""Tests of the fixed topologies: who sees whom, and what they answer when executed."""

from collections.abc import Callable

import pytest
from hypothesis import given
from hypothesis import strategies as st

from agentrl.errors import UsageError
from agentrl.orchestrator import topologies
from agentrl.orchestrator.execute import execute
from agentrl.orchestrator.result import WorkflowResult
from agentrl.orchestrator.topologies import (
    best_of_n,
    chain,
    debate,
    mixture_of_agents,
    reflect,
    self_consistency,
    single,
    star,
    tree,
    vote,
)
from agentrl.orchestrator.worker import Request
from agentrl.orchestrator.workflow import Workflow
from agentrl.task import Task
from agentrl.testing.workflows import in_no_time
from tests.unit.orchestrator.stubs import stub

POOL = st.lists(st.sampled_from(["a", "b", "c"]), min_size=1, max_size=4)


def edges(workflow: Workflow) -> dict[str, tuple[str, ...]]:
    return {node.id: node.sees for node in workflow.nodes}


def run(workflow: Workflow, say: Callable[[Request], str]) -> WorkflowResult:
    workers = {name: stub(name, say) for name in ("a", "b", "c", "judge")}
    return in_no_time(execute(workflow, workers, Task("t"), question="2 + 2?"))


def test_single_is_the_question_alone() -> None:
    workflow = single("a")

    assert edges(workflow) == {"answer": ()}
    assert workflow.nodes[0].instruction == ""


def test_self_consistency_is_a_vote_of_one_worker() -> None:
    workflow = self_consistency("a", samples=3, kind="number")

    assert workflow == vote(["a"], samples=3, kind="number")
    assert workflow.answers == ("draft1", "draft2", "draft3")
    says = {"draft1": "5", "draft2": "4", "draft3": "so 4.0"}
    assert run(workflow, lambda request: says[request.node]).answer == "4"


def test_the_judge_of_best_of_n_sees_all_answers() -> None:
    workflow = best_of_n(["a", "b"], "judge", samples=2)

    assert [node.worker for node in workflow.nodes] == ["a", "a", "b", "b", "judge"]
    assert edges(workflow)["judge"] == ("draft1", "draft2", "draft3", "draft4")
    assert workflow.answers == ("judge",)


def test_a_chain_shows_each_worker_the_one_before() -> None:
    assert edges(chain(["a", "b", "c"])) == {"step1": (), "step2": ("step1",), "step3": ("step2",)}


def test_reflection_shows_the_reviewer_the_answer_and_the_worker_both() -> None:
    workflow = reflect("a", critic="b", rounds=2)

    assert [node.worker for node in workflow.nodes] == ["a", "b", "a", "b", "a"]
    assert edges(workflow)["revision2"] == ("revision1", "review2")
    assert reflect("a").nodes[1].worker == "a"


def test_a_star_goes_out_from_the_hub_and_back_to_it() -> None:
    workflow = star("judge", ["a", "b"])

    assert edges(workflow) == {
        "plan": (),
        "part1": ("plan",),
        "part2": ("plan",),
        "merge": ("plan", "part1", "part2"),
    }
    assert [workflow.by_id[name].worker for name in ("plan", "merge")] == ["judge", "judge"]
    assert workflow.by_id["part2"].role == "worker 2 of 2"


def test_a_tree_merges_from_the_leaves_to_the_root() -> None:
    workflow = tree(["a", "b"], depth=2, branching=2)

    assert edges(workflow) == {
        "node2-4": (),
        "node2-3": (),
        "node2-2": (),
        "node2-1": (),
        "node1-2": ("node2-3", "node2-4"),
        "node1-1": ("node2-1", "node2-2"),
        "root": ("node1-1", "node1-2"),
    }
    assert workflow.answers == ("root",)
    assert workflow.by_id["root"].worker == "a"


@given(POOL, st.integers(1, 3), st.integers(1, 3))
def test_a_tree_has_the_nodes_of_its_levels(workers: list[str], depth: int, width: int) -> None:
    workflow = tree(workers, depth, width)

    assert len(workflow.nodes) == sum(width**level for level in range(depth + 1))
    assert set(workflow.order) == {"root"} | _before(workflow, "root")


def _before(workflow: Workflow, name: str) -> set[str]:
    seen = set(workflow.by_id[name].sees)
    return seen.union(*(_before(workflow, other) for other in seen))


@given(POOL, st.integers(1, 4))
def test_each_round_of_a_debate_sees_all_of_the_one_before(workers: list[str], rounds: int) -> None:
    workflow = debate(workers, rounds)
    size = len(workers)

    assert len(workflow.nodes) == size * rounds
    for index, node in enumerate(workflow.nodes):
        number = index // size
        before = workflow.nodes[(number - 1) * size : number * size] if number else ()
        assert node.sees == tuple(other.id for other in before)
    assert workflow.answers == tuple(node.id for node in workflow.nodes[-size:])


def test_a_debate_with_a_judge_ends_with_it() -> None:
    workflow = debate(["a", "b"], rounds=2, judge="judge")

    assert workflow.answers == ("judge",)
    assert edges(workflow)["judge"] == ("round2-1", "round2-2")


def test_debaters_who_are_convinced_answer_together() -> None:
    def say(request: Request) -> str:
        answers = [seen.answer for seen in request.sees]
        return ("5" if request.node == "round1-1" else "4") if not answers else answers[-1]

    assert run(debate(["a", "b"], rounds=2), say).answer == "4"


def test_every_layer_of_a_mixture_sees_the_layer_before() -> None:
    workflow = mixture_of_agents(["a", "b"], "judge", layers=2)

    assert edges(workflow) == {
        "layer1-1": (),
        "layer1-2": (),
        "layer2-1": ("layer1-1", "layer1-2"),
        "layer2-2": ("layer1-1", "layer1-2"),
        "merge": ("layer2-1", "layer2-2"),
    }
    assert workflow.by_id["merge"].worker == "judge"


@pytest.mark.parametrize(
    ("make", "message"),
    [
        (lambda: vote([]), r"vote has workers \[\], expected a list with at least one name"),
        (lambda: chain("abc"), "chain has workers 'abc', expected a list"),
        (lambda: star("a", []), "star has workers"),
        (lambda: vote(["a"], samples=0), "vote has samples 0, expected at least 1"),
        (lambda: reflect("a", rounds=0), "reflect has rounds 0"),
        (lambda: tree(["a"], depth=0), "tree has depth 0"),
        (lambda: debate(["a"], rounds=-1), "debate has rounds -1"),
        (lambda: mixture_of_agents(["a"], "a", layers=0), "mixture_of_agents has layers 0"),
    ],
)
def test_a_topology_of_nobody_or_nothing_is_refused(
    make: Callable[[], Workflow], message: str
) -> None:
    with pytest.raises(UsageError, match=message):
        make()


def test_every_instruction_is_short_and_names_no_task() -> None:
    texts = [value for name, value in vars(topologies).items() if name.isupper()]

    assert len(texts) == 9
    assert all(len(text) < 300 for text in texts)
