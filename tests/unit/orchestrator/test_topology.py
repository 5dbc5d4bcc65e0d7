"""Tests of topologies from YAML, and of the page that shows them."""

import re
import xml.etree.ElementTree as ET
from pathlib import Path
from typing import get_args

import pytest

from agentrl.errors import UsageError
from agentrl.orchestrator.drawing import mermaid, svg
from agentrl.orchestrator.pool import Pool
from agentrl.orchestrator.staged import Escalate, Team, run
from agentrl.orchestrator.topologies import debate, self_consistency
from agentrl.orchestrator.topologies_page import ENTRIES, topologies_page
from agentrl.orchestrator.topology import BUILDERS, read_topology, whole
from agentrl.orchestrator.workflow import Workflow, WorkflowError
from agentrl.suite.topology import TopologySpec
from agentrl.task import Task
from agentrl.testing.workflows import in_no_time
from tests.unit.orchestrator.stubs import stub

PAGE = Path(__file__).parents[3] / "docs/orchestrator/topologies.md"
YAML = [entry.yaml for entry in ENTRIES]


def test_the_page_is_what_the_code_writes() -> None:
    assert PAGE.read_text(encoding="utf-8") == topologies_page()


def test_every_topology_is_on_the_page_and_has_a_section_of_yaml() -> None:
    union, _ = get_args(TopologySpec)
    tags = [spec.model_fields["topology"].annotation for spec in get_args(union)]
    specs = {name for tag in tags for name in get_args(tag)}

    assert specs == set(BUILDERS) == {entry.name for entry in ENTRIES}


def test_every_drawing_on_the_page_is_of_the_yaml_above_it() -> None:
    shown = re.findall(
        r"```yaml\n(.*?)```\n\n```mermaid\n(.*?)```", topologies_page(), flags=re.DOTALL
    )

    assert len(shown) == len(ENTRIES)
    for text, drawing in shown:
        assert mermaid(whole(read_topology(text))) == drawing


@pytest.mark.parametrize("text", YAML, ids=[entry.name for entry in ENTRIES])
def test_every_topology_is_drawn_as_xml_with_a_box_for_each_node(text: str) -> None:
    workflow = whole(read_topology(text))

    drawing = ET.fromstring(svg(workflow))

    boxes = list(drawing.iter("{http://www.w3.org/2000/svg}rect"))
    assert len(boxes) == len(workflow.nodes)


@pytest.mark.parametrize("text", YAML, ids=[entry.name for entry in ENTRIES])
def test_every_topology_runs_from_yaml_on_a_real_pool(text: str) -> None:
    pool = Pool([stub(name, lambda r: "4") for name in ("small", "medium", "large")])

    result = in_no_time(run(read_topology(text), pool, Task("t"), question="2 + 2?"))

    assert result.answer == "4"
    assert not result.failed


@pytest.mark.parametrize("text", YAML, ids=[entry.name for entry in ENTRIES])
def test_every_topology_survives_that_all_workers_fail(text: str) -> None:
    def fail(request: object) -> str:
        raise OSError("no network")

    pool = {name: stub(name, fail) for name in ("small", "medium", "large")}

    result = in_no_time(run(read_topology(text), pool, Task("t"), question="2 + 2?", retries=0))

    assert result.answer == ""
    assert result.failed


@pytest.mark.parametrize("text", YAML, ids=[entry.name for entry in ENTRIES])
def test_every_topology_is_a_workflow_that_can_be_kept(text: str) -> None:
    workflow = whole(read_topology(text))

    workflow.validate(["small", "medium", "large"])
    assert Workflow.from_yaml(workflow.to_yaml()) == workflow


def test_options_of_the_yaml_arrive() -> None:
    assert read_topology(
        "{topology: debate, workers: [a, b], rounds: 3, judge: c, vote: number}"
    ) == debate(("a", "b"), 3, "c", "number")
    assert read_topology(
        "{topology: self_consistency, worker: a, vote: exact}"
    ) == self_consistency("a", kind="exact")
    assert read_topology("{topology: team, workers: [a, b], agree: 1, vote: text}") == Team(
        ("a", "b"), agree=1.0, vote="text"
    )
    assert read_topology("{topology: escalate, workers: [a], expert: b, shown: true}") == Escalate(
        ("a",), "b", shown=True
    )


def test_a_workflow_of_ones_own_is_read_too() -> None:
    plan = read_topology("nodes: [{id: a, worker: small}, {id: b, worker: large, sees: [a]}]")

    assert isinstance(plan, Workflow)
    assert plan.order == ("a", "b")


@pytest.mark.parametrize(
    ("text", "message"),
    [
        ("{topology: debat}", r"no topology 'debat' \(did you mean debate\?\); the topologies are"),
        ("{topology: single}", "topology single: worker: Field required"),
        ("{topology: debate, workers: []}", "topology debate: workers: "),
        ("{topology: debate, workers: [a], round: 2}", "topology debate: round: Extra inputs"),
        ("{topology: debate, workers: [a], rounds: 0}", "topology debate: rounds: Input should"),
        ("{topology: [single]}", "there is no topology"),
        ("{topology: single", "the topology is no YAML"),
        ("debate", "a workflow is an object"),
    ],
)
def test_yaml_that_is_no_topology_is_refused(text: str, message: str) -> None:
    with pytest.raises(WorkflowError, match=message):
        read_topology(text)
    assert issubclass(WorkflowError, UsageError)
