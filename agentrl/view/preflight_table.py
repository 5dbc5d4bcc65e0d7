"""What preflight found, as a table."""

from collections.abc import Sequence
from pathlib import Path

from rich.markup import escape
from rich.table import Table

from agentrl.training.preflight.finding import Finding, Verdict

_COLOURS = {Verdict.OK: "green", Verdict.WARNING: "yellow", Verdict.PROBLEM: "red"}


def preflight_table(suite: Path, findings: Sequence[Finding]) -> Table:
    """Return a table with a row for each finding."""
    table = Table("check", "", "what was found", "what to do", box=None, padding=(0, 2, 0, 0))
    table.title, table.title_justify = f"preflight of {suite}", "left"
    for finding in findings:
        colour = _COLOURS[finding.verdict]
        table.add_row(
            finding.name,
            f"[{colour}]{finding.verdict}[/{colour}]",
            escape(finding.says),
            escape(finding.remedy),
        )
    return table
