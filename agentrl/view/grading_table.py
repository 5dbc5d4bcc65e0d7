"""The closing table of a grading."""

from collections.abc import Sequence

from rich.console import Console
from rich.table import Table
from rich.text import Text

from agentrl.grading.result import Result
from agentrl.grading.summary import ModelSummary
from agentrl.view.numbers import rate

_MOST = 10  # failures that are named one by one


def print_grading(
    run: str, summaries: Sequence[ModelSummary], results: Sequence[Result], console: Console
) -> None:
    """Print a row for each model, and what could not be graded."""
    table = Table(title=Text(run), title_justify="left", title_style="bold")
    table.add_column("model", overflow="fold")
    table.add_column("resolved [95%]", justify="right")
    for name in ("n", "graded", "empty", "not applied", "not graded"):
        table.add_column(name, justify="right")
    for one in summaries:
        failed = Text(str(one.failed), style="red" if one.failed else "dim")
        counts = [one.resolved, one.graded, one.empty, one.not_applied]
        table.add_row(Text(one.model), Text(rate(one.rate)), *map(str, counts), failed)
    console.print(table)
    failures = [result for result in results if result.verdict is None]
    for result in failures[:_MOST]:
        line = Text(f"{result.instance_id}: {' '.join(result.error.split())}", style="red")
        console.print(line, soft_wrap=not console.is_terminal)
    if len(failures) > _MOST:
        console.print(Text(f"... and {len(failures) - _MOST} more, see log.txt", style="red"))
