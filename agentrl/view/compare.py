"""The comparison of runs, as a table."""

from rich.console import Console
from rich.table import Table
from rich.text import Text

from agentrl.runs.compare import ComparedRun, Comparison
from agentrl.view.numbers import NOTHING, decimal, rate, signed_points, usd

_ROOMY = 100  # columns of a terminal that takes the whole table without breaking numbers


def print_comparison(comparison: Comparison, console: Console) -> None:
    """Print each run's success and its difference to the baseline, then what limits the result."""
    roomy = console.width >= _ROOMY
    table = Table(title=Text("Success by run"), title_justify="left", title_style="bold")
    table.add_column("run", overflow="fold")
    table.add_column("success [95%]", justify="right")
    table.add_column("difference in points [95%]" if roomy else "points", justify="right")
    table.add_column("wins / ties / losses" if roomy else "w/t/l", justify="right")
    if roomy:
        table.add_column("turns", justify="right")
        table.add_column("cost", justify="right")
    for run in comparison.runs:
        table.add_row(*_cells(run)[: len(table.columns)])
    console.print(table)
    if any(run.difference and run.difference.common_tasks for run in comparison.runs):
        console.print(
            Text(
                f"Difference to {comparison.baseline}, over the tasks that both attempted; "
                f"interval by paired bootstrap over tasks."
            )
        )
    for warning in comparison.warnings:
        console.print(Text(f"Note: {warning}", style="yellow"))


def _cells(run: ComparedRun) -> list[Text]:
    name = Text(run.run)
    name.append(f"\n{run.agent or NOTHING}", style="dim")
    cells = [name, Text(rate(run.success)), Text("baseline", style="dim"), Text("")]
    if run.difference is not None:
        difference = run.difference
        cells[2] = Text(signed_points(difference.mean))
        if difference.low is not None and difference.high is not None:
            ends = f" [{signed_points(difference.low)}, {signed_points(difference.high)}]"
            cells[2].append(ends)
            excludes_zero = difference.low > 0 or difference.high < 0
            cells[2].stylize("bold" if excludes_zero else "")
        cells[3] = Text(f"{difference.wins}/{difference.ties}/{difference.losses}")
    return [*cells, Text(decimal(run.turns, 1)), Text(usd(run.cost_usd))]
