"""Which files of a repository are tests, or decide about how tests come out."""

import re
from pathlib import PurePosixPath

_TEST_FOLDERS = {"test", "tests", "testing", "__tests__", "__test__", "e2e", "testdata"}
_SPEC_FOLDERS = {"spec", "specs", "__mocks__", "__snapshots__", "cypress"}
_SCRIPTS = {".js", ".jsx", ".ts", ".tsx", ".mjs", ".cjs", ".vue", ".rb", ".snap"}
_TEST_NAME = re.compile(
    r"""
    tests?\.py | conftest\.py | test_.*\.pyi? | .*_tests?\.pyi?       # pytest, unittest, Django
    | .*_test\.(go|cc|cpp|c|rb|exs|dart) | test_.*\.(rb|c|cc|cpp)
    | .*[._-](test|spec|e2e)\.[cm]?[jt]sx?             # jest, mocha, vitest, karma
    | .*_spec\.rb | .*tests?\.(java|kt|scala|cs|php) | .*spec\.scala
    | tests\.rs | .*_tests?\.rs
    """,
    re.VERBOSE,
)
_CONFIG = re.compile(
    r"""
    conftest\.py | \.?pytest\.(ini|toml) | tox\.(ini|toml) | setup\.cfg | pyproject\.toml
    | (site|user)customize\.py | .*\.pth | .*\.pyc
    | \.?coveragerc | nose2?\.cfg | unittest\.cfg | \.noserc
    | (jest|vitest|karma|ava|playwright|cypress)\.(config|conf)\.[cm]?[jt]s(on)? | \.mocharc(\..*)?
    """,
    re.VERBOSE,
)
_CONFIG_FOLDERS = ("__pycache__", ".pytest_cache")
_METADATA = (".egg-info", ".dist-info", ".egg-link")
_MACHINERY = {"pytest", "_pytest", "py", "pluggy", "unittest", "doctest", "nose", "iniconfig"}
_ROOTS = {(), ("src",), ("lib",)}


def is_test_path(path: str) -> bool:
    """Return whether a file is a test by the conventions of its language.

    >>> is_test_path("tests/data/x.json"), is_test_path("src/test_x.py"), is_test_path("src/x.py")
    (True, True, False)
    """
    return is_test_name(path) or bool(test_folders(path))


def test_folders(path: str) -> frozenset[str]:
    """Return the folders above a file whose names make it a test.

    >>> sorted(test_folders("lib/testing/tests/x.py"))
    ['lib/testing', 'lib/testing/tests']
    """
    known = _TEST_FOLDERS | (_SPEC_FOLDERS if PurePosixPath(path).suffix in _SCRIPTS else set())
    folders = PurePosixPath(path).parents
    return frozenset(str(folder) for folder in folders if folder.name.lower() in known)


def is_test_name(path: str) -> bool:
    """Return whether a file's own name makes it a test, wherever it lies."""
    return _TEST_NAME.fullmatch(PurePosixPath(path.lower()).name) is not None


def is_test_config(path: str) -> bool:
    """Return whether a file can decide how tests come out without being a test.

    Such are the files of pytest's and other runners' settings, what Python loads by itself when it
    starts, compiled modules, and the metadata through which plugins are found.

    >>> is_test_config("src/conftest.py"), is_test_config("x.pth"), is_test_config("setup.py")
    (True, True, False)
    """
    *folders, name = PurePosixPath(path.lower()).parts or [""]
    if _CONFIG.fullmatch(name) or set(folders).intersection(_CONFIG_FOLDERS):
        return True
    return any(part.endswith(_METADATA) for part in (*folders, name))


def hides_machinery(path: str) -> bool:
    """Return whether a new file would be imported in place of a part of the test framework."""
    *folders, name = PurePosixPath(path).parts or [""]
    if name == "__init__.py" and folders:
        *folders, name = folders
    module = name.split(".")[0]
    return module in _MACHINERY and tuple(folders) in _ROOTS


def in_git_folder(path: str) -> bool:
    """Return whether a path lies in git's own folder, however that is spelt.

    >>> in_git_folder("sub/.GIT/config"), in_git_folder(".github/x"), in_git_folder(".git")
    (True, False, True)
    """
    parts = (part.lower().rstrip(" .") for part in path.split("/"))
    return any(part in (".git", "git~1") for part in parts)
