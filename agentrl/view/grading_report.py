"""The report of a grading: one HTML file that needs nothing else, not even a network."""

from collections.abc import Iterable, Sequence

from agentrl.envs.swe.grading.verdict import Verdict
from agentrl.grading.result import Result
from agentrl.grading.summary import ModelSummary
from agentrl.view.html import asset, escape, page
from agentrl.view.numbers import duration, interval, percent
from agentrl.view.overview import tile

MAX_CHARACTERS = 30_000_000
"""Instances are shown with their tests' messages up to this size of page."""

_KINDS = {
    "resolved": "ok",
    "unresolved": "",
    "void": "truncated",
    "timed out": "truncated",
    "not applied": "truncated",
    "empty": "",
    "not graded": "infra_failed",
}
"""Verdicts as the page names them, each with the colour of its label."""

_MOST_TESTS = 200  # of one instance, listed by name


def grading_report(run: str, summaries: Sequence[ModelSummary], results: Sequence[Result]) -> str:
    """Return the page of a grading.

    Args:
        run: its name.
        summaries: what each model's patches amount to.
        results: those of every patch, in the order in which they are shown.
    """
    rows, complete = _rows(results)
    options = "".join(f'<option value="{kind}">{kind}</option>' for kind in _KINDS)
    notice = ""
    if complete < len(results):
        notice = (
            f'<p class="notice">The first {complete} of {len(results)} patches are here with their '
            f"tests. Of the others everything stands in verdicts.jsonl and below logs.</p>"
        )
    values = {
        "title": escape(run),
        "overview": _overview(run, summaries),
        "count": str(len(results)),
        "verdicts": options,
        "notice": notice,
        "rows": "".join(rows),
    }
    style = asset("report.css") + asset("grading.css")
    return page(asset("grading.html"), style, asset("grading.js"), values)


def _overview(run: str, summaries: Sequence[ModelSummary]) -> str:
    parts = [f"<h1>{escape(run)}</h1>"]
    for one in summaries:
        rate = one.rate
        tiles = [
            tile(
                "Resolved",
                percent(rate.mean),
                f"95% {interval(rate, scale=100, digits=1)}" if rate.low is not None else "",
                "Wilson interval over the graded patches",
                "main",
            ),
            tile("Resolved", str(one.resolved), f"of {one.graded} graded"),
            tile("Empty patches", str(one.empty), "not run"),
            tile("Not applied", str(one.not_applied), "patches that do not fit"),
            tile("Void", str(one.unsound), "results that do not count"),
            tile("Timed out", str(one.timed_out), ""),
            tile("Not graded", str(one.failed), "no fault of the patch"),
        ]
        parts.append(
            f'<p class="subtitle"><b>{escape(one.model)}</b> · {one.submitted} patches</p>'
        )
        parts.append(f'<dl class="tiles">{"".join(tiles)}</dl>')
    return "".join(parts)


def _rows(results: Sequence[Result]) -> tuple[list[str], int]:
    rows: list[str] = []
    size, complete = 0, 0
    for result in results:
        row = _row(result, _body(result) if size < MAX_CHARACTERS else "")
        size += len(row)
        complete += size < MAX_CHARACTERS
        rows.append(row)
    return rows, complete


def _row(result: Result, body: str) -> str:
    kind, verdict = kind_of(result), result.verdict
    target = _share(verdict.fail_to_pass.values()) if verdict else ""
    search = " ".join((result.instance_id, result.model, kind, _problem(result))).lower()
    return (
        f'<details data-verdict="{kind}" data-text="{escape(search)}"><summary>'
        f'<span><span class="status {_KINDS[kind]}">{kind}</span></span>'
        f'<span class="id">{escape(result.instance_id)}</span>'
        f'<span class="dim">{escape(result.model)}</span>'
        f'<span class="number">{target}</span>'
        f'<span class="number">{_time(result)}</span></summary>'
        f'<div class="body">{body}</div></details>\n'
    )


def kind_of(result: Result) -> str:
    """Return a verdict in a word or two."""
    verdict = result.verdict
    if verdict is None:
        return "not graded"
    if not verdict.patch_exists:
        return "empty"
    if not verdict.patch_applied:
        return "not applied"
    if verdict.timed_out:
        return "timed out"
    if verdict.problem:
        return "void"
    return "resolved" if verdict.resolved else "unresolved"


def _problem(result: Result) -> str:
    return result.error if result.verdict is None else result.verdict.problem


def _share(passed: Iterable[bool]) -> str:
    tests = list(passed)
    return f"{sum(tests)}/{len(tests)} target" if tests else ""


def _time(result: Result) -> str:
    if result.cached:
        return "known"
    return duration(result.verdict.duration_s) if result.verdict else ""


def _body(result: Result) -> str:
    parts = []
    if problem := _problem(result):
        parts.append(f"<h3>Why it does not count</h3><pre>{escape(problem)}</pre>")
    if result.verdict is not None:
        parts += _verdict_parts(result.verdict)
    return "".join(parts)


def _verdict_parts(verdict: Verdict) -> list[str]:
    parts = []
    if verdict.applied_with:
        parts.append(f"<h3>Applied with</h3><code>{escape(verdict.applied_with)}</code>")
    if verdict.dropped:
        parts.append(f"<h3>Left out of the patch</h3>{_list(verdict.dropped)}")
    groups = {
        "Target tests": verdict.fail_to_pass,
        "Tests that passed before": verdict.pass_to_pass,
    }
    for name, tests in groups.items():
        failing = [id for id, passed in tests.items() if not passed]
        if not tests:
            continue
        parts.append(f"<h3>{name}: {len(tests) - len(failing)} of {len(tests)} pass</h3>")
        parts += [_failing(id, verdict) for id in failing[:_MOST_TESTS]]
        if len(failing) > _MOST_TESTS:
            parts.append(f"<p>... and {len(failing) - _MOST_TESTS} more</p>")
    return parts


def _failing(id: str, verdict: Verdict) -> str:
    message = verdict.messages.get(id, "")
    shown = f"<pre>{escape(message)}</pre>" if message else ""
    return f"<div><code>{escape(id)}</code>{shown}</div>"


def _list(names: Iterable[str]) -> str:
    return "<ul>" + "".join(f"<li><code>{escape(name)}</code></li>" for name in names) + "</ul>"
