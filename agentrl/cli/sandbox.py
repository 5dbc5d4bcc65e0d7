"""``agentrl sandbox``: the sandboxes on this machine, and the images that they start from."""

import dataclasses
import json
import logging
import time
from pathlib import Path
from typing import TYPE_CHECKING, Annotated

import typer
from rich.console import Console
from rich.table import Table

if TYPE_CHECKING:
    from agentrl.sandboxes.base import Backend, Lease

sandbox = typer.Typer(
    name="sandbox",
    help="List and remove sandboxes, and build their images.",
    no_args_is_help=True,
    context_settings={"help_option_names": ["-h", "--help"]},
)

_Json = Annotated[bool, typer.Option("--json", help="Print one line of JSON.")]


@sandbox.command("list")
def list_sandboxes(as_json: _Json = False) -> None:
    """List the sandboxes of agentrl on this machine, whoever started them."""
    found = [(backend.name, lease) for backend in _backends() for lease in backend.leases()]
    if as_json:
        typer.echo(json.dumps([{"backend": b, **dataclasses.asdict(lease)} for b, lease in found]))
    elif found:
        Console().print(_table(found))
    else:
        typer.echo("no sandboxes")


@sandbox.command()
def prune(
    images: Annotated[
        bool, typer.Option("--images", help="Also remove the images that agentrl has made.")
    ] = False,
    as_json: _Json = False,
) -> None:
    """Remove sandboxes that their process has left behind, or whose time is over."""
    backends = _backends()
    swept = sum(backend.sweep() for backend in backends)
    removed = sum(_remove_images(backend) for backend in backends) if images else 0
    if as_json:
        typer.echo(json.dumps({"sandboxes": swept, "images": removed}))
    else:
        typer.echo(f"removed {swept} sandboxes" + (f" and {removed} images" if images else ""))


@sandbox.command()
def build(
    what: Annotated[
        Path | None,
        typer.Argument(metavar="[DOCKERFILE|SUITE]", help="Else: agentrl's own base image."),
    ] = None,
) -> None:
    """Make an image ahead of need, and print its name.

    The base image, or that of a Dockerfile (built in its folder), or that of a suite's sandboxes.
    """
    from agentrl.sandboxes.connect import connect
    from agentrl.suite.sandbox import SandboxSpec

    logging.basicConfig(level=logging.INFO, format="%(message)s")
    if what is None:
        image = connect(SandboxSpec()).base_image()
    elif what.suffix in (".yaml", ".yml"):
        image = _image_of_suite(what)
    else:
        image = connect(SandboxSpec()).build_image(_text(what), str(what.absolute().parent))
    typer.echo(image)


def _backends() -> "list[Backend]":
    """Return what is here, without a word about what it can enforce: nothing is started."""
    from agentrl.sandboxes.connect import backends_here

    logging.getLogger("agentrl.sandboxes").setLevel(logging.ERROR)
    return backends_here()


def _image_of_suite(path: Path) -> str:
    from agentrl.sandboxes.connect import connect
    from agentrl.suite import load_suite

    spec = load_suite(path).spec.sandbox
    backend = connect(spec)
    if spec.image is None:
        return backend.base_image()
    if not backend.has_image(spec.image):
        backend.fetch_image(spec.image)
    return spec.image


def _text(path: Path) -> str:
    from agentrl.errors import UsageError

    try:
        return path.read_text(encoding="utf-8")
    except (OSError, UnicodeDecodeError) as exc:
        raise UsageError(f"{path} cannot be read: {exc}; name a Dockerfile or a suite") from None


def _remove_images(backend: "Backend") -> int:
    """Remove what nobody uses; an image that others were made from goes once they are gone."""
    from agentrl.errors import SandboxError

    removed = 0
    for image in backend.images():
        try:
            backend.remove_image(image)
        except SandboxError as exc:
            typer.echo(f"kept {image}: {exc}", err=True)
        else:
            removed += 1
    return removed


def _table(found: "list[tuple[str, Lease]]") -> Table:
    table = Table(box=None, padding=(0, 2, 0, 0))
    for column in ("id", "backend", "image", "run", "owner", "age", "ends in", ""):
        table.add_column(column, no_wrap=column != "image", overflow="fold")
    now = time.time()
    for backend, lease in sorted(found, key=lambda one: one[1].started):
        table.add_row(
            lease.id,
            backend,
            lease.image,
            lease.run,
            lease.owner.rpartition(":")[0],
            _span(now - lease.started) if lease.started else "",
            _span(lease.expires - now),
            "[yellow]orphan[/yellow]" if lease.orphan else "",
        )
    return table


def _span(seconds: float) -> str:
    minutes, rest = divmod(int(max(0.0, seconds)), 60)
    hours, minutes = divmod(minutes, 60)
    return f"{hours}h {minutes}m" if hours else f"{minutes}m {rest}s"
