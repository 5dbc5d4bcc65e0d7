"""The base image from Debian's packages, where no registry answers."""

import logging
import os
import shutil
import subprocess
import tempfile
from pathlib import Path

from agentrl.errors import SandboxError, UsageError
from agentrl.sandboxes.docker.engine import LONG_CALL_S, engine, engine_errors
from agentrl.sandboxes.docker.images import split_name

logger = logging.getLogger(__name__)

_RELEASE = "bookworm"
_PACKAGES = "ca-certificates,git,patch,procps,python3,python3-venv"
_PATH = "/usr/local/sbin:/usr/local/bin:/usr/sbin:/usr/bin:/sbin:/bin"
_CHANGES = ["ENV LANG=C.UTF-8", f"ENV PATH={_PATH}", "LABEL agentrl.made=base"]
_LEFTOVERS = ("var/cache/apt", "var/lib/apt/lists", "var/log", "debootstrap", "tmp")
_PYTHON = "usr/local/bin/python"
_DEADLINE_S = 1800.0

RECIPE = "\n".join([_RELEASE, _PACKAGES, *_CHANGES, *_LEFTOVERS, _PYTHON])
"""All that decides what the image holds, but for the releases of the packages."""


def import_rootfs(image: str) -> None:
    """Make the image.

    Raises:
        UsageError: it needs root and debootstrap, or the packages cannot be fetched.
        SandboxError: the engine fails.
    """
    if os.geteuid() or shutil.which("debootstrap") is None:
        raise UsageError(_lacking())
    with tempfile.TemporaryDirectory(prefix="agentrl-rootfs-") as folder:
        root = Path(folder, "root")
        _debootstrap(root)
        for leftover in _LEFTOVERS:
            _empty(root / leftover)
        (root / _PYTHON).symlink_to("/usr/bin/python3")
        logger.info("importing %s", image)
        _import(root, image)


def _debootstrap(root: Path) -> None:
    command = ["debootstrap", "--variant=minbase", f"--include={_PACKAGES}", _RELEASE, str(root)]
    logger.info("%s", " ".join(command))
    process = subprocess.run(
        command, capture_output=True, text=True, errors="replace", timeout=_DEADLINE_S, check=False
    )
    if process.returncode:
        said = "\n".join((process.stdout + process.stderr).splitlines()[-10:])
        raise UsageError(
            f"the base image cannot be made: debootstrap ended with {process.returncode}:\n{said}\n"
            f"{_otherwise()}"
        )


def _empty(folder: Path) -> None:
    if folder.is_dir():
        for entry in folder.iterdir():
            if entry.is_dir() and not entry.is_symlink():
                shutil.rmtree(entry)
            else:
                entry.unlink()


def _import(root: Path, image: str) -> None:
    repository, tag = split_name(image)
    tar = ["tar", "--numeric-owner", "--one-file-system", "-C", str(root), "-c", "."]
    with subprocess.Popen(tar, stdout=subprocess.PIPE) as process:
        assert process.stdout is not None
        with engine_errors("import the base image"):
            engine(LONG_CALL_S).import_image_from_stream(
                process.stdout, repository=repository, tag=tag, changes=_CHANGES
            )
    if process.returncode:
        raise SandboxError(f"could not pack the base image: tar ended with {process.returncode}")


def _lacking() -> str:
    lacks = "root" if os.geteuid() else "debootstrap"
    return (
        "the base image is missing: no registry answers, and to make it from Debian's packages "
        f"{lacks} is lacking. Run `sudo apt-get install debootstrap` and then "
        f"`sudo agentrl sandbox build`; {_otherwise()}"
    )


def _otherwise() -> str:
    return (
        "or let the Docker engine reach a registry; or set sandbox.image to an image that "
        "`docker images` lists, with bash, git and Python in it"
    )
