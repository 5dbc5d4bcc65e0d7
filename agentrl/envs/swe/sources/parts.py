"""Tells a repository's source from its tests and from all the rest."""

from collections.abc import Mapping, Sequence
from pathlib import PurePosixPath

from agentrl.envs.swe.patch import is_test_path
from agentrl.sandboxes.base import File

_NO_CODE = {"doc", "docs", "example", "examples", "benchmark", "benchmarks", "tools", "scripts"}
_NO_CODE |= {"ci", "bench", "build", "dist", "demo", "demos", "website", "changelog.d", "news"}
_NO_MODULE = {"setup.py", "conftest.py", "noxfile.py", "tasks.py", "fabfile.py", "versioneer.py"}
_CONFIGURATION = {
    "pytest.ini",
    ".pytest.ini",
    "pytest.toml",
    "tox.ini",
    "setup.cfg",
    "pyproject.toml",
}


def source_files(files: Mapping[str, File], import_paths: Sequence[str]) -> dict[str, File]:
    """Return the code and data of the packages that the import paths hold, without tests."""
    return {name: file for name, file in files.items() if _is_source(name, files, import_paths)}


def test_files(files: Mapping[str, File]) -> dict[str, File]:
    """Return the tests, and the configuration they run under."""
    return {
        name: file
        for name, file in files.items()
        if not _is_metadata(name) and (is_test_path(name) or name in _CONFIGURATION)
    }


test_files.__test__ = False  # type: ignore[attr-defined]  # pytest takes the name for a test


def _is_source(name: str, files: Mapping[str, File], import_paths: Sequence[str]) -> bool:
    if is_test_path(name) or name in _CONFIGURATION or _is_metadata(name):
        return False
    return any(_is_importable(name, folder, files) for folder in import_paths)


def _is_importable(name: str, folder: str, files: Mapping[str, File]) -> bool:
    prefix = "" if folder in (".", "") else folder.rstrip("/") + "/"
    if not name.startswith(prefix):
        return False
    top, _, rest = name[len(prefix) :].partition("/")
    if not rest:
        return top.endswith((".py", ".pyi")) and (bool(prefix) or top not in _NO_MODULE)
    if top.startswith(".") or (not prefix and top.lower() in _NO_CODE):
        return False
    return bool(prefix) or f"{top}/__init__.py" in files


def _is_metadata(name: str) -> bool:
    path = PurePosixPath(name)
    return any(part.endswith((".egg-info", ".dist-info")) for part in path.parts) or any(
        part == "__pycache__" for part in path.parts
    )
