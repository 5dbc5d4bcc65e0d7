"""Two releases of a package, and the task that lies between them."""

import re
from collections.abc import Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass, field
from pathlib import Path

from agentrl.envs.swe.instance import Instance, Source, TestPlan
from agentrl.envs.swe.prepare import VENV
from agentrl.envs.swe.sources.archive import read_archive
from agentrl.envs.swe.sources.project import (
    declared_requirements,
    guess_import_paths,
    guess_tests,
    pinned,
    with_pytest,
)
from agentrl.envs.swe.sources.registry import fetch_sdist, release_before
from agentrl.errors import TaskError, UsageError
from agentrl.sandboxes.base import File

_COMPILED = (".pyx", ".c", ".cc", ".cpp", ".rs", ".f", ".f90")
_PAIR = re.compile(r"(?P<package>[^=\s]+)==(?P<new>\S+)(?:\s+from\s+(?P<old>\S+))?")


@dataclass(frozen=True, slots=True)
class Pair:
    """What is mined."""

    package: str
    new: str
    """The release whose tests decide."""
    old: str = ""
    """The release that they are put to; empty: the stable one before."""
    requires: tuple[str, ...] = ()
    """What the tests need besides pytest and what the package says."""
    import_paths: tuple[str, ...] = ()
    """Where the packages lie; empty: as guessed."""
    tests: tuple[str, ...] = field(default=())
    """Folders and files of tests; empty: as guessed."""


def read_pairs(words: Sequence[str], old: str = "") -> tuple[Pair, ...]:
    """Read what is to be mined.

    Args:
        words: each ``NAME==NEW``, or a text file of such, one a line: ``NAME==NEW from OLD``,
            followed by requirements after a ``+`` where there are any. ``#`` begins a comment.
        old: the earlier release where a word names none.

    Raises:
        UsageError: a word is neither.
    """
    return tuple(pair for word in words for pair in _pairs(word, old))


def _pairs(word: str, old: str) -> Iterator[Pair]:
    path = Path(word)
    if "==" not in word and path.is_file():
        lines = path.read_text(encoding="utf-8").splitlines()
        for number, line in enumerate(lines, 1):
            if text := line.partition("#")[0].strip():
                yield _pair(text, f"{path}:{number}: ", old)
    else:
        yield _pair(word, "", old)


def _pair(text: str, place: str, old: str) -> Pair:
    what, _, requires = text.partition(" + ")
    found = _PAIR.fullmatch(what.strip())
    if found is None:
        raise UsageError(
            f"{place}{text!r} names no release: give NAME==NEW, such as toolz==1.1.0, or a file "
            f"of such, one a line"
        )
    return Pair(found["package"], found["new"], found["old"] or old, tuple(requires.split()))


def draft(pair: Pair) -> Instance:
    """Return the instance of a pair before its tests have run: without their ids.

    Raises:
        UsageError: a release, or a wheel that is needed, cannot be fetched.
        TaskError: the later release comes without tests.
    """
    old = pair.old or release_before(pair.package, pair.new)
    before = read_archive(fetch_sdist(pair.package, old), strip=True)
    after = read_archive(fetch_sdist(pair.package, pair.new), strip=True)
    tests = pair.tests or guess_tests(after)
    if not tests:
        raise TaskError(f"the source release of {pair.package} {pair.new} comes without tests")
    needs = dict.fromkeys((*pair.requires, *_declared(pair.package, before, after)))
    return Instance(
        id=f"{pair.package}__{old}__{pair.new}",
        problem="",
        tests=TestPlan("pytest", paths=tests, timeout_s=300.0),
        repo=pair.package,
        version=pair.new,
        python=f"{VENV}/bin/python",
        source=Source(
            package=pair.package,
            release=old,
            fixed=pair.new,
            requires=pinned(with_pytest(tuple(needs), {**before, **after})),
            import_paths=pair.import_paths or guess_import_paths(after),
        ),
    )


def _declared(package: str, *trees: Mapping[str, File]) -> Iterator[str]:
    for tree in trees:
        yield from declared_requirements(tree)


def needs_compiling(files: Iterable[str]) -> bool:
    """Return whether a source release holds code that must be compiled before it runs."""
    return any(name.endswith(_COMPILED) for name in files)
