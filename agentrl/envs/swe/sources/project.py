"""What a Python project says, or lets guess, about its code, its tests and what it needs."""

import email
import re
import tomllib
from collections.abc import Iterator, Mapping, Sequence
from pathlib import Path, PurePosixPath
from typing import Any

from agentrl.envs.swe.patch import is_test_path
from agentrl.envs.swe.sources.registry import fetch_wheels
from agentrl.errors import UsageError
from agentrl.sandboxes.base import File

PYTEST = ("pytest==8.3.4", "iniconfig==2.0.0", "packaging==24.2", "pluggy==1.5.0")
"""The pytest that is installed where nothing else is asked for, with all it needs."""

_SETTINGS = ("pytest.ini", ".pytest.ini", "pytest.toml", "tox.ini", "setup.cfg", "pyproject.toml")
_PLUGINS = {b"--cov": "pytest-cov", b"asyncio_mode": "pytest-asyncio"}
"""What stands in pytest's settings, and the plugin without which pytest then does not start."""

_NAME = re.compile(r"[A-Za-z0-9][A-Za-z0-9._-]*")
_EXTRA = re.compile(r"extra\s*==")


def guess_import_paths(files: Mapping[str, File]) -> tuple[str, ...]:
    """Return the folder that the project's packages lie in."""
    for folder in ("src", "lib"):
        if any(re.fullmatch(rf"{folder}/([^/]+/)?[^/]+\.py", name) for name in files):
            return (folder,)
    return (".",)


def guess_tests(files: Mapping[str, File]) -> tuple[str, ...]:
    """Return the folders and files of tests, none inside another, in order of their names."""
    found: set[str] = set()
    for name in files:
        path = PurePosixPath(name)
        if path.suffix == ".py" and is_test_path(name) and _runs(path):
            folders = [str(parent) for parent in path.parents if str(parent) != "."]
            tests = [folder for folder in reversed(folders) if is_test_path(f"{folder}/x.py")]
            found.add(tests[0] if tests else name)
    return tuple(sorted(found))


def _runs(path: PurePosixPath) -> bool:
    return re.fullmatch(r"test.*\.py|.*_tests?\.py", path.name) is not None


def declared_requirements(files: Mapping[str, File]) -> tuple[str, ...]:
    """Return what the project says that it needs to run, without extras; empty where unknown."""
    for name in ("PKG-INFO", *sorted(name for name in files if name.endswith("/PKG-INFO"))):
        if name in files:
            metadata = email.message_from_bytes(files[name].data)
            return _without_extras(metadata.get_all("Requires-Dist") or [])
    project = _table(files, "pyproject.toml").get("project")
    listed = project.get("dependencies") if isinstance(project, dict) else None
    return _without_extras(listed if isinstance(listed, list) else [])


def pinned(requires: Sequence[str]) -> tuple[str, ...]:
    """Return requirements and all they depend on, each with the release that is taken.

    Raises:
        UsageError: a requirement has no wheel, or no index answers.
    """
    wheels = [wheel.name.split("-")[:2] for wheel in fetch_wheels(requires)]
    pins = {f"{name.replace('_', '-').lower()}=={version}" for name, version in wheels}
    return tuple(sorted(pin for pin in pins if not pin.startswith("pip==")))


def with_pytest(requires: Sequence[str], files: Mapping[str, File]) -> tuple[str, ...]:
    """Return the requirements with a pytest, and the plugins that its settings here ask for.

    What is named already is left as it is.
    """
    named = {name_of(requirement) for requirement in requires}
    settings = [files[name].data for name in _SETTINGS if name in files]
    plugins = [
        plugin
        for option, plugin in _PLUGINS.items()
        if any(option in text for text in settings) and plugin not in named
    ]
    return (*requires, *plugins, *(() if "pytest" in named else PYTEST))


def name_of(requirement: str) -> str:
    """Return the name in a requirement, as names are compared.

    >>> name_of("Typing_Extensions>=4; python_version < '3.13'")
    'typing-extensions'
    """
    found = _NAME.match(requirement.strip())
    return re.sub(r"[-_.]+", "-", found[0].lower()) if found else ""


def _without_extras(lines: Sequence[Any]) -> tuple[str, ...]:
    return tuple(str(line).strip() for line in lines if not _EXTRA.search(str(line)))


def _table(files: Mapping[str, File], name: str) -> dict[str, Any]:
    try:
        return tomllib.loads(files[name].data.decode()) if name in files else {}
    except (tomllib.TOMLDecodeError, UnicodeDecodeError):
        return {}


def read_requirements(words: Sequence[str]) -> tuple[str, ...]:
    """Return requirements that are given one by one or as files of them.

    Options in a file, such as ``-r`` and ``--hash``, are left out.

    Raises:
        UsageError: a file cannot be read.
    """
    return tuple(requirement for word in words for requirement in _listed(word))


def _listed(word: str) -> Iterator[str]:
    path = Path(word)
    if not path.is_file():
        if word.endswith(".txt") or "/" in word:
            raise UsageError(f"--requires: no file {word}")
        yield word
        return
    try:
        lines = path.read_text(encoding="utf-8").splitlines()
    except UnicodeDecodeError as exc:
        raise UsageError(f"--requires: {word} is no text: {exc}") from exc
    for line in lines:
        text = re.sub(r"(^|\s)#.*", "", line).partition(" --")[0].strip(" \\")
        if text and not text.startswith("-"):
            yield text
