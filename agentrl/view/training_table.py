"""What a training amounts to, on a terminal."""

from rich.console import Console
from rich.table import Table
from rich.text import Text

from agentrl.runs.training import TrainingSummary
from agentrl.view.numbers import count, duration, rate

_STAGES = {"base": "before training", "sft": "after imitation", "rl": "after RL"}


def print_training_summary(summary: TrainingSummary, console: Console) -> None:
    """Print the success before, between and after, and where the policy is."""
    table = Table(
        "held-out tasks", title=Text(f"{summary.run}: {summary.algorithm}"), title_justify="left"
    )
    for name in ("success \\[95%]", "turns", "tasks"):
        table.add_column(name, justify="right")
    for name, label in _STAGES.items():
        stage = summary.stage(name)  # type: ignore[arg-type]
        if stage is not None:
            turns = "" if stage.turns is None else f"{stage.turns:.1f}"
            table.add_row(label, rate(stage.success), turns, str(stage.games))
    if summary.evaluations:
        console.print(table)
    told = [
        f"{summary.steps} of {summary.planned_steps} steps",
        f"{sum(summary.episodes.values())} episodes",
        f"{count(summary.tokens_trained)} trained tokens",
        duration(summary.duration_s),
    ]
    console.print(" · ".join(told))
    if summary.checkpoint:
        console.print(Text(f"policy: {summary.checkpoint}"), soft_wrap=True)
