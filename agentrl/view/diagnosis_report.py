"""What rewards do on recorded runs, as one HTML page that needs nothing else."""

from collections.abc import Iterator, Sequence

from agentrl.rewards.diagnose.diagnosis import Diagnosis, Report, TermDiagnosis
from agentrl.rewards.diagnose.farming import Farming, Verdict
from agentrl.view.diagnosis_plots import diagnosis_plots
from agentrl.view.diagnosis_table import ALARM, term_cells
from agentrl.view.html import asset, encode, escape, page
from agentrl.view.numbers import NOTHING, decimal, percent
from agentrl.view.overview import tile

_KINDS: dict[Verdict, str] = {"farming": "alarm", "watch": "doubt", "clear": "", "unknown": ""}
_TERM_HEADS = ("mean", "std", "min", "max", "stated", "Pearson", "Spearman", "within groups")


def diagnosis_page(reports: Sequence[Report]) -> bytes:
    """Return the page as UTF-8.

    Args:
        reports: of one run each.
    """
    values = {
        "title": escape(", ".join(report.run for report in reports)),
        "runs": "".join(map(_run, reports)),
    }
    return encode(page(asset("diagnosis.html"), asset("report.css"), "", values))


def _run(report: Report) -> str:
    first = report.diagnoses[0]
    versions = f", {report.versions} versions of the weights" if report.versions > 1 else ""
    return (
        f"<section><h1>{escape(report.run)}</h1>"
        f'<p class="subtitle">{len(first.episodes)} scored episodes in {report.groups} groups'
        f"{versions}; the outcome is <b>{escape(report.outcome)}</b></p>{_distances(report)}"
        f"{''.join(_spec(diagnosis, report.outcome) for diagnosis in report.diagnoses)}</section>"
    )


def _distances(report: Report) -> str:
    if not report.distances:
        return ""
    rows = [
        (found.first, found.second, NOTHING if found.starc is None else decimal(found.starc))
        for found in report.distances
    ]
    caption = (
        "How far apart each two rewards are, in the manner of STARC: 0 they rank the episodes of "
        "a task alike, 0.71 they have nothing to do with each other, 1 they are opposite"
    )
    return _table(caption, ("reward", "and", "distance"), rows, words=(1,))


def _spec(diagnosis: Diagnosis, outcome: str) -> str:
    notes = "".join(f"<li>{escape(note)}</li>" for note in diagnosis.notes)
    notes = f'<ul class="notes">{notes}</ul>' if notes else ""
    return (
        f'<section class="spec"><h2>Reward {escape(diagnosis.name)}</h2>{notes}'
        f'<dl class="tiles">{"".join(_tiles(diagnosis, outcome))}</dl>'
        f"{_terms(diagnosis, outcome)}{_gates(diagnosis)}"
        f'<div class="plots">{diagnosis_plots(diagnosis, outcome)}</div></section>'
    )


def _tiles(diagnosis: Diagnosis, outcome: str) -> Iterator[str]:
    quiet, alarm = diagnosis.silence, diagnosis.farming
    agreed = diagnosis.reward.correlation
    inside = f"{decimal(agreed.within)} inside groups"
    yield tile(f"Correlation with {outcome}", decimal(agreed.pearson), inside, kind="main")
    yield tile(
        "Groups without signal", percent(quiet.after), f"{percent(quiet.before)} by {outcome}"
    )
    name, kind = ALARM[alarm.verdict][0], _KINDS[alarm.verdict]
    yield tile("Farming alarm", name, _slopes(alarm, outcome), alarm.why, kind)
    found = diagnosis.balance
    if found is not None:
        seen = f"any {percent(found.pass_n)}, one {percent(found.pass_1)}"
        yield tile("Exploration", percent(found.exploration), seen)
        best = f"best by reward {percent(found.best_of_n)}"
        yield tile("Exploitation", percent(found.exploitation), best)
        yield tile("Balance score", decimal(found.score), f"{percent(found.unique)} differ")


def _slopes(alarm: Farming, outcome: str) -> str:
    if alarm.reward is None or alarm.outcome is None:
        return alarm.why
    slopes = (alarm.reward.slope, alarm.outcome.slope)
    reward, result = (f"{slope:+.2g}".replace("-", "−") for slope in slopes)  # noqa: RUF001
    return f"return {reward}, {outcome} {result} a step"


def _terms(diagnosis: Diagnosis, outcome: str) -> str:
    parts: list[tuple[str, TermDiagnosis]] = list(diagnosis.terms.items())
    rows = [(name, *term_cells(term)) for name, term in (*parts, ("in all", diagnosis.reward))]
    caption = f"What an episode earns by each term, and its correlation with {outcome}"
    return _table(caption, ("", *_TERM_HEADS), rows, total=True)


def _gates(diagnosis: Diagnosis) -> str:
    rows = [
        (name, percent(gate.open), _whys(gate.whys_open), _whys(gate.whys_closed))
        for name, gate in diagnosis.gates.items()
    ]
    if not rows:
        return ""
    heads = ("gate", "open", "most often open because", "most often closed because")
    return _table("Gates", heads, rows, words=(2, 3))


def _whys(whys: Sequence[tuple[str, int]]) -> str:
    return "; ".join(f"{why} ({times})" for why, times in whys) or NOTHING


def _table(
    caption: str,
    heads: Sequence[str],
    rows: Sequence[Sequence[str]],
    *,
    words: Sequence[int] = (),
    total: bool = False,
) -> str:
    """Return a table as HTML.

    Args:
        caption: above it.
        heads: of its columns.
        rows: texts that are not safe yet.
        words: columns that hold sentences.
        total: the last row is the sum of the others.
    """
    why = ' class="why"'
    head = "".join(
        f'<th scope="col"{why if place in words else ""}>{escape(name)}</th>'
        for place, name in enumerate(heads)
    )
    lines = []
    for number, row in enumerate(rows):
        kind = ' class="all"' if total and number == len(rows) - 1 else ""
        cells = (
            f"<td{why if place in words else ''}>{escape(cell)}</td>"
            for place, cell in enumerate(row)
        )
        lines.append(f"<tr{kind}>{''.join(cells)}</tr>")
    return (
        f'<div class="scroll"><table class="stages"><caption>{escape(caption)}</caption>'
        f"<thead><tr>{head}</tr></thead><tbody>{''.join(lines)}</tbody></table></div>"
    )
