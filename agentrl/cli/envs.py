"""``agentrl envs``: which environments there are and what they can be told."""

from typing import Annotated

import typer
from rich.console import Console
from rich.table import Table


def envs(
    env_id: Annotated[
        str | None, typer.Argument(help="Show only this one, such as agentrl/TextWorld-v0.")
    ] = None,
) -> None:
    """List the environments with their options, as the code has them."""
    from agentrl.envs.build import env_class
    from agentrl.envs.options import describe_options
    from agentrl.envs.registry import ENTRY_POINTS

    console = Console()
    for name in [env_id] if env_id else ENTRY_POINTS:
        env = env_class(name)
        console.print(f"[bold]{name}[/bold]  {(env.__doc__ or '').strip().splitlines()[0]}")
        table = Table("option", "type", "default", "meaning", box=None, padding=(0, 2, 0, 2))
        for option in describe_options(env):
            table.add_row(option.name, option.type, option.default, option.text.replace("``", ""))
        console.print(table)
        if env.facts:
            told = Table("fact", "meaning", box=None, padding=(0, 2, 0, 2))
            for fact, meaning in env.stated().items():
                told.add_row(fact, meaning)
            console.print(told)
        console.print()
