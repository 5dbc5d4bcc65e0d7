"""Drawing workflows: as Mermaid for documents, as SVG for reports and files.

The SVG is laid out in layers from top to bottom: a node stands below all that it sees, and an edge
that passes a layer gets a place of its own in it, so that no line runs through a box. Boxes bring
their background along and lines are of a middle gray, so it reads on light and on dark pages.
"""

import textwrap
from collections import defaultdict
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from html import escape
from itertools import pairwise

from agentrl.orchestrator.workflow import Node, Workflow

_LABEL = 60
_BOX_W, _BOX_H, _LANE_W = 190.0, 62.0, 14.0
_GAP_X, _GAP_Y, _MARGIN = 22.0, 46.0, 12.0
_LINE_CHARS = 30
_SWEEPS = 4
_FILL, _ANSWER_FILL, _INK, _SOFT, _EDGE = "#eef2f7", "#dcefe0", "#1b2430", "#4d5b6b", "#808890"

Slot = tuple[str, int]
"""A place in a layer: a node (its id and 0), or the lane of an edge (its number from 1)."""


@dataclass(frozen=True, slots=True)
class _Layout:
    layers: Sequence[Sequence[Slot]]
    paths: Sequence[Sequence[Slot]]
    """Every edge as the slots that it passes, both ends included."""
    at: Mapping[Slot, tuple[float, float]]
    """Middle of every slot."""
    width: float
    height: float


def mermaid(workflow: Workflow) -> str:
    """Return the workflow as a Mermaid flowchart; texts are escaped."""
    names = {node.id: f"n{number}" for node, number in _numbered(workflow)}
    lines = ["flowchart TD"]
    for node, _ in _numbered(workflow):
        label = "<br/>".join(filter(None, map(_mermaid_text, _words(node))))
        left, right = ("([", "])") if node.id in workflow.answers else ("[", "]")
        lines.append(f'    {names[node.id]}{left}"{label}"{right}')
    for name in workflow.order:
        lines += [f"    {names[seen]} --> {names[name]}" for seen in workflow.seen_by[name]]
    if len(workflow.answers) > 1:
        lines.append(f'    vote{{{{"vote: {workflow.vote}"}}}}')
        lines += [f"    {names[name]} --> vote" for name in workflow.answers]
    return "\n".join(lines) + "\n"


def svg(workflow: Workflow) -> str:
    """Return the workflow as one ``<svg>`` element; texts are escaped, whole ones in tooltips."""
    layout = _laid_out(workflow)
    parts = [_edge([layout.at[slot] for slot in path]) for path in layout.paths]
    parts += [_box(node, layout.at[node.id, 0], workflow) for node in workflow.nodes]
    size = f"{layout.width:.0f} {layout.height:.0f}"
    count = f"{len(workflow.nodes)} nodes, {len(layout.paths)} edges"
    return (
        f'<svg xmlns="http://www.w3.org/2000/svg" viewBox="0 0 {size}" '
        f'width="{layout.width:.0f}" height="{layout.height:.0f}" role="img" '
        f'aria-label="Workflow of {count}" font-family="system-ui, sans-serif">\n'
        f'<defs><marker id="wf-arrow" viewBox="0 0 8 8" refX="7" refY="4" markerWidth="7" '
        f'markerHeight="7" orient="auto"><path d="M0 0 8 4 0 8z" fill="{_EDGE}"/></marker></defs>\n'
        + "\n".join(parts)
        + "\n</svg>\n"
    )


def _numbered(workflow: Workflow) -> list[tuple[Node, int]]:
    return [(workflow.by_id[name], number) for number, name in enumerate(workflow.order)]


def _words(node: Node) -> tuple[str, str, str]:
    return (
        f"{_short(node.id, 24)}: {_short(node.worker, 30)}",
        _short(node.role, _LABEL),
        _short(node.instruction, _LABEL),
    )


def _short(text: str, most: int) -> str:
    """Return a text on one line without what no page can show, cut where it is long."""
    plain = "".join(char if char.isprintable() else " " for char in text)
    words = " ".join(plain.split())
    return words if len(words) <= most else words[: most - 1].rstrip() + "\N{HORIZONTAL ELLIPSIS}"


def _mermaid_text(text: str) -> str:
    """Write all that Mermaid or HTML could take for its own as character codes."""
    return "".join(
        char if char.isalnum() or char in " .,:-?!()\N{HORIZONTAL ELLIPSIS}" else f"#{ord(char)};"
        for char in text
    )


def _laid_out(workflow: Workflow) -> _Layout:
    depth: dict[str, int] = {}
    for name in workflow.order:
        depth[name] = max((depth[seen] + 1 for seen in workflow.seen_by[name]), default=0)
    layers: list[list[Slot]] = [[] for _ in range(max(depth.values()) + 1)]
    for name in workflow.order:
        layers[depth[name]].append((name, 0))
    paths: list[list[Slot]] = []
    for name in workflow.order:
        for seen in workflow.seen_by[name]:
            lanes: list[Slot] = []
            for level in range(depth[seen] + 1, depth[name]):
                lanes.append((f"lane {level}", len(paths) + 1))
                layers[level].append(lanes[-1])
            paths.append([(seen, 0), *lanes, (name, 0)])
    return _placed(_untangled(layers, paths), paths)


def _untangled(
    layers: Sequence[list[Slot]], paths: Sequence[Sequence[Slot]]
) -> Sequence[Sequence[Slot]]:
    """Order each layer by where its neighbours stand, down and up again a few times."""
    above: dict[Slot, list[Slot]] = defaultdict(list)
    below: dict[Slot, list[Slot]] = defaultdict(list)
    for path in paths:
        for high, low in pairwise(path):
            above[low].append(high)
            below[high].append(low)
    for sweep in range(_SWEEPS):
        neighbours = below if sweep % 2 else above
        for layer in reversed(layers) if sweep % 2 else layers:
            place = {
                slot: (index + 0.5) / len(row) for row in layers for index, slot in enumerate(row)
            }

            def wanted(
                slot: Slot,
                place: Mapping[Slot, float] = place,
                near: Mapping[Slot, list[Slot]] = neighbours,
            ) -> float:
                there = near.get(slot)
                return sum(map(place.__getitem__, there)) / len(there) if there else place[slot]

            layer.sort(key=wanted)
    return layers


def _placed(layers: Sequence[Sequence[Slot]], paths: Sequence[Sequence[Slot]]) -> _Layout:
    widths = [sum(map(_width, row)) + _GAP_X * (len(row) - 1) for row in layers]
    total = max(widths)
    at: dict[Slot, tuple[float, float]] = {}
    for level, (row, width) in enumerate(zip(layers, widths, strict=True)):
        x = _MARGIN + (total - width) / 2
        y = _MARGIN + level * (_BOX_H + _GAP_Y) + _BOX_H / 2
        for slot in row:
            at[slot] = (x + _width(slot) / 2, y)
            x += _width(slot) + _GAP_X
    height = 2 * _MARGIN + len(layers) * (_BOX_H + _GAP_Y) - _GAP_Y
    return _Layout(layers, paths, at, total + 2 * _MARGIN, height)


def _width(slot: Slot) -> float:
    return _LANE_W if slot[1] else _BOX_W


def _edge(points: Sequence[tuple[float, float]]) -> str:
    """Draw an edge: straight through the lanes, and in a bow between the layers."""
    half = _BOX_H / 2
    x, y = points[0]
    steps = [f"M{x:.1f} {y + half:.1f}"]
    for index, (to_x, to_y) in enumerate(points[1:], start=1):
        top, bottom = y + half, to_y - half - (3 if index == len(points) - 1 else 0)
        middle = (top + bottom) / 2
        steps.append(f"C{x:.1f} {middle:.1f} {to_x:.1f} {middle:.1f} {to_x:.1f} {bottom:.1f}")
        if index < len(points) - 1:
            steps.append(f"V{to_y + half:.1f}")
        x, y = to_x, to_y
    path = "".join(steps)
    return (
        f'<path d="{path}" fill="none" stroke="{_EDGE}" stroke-width="1.4" '
        f'marker-end="url(#wf-arrow)"/>'
    )


def _box(node: Node, middle: tuple[float, float], workflow: Workflow) -> str:
    x, y = middle[0] - _BOX_W / 2, middle[1] - _BOX_H / 2
    answers = node.id in workflow.answers
    told = _short(node.instruction, 2 * _LINE_CHARS) or "the question alone"
    lines = textwrap.wrap(told, _LINE_CHARS, max_lines=2, placeholder="\N{HORIZONTAL ELLIPSIS}")
    rows = [_text(middle[0], y + 17, _short(f"{node.id}: {node.worker}", 27), _INK, 12, 600)]
    rows += [_text(middle[0], y + 35 + 15 * n, line, _SOFT, 11) for n, line in enumerate(lines)]
    title = "\n".join(filter(None, (node.id, node.worker, node.role, node.instruction)))
    shown = "".join(char if char.isprintable() or char == "\n" else " " for char in title)
    fill = _ANSWER_FILL if answers else _FILL
    return (
        f'<g><title>{escape(shown)}</title><rect x="{x:.1f}" y="{y:.1f}" width="{_BOX_W:.0f}" '
        f'height="{_BOX_H:.0f}" rx="{24 if answers else 6}" fill="{fill}" stroke="{_EDGE}"/>'
        f"{''.join(rows)}</g>"
    )


def _text(x: float, y: float, text: str, ink: str, size: int, weight: int = 400) -> str:
    return (
        f'<text x="{x:.1f}" y="{y:.1f}" text-anchor="middle" font-size="{size}" '
        f'font-weight="{weight}" fill="{ink}">{escape(text)}</text>'
    )
