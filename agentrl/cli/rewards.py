"""``agentrl rewards``: rewards by name, what they say, and what they would do to recorded runs."""

import json
from pathlib import Path
from typing import Annotated

import typer
from rich.console import Console

from agentrl.cli.rewards_code import code
from agentrl.cli.rewards_diagnose import diagnose

rewards = typer.Typer(
    name="rewards",
    help="Show rewards, and tell from recorded episodes what they would do.",
    no_args_is_help=True,
    context_settings={"help_option_names": ["-h", "--help"]},
)
rewards.command()(diagnose)
rewards.command()(code)

_Json = Annotated[bool, typer.Option("--json", help="Print JSON.")]


@rewards.command("list")
def list_rewards(as_json: _Json = False) -> None:
    """List the presets: rewards by the name of their paper."""
    from agentrl.view.preset_table import preset_table, presets

    found = presets()
    if as_json:
        typer.echo(json.dumps([preset.to_json() for preset in found]))
    else:
        Console().print(preset_table(found))


@rewards.command()
def show(
    given: Annotated[
        str, typer.Argument(metavar="NAME|SUITE", help="A preset, a suite or a YAML file.")
    ],
    as_json: Annotated[bool, typer.Option("--json", help="Print the reward as JSON.")] = False,
) -> None:
    """Show a reward: a preset's YAML, or what a suite's reward section comes to.

    stdout is YAML that can be saved and changed; the pipeline in words goes to stderr.
    """
    import yaml

    from agentrl.rewards.diagnose.named import read_spec
    from agentrl.suite.reward.presets import preset_names, preset_yaml
    from agentrl.view.reward_table import reward_table

    named = read_spec(given)
    data = named.spec.model_dump(mode="json", exclude_none=True)
    if as_json:
        typer.echo(json.dumps(data, allow_nan=False))
        return
    if given in preset_names() and not Path(given).is_file():
        typer.echo(preset_yaml(given), nl=False)
    else:
        text = yaml.safe_dump({"reward": data}, sort_keys=False, allow_unicode=True)
        typer.echo(text, nl=False)
    Console(stderr=True).print(reward_table(named.spec, f"reward {named.name}"))
