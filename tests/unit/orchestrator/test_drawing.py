"""Tests of drawings: nothing is lost, nothing breaks out, no line runs through a box."""

import re
import xml.etree.ElementTree as ET

from hypothesis import given
from hypothesis import strategies as st

from agentrl.orchestrator.drawing import mermaid, svg
from agentrl.orchestrator.topologies import debate, reflect
from agentrl.orchestrator.workflow import Node, Workflow

SVG = "{http://www.w3.org/2000/svg}"
TEXTS = st.text(st.characters(exclude_categories=()), max_size=80)
CHAIN_WITH_SHORTCUT = Workflow(
    (
        Node("a", "w"),
        Node("b", "w", sees=("a",)),
        Node("c", "w", sees=("b",)),
        Node("d", "w", sees=("a", "c")),
    )
)


def boxes(drawing: str) -> list[tuple[float, float, float, float]]:
    """Left, top, right and bottom of every box."""
    found = []
    for rect in ET.fromstring(drawing).iter(f"{SVG}rect"):
        x, y, w, h = (float(rect.attrib[key]) for key in ("x", "y", "width", "height"))
        found.append((x, y, x + w, y + h))
    return found


def test_mermaid_has_every_node_edge_and_answer() -> None:
    assert mermaid(reflect("small", critic="large")) == (
        "flowchart TD\n"
        '    n0["draft: small"]\n'
        '    n1["review1: large<br/>Review the answer so far. List each mistake and what is '
        'mis…"]\n'
        '    n2(["revision1: small<br/>Answer the question again, with the review taken into '
        'accou…"])\n'
        "    n0 --> n1\n"
        "    n0 --> n2\n"
        "    n1 --> n2\n"
    )


def test_several_answers_lead_to_a_vote() -> None:
    drawing = mermaid(debate(["a", "b"], rounds=1, kind="number"))

    assert '    vote{{"vote: number"}}\n    n0 --> vote\n    n1 --> vote\n' in drawing


@given(TEXTS.filter(bool), TEXTS.filter(bool), TEXTS, TEXTS)
def test_any_text_is_drawn_as_text(name: str, worker: str, told: str, role: str) -> None:
    workflow = Workflow((Node(name, worker, told, role),))

    ET.fromstring(svg(workflow).encode())
    assert len(mermaid(workflow).splitlines()) == 2


def test_what_means_something_to_a_page_or_to_mermaid_is_escaped() -> None:
    workflow = Workflow((Node("a", "w", '</text><script>x()</script>"]; click a "http'),))

    assert "<script" not in svg(workflow)
    label = re.search(r'\["(.*)"\]', mermaid(workflow))
    assert label is not None
    assert not set(label[1].replace("<br/>", "")) & set('<>"[];') - {";"}


def test_boxes_do_not_overlap() -> None:
    found = boxes(svg(debate(["a", "b", "c", "d"], rounds=3, judge="e")))

    assert len(found) == 13
    for index, (left, top, right, bottom) in enumerate(found):
        for other in found[index + 1 :]:
            apart = right <= other[0] or other[2] <= left or bottom <= other[1] or other[3] <= top
            assert apart


def test_a_line_that_passes_a_layer_passes_beside_its_boxes() -> None:
    drawing = svg(CHAIN_WITH_SHORTCUT)

    straight = re.findall(r"([\d.]+) [\d.]+V([\d.]+)", drawing)
    assert len(straight) == 2
    for x, y in straight:
        for left, top, right, bottom in boxes(drawing):
            assert not (left < float(x) < right and top < float(y) <= bottom)


def test_a_drawing_is_the_same_every_time() -> None:
    assert svg(CHAIN_WITH_SHORTCUT) == svg(Workflow.from_yaml(CHAIN_WITH_SHORTCUT.to_yaml()))


def test_a_large_workflow_is_drawn_quickly() -> None:
    nodes = [Node(str(n), "w", sees=tuple(map(str, range(max(0, n - 3), n)))) for n in range(64)]

    assert svg(Workflow(tuple(nodes))).count("<rect") == 64
