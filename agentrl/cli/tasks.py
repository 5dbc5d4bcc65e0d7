"""``agentrl tasks``: which tasks there are, and making new ones from real code."""

from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import TYPE_CHECKING, Annotated, Literal

import typer

from agentrl.errors import EXIT_BAD_INPUT

if TYPE_CHECKING:
    from agentrl.sandboxes.pool import Pool

tasks = typer.Typer(
    name="tasks",
    help="List tasks, and make new ones from real code.",
    no_args_is_help=True,
)

_Backend = Literal["auto", "docker", "bubblewrap"]
_Requires = Annotated[
    list[str] | None,
    typer.Option(
        help="What the tests need beyond pytest and what the project declares: a requirement, "
        "such as freezegun==1.5.1, or a file of them. May be given several times."
    ),
]
_Tests = Annotated[
    list[str] | None, typer.Option(help="Folder or file of tests; else found by their names.")
]
_ImportPath = Annotated[
    list[str] | None, typer.Option(help="Folder the packages lie in; else src, lib or the top.")
]
_Jobs = Annotated[int, typer.Option("-j", "--jobs", min=1, help="How many run at a time.")]
_Sandbox = Annotated[_Backend, typer.Option("--backend", help="Where tests run.")]


@tasks.command("list")
def list_tasks(
    what: Annotated[
        Path, typer.Argument(metavar="SUITE", help="A suite file, or a file of SWE instances.")
    ],
    settings: Annotated[
        list[str] | None, typer.Option("--set", metavar="KEY=VALUE", help="Override a suite's key.")
    ] = None,
    as_json: Annotated[bool, typer.Option("--json", help="Print one line of JSON a task.")] = False,
) -> None:
    """List the tasks of a suite, or the instances of a data set."""
    from agentrl.cli.listing import dataset_lines, suite_lines

    is_suite = what.suffix in (".yaml", ".yml") and what.is_file()
    lines = suite_lines(what, settings or [], as_json) if is_suite else dataset_lines(what, as_json)
    for line in lines:
        typer.echo(line)


@tasks.command()
def mine(
    releases: Annotated[
        list[str],
        typer.Argument(
            metavar="NAME==NEW...",
            help="Releases whose tests decide, such as toolz==1.1.0, or files of such: a line is "
            "`NAME==NEW [from OLD] [+ REQUIREMENT...]`.",
        ),
    ],
    old: Annotated[
        str, typer.Option("--from", help="The earlier release; else the stable one before.")
    ] = "",
    out: Annotated[Path, typer.Option(help="File that instances are added to.")] = Path(
        "mined.jsonl"
    ),
    requires: _Requires = None,
    tests: _Tests = None,
    import_path: _ImportPath = None,
    times: Annotated[int, typer.Option(min=1, help="How often the tests run on each source.")] = 3,
    most_kept: Annotated[
        int, typer.Option(min=0, help="Most tests of an instance that must go on passing.")
    ] = 150,
    jobs: _Jobs = 2,
    backend: _Sandbox = "auto",
) -> None:
    """Make instances of two releases each: tests that fail on the old and pass on the new."""
    from dataclasses import replace

    from agentrl.cli.mining import mine_all
    from agentrl.envs.swe.mine.pair import read_pairs
    from agentrl.envs.swe.sources.project import read_requirements

    extra = read_requirements(requires or [])
    pairs = [
        replace(
            pair,
            requires=(*pair.requires, *extra),
            tests=tuple(tests or ()),
            import_paths=tuple(import_path or ()),
        )
        for pair in read_pairs(releases, old)
    ]
    with _interruptible():
        mined = mine_all(pairs, _pool(backend), out, times=times, most_kept=most_kept, jobs=jobs)
    raise typer.Exit(0 if mined else EXIT_BAD_INPUT)


@tasks.command()
def mutate(
    repository: Annotated[
        str,
        typer.Argument(
            metavar="REPO", help="A folder, an archive, or a release such as toolz==1.0.0."
        ),
    ],
    out: Annotated[Path, typer.Option(help="File of instances, which is replaced.")] = Path(
        "mutants.jsonl"
    ),
    count: Annotated[int, typer.Option(min=1, help="How many instances.")] = 50,
    seed: Annotated[int, typer.Option(help="Decides which; others give others.")] = 0,
    max_broken: Annotated[
        float, typer.Option(min=0.0, max=1.0, help="Largest share of the tests that a flaw breaks.")
    ] = 0.2,
    alike: Annotated[
        int, typer.Option(min=1, help="Most flaws of a function that break the same tests.")
    ] = 1,
    requires: _Requires = None,
    tests: _Tests = None,
    import_path: _ImportPath = None,
    framework: Annotated[
        Literal["pytest", "unittest"], typer.Option(help="What runs the tests.")
    ] = "pytest",
    jobs: _Jobs = 2,
    backend: _Sandbox = "auto",
) -> None:
    """Make instances of a repository by putting small flaws into it that its tests notice."""
    from agentrl.cli.mutating import mutate_repository
    from agentrl.envs.swe.mutate.make import Wanted
    from agentrl.envs.swe.mutate.setup import Layout
    from agentrl.envs.swe.sources.project import read_requirements

    layout = Layout(
        tests=tuple(path.strip("/") for path in tests or ()),
        requires=read_requirements(requires or []),
        import_paths=tuple(import_path or ()),
        framework=framework,
    )
    wanted = Wanted(count, seed, max_broken, alike, jobs)
    with _interruptible():
        made = mutate_repository(repository, layout, wanted, _pool(backend), out)
    raise typer.Exit(0 if made.instances else EXIT_BAD_INPUT)


@contextmanager
def _interruptible() -> Iterator[None]:
    """End with the exit code of an interrupted command instead of a traceback."""
    from agentrl.rollout.signals import EXIT_INTERRUPTED

    try:
        yield
    except KeyboardInterrupt:
        typer.echo("interrupted", err=True)
        raise typer.Exit(EXIT_INTERRUPTED) from None


def _pool(backend: _Backend) -> "Pool":
    from agentrl.sandboxes.pool import shared_pool
    from agentrl.suite.sandbox import SandboxSpec

    return shared_pool(SandboxSpec(backend=backend))
