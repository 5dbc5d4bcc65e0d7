"""What of an agent's patch may count: everything but what could decide about the tests."""

from collections.abc import Iterator, Mapping
from dataclasses import dataclass, field

from agentrl.envs.swe.instance import Instance
from agentrl.envs.swe.patch.file import MODULE_MODE, FilePatch, PatchError, join
from agentrl.envs.swe.patch.parse import parse_patch
from agentrl.envs.swe.patch.paths import (
    hides_machinery,
    in_git_folder,
    is_test_config,
    is_test_name,
    is_test_path,
    test_folders,
)


@dataclass(frozen=True, slots=True)
class Restricted:
    """A patch that touches no test."""

    text: str
    """What is left, as ``git apply`` reads it; empty where nothing is."""
    dropped: tuple[str, ...] = ()
    """Paths that were left out, in the patch's order."""
    reasons: Mapping[str, str] = field(default_factory=dict)
    """Why, by path."""


def restrict(text: str, instance: Instance) -> Restricted:
    """Leave out of a patch what could decide about the instance's tests.

    Left out are test files, settings of test runners, modules that Python loads by itself, modules
    that stand in for the test framework, git's own folder, submodules, binary files without
    contents, and whatever the test patch touches. A file of a package that is only called like a
    test (``numpy/testing``) is kept where the gold patch works there.

    Raises:
        PatchError: the text is no patch, or one that must not be applied.
    """
    rules = _Rules.of(instance)
    kept: list[FilePatch] = []
    reasons: dict[str, str] = {}
    for file in parse_patch(text):
        why = rules.against(file)
        if why:
            reasons.setdefault(file.path, why)
        else:
            kept.append(file)
    return Restricted(join(kept), tuple(reasons), reasons)


@dataclass(frozen=True, slots=True)
class _Rules:
    """What is known of an instance's files."""

    hidden: frozenset[str]
    """Files that grading brings."""
    tests: frozenset[str]
    """Files that the ids of the tests name."""
    gold: frozenset[str]
    """Files that the gold patch touches."""
    source_folders: frozenset[str]
    """Folders that are called like tests, but where the gold patch works."""

    @classmethod
    def of(cls, instance: Instance) -> "_Rules":
        gold = _touched(instance.patch, f"{instance.id}: its gold patch")
        hidden = _touched(instance.test_patch, f"{instance.id}: its test patch")
        brought = {*hidden, *(_relative(path, instance.workdir) for path in instance.tests.files)}
        return cls(
            frozenset(brought | set(instance.tests.hidden)),
            frozenset(_named_files(instance)) - gold,
            gold,
            frozenset(folder for path in gold for folder in test_folders(path) if "/" in folder),
        )

    def against(self, file: FilePatch) -> str:
        """Return why a part of a patch cannot count; empty where it can."""
        if file.mode == MODULE_MODE:
            return "a submodule"
        if file.binary and not file.binary_lines:
            return "a binary file whose contents the patch lacks"
        for path in file.paths:
            if why := self._against_path(path, file):
                return why
        return ""

    def _against_path(self, path: str, file: FilePatch) -> str:
        if in_git_folder(path):
            return "git's own folder"
        if any(_at_or_above(path, brought) for brought in self.hidden):
            return "brought by grading"
        if is_test_config(path):
            return "decides how tests are run"
        if path not in self.gold:
            if file.creates and hides_machinery(path):
                return "stands in for the test framework"
            if any(_at_or_above(path, test) for test in self.tests) or self._is_test(path, file):
                return "a test"
        return ""

    def _is_test(self, path: str, file: FilePatch) -> bool:
        inside = f"{path}/x" if file.is_symlink else path  # a link can stand for a folder of tests
        if not is_test_path(inside):
            return False
        return is_test_name(path) or not test_folders(inside) <= self.source_folders


def _touched(patch: str, what: str) -> frozenset[str]:
    try:
        return frozenset(path for file in parse_patch(patch) for path in file.paths)
    except PatchError as exc:
        raise PatchError(f"{what}: {exc}") from None


def _relative(path: str, workdir: str) -> str:
    return path.removeprefix(f"{workdir.rstrip('/')}/")


def _named_files(instance: Instance) -> Iterator[str]:
    """Yield the files that hold the instance's tests, as far as they are no source themselves."""
    tests = instance.tests
    yield from (path.rstrip("/") for path in tests.paths)
    for test in (*tests.fail_to_pass, *tests.pass_to_pass):
        path, found, name = test.partition("::")
        if found and not _is_doctest(name):
            yield path


def _is_doctest(name: str) -> bool:
    """Return whether pytest gave this name to a docstring's example, which lies in the source."""
    return "." in name.split("[")[0] and "::" not in name


def _at_or_above(path: str, other: str) -> bool:
    return path == other or other.startswith(f"{path}/")
