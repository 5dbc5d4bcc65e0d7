"""Releases and wheels from the registry that the user's pip is set up for.

Nothing of a package runs on this machine: source releases are fetched as they are (see
``pip_child``), and only wheels are taken for what tests need installed.
"""

import hashlib
import json
import os
import platform
import re
import subprocess
import sys
from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path

from agentrl.envs.swe.sources import pip_child
from agentrl.envs.swe.sources.store import filled
from agentrl.errors import UsageError

PIP = "pip==24.3.1"
"""The wheel that installs the others inside a sandbox."""

SANDBOX_PYTHON = "3.11"
"""Python of the image that agentrl makes."""

_NAME = re.compile(r"[A-Za-z0-9](?:[A-Za-z0-9._-]*[A-Za-z0-9])?")
_VERSION = re.compile(r"[A-Za-z0-9][A-Za-z0-9.!+_-]*")
_PATIENCE_S = 600
_GLIBC = ("2014", "_2_17", "_2_28", "_2_34")


@dataclass(frozen=True, slots=True)
class Release:
    """A source release of a package."""

    version: str
    stable: bool
    yanked: bool = False


def releases(package: str) -> tuple[Release, ...]:
    """Return the source releases of a package that pip finds, oldest first.

    Raises:
        UsageError: there are none, or no index answers.
    """
    _check(_NAME, package, "name of a package")
    done = _python(str(Path(pip_child.__file__)), "list", package)
    lines = done.stdout.splitlines()
    found = json.loads(lines[-1]) if done.returncode == 0 and lines else []
    if not found:
        raise UsageError(f"pip finds no source release of {package!r}{_said(done)}")
    return tuple(Release(**release) for release in found)


def release_before(package: str, version: str) -> str:
    """Return the stable release that came before ``version``.

    Raises:
        UsageError: ``version`` is unknown or the first one.
    """
    known = releases(package)
    names = [release.version for release in known]
    if version not in names:
        raise UsageError(
            f"{package} has no source release {version}; there are {', '.join(names[-12:])}"
        )
    earlier = [
        release.version
        for release in known[: names.index(version)]
        if release.stable and not release.yanked
    ]
    if not earlier:
        raise UsageError(f"{package} {version} is its first stable source release")
    return earlier[-1]


def fetch_sdist(package: str, version: str) -> Path:
    """Return the source archive of a release, from the cache where it is there.

    Raises:
        UsageError: there is no such release, or no index answers.
    """
    _check(_NAME, package, "name of a package")
    _check(_VERSION, version, "version")

    def fill(folder: Path) -> None:
        done = _python(str(Path(pip_child.__file__)), "fetch", package, version, str(folder))
        if done.returncode == pip_child.NOT_FOUND:
            raise UsageError(f"pip finds no source release {version} of {package!r}{_said(done)}")
        if done.returncode:
            raise UsageError(f"pip cannot fetch {package} {version}{_said(done)}")

    return filled("sdists", f"{package.lower()}/{version}", fill)[0]


def fetch_wheels(requires: Sequence[str], python: str = SANDBOX_PYTHON) -> tuple[Path, ...]:
    """Return wheels of the requirements and all they depend on, and pip's own wheel.

    Wheels of pure Python are taken where they satisfy everything; else those that fit this
    machine's processor and the given Python.

    Args:
        requires: what to install, such as ``attrs==24.2.0``; pin for the same result everywhere.
        python: the Python in the sandbox, as ``major.minor``.

    Raises:
        UsageError: a requirement is no requirement, has no wheel, or no index answers.
    """
    wanted = sorted({*requires, PIP})
    if odd := [word for word in wanted if word.startswith("-") or "://" in word or "/" in word]:
        raise UsageError(
            f"{odd[0]!r} is no requirement that can be fetched: give names and versions, such as "
            f"attrs==24.2.0"
        )
    key = hashlib.sha256("\n".join([python, platform.machine(), *wanted]).encode()).hexdigest()
    return filled("wheels", key[:32], lambda folder: _fill_wheels(wanted, python, folder))


def _fill_wheels(wanted: Sequence[str], python: str, folder: Path) -> None:
    machine = platform.machine()
    pure = ["--implementation=py", "--abi=none", "--platform=any"]
    built = ["--implementation=cp", "--platform=any"]
    built += [f"--platform=manylinux{glibc}_{machine}" for glibc in _GLIBC]
    if (done := _download(wanted, python, pure, folder)).returncode:
        done = _download(wanted, python, built, folder)
    if done.returncode:
        raise UsageError(
            f"pip finds no wheels for {' '.join(wanted)} of Python {python}{_said(done)}"
        )


def _download(
    wanted: Sequence[str], python: str, tags: Sequence[str], folder: Path
) -> subprocess.CompletedProcess[str]:
    for leftover in folder.iterdir():
        leftover.unlink()
    return _python(
        *("-m", "pip", "download", "--quiet", "--only-binary=:all:", "--no-input"),
        *("--python-version", python, *tags, "--dest", str(folder), *wanted),
    )


def _check(form: re.Pattern[str], text: str, what: str) -> None:
    if not form.fullmatch(text):
        raise UsageError(
            f"{text!r} is no {what}; give it as in NAME==VERSION, such as attrs==24.2.0"
        )


def _python(*words: str) -> subprocess.CompletedProcess[str]:
    environment = {
        **os.environ,
        "PIP_CONSTRAINT": os.devnull,  # of this machine, and no part of the task
        "PIP_DISABLE_PIP_VERSION_CHECK": "1",
        "PIP_NO_COLOR": "1",
        "PYTHONIOENCODING": "utf-8",
    }
    try:
        done = subprocess.run(
            [sys.executable, *words],
            env=environment,
            capture_output=True,
            encoding="utf-8",
            timeout=_PATIENCE_S,
        )
    except subprocess.TimeoutExpired as exc:
        raise UsageError(
            f"pip does not answer within {_PATIENCE_S} s; is there a network?"
        ) from exc
    if "No module named pip" in done.stderr:
        raise UsageError(
            f"packages are fetched with pip, which {sys.executable} lacks; "
            f"run `{sys.executable} -m ensurepip`"
        )
    return done


def _said(done: subprocess.CompletedProcess[str]) -> str:
    """Return what pip complained about, in a line."""
    lines = [line.strip() for line in done.stderr.splitlines() if line.strip()]
    telling = [line for line in lines if line.startswith(("ERROR", "WARNING"))] or lines
    return f": {telling[-1][:300]}" if telling else ""
