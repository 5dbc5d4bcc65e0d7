"""The closing table of a run."""

from collections.abc import Mapping

from rich.console import Console, Group, RenderableType
from rich.table import Table
from rich.text import Text

from agentrl.runs.summary import GroupSummary, Summary
from agentrl.view.numbers import NOTHING, count, decimal, duration, percent, rate, usd

NO_GROUP = "(no group)"
"""Name of the tasks without a group, where others have one."""

_ROOMY = 72  # columns of a terminal that takes the whole table without breaking words


LATE_S = 0.1
"""Loop lag at the 99th percentile from which on a run is told that it is overloaded."""


def print_summary(summary: Summary, console: Console) -> None:
    """Print the results by task group and what they cost.

    It suits any width; a narrow terminal is shown fewer columns.
    """
    console.print(summary_table(summary, roomy=console.width >= _ROOMY))
    for line in _closing_lines(summary):
        console.print(line, soft_wrap=not console.is_terminal)


def summary_table(summary: Summary, *, roomy: bool = True) -> RenderableType:
    """Return the table by task group, the whole run in the last row."""
    table = Table(title=_title(summary), title_justify="left", title_style="bold", expand=False)
    table.add_column("group", overflow="fold")
    table.add_column("success [95%]", justify="right")
    if roomy:
        table.add_column("score", justify="right")
        table.add_column("turns", justify="right")
    table.add_column("n", justify="right")
    table.add_column("not scored", justify="right")
    if set(summary.groups) != {""} and len(summary.groups) > 1:
        for name, group in summary.groups.items():
            table.add_row(Text(name or NO_GROUP), *_cells(group, roomy=roomy))
        table.add_section()
    only = next(iter(summary.groups), "") if len(summary.groups) == 1 else ""
    table.add_row(Text(only or "all"), *_cells(summary, roomy=roomy), style="bold")
    return Group(table)


def _title(summary: Summary) -> Text:
    return Text(f"{summary.run}: {summary.agent or NOTHING} on {summary.suite}")


def _cells(results: GroupSummary, *, roomy: bool) -> list[Text]:
    cells = [Text(rate(results.success))]
    if roomy:
        cells += [Text(decimal(results.score.mean)), Text(decimal(results.turns, 1))]
    return [*cells, Text(str(results.scored)), _not_scored(results.episodes)]


def _not_scored(episodes: Mapping[str, int]) -> Text:
    """Return how many episodes have no result, by kind."""
    kinds = {"infra_failed": "failed", "unscored": "unscored", "cancelled": "cancelled"}
    parts = [f"{episodes[key]} {name}" for key, name in kinds.items() if episodes[key]]
    return Text(", ".join(parts), style="red") if parts else Text("0", style="dim")


def _closing_lines(summary: Summary) -> list[Text]:
    lines = []
    if summary.pass_at_k:
        last = max(summary.pass_at_k)
        ks = sorted({1, 2, last} & summary.pass_at_k.keys())
        either = "  ".join(f"pass@{k} {percent(summary.pass_at_k[k].mean)}" for k in ks)
        every = "  ".join(f"pass^{k} {percent(summary.pass_hat_k[k].mean)}" for k in ks[1:])
        lines.append(Text(f"{either}  {every}"))
    if cost := _cost_line(summary):
        lines.append(Text(cost))
    if (summary.loop_lag_s or {}).get("p99", 0.0) > LATE_S:
        lines.append(Text(_late_line(summary), style="yellow"))
    lines += [
        Text(f"{failure.count} x {kind}: {_one_line(failure.example)}", style="red")
        for kind, failure in summary.failures.items()
    ]
    return lines


def _cost_line(summary: Summary) -> str:
    tokens, parts = summary.tokens, []
    if tokens.prompt or tokens.completion:
        cached = f" ({count(tokens.cached)} cached)" if tokens.cached else ""
        prompt, completion = count(tokens.prompt), count(tokens.completion)
        parts += [f"{prompt} prompt + {completion} completion tokens{cached}"]
        parts += [usd(summary.cost_usd)]
    if summary.duration_s is not None:
        parts.append(duration(summary.duration_s))
    if summary.steps_per_s is not None:
        parts.append(f"{decimal(summary.steps_per_s, 1)} steps/s")
    if summary.tokens_per_s:
        parts.append(f"{count(summary.tokens_per_s)} tokens/s")
    if summary.retries:
        parts.append(f"{summary.retries} retries")
    return " · ".join(parts)


def _late_line(summary: Summary) -> str:
    late = duration((summary.loop_lag_s or {})["p99"])
    return (
        f"the event loop ran {late} late at the 99th percentile: process or machine has too much "
        f"to do; lower rollouts.concurrency or raise rollouts.workers"
    )


def _one_line(message: str, longest: int = 200) -> str:
    line = " ".join(message.split())
    return line if len(line) <= longest else line[: longest - 1] + "…"
