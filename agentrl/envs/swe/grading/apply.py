"""Puts a patch into a sandbox's repository, and the tests that decide about it."""

from collections.abc import Mapping
from dataclasses import dataclass, replace
from importlib.resources import files
from pathlib import PurePosixPath

from agentrl.envs.swe.instance import Instance
from agentrl.envs.swe.prepare import ASIDE
from agentrl.errors import SandboxError, TaskError
from agentrl.sandboxes.base import File, RunResult, Sandbox, User

APPLY_S = 300.0
"""Most time for putting one patch in."""

_SAID = 1_500  # characters of what git says that are told


@dataclass(frozen=True, slots=True)
class Applied:
    """How a patch was taken."""

    how: str = ""
    """Which rung of the ladder took it; empty where none did."""
    problem: str = ""
    """Why none did."""


def apply_patch(sandbox: Sandbox, instance: Instance, patch: str) -> Applied:
    """Put an agent's patch in, as ``agent``, by the first way that takes all of it.

    Raises:
        SandboxError: the sandbox failed, or has no git.
    """
    result = _apply(sandbox, instance, patch, "agent")
    if result.timed_out:
        return Applied(problem=f"the patch could not be applied within {APPLY_S:g} s")
    if result.exit_code == 0:
        return Applied(how=result.stdout.decode().strip().rpartition("\n")[2])
    if result.exit_code != 1:
        raise SandboxError(
            f"{instance.id}: no patch can be applied in {instance.workdir}: {_said(result)}"
        )
    return Applied(problem=f"the patch does not apply: {_said(result)}")


def place_tests(sandbox: Sandbox, instance: Instance) -> None:
    """Put the tests that decide in place: the test patch, and files that were kept back.

    Raises:
        TaskError: the instance's own test patch does not apply.
        SandboxError: the sandbox failed.
    """
    tests = instance.tests
    if tests.hidden:
        _bring_back(sandbox, instance)
    if instance.test_patch and not tests.patches_itself:
        result = _apply(sandbox, instance, instance.test_patch, "root")
        if result.exit_code != 0:
            raise TaskError(
                f"{instance.id}: its test patch does not apply to {instance.workdir}: "
                f"{_said(result)}"
            )
    if tests.files:
        sandbox.write_files(_at_their_places(tests.files, instance.workdir))


def _apply(sandbox: Sandbox, instance: Instance, patch: str, user: User) -> RunResult:
    data = patch.encode("utf-8", "surrogateescape")
    folder = instance.workdir.strip("/")
    # Most patches fit. From outside of the repository, where no setting of it has a say, this is
    # one process, and it takes all of a patch or nothing.
    plain = ["git", "apply", "--whitespace=nowarn", f"--directory={folder}", "-"]
    result = sandbox.run(plain, user=user, stdin=data, timeout_s=APPLY_S)
    if result.exit_code == 0:
        return replace(result, stdout=b"git apply\n")
    ladder = ["bash", "-c", _script(), "apply", instance.workdir]
    return sandbox.run(ladder, user=user, stdin=data, timeout_s=APPLY_S)


def _bring_back(sandbox: Sandbox, instance: Instance) -> None:
    script = 'if [ -d "$1" ]; then cp -a "$1/." "$2"; fi'
    result = sandbox.run(["sh", "-c", script, "sh", ASIDE, instance.workdir], timeout_s=APPLY_S)
    if result.exit_code != 0:
        raise SandboxError(f"{instance.id}: its hidden tests are lost: {_said(result)}")


def _at_their_places(hidden: Mapping[str, bytes], workdir: str) -> dict[str, File]:
    root = PurePosixPath(workdir)
    mode = {True: 0o755, False: 0o644}
    return {
        str(root / path): File(data, mode[path.endswith(".sh")]) for path, data in hidden.items()
    }


def _said(result: RunResult) -> str:
    text = (result.stdout + result.stderr).decode("utf-8", errors="replace").strip()
    return text if len(text) <= _SAID else f"...{text[-_SAID:]}"


def _script() -> str:
    return files("agentrl.envs.swe.grading").joinpath("apply.sh").read_text(encoding="utf-8")
