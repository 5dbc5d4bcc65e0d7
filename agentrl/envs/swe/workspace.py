"""The agent's repository as the environment sees it: what has changed since the task began.

It is compared with what ``prepare`` kept aside, by git but not by the repository's own ``.git``:
that is the agent's, and may be broken, gone or hostile.
"""

from dataclasses import dataclass
from importlib.resources import files

from agentrl.envs.swe.tools.submit import SUBMITTED
from agentrl.errors import SandboxError
from agentrl.sandboxes.base import RunResult, Sandbox, User

MOST_PATCH_BYTES = 64 * 2**20
"""A longer patch is none."""

_SCRATCH = "/tmp/.agentrl-changes"
_LOOK_S = 120.0


@dataclass(frozen=True, slots=True)
class State:
    """What the repository is now."""

    tree: str
    """Git's name for its contents, files that it ignores left out."""
    submitted: bool
    """Whether the agent has said that it is done."""


class UnreadableError(Exception):
    """The agent left the repository in a state that git cannot read, or too large to tell."""


class Workspace:
    """A repository in a sandbox.

    Args:
        sandbox: a fresh one, started from an image that ``prepare`` made.
        workdir: where the repository lies in it.
        user: who the agent's commands run as.

    Raises:
        SandboxError: the sandbox fails, or its repository cannot be read although it is fresh.
    """

    def __init__(self, sandbox: Sandbox, workdir: str, user: User) -> None:
        self._sandbox = sandbox
        self._workdir = workdir
        self._user: User = user
        try:
            self.beginning = self.look()
        except UnreadableError as exc:
            raise SandboxError(f"the prepared repository cannot be read: {exc}") from None

    def look(self) -> State:
        """Return what the repository is now.

        Raises:
            UnreadableError: git cannot read it.
            SandboxError: the sandbox fails.
        """
        lines = self._run().stdout.decode(errors="replace").split()
        return State(lines[0], "submitted" in lines[1:])

    def patch(self) -> str:
        """Return the changes since the beginning, new files and binary ones included.

        Bytes that are no UTF-8 are there as surrogates.

        Raises:
            UnreadableError: git cannot read the repository, or the patch is too long.
            SandboxError: the sandbox fails.
        """
        result = self._run(self.beginning.tree)
        if result.cut_bytes:
            raise UnreadableError(f"the patch is longer than {MOST_PATCH_BYTES:,} bytes")
        return result.stdout.decode("utf-8", "surrogateescape")

    def _run(self, *before: str) -> RunResult:
        script = files("agentrl.envs.swe").joinpath("scripts", "changes.sh")
        words = (self._workdir, _SCRATCH, SUBMITTED, *before)
        result = self._sandbox.run(
            ["sh", "-c", script.read_text(encoding="utf-8"), "changes.sh", *words],
            user=self._user,
            timeout_s=_LOOK_S,
            output_bytes=MOST_PATCH_BYTES,
        )
        if result.exit_code or not (result.stdout or before):
            said = result.stderr[-500:].decode(errors="replace").strip()
            how = "took too long" if result.timed_out else f"ended with {result.exit_code}"
            raise UnreadableError(f"git {how}: {said}")
        return result
