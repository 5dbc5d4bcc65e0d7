"""Plots as inline SVG: few kinds, drawn for reading. Colours are classes that the page styles."""

import math
from collections.abc import Callable, Iterable, Sequence
from dataclasses import dataclass

from agentrl.view.html import escape

_WIDTH = 460.0
_HEIGHT = 220.0
_TOP, _BOTTOM = 12.0, _HEIGHT - 40.0
_ROW = 28.0
_LONGEST_LABEL = 22
_WIDEST_COLUMN = 72.0
_MINUS = "−"  # noqa: RUF001 - as wide as a plus
LINES = 8
"""Most lines of one plot that have a colour of their own."""

Scale = Callable[[float], float]
"""From a value to a coordinate."""


@dataclass(frozen=True, slots=True)
class Point:
    """A labelled value, with an interval where one is known."""

    label: str
    value: float | None
    """None is drawn as a gap, not as a zero."""
    text: str
    """The value as people read it."""
    low: float | None = None
    high: float | None = None


@dataclass(frozen=True, slots=True)
class Bin:
    """One column of a histogram."""

    label: str
    """Which values it holds."""
    count: int
    successes: int
    """How many of ``count`` were successes."""


@dataclass(frozen=True, slots=True)
class Curve:
    """A named rate over whole numbers, in their order."""

    name: str
    points: Sequence[tuple[int, Point]]


def bars(title: str, axis: str, rows: Sequence[Point], top: float, ticks: Sequence[str]) -> str:
    """Draw a horizontal bar a row from 0 to ``top``, with whiskers where there are intervals.

    Args:
        title: above the plot.
        axis: what the values are.
        rows: from top to bottom.
        top: value at the right end.
        ticks: labels at equal distances from 0 to ``top``.
    """
    longest = max(min(len(row.label), _LONGEST_LABEL) for row in rows)
    left, right, bottom = 18 + 6.9 * longest, _WIDTH - 112, 6 + _ROW * len(rows)

    def x(value: float) -> float:
        return left + (right - left) * min(max(value / top, 0.0), 1.0)

    parts = []
    for number, label in enumerate(ticks):
        at = x(top * number / (len(ticks) - 1))
        parts += [_line(at, 6, at, bottom, "grid"), _text(at, bottom + 16, label, "tick")]
    for number, row in enumerate(rows):
        parts += _bar(row, x, 6 + _ROW * number)
    parts.append(_text((left + right) / 2, bottom + 34, axis, "axis"))
    return _figure(title, _said(rows), bottom + 40, parts)


def signed_bars(title: str, axis: str, rows: Sequence[Point], reach: float = 1.0) -> str:
    """Draw a horizontal bar a row, to the right of a middle line for what is above 0, else left.

    Args:
        title: above the plot.
        axis: what the values are.
        rows: from top to bottom.
        reach: at least this is at the right end, and with a minus at the left end.
    """
    reach = _round_levels(0.0, reach)[-1]
    longest = max(min(len(row.label), _LONGEST_LABEL) for row in rows)
    left, right, bottom = 18 + 6.9 * longest, _WIDTH - 60, 6 + _ROW * len(rows)

    def x(value: float) -> float:
        return left + (right - left) * (min(max(value / reach, -1.0), 1.0) + 1) / 2

    parts = []
    for share in (-1.0, -0.5, 0.0, 0.5, 1.0):
        at = x(share * reach)
        parts += [_line(at, 6, at, bottom, "grid" if share else "zero")]
        parts += [_text(at, bottom + 16, f"{share * reach:.3g}".replace("-", _MINUS), "tick")]
    for number, row in enumerate(rows):
        parts += _signed_bar(row, x, left, 6 + _ROW * number)
    parts.append(_text((left + right) / 2, bottom + 34, axis, "axis"))
    return _figure(title, _said(rows), bottom + 40, parts)


def histogram(title: str, axis: str, bins: Sequence[Bin], unit: str) -> str:
    """Draw a column a bin, its successes in the strong colour at the foot.

    Args:
        title: above the plot.
        axis: what the bins are of.
        bins: from left to right.
        unit: what is counted.
    """
    left, right = 48.0, _WIDTH - 8
    step = min((right - left) / len(bins), _WIDEST_COLUMN)
    first = (left + right - step * len(bins)) / 2
    levels = _levels(max(column.count for column in bins))

    def y(value: float) -> float:
        return _BOTTOM - (_BOTTOM - _TOP) * value / levels[-1]

    parts = _grid(y, [(float(level), str(level)) for level in levels], left, right)
    for number, column in enumerate(bins):
        parts += _column(column, first + number * step, step, y)
    every = -(-len(bins) // 10)
    parts += [
        _text(first + (number + 0.5) * step, _BOTTOM + 16, bins[number].label, "tick")
        for number in range(0, len(bins), every)
    ]
    parts += [_text((left + right) / 2, _HEIGHT - 6, axis, "axis"), _side_label(unit)]
    said = ", ".join(f"{b.label}: {b.count}, {b.successes} successes" for b in bins)
    return _figure(title, said, _HEIGHT, parts, legend=("success", "no success"))


def curves(title: str, axis: str, lines: Sequence[Curve], unit: str) -> str:
    """Draw rates between 0 and 1 as curves with whiskers, each named in the legend."""
    left, right = 56.0, _WIDTH - 12
    ks = [k for k, _ in lines[0].points]

    def x(k: float) -> float:
        return left + 16 + (right - left - 32) * (k - ks[0]) / max(ks[-1] - ks[0], 1)

    def y(value: float) -> float:
        return _BOTTOM - (_BOTTOM - _TOP) * value

    parts = _grid(y, [(n / 4, f"{25 * n}%") for n in range(5)], left, right)
    every = -(-len(ks) // 10)
    parts += [_text(x(k), _BOTTOM + 16, str(k), "tick") for k in ks[::every]]
    for number, line in enumerate(lines):
        parts += _curve(line, f"line{number}", x, y)
    parts += [_text((left + right) / 2, _HEIGHT - 6, axis, "axis"), _side_label(unit)]
    said = "; ".join(f"{line.name}: {_said([point for _, point in line.points])}" for line in lines)
    return _figure(title, said, _HEIGHT, parts, legend=[line.name for line in lines])


@dataclass(frozen=True, slots=True)
class Track:
    """A named number over steps."""

    name: str
    points: Sequence[tuple[float, float]]
    """Step and value, by step."""
    marks: Sequence[tuple[float, Point]] = ()
    """Values to point out, with their interval."""


def tracks(title: str, axis: str, lines: Sequence[Track], *, percent: bool = False) -> str:
    """Draw numbers over steps as lines, each named in the legend.

    Args:
        title: above the plot.
        axis: what the steps are.
        lines: at least one with a point or a mark.
        percent: the numbers are rates between 0 and 1.
    """
    left, right = 56.0, _WIDTH - 12
    steps = [at for line in lines for at, _ in (*line.points, *line.marks)]
    values = [value for line in lines for _, value in line.points]
    values += [p.value for line in lines for _, p in line.marks if p.value is not None]
    first, last = min(steps), max(steps)
    levels = [n / 4 for n in range(5)] if percent else _round_levels(*_range(values))
    low, high = levels[0], levels[-1]

    def x(step: float) -> float:
        return left + 6 + (right - left - 12) * (step - first) / max(last - first, 1e-9)

    def y(value: float) -> float:
        return _BOTTOM - (_BOTTOM - _TOP) * (value - low) / (high - low)

    labels = [f"{100 * v:.0f}%" if percent else f"{v:.3g}" for v in levels]
    parts = _grid(y, list(zip(levels, labels, strict=True)), left, right)
    ticks = [at for at in _round_levels(first, last, whole=True) if first <= at <= last]
    parts += [_text(x(at), _BOTTOM + 16, f"{at:.0f}", "tick") for at in ticks]
    for number, line in enumerate(lines):
        parts += _track(line, f"line{number}", x, y)
    parts.append(_text((left + right) / 2, _HEIGHT - 6, axis, "axis"))
    said = "; ".join(_track_said(line) for line in lines)
    legend = [line.name for line in lines] if len(lines) > 1 else ()
    return _figure(title, said, _HEIGHT, parts, legend=legend)


def _track(line: Track, kind: str, x: Scale, y: Scale) -> Iterable[str]:
    path = " ".join(f"{x(step):.1f},{y(value):.1f}" for step, value in line.points)
    yield f'<g class="{kind}"><polyline points="{path}"/>'
    for step, point in line.marks:
        if point.value is None:
            continue
        yield f"<g><title>{escape(point.label)}: {escape(point.text)}</title>"
        if point.low is not None and point.high is not None:
            yield _whisker(x(step), y(point.low), x(step), y(point.high))
        yield f'<circle cx="{x(step):.1f}" cy="{y(point.value):.1f}" r="4"/></g>'
    yield "</g>"


def _track_said(line: Track) -> str:
    marks = _said([point for _, point in line.marks])
    ends = [line.points[0], line.points[-1]] if line.points else []
    told = ", ".join(f"{value:.3g} at step {step:.0f}" for step, value in ends)
    return f"{line.name}: {'; '.join(filter(None, (told, marks)))}"


def _range(values: Sequence[float]) -> tuple[float, float]:
    """Return a range with the values in it; zero is in it where it is near."""
    low, high = min(values), max(values)
    if 0 < low < 0.5 * high:
        low = 0.0
    if low == high:
        room = abs(high) or 1.0
        return (0.0 if high >= 0 else high - room), high + room
    return low, high


def _round_levels(low: float, high: float, *, whole: bool = False) -> list[float]:
    """Return about five round numbers at equal distances, the first and last around a range.

    >>> _round_levels(0.0, 0.93)
    [0.0, 0.25, 0.5, 0.75, 1.0]
    >>> _round_levels(1.0, 20.0, whole=True)
    [0.0, 5.0, 10.0, 15.0, 20.0]
    """
    rough = max(high - low, 1e-12) / 4
    scale = 10.0 ** math.floor(math.log10(rough))
    step = next(scale * factor for factor in (1, 2, 2.5, 5, 10) if scale * factor >= rough * 0.999)
    if whole:
        step = float(max(1, round(step)))
    first, last = math.floor(low / step + 1e-9), math.ceil(high / step - 1e-9)
    return [float(f"{step * n:.6g}") for n in range(first, max(last, first + 1) + 1)]


def _bar(row: Point, x: Scale, top: float) -> Iterable[str]:
    middle = top + _ROW / 2
    yield f"<g><title>{escape(row.label)}: {escape(row.text)}</title>"
    yield _text(x(0) - 8, middle + 4, _shortened(row.label), "label end")
    if row.value is not None:
        yield _box(x(0), top + 5, x(row.value) - x(0), _ROW - 10, "bar soft")
    if row.low is not None and row.high is not None:
        yield _whisker(x(row.low), middle, x(row.high), middle)
    yield _text(_WIDTH - 4, middle + 4, row.text, "value end")
    yield "</g>"


def _signed_bar(row: Point, x: Scale, left: float, top: float) -> Iterable[str]:
    middle = top + _ROW / 2
    yield f"<g><title>{escape(row.label)}: {escape(row.text)}</title>"
    yield _text(left - 8, middle + 4, _shortened(row.label), "label end")
    if row.value is not None:
        start, end = sorted((x(0), x(row.value)))
        kind = "bar soft" if row.value >= 0 else "bar below"
        yield _box(start, top + 5, end - start, _ROW - 10, kind)
    yield _text(_WIDTH - 4, middle + 4, row.text, "value end")
    yield "</g>"


def _shortened(label: str) -> str:
    return label if len(label) <= _LONGEST_LABEL else label[: _LONGEST_LABEL - 1] + "…"


def _column(column: Bin, left: float, step: float, y: Scale) -> Iterable[str]:
    gap = min(2.0, step / 6)
    yield f"<g><title>{escape(column.label)}: {column.count}, {column.successes} successes</title>"
    yield _box(left + gap, y(column.count), step - 2 * gap, y(0) - y(column.count), "bar weak")
    foot = y(0) - y(column.successes)
    yield _box(left + gap, y(column.successes), step - 2 * gap, foot, "bar")
    yield "</g>"


def _curve(line: Curve, kind: str, x: Scale, y: Scale) -> Iterable[str]:
    drawn = [(x(k), y(p.value), p, k) for k, p in line.points if p.value is not None]
    path = " ".join(f"{at_x:.1f},{at_y:.1f}" for at_x, at_y, _, _ in drawn)
    yield f'<g class="{kind}"><polyline points="{path}"/>'
    for at_x, at_y, point, k in drawn:
        yield f"<g><title>{escape(line.name)} at {k}: {escape(point.text)}</title>"
        if point.low is not None and point.high is not None:
            yield _whisker(at_x, y(point.low), at_x, y(point.high))
        yield f'<circle cx="{at_x:.1f}" cy="{at_y:.1f}" r="4"/></g>'
    yield "</g>"


def _grid(y: Scale, levels: Sequence[tuple[float, str]], left: float, right: float) -> list[str]:
    parts = []
    for value, label in levels:
        parts.append(_line(left, y(value), right, y(value), "grid"))
        parts.append(_text(left - 6, y(value) + 4, label, "tick end"))
    return parts


def _levels(most: int) -> list[int]:
    """Return at most six round counts from 0 to at least ``most``."""
    step, factors = 1, (2, 5, 10)
    while step * 5 < most:
        scale, index = 10 ** (len(str(step)) - 1), 0
        while scale * factors[index] <= step:
            index += 1
        step = scale * factors[index]
    return list(range(0, most + step, step))


def _line(x1: float, y1: float, x2: float, y2: float, kind: str) -> str:
    return f'<line class="{kind}" x1="{x1:.1f}" y1="{y1:.1f}" x2="{x2:.1f}" y2="{y2:.1f}"/>'


def _whisker(x1: float, y1: float, x2: float, y2: float) -> str:
    """Return a line with a short cross line at each end."""
    across_x, across_y = (0, 4) if y1 == y2 else (4, 0)
    ends = "".join(
        _line(x - across_x, y - across_y, x + across_x, y + across_y, "whisker")
        for x, y in ((x1, y1), (x2, y2))
    )
    return _line(x1, y1, x2, y2, "whisker") + ends


def _box(x: float, y: float, width: float, height: float, kind: str) -> str:
    size = f'width="{max(width, 0):.1f}" height="{max(height, 0):.1f}"'
    return f'<rect class="{kind}" x="{x:.1f}" y="{y:.1f}" {size} rx="1.5"/>'


def _text(x: float, y: float, text: str, kind: str) -> str:
    return f'<text class="{kind}" x="{x:.1f}" y="{y:.1f}">{escape(text)}</text>'


def _side_label(text: str) -> str:
    middle = (_TOP + _BOTTOM) / 2
    place = f'transform="translate(11 {middle:.0f}) rotate(-90)"'
    return f'<text class="axis" {place}>{escape(text)}</text>'


def _said(points: Sequence[Point]) -> str:
    return ", ".join(f"{point.label}: {point.text}" for point in points)


def _figure(
    title: str, said: str, height: float, parts: Iterable[str], legend: Sequence[str] = ()
) -> str:
    keys = "".join(f'<li class="key{n}">{escape(name)}</li>' for n, name in enumerate(legend))
    keys = f'<ul class="legend">{keys}</ul>' if keys else ""
    return (
        f"<figure><figcaption>{escape(title)}{keys}</figcaption>"
        f'<svg viewBox="0 0 {_WIDTH:.0f} {height:.0f}" role="img" '
        f'aria-label="{escape(title)}. {escape(said)}">{"".join(parts)}</svg></figure>\n'
    )
