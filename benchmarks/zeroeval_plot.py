"""Accuracy over cost as SVG: a curve, single points beside it, and the oracle; a panel a task."""

import math
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from html import escape

from agentrl.orchestrator.replay.baselines import Result, undominated

_WIDTH, _HEIGHT = 340, 300
_LEFT, _RIGHT, _TOP, _BOTTOM = 46, 12, 30, 44
_TICKS = (1, 2, 5)


@dataclass(frozen=True, slots=True)
class Panel:
    """What one panel shows."""

    name: str
    curve: Sequence[Result]
    fixed: Sequence[Result]
    oracle: Result


def draw(panels: Sequence[Panel]) -> str:
    """Return the panels side by side; costs are on a logarithmic axis."""
    width, height = _WIDTH * len(panels), _HEIGHT + 26
    parts = [
        f'<svg xmlns="http://www.w3.org/2000/svg" width="{width}" height="{height}" '
        f'viewBox="0 0 {width} {height}" font-family="sans-serif" font-size="11">',
        f'<rect width="{width}" height="{height}" fill="#fff"/>',
    ]
    for number, panel in enumerate(panels):
        parts += [f'<g transform="translate({number * _WIDTH} 0)">', *_panel(panel), "</g>"]
    parts += [*_legend(_HEIGHT + 12), "</svg>"]
    return "\n".join(parts) + "\n"


def _panel(panel: Panel) -> Iterator[str]:
    shown = [*panel.curve, *panel.fixed, panel.oracle]
    low = min(one.usd for one in shown if one.usd > 0) / 1.3
    high = max(one.usd for one in shown) * 1.3
    bottom = math.floor(min(one.accuracy for one in shown) / 5) * 5
    top = math.ceil(max(one.accuracy for one in shown) / 5) * 5

    def x(usd: float) -> float:
        share = math.log(max(usd, low) / low) / math.log(high / low)
        return _LEFT + share * (_WIDTH - _LEFT - _RIGHT)

    def y(accuracy: float) -> float:
        return _TOP + (top - accuracy) / (top - bottom) * (_HEIGHT - _TOP - _BOTTOM)

    yield f'<text x="{_WIDTH / 2}" y="18" text-anchor="middle">{escape(panel.name)}</text>'
    step = 5 if top - bottom <= 40 else 10
    for accuracy in range(bottom, top + 1, step):
        yield f'<path d="M{_LEFT} {y(accuracy):.1f}H{_WIDTH - _RIGHT}" stroke="#ddd"/>'
        yield f'<text x="{_LEFT - 5}" y="{y(accuracy) + 4:.1f}" text-anchor="end">{accuracy}</text>'
    for usd in _ticks(low, high):
        yield f'<path d="M{x(usd):.1f} {_TOP}V{_HEIGHT - _BOTTOM}" stroke="#eee"/>'
        place = f'x="{x(usd):.1f}" y="{_HEIGHT - _BOTTOM + 15}"'
        yield f'<text {place} text-anchor="middle">{usd:g}</text>'
    foot = f'x="{_WIDTH / 2}" y="{_HEIGHT - 12}"'
    yield f'<text {foot} text-anchor="middle">USD for 1000 questions; up: % right</text>'
    for one in panel.fixed:
        yield _dot(x(one.usd), y(one.accuracy), one)
    line = " ".join(f"{x(o.usd):.1f},{y(o.accuracy):.1f}" for o in undominated(panel.curve))
    yield f'<polyline points="{line}" fill="none" stroke="#c33" stroke-width="1.5"/>'
    for one in panel.curve:
        title = f"<title>{escape(_told(one))}</title>"
        place = f'cx="{x(one.usd):.1f}" cy="{y(one.accuracy):.1f}"'
        yield f'<circle {place} r="3" fill="#c33">{title}</circle>'
    yield _star(x(panel.oracle.usd), y(panel.oracle.accuracy), panel.oracle)


def _ticks(low: float, high: float) -> Iterator[float]:
    for power in range(math.floor(math.log10(low)), math.ceil(math.log10(high)) + 1):
        for digit in _TICKS:
            if low <= digit * 10.0**power <= high:
                yield digit * 10.0**power


def _dot(x: float, y: float, one: Result) -> str:
    colour = "#36a" if "else" not in one.name else "#8ab"
    title = f"<title>{escape(_told(one))}</title>"
    return f'<circle cx="{x:.1f}" cy="{y:.1f}" r="3" fill="{colour}">{title}</circle>'


def _star(x: float, y: float, one: Result) -> str:
    title = f"<title>{escape(_told(one))}</title>"
    return f'<path d="M{x:.1f} {y - 5:.1f}l5 9h-10z" fill="#2a2">{title}</path>'


def _told(one: Result) -> str:
    return f"{one.name}: {one.accuracy:.2f} / {one.usd:.3f}"


def _legend(y: float) -> Iterator[str]:
    x = _LEFT
    for colour, text in (
        ("#c33", "learned, over alpha"),
        ("#36a", "one model, random, votes"),
        ("#8ab", "two cheap agree, else best"),
        ("#2a2", "oracle"),
    ):
        yield f'<circle cx="{x}" cy="{y - 4}" r="4" fill="{colour}"/>'
        yield f'<text x="{x + 9}" y="{y}">{text}</text>'
        x += 20 + 6 * len(text)
