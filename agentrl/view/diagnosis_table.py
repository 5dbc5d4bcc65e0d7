"""What rewards do on a run's episodes, as tables for a terminal."""

from collections.abc import Iterator, Sequence

from rich.console import Console
from rich.table import Table
from rich.text import Text

from agentrl.rewards.diagnose.balance import Balance
from agentrl.rewards.diagnose.diagnosis import Diagnosis, Report, TermDiagnosis
from agentrl.rewards.diagnose.farming import Verdict
from agentrl.view.numbers import NOTHING, decimal, percent

ALARM: dict[Verdict, tuple[str, str]] = {
    "farming": ("FARMING", "bold red"),
    "watch": ("watch", "yellow"),
    "clear": ("clear", "green"),
    "unknown": ("unknown", "dim"),
}
"""What the farming alarm's verdicts are called, and their style."""


def print_diagnosis(report: Report, console: Console) -> None:
    """Print what rewards do on a run's episodes."""
    n = len(report.diagnoses[0].episodes)
    versions = f", {report.versions} versions of the weights" if report.versions > 1 else ""
    head = f"{report.run}: {n} scored episodes in {report.groups} groups{versions}"
    console.print(Text(head, style="bold"))
    for diagnosis in report.diagnoses:
        console.print()
        console.print(term_table(diagnosis, report.outcome))
        if diagnosis.gates:
            console.print(gate_table(diagnosis))
        for line in diagnosis_lines(diagnosis):
            console.print(line, soft_wrap=not console.is_terminal)
    if report.distances:
        console.print()
        console.print(Text("STARC-style distance: 0 alike, 1 opposite", style="bold"))
        console.print(distance_table(report))


def term_table(diagnosis: Diagnosis, outcome: str) -> Table:
    """Return what each part of a reward adds, and how far it goes along with the outcome."""
    table = Table(
        title=f"reward {diagnosis.name}",
        title_justify="left",
        title_style="bold",
        box=None,
        padding=(0, 2, 0, 0),
    )
    table.add_column("an episode earns", overflow="fold")
    for name in ("mean", "std", "min", "max", "stated", "pearson", "spearman", "within"):
        table.add_column(name, justify="right")
    table.caption = f"right: correlation with {outcome}; within: inside groups"
    table.caption_justify = "left"
    for name, term in diagnosis.terms.items():
        table.add_row(Text(name), *term_cells(term))
    table.add_row(Text("in all"), *term_cells(diagnosis.reward), style="bold")
    return table


def term_cells(term: TermDiagnosis) -> list[str]:
    """Return the numbers of one part of a reward, as text."""
    found, agreed = term.statistics, term.correlation
    cells = [decimal(value) for value in (found.mean, found.std, found.low, found.high)]
    cells.append(percent(found.stated))
    return cells + [decimal(value) for value in (agreed.pearson, agreed.spearman, agreed.within)]


def gate_table(diagnosis: Diagnosis) -> Table:
    """Return how often each gate is open, and the commonest reason where it is not."""
    table = Table(box=None, padding=(0, 2, 0, 0))
    for name in ("gate", "open", "most often closed because"):
        table.add_column(name, overflow="fold")
    for name, gate in diagnosis.gates.items():
        why = ", ".join(f"{why} ({times})" for why, times in gate.whys_closed[:1])
        table.add_row(Text(name), percent(gate.open), Text(why or NOTHING))
    return table


def diagnosis_lines(diagnosis: Diagnosis) -> Iterator[Text]:
    """Yield what a diagnosis says beside its tables, a line each."""
    quiet = diagnosis.silence
    yield Text(
        f"groups without signal: {percent(quiet.before)} by the outcome alone, "
        f"{percent(quiet.after)} by this reward ({quiet.groups} groups of two or more)"
    )
    if diagnosis.balance is not None:
        yield Text(balance_line(diagnosis.balance))
    name, style = ALARM[diagnosis.farming.verdict]
    yield Text(f"farming alarm: {name}: {diagnosis.farming.why}", style=style)
    for note in diagnosis.notes:
        yield Text(f"note: {note}", style="yellow")


def balance_line(found: Balance) -> str:
    """Return exploration and exploitation in one line."""
    gained = percent(found.exploitation)
    return (
        f"one attempt succeeds in {percent(found.pass_1)}, the best by this reward in "
        f"{percent(found.best_of_n)}, any in {percent(found.pass_n)}: exploration "
        f"{percent(found.exploration)}, of which choosing by reward gains {gained}; "
        f"{percent(found.unique)} of attempts differ; balance score {decimal(found.score)}"
    )


def distance_table(report: Report) -> Table:
    """Return how far apart each two rewards are."""
    table = Table(box=None, padding=(0, 2, 0, 0))
    names: Sequence[str] = [diagnosis.name for diagnosis in report.diagnoses]
    table.add_column("", overflow="fold")
    for name in names[1:]:
        table.add_column(name, justify="right", overflow="fold")
    found = {(d.first, d.second): d.starc for d in report.distances}
    for row, first in enumerate(names[:-1]):
        cells = [
            "" if col <= row else decimal(found[first, names[col]]) for col in range(1, len(names))
        ]
        table.add_row(Text(first), *cells)
    return table
