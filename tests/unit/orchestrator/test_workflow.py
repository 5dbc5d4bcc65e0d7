"""Tests of workflows: what is one, what it means, and how it is written."""

import json
import random
from dataclasses import replace

import networkx as nx
import pytest
import yaml
from hypothesis import given
from hypothesis import strategies as st

from agentrl.orchestrator.limits import Limits
from agentrl.orchestrator.vote import KINDS, VoteKind
from agentrl.orchestrator.workflow import TOTAL_CHARS, Node, Workflow, WorkflowError

TEXTS = st.text(st.characters(exclude_categories=()), max_size=20)
NAMES = ("cheap", "best", "\u00e9l\u00e8ve")


@st.composite
def workflows(draw: st.DrawFn) -> Workflow:
    """Any valid workflow of at most eight nodes, its nodes in any order."""
    ids = draw(st.lists(TEXTS.filter(bool), min_size=1, max_size=8, unique=True))
    nodes = [
        Node(
            name,
            draw(st.sampled_from(NAMES)),
            draw(TEXTS),
            draw(st.sampled_from(["", "a critic"])),
            tuple(draw(st.lists(st.sampled_from(ids[:index]), unique=True)) if index else ()),
        )
        for index, name in enumerate(ids)
    ]
    answers = draw(st.lists(st.sampled_from(ids), unique=True))
    kind: VoteKind = draw(st.sampled_from(KINDS))
    return Workflow(tuple(draw(st.permutations(nodes))), tuple(answers), kind)


def chain(*ids: str) -> Workflow:
    nodes = [
        Node(name, "cheap", f"Do {name}.", sees=ids[index - 1 : index] if index else ())
        for index, name in enumerate(ids)
    ]
    return Workflow(tuple(nodes))


@given(workflows())
def test_yaml_and_json_lose_nothing(workflow: Workflow) -> None:
    assert Workflow.from_yaml(workflow.to_yaml()) == workflow
    assert Workflow.from_json(workflow.to_json()) == workflow


@given(workflows())
def test_the_order_has_every_node_after_what_it_sees(workflow: Workflow) -> None:
    place = {name: index for index, name in enumerate(workflow.order)}

    assert set(place) == {node.id for node in workflow.nodes}
    assert all(place[seen] < place[node.id] for node in workflow.nodes for seen in node.sees)


@given(workflows(), st.randoms())
def test_other_ids_mean_the_same(workflow: Workflow, rng: random.Random) -> None:
    fresh = [f"n{index}" for index in range(len(workflow.nodes))]
    rng.shuffle(fresh)
    name = dict(zip(workflow.by_id, fresh, strict=True))
    nodes = [
        replace(node, id=name[node.id], sees=tuple(name[seen] for seen in node.sees))
        for node in workflow.nodes
    ]
    renamed = replace(
        workflow, nodes=tuple(nodes), answers=tuple(name[node] for node in workflow.answers)
    )

    assert renamed.digest == workflow.digest
    numbers = {name[node]: number for node, number in workflow.numbers.items()}
    assert renamed.numbers == numbers


@given(workflows())
def test_every_node_has_a_number_of_its_own(workflow: Workflow) -> None:
    assert sorted(workflow.numbers.values()) == list(range(len(workflow.nodes)))


@given(workflows(), st.sampled_from(["worker", "instruction", "role"]), st.randoms())
def test_another_text_anywhere_is_another_workflow(
    workflow: Workflow, key: str, rng: random.Random
) -> None:
    index = rng.randrange(len(workflow.nodes))
    nodes = list(workflow.nodes)
    nodes[index] = replace(nodes[index], **{key: "something new"})  # type: ignore[arg-type]

    assert replace(workflow, nodes=tuple(nodes)).digest != workflow.digest


def test_where_the_nodes_of_a_chain_stand_means_nothing() -> None:
    there = chain("a", "b", "c")
    back = Workflow(tuple(reversed(there.nodes)), ("c",))

    assert back.order == ("a", "b", "c")
    assert back.digest == there.digest


def test_the_order_in_which_answers_are_shown_means_something() -> None:
    one, two = Node("1", "cheap", "Add."), Node("2", "best", "Multiply.")
    last = Node("3", "best", sees=("1", "2"))

    assert Workflow((one, two, last)).digest != Workflow((two, one, last)).digest
    assert (
        Workflow((one, two, last)).digest
        == Workflow((one, two, replace(last, sees=("2", "1")))).digest
    )


def test_one_node_that_two_see_is_not_two_alike() -> None:
    def node(name: str, *sees: str) -> Node:
        return Node(name, "cheap", "Go on." if sees else "Begin.", sees=sees)

    shared = Workflow((node("a"), node("b", "a"), node("c", "a"), node("d", "b", "c")))
    copied = Workflow((node("a"), node("A"), node("b", "a"), node("c", "A"), node("d", "b", "c")))

    assert shared.digest != copied.digest


def test_an_edge_leads_from_what_is_seen_to_who_sees_it() -> None:
    graph = chain("a", "b").graph

    assert isinstance(graph, nx.DiGraph)
    assert list(graph.edges) == [("a", "b")]
    assert graph.nodes["b"]["node"].instruction == "Do b."


def test_the_last_node_answers_unless_others_are_named() -> None:
    nodes = chain("a", "b").nodes

    assert Workflow(nodes).answers == ("b",)
    assert Workflow(nodes, ("a",)).answers == ("a",)


@pytest.mark.parametrize(
    ("nodes", "answers", "message"),
    [
        ((), (), "has no nodes; it needs at least one"),
        ((Node("a", "w"), Node("a", "w")), (), "two nodes have the id 'a'"),
        ((Node("", "w"),), (), r"nodes\[0\].id is empty"),
        ((Node("a", ""),), (), r"nodes\[0\].worker is empty"),
        ((Node("plan", "w"), Node("b", "w", sees=("plam",))), (), r"did you mean plan\?"),
        ((Node("a", "w", sees=("a",)),), (), "wait for each other: 'a' -> 'a'"),
        (
            (Node("a", "w", sees=("b",)), Node("b", "w", sees=("a",))),
            (),
            "wait for each other: 'a' -> 'b' -> 'a'; a node can only see",
        ),
        ((Node("a", "w"), Node("b", "w", sees=("a", "a"))), (), "'b' sees a node twice"),
        ((Node("a", "w"),), ("c",), "answers names 'c', which is no node; the nodes are 'a'"),
        ((Node("a", "w"),), ("a", "a"), "answers names a node twice"),
    ],
)
def test_what_is_no_workflow_is_refused_in_words_to_learn_from(
    nodes: tuple[Node, ...], answers: tuple[str, ...], message: str
) -> None:
    with pytest.raises(WorkflowError, match=message):
        Workflow(nodes, answers)


def test_a_worker_that_the_pool_has_not_is_named_with_the_nearest() -> None:
    with pytest.raises(WorkflowError, match=r"node 'a' asks worker 'cheap'.*did you mean cheep"):
        chain("a").validate(["cheep", "best"])


def test_a_workflow_of_a_thousand_nodes_is_refused() -> None:
    nodes = tuple(Node(str(index), "cheap") for index in range(1000))

    with pytest.raises(WorkflowError, match="has 1000 nodes, at most 64 are allowed; use fewer"):
        Workflow(nodes).validate(["cheap"])


def test_a_long_instruction_is_refused_without_repeating_it() -> None:
    with pytest.raises(WorkflowError, match="1000000 characters, at most 8000") as caught:
        Workflow((Node("a", "cheap", "x" * 1_000_000),)).validate(["cheap"])

    assert len(str(caught.value)) < 300


def test_many_instructions_that_are_too_long_together_are_refused() -> None:
    nodes = tuple(Node(str(index), "cheap", "x" * 8_000) for index in range(30))

    with pytest.raises(WorkflowError, match=f"at most {TOTAL_CHARS}"):
        Workflow(nodes).validate(["cheap"])


def test_limits_that_allow_more_are_honoured() -> None:
    nodes = tuple(Node(str(index), "cheap") for index in range(1000))

    Workflow(nodes).validate(["cheap"], Limits(nodes=1000))


@pytest.mark.parametrize(
    ("data", "message"),
    [
        ([], "a workflow is an object"),
        ({}, "needs nodes, a list of objects, got None"),
        ({"nodes": ["a"]}, r"nodes\[0\] is an object such as"),
        ({"nodes": [{"id": 1, "worker": "w"}]}, r"nodes\[0\].id is 1, expected a text"),
        ({"nodes": [{"id": "a"}]}, r"nodes\[0\].worker is None, expected a text"),
        ({"nodes": [{"id": "a", "worker": "w", "see": []}]}, r"'see'.*did you mean sees\?"),
        ({"nodes": [{"id": "a", "worker": "w", "sees": "b"}]}, r"nodes\[0\].sees is 'b'"),
        ({"nodes": [{"id": "a", "worker": "w"}], "vote": "most"}, "vote is 'most', expected one"),
        ({"nodes": [{"id": "a", "worker": "w"}], "answers": "a"}, "answers is 'a', expected a li"),
    ],
)
def test_data_that_is_no_workflow_is_refused(data: object, message: str) -> None:
    with pytest.raises(WorkflowError, match=message):
        Workflow.from_json(json.dumps(data))
    with pytest.raises(WorkflowError, match=message):
        Workflow.from_yaml(yaml.safe_dump(data))


@pytest.mark.parametrize("text", ["{", "[" * 100_000])
def test_a_text_that_is_no_data_is_refused(text: str) -> None:
    with pytest.raises(WorkflowError, match="the workflow is no JSON"):
        Workflow.from_json(text)
    with pytest.raises(WorkflowError, match="the workflow is no YAML"):
        Workflow.from_yaml(text[:2000])


@pytest.mark.parametrize(
    "text",
    ["nodes: {}", "? {}\n: 1", "nodes: [{{id: {}, worker: a}}]", "answers: {}\nnodes: []"],
)
def test_a_number_too_long_for_python_to_write_is_refused_in_words(text: str) -> None:
    with pytest.raises(WorkflowError, match=r"<a number of 80000 bits>|needs at least one"):
        Workflow.from_yaml(text.format("0x" + "f" * 20_000))


@pytest.mark.timeout(60)  # it was minutes, or no end at all
def test_many_nodes_with_one_id_are_refused_quickly() -> None:
    nodes = tuple(Node(str(min(n, 9_998)), "w") for n in range(10_000))
    with pytest.raises(WorkflowError, match="two nodes have the id '9998'"):
        Workflow(nodes)


def test_yaml_that_names_itself_many_times_costs_no_memory() -> None:
    rows = ["a0: &a0 [x, x, x, x, x, x, x, x, x]"]
    rows += [f"a{n}: &a{n} [{', '.join([f'*a{n - 1}'] * 9)}]" for n in range(1, 12)]

    with pytest.raises(WorkflowError, match="which means nothing"):
        Workflow.from_yaml("\n".join(rows))


def test_other_workers_can_be_put_in() -> None:
    swapped = chain("a", "b").with_workers({"cheap": "best"})

    assert [node.worker for node in swapped.nodes] == ["best", "best"]
