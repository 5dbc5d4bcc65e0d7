"""The image in which an instance's repository lies ready, made once.

A task is prepared in a sandbox of its own: the repository is laid out or taken from the instance's
image, what the tests need is installed, the flaw is put in, the history is cut off, and the result
is kept as an image. Every sample and every grading of the task starts from it. The image's name
stands for all that went into it, so that a change of any of it makes a new one.
"""

import hashlib
import logging
import shlex
from contextlib import closing
from dataclasses import replace
from importlib.resources import files
from pathlib import Path, PurePosixPath

from agentrl.envs.swe.images import image_name
from agentrl.envs.swe.instance import Instance, Source
from agentrl.envs.swe.source import fetch_wheels, repository_files
from agentrl.envs.swe.tools import tool_files
from agentrl.errors import TaskError
from agentrl.sandboxes.base import Backend, File, Sandbox
from agentrl.sandboxes.lock import one_at_a_time
from agentrl.suite.sandbox import SandboxSpec

logger = logging.getLogger(__name__)

VENV = "/opt/venv"
"""Where what the tests need is installed, in images that agentrl makes from a source."""

ASIDE = "/opt/agentrl/hidden"
"""Where the instance's hidden files lie until grading, by their path in the repository."""

_FORMAT = "1"  # raise it when the same instance gives another image
_PROFILE = "/opt/agentrl/profile"
_WHEELS = "/opt/wheels"
_BUILD_S = 1800.0


def prepare(instance: Instance, backend: Backend, spec: SandboxSpec) -> str:
    """Return the name of the instance's image, which is made where it is missing.

    In it the repository lies at ``workdir``, owned by ``agent``, as a single commit without
    remotes, reflog or anything of what came later; the flaw is in, and the tools are in place.

    Raises:
        TaskError: the bug patch does not apply, or what the tests need cannot be installed.
        UsageError: the image, the sources or the wheels cannot be had.
        SandboxError: the engine fails.
    """
    base = _base(instance, backend)
    digest = _digest(instance, base)
    name = f"agentrl/swe:{digest}"
    if backend.has_image(name):
        return name
    with one_at_a_time(f"swe-{digest}"):
        if not backend.has_image(name):
            logger.info("preparing the repository of %s", instance.id)
            _make(instance, backend, spec, base, name)
    return name


def _base(instance: Instance, backend: Backend) -> str:
    if instance.source is not None:
        return backend.base_image()
    if instance.dockerfile and not instance.image:
        return backend.build_image(instance.dockerfile, instance.context)
    name = image_name(instance)
    if not backend.has_image(name):
        backend.fetch_image(name)
    return name


def _digest(instance: Instance, base: str) -> str:
    """Return a name for everything that decides what the image holds."""
    source = replace(instance.source, archive="") if instance.source else None
    parts = [_FORMAT, base, instance.workdir, instance.bug_patch, repr(source)]
    parts += instance.tests.hidden
    parts += [_script(name) for name in ("install.sh", "seal.sh", "base.sh", "profile.sh")]
    digest = hashlib.sha256("\0".join(parts).encode("utf-8", "surrogatepass"))
    for path, file in sorted(tool_files().items()):
        digest.update(path.encode() + b"\0" + file.data)
    if instance.source is not None and instance.source.archive:
        digest.update(Path(instance.source.archive).read_bytes())
    return digest.hexdigest()[:24]


def _make(instance: Instance, backend: Backend, spec: SandboxSpec, base: str, name: str) -> None:
    building = spec.model_copy(update={"user": "root", "network": "none"})
    with closing(backend.start(base, building, building=True)) as sandbox:
        if instance.source is not None:
            _lay_out(instance, instance.source, sandbox)
        profile = f"{_script('profile.sh')}cd -- {shlex.quote(instance.workdir)}\n"
        sandbox.write_files({**tool_files(), _PROFILE: File(profile.encode())})
        bug = instance.bug_patch.encode("utf-8", "surrogateescape")
        arguments = (instance.workdir, ASIDE, *instance.tests.hidden)
        _run(sandbox, instance, "seal.sh", *arguments, stdin=bug)
        _run(sandbox, instance, "base.sh", instance.workdir)
        sandbox.snapshot(name)


def _lay_out(instance: Instance, source: Source, sandbox: Sandbox) -> None:
    """Put the repository and what its tests need into the sandbox."""
    root = PurePosixPath(instance.workdir)
    tree = {str(root / path): file for path, file in repository_files(source).items()}
    wheels = fetch_wheels(source.requires) if source.requires else ()
    packed = {f"{_WHEELS}/{wheel.name}": File(wheel.read_bytes()) for wheel in wheels}
    sandbox.write_files({**tree, **packed})
    paths = [str(root / path) for path in source.import_paths]
    arguments = (instance.workdir, VENV, _WHEELS, *paths, "--", *source.requires)
    _run(sandbox, instance, "install.sh", *arguments)


def _run(
    sandbox: Sandbox, instance: Instance, script: str, *arguments: str, stdin: bytes = b""
) -> None:
    argv = ["bash", "-euo", "pipefail", "-c", _script(script), script, *arguments]
    result = sandbox.run(argv, stdin=stdin, timeout_s=_BUILD_S)
    if result.exit_code:
        said = (result.stdout + result.stderr)[-2000:].decode(errors="replace").strip()
        how = "took too long" if result.timed_out else f"ended with {result.exit_code}"
        raise TaskError(f"{instance.id}: its repository cannot be prepared: {script} {how}: {said}")


def _script(name: str) -> str:
    return files("agentrl.envs.swe").joinpath("scripts", name).read_text(encoding="utf-8")
