"""Who does what and who sees what: a workflow is a graph of instructions to workers.

A node is one instruction to one worker. It sees the answers of the nodes that it names in ``sees``,
so an edge u -> v of the graph says that v sees u. One or more nodes are answers; several are voted
on (``agentrl.orchestrator.vote``).

Most messages here are read by a model that wrote the workflow and may write a better one. So each
says which node is wrong, what it holds, and what would be right.
"""

import hashlib
import json
from collections import Counter
from collections.abc import Collection, Mapping, Sequence
from dataclasses import dataclass, fields, replace
from functools import cached_property
from reprlib import Repr
from typing import Any

import networkx as nx
import yaml

from agentrl.errors import UsageError, nearest
from agentrl.orchestrator.limits import HasLimits, Limits
from agentrl.orchestrator.vote import KINDS, VoteKind

TOTAL_CHARS = 200_000
"""Longest sum of all texts of a workflow, in characters; our choice."""

_SHOWN = 60
_MOST_NAMED = 5
_MOST_BITS = 1_000


class _Brief(Repr):
    """Shows any value; Python itself refuses to write the longest whole numbers."""

    def repr_int(self, x: int, level: int) -> str:
        bits = x.bit_length()
        return f"<a number of {bits} bits>" if bits > _MOST_BITS else super().repr_int(x, level)


_BRIEF = _Brief()
_BRIEF.maxlevel, _BRIEF.maxstring, _BRIEF.maxlong, _BRIEF.maxother = 3, _SHOWN, _SHOWN, _SHOWN


class WorkflowError(UsageError):
    """A workflow is none, or asks for what its pool or its limits do not allow."""


@dataclass(frozen=True, slots=True)
class Node:
    """One instruction to one worker."""

    id: str
    """Unique in the workflow; only a name, workers never read it."""
    worker: str
    """Name of the worker in the pool."""
    instruction: str = ""
    """What the worker is told beside the question; empty: the question alone."""
    role: str = ""
    """Who the worker is told to be, such as "a skeptical reviewer"; empty: nobody in particular."""
    sees: tuple[str, ...] = ()
    """Ids of the nodes whose instructions and answers it is shown."""


@dataclass(frozen=True)
class Workflow:
    """A directed acyclic graph of nodes with one or more answers.

    Args:
        nodes: at least one, in any order. Where the graph leaves the order open, nodes are shown
            to others as they stand here.
        answers: ids of the nodes that answer the question. Empty: the last node.
        vote: how several answers are compared.

    Raises:
        WorkflowError: an id twice, a node seen or answering that is none, or a cycle.
    """

    nodes: tuple[Node, ...]
    answers: tuple[str, ...] = ()
    vote: VoteKind = "auto"

    def __post_init__(self) -> None:
        if not self.nodes:
            raise WorkflowError("the workflow has no nodes; it needs at least one")
        if not self.answers:
            object.__setattr__(self, "answers", (self.nodes[-1].id,))
        self._check_ids()
        self._check_acyclic()

    @cached_property
    def graph(self) -> "nx.DiGraph[str]":
        """The graph: an edge u -> v where v sees u. Each node has its ``node`` as attribute."""
        graph: nx.DiGraph[str] = nx.DiGraph()
        graph.add_nodes_from((node.id, {"node": node}) for node in self.nodes)
        graph.add_edges_from((seen, node.id) for node in self.nodes for seen in node.sees)
        return graph

    @cached_property
    def by_id(self) -> Mapping[str, Node]:
        """Every node by its id."""
        return {node.id: node for node in self.nodes}

    @cached_property
    def order(self) -> tuple[str, ...]:
        """Ids so that a node comes after all that it sees, otherwise as in ``nodes``."""
        place = {node.id: index for index, node in enumerate(self.nodes)}
        return tuple(nx.lexicographical_topological_sort(self.graph, key=place.__getitem__))

    @cached_property
    def seen_by(self) -> Mapping[str, tuple[str, ...]]:
        """For every node the ids that it sees, in the order in which it is shown them."""
        place = {name: index for index, name in enumerate(self.order)}
        return {node.id: tuple(sorted(node.sees, key=place.__getitem__)) for node in self.nodes}

    @cached_property
    def numbers(self) -> Mapping[str, int]:
        """A number from 0 for every node that hangs on the graph's meaning and not on its ids.

        Nodes are numbered as a walk from the answers back to what they see leaves them; what no
        answer hangs on comes after.
        """
        numbers: dict[str, int] = {}
        for name in self.answers:
            self._number(name, numbers)
        useless = [name for name in reversed(self.order) if name not in numbers]
        for name in sorted(useless, key=self._shape.__getitem__):
            self._number(name, numbers)
        return numbers

    @cached_property
    def digest(self) -> str:
        """SHA-256 of what the workflow means: equal for workflows that differ only in ids.

        Who sees whom counts, and the order in which several answers are shown, for that is what a
        worker reads. Where the nodes stand does not count otherwise.
        """
        numbers = self.numbers
        rows: list[Any] = [None] * len(self.nodes)
        for node in self.nodes:
            seen = [numbers[name] for name in self.seen_by[node.id]]
            rows[numbers[node.id]] = [node.worker, node.instruction, node.role, seen]
        answers = [numbers[name] for name in self.answers]
        return _sha256(json.dumps([rows, answers, self.vote if len(answers) > 1 else ""]))

    def validate(self, names: Collection[str], limits: HasLimits = Limits()) -> None:  # noqa: B008
        """See that a pool and its limits allow the workflow.

        Args:
            names: the pool's workers.
            limits: how large it may be.

        Raises:
            WorkflowError: what is wrong, with the node, in words for who wrote it.
        """
        if len(self.nodes) > limits.nodes:
            raise WorkflowError(
                f"the workflow has {len(self.nodes)} nodes, at most {limits.nodes} are allowed; "
                f"use fewer"
            )
        for node in self.nodes:
            check_worker(node.worker, names, f"node {shown(node.id)}")
            check_instruction(node.instruction, limits, f"node {shown(node.id)}")
        total = sum(len(node.instruction) + len(node.role) + len(node.id) for node in self.nodes)
        if total > TOTAL_CHARS:
            raise WorkflowError(
                f"the workflow's texts have {total} characters together, at most {TOTAL_CHARS} "
                f"are allowed; say it shorter"
            )

    def with_workers(self, names: Mapping[str, str]) -> "Workflow":
        """Return the workflow with other workers in place of those that ``names`` lists."""
        nodes = (replace(n, worker=names.get(n.worker, n.worker)) for n in self.nodes)
        return replace(self, nodes=tuple(nodes))

    def to_data(self) -> dict[str, Any]:
        """Return the workflow as JSON values; what has its default is left out."""
        data: dict[str, Any] = {"nodes": [_node_data(node) for node in self.nodes]}
        data["answers"] = list(self.answers)
        if self.vote != "auto":
            data["vote"] = self.vote
        return data

    @classmethod
    def from_data(cls, data: Any) -> "Workflow":
        """Return the workflow that JSON values describe.

        Raises:
            WorkflowError: they describe none.
        """
        known = ("nodes", "answers", "vote")
        fields_of = _object(data, known, "a workflow", 'such as {"nodes": [...]}')
        rows = fields_of.get("nodes")
        if not isinstance(rows, list):
            raise WorkflowError(f"a workflow needs nodes, a list of objects, got {shown(rows)}")
        nodes = tuple(_node(row, index) for index, row in enumerate(rows))
        vote = fields_of.get("vote", "auto")
        if vote not in KINDS:
            raise WorkflowError(f"vote is {shown(vote)}, expected one of {', '.join(KINDS)}")
        return cls(nodes, _names(fields_of.get("answers", []), "answers"), vote)

    def to_json(self) -> str:
        """Return the workflow as one line of JSON."""
        return json.dumps(self.to_data())

    @classmethod
    def from_json(cls, text: str) -> "Workflow":
        """Read a workflow from JSON.

        Raises:
            WorkflowError: it is no JSON, or no workflow.
        """
        try:
            data = json.loads(text)
        except (ValueError, RecursionError) as exc:
            raise WorkflowError(f"the workflow is no JSON: {exc}") from None
        return cls.from_data(data)

    def to_yaml(self) -> str:
        """Return the workflow as YAML."""
        text: str = yaml.safe_dump(self.to_data(), sort_keys=False, width=100)
        return text

    @classmethod
    def from_yaml(cls, text: str) -> "Workflow":
        """Read a workflow from YAML.

        Raises:
            WorkflowError: it is no YAML, or no workflow.
        """
        try:
            data = yaml.safe_load(text)
        except (yaml.YAMLError, ValueError, RecursionError) as exc:
            raise WorkflowError(f"the workflow is no YAML: {exc}") from None
        return cls.from_data(data)

    @cached_property
    def _shape(self) -> Mapping[str, str]:
        """For every node a digest of all that it hangs on; copies of a node have the same."""
        shapes: dict[str, str] = {}
        for name in self.order:
            node, seen = self.by_id[name], [shapes[other] for other in self.seen_by[name]]
            shapes[name] = _sha256(json.dumps([node.worker, node.instruction, node.role, seen]))
        return shapes

    def _number(self, name: str, numbers: dict[str, int]) -> None:
        """Number a node after all that it hangs on (by hand: a chain may be long)."""
        stack = [(name, iter(self.seen_by[name]))]
        while stack:
            current, rest = stack[-1]
            unseen = next((other for other in rest if other not in numbers), None)
            if unseen is not None:
                stack.append((unseen, iter(self.seen_by[unseen])))
                continue
            stack.pop()
            numbers.setdefault(current, len(numbers))

    def _check_ids(self) -> None:
        for index, node in enumerate(self.nodes):
            if not node.id or not node.worker:
                what = "worker" if node.id else "id"
                raise WorkflowError(f"nodes[{index}].{what} is empty, expected a text")
        if len(self.by_id) < len(self.nodes):
            counts = Counter(node.id for node in self.nodes)
            twice = next(name for name, count in counts.items() if count > 1)
            raise WorkflowError(f"two nodes have the id {shown(twice)}; give each its own")
        for node in self.nodes:
            for seen in node.sees:
                self._check_known(seen, f"node {shown(node.id)} sees")
            if len(set(node.sees)) < len(node.sees):
                raise WorkflowError(f"node {shown(node.id)} sees a node twice; name each once")
        for name in self.answers:
            self._check_known(name, "answers names")
        if len(set(self.answers)) < len(self.answers):
            raise WorkflowError("answers names a node twice; name each once")

    def _check_known(self, name: str, who: str) -> None:
        if name not in self.by_id:
            known = _few(list(self.by_id))
            raise WorkflowError(
                f"{who} {shown(name)}, which is no node{nearest(name[:_SHOWN], self.by_id)}; "
                f"the nodes are {known}"
            )

    def _check_acyclic(self) -> None:
        if nx.is_directed_acyclic_graph(self.graph):
            return
        cycle = [edge[0] for edge in nx.find_cycle(self.graph)]
        path = " -> ".join(shown(name) for name in [*cycle[:_MOST_NAMED], cycle[0]])
        raise WorkflowError(
            f"these nodes wait for each other: {path}; a node can only see nodes that do not "
            f"need its own answer, so take one of these out of sees"
        )


def check_worker(worker: str, names: Collection[str], where: str) -> None:
    """See that a pool has a worker.

    Raises:
        WorkflowError: it has not.
    """
    if worker not in names:
        raise WorkflowError(
            f"{where} asks worker {shown(worker)}, which is not in the pool"
            f"{nearest(worker[:_SHOWN], names)}; the workers are {_few(list(names))}"
        )


def check_instruction(instruction: str, limits: HasLimits, where: str) -> None:
    """See that an instruction is short enough.

    Raises:
        WorkflowError: it is not.
    """
    if len(instruction) > limits.instruction_chars:
        raise WorkflowError(
            f"the instruction of {where} has {len(instruction)} characters, at most "
            f"{limits.instruction_chars} are allowed; say it shorter"
        )


def shown(value: object) -> str:
    """Return a value as a message can show it: on one line, and not longer than it is worth.

    >>> shown("a" * 100)
    "'aaaaaaaaaaaaaaaaaaaaaaaaa...aaaaaaaaaaaaaaaaaaaaaaaaaa'"
    """
    return _BRIEF.repr(value)


def _few(names: Sequence[str]) -> str:
    """Return names for a message, cut where they are many."""
    rest = f" and {len(names) - 2 * _MOST_NAMED} more" if len(names) > 2 * _MOST_NAMED else ""
    return ", ".join(shown(name) for name in names[: 2 * _MOST_NAMED]) + rest


def _sha256(text: str) -> str:
    return hashlib.sha256(text.encode()).hexdigest()


def _node_data(node: Node) -> dict[str, Any]:
    data: dict[str, Any] = {"id": node.id, "worker": node.worker, "instruction": node.instruction}
    if node.role:
        data["role"] = node.role
    if node.sees:
        data["sees"] = list(node.sees)
    return data


_NODE_KEYS = tuple(field.name for field in fields(Node))


def _node(row: Any, index: int) -> Node:
    where = f"nodes[{index}]"
    data = _object(row, _NODE_KEYS, where, 'such as {"id": "...", "worker": "..."}')
    texts = {}
    for key in ("id", "worker", "instruction", "role"):
        value = data.get(key, "")
        if not isinstance(value, str) or (key in ("id", "worker") and not value):
            raise WorkflowError(f"{where}.{key} is {shown(data.get(key))}, expected a text")
        texts[key] = value
    return Node(**texts, sees=_names(data.get("sees", []), f"{where}.sees"))


def _names(value: Any, where: str) -> tuple[str, ...]:
    if not isinstance(value, list) or not all(isinstance(name, str) for name in value):
        raise WorkflowError(f"{where} is {shown(value)}, expected a list of node ids")
    return tuple(value)


def _object(value: Any, known: Sequence[str], what: str, example: str) -> Mapping[str, Any]:
    if not isinstance(value, dict):
        raise WorkflowError(f"{what} is an object {example}, got {shown(value)}")
    for key in value:
        if key not in known:
            close = nearest(key[:_SHOWN], known) if isinstance(key, str) else ""
            raise WorkflowError(
                f"{what} has the key {shown(key)}, which means nothing{close}; "
                f"the keys are {', '.join(known)}"
            )
    return value
