"""The sandbox contract: a place with a file system and a shell where untrusted code runs.

A sandbox is synchronous: an environment that holds one lives on a thread of its own. Every method
raises ``SandboxError`` when the sandbox itself fails; what a command does to itself, be it a crash,
an endless loop or a gigabyte of output, is a result and no error.
"""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Literal, Protocol, runtime_checkable

from agentrl.suite.sandbox import SandboxSpec

User = Literal["agent", "root"]
"""Who a process runs as: the unprivileged user, or root of the sandbox."""

AGENT_UID = 1000
"""User and group id of ``agent``."""

HOME = "/home/agent"
"""Home of ``agent``, and where a shell begins in an image that names no working directory."""

TIMED_OUT = 124
"""Exit code of a command that was ended because its time was over, as ``timeout`` has it."""


@dataclass(frozen=True, slots=True)
class ExecResult:
    """How a command ended."""

    exit_code: int
    """The command's own; ``TIMED_OUT`` with ``timed_out`` set where its time was over."""
    output: str
    """Standard output and error as they came, bytes that are no UTF-8 replaced. Of more than the
    sandbox keeps, the beginning, a line that says how much was cut, and the end."""
    timed_out: bool = False
    """Whether its time was over; a command may also end with the code 124 by itself."""
    duration_s: float = 0.0
    cut_bytes: int = 0
    """Bytes of output that were left out."""


@dataclass(frozen=True, slots=True)
class RunResult:
    """How a process ended that was started beside the shell."""

    exit_code: int
    stdout: bytes
    stderr: bytes
    timed_out: bool = False
    duration_s: float = 0.0
    cut_bytes: int = 0


@dataclass(frozen=True, slots=True)
class File:
    """A file to be put into a sandbox."""

    data: bytes
    mode: int = 0o644
    owner: User = "root"


class Sandbox(Protocol):
    """One sandbox, from its start to ``close``."""

    @property
    def id(self) -> str:
        """What the backend calls it."""

    def exec(self, command: str, timeout_s: float = 60.0) -> ExecResult:
        """Run a command line in the sandbox's shell, as its ``user``.

        The shell is one and the same from start to end: working directory, variables and
        functions persist. Standard input is empty. A command that takes longer than ``timeout_s``
        is ended with everything the shell has started; directory and exported variables of before
        the command remain.

        Raises:
            SandboxError: the sandbox is gone or does not answer.
            UsageError: the command holds a NUL character.
        """

    def run(
        self,
        argv: Sequence[str],
        *,
        user: User = "root",
        stdin: bytes = b"",
        cwd: str = "/",
        env: Mapping[str, str] | None = None,
        timeout_s: float = 600.0,
        output_bytes: int = 16 * 2**20,
    ) -> RunResult:
        """Run a program beside the shell, with its output streams apart.

        For preparing and grading: nothing of the shell's state reaches it. After ``timeout_s`` the
        process group is killed. Of each stream the first ``output_bytes`` are kept.

        Raises:
            SandboxError: the sandbox is gone or does not answer.
        """

    def read_file(self, path: str, max_bytes: int = 16 * 2**20) -> bytes:
        """Return what a regular file holds.

        Raises:
            FileNotFoundError: there is none at this path.
            SandboxError: it is no regular file or larger than ``max_bytes``, or the sandbox fails.
        """

    def write_files(self, files: Mapping[str, File]) -> None:
        """Put files at absolute paths, all in one go; folders are made, what was there replaced.

        Raises:
            SandboxError: they cannot be written (a full disk, a folder in the way).
        """

    def snapshot(self, image: str) -> str:
        """Keep the file system under the name ``image`` and return that name.

        Raises:
            SandboxError: it cannot be kept, for instance because the disk is full.
        """

    def close(self) -> None:
        """End everything in it and remove it; closing again does nothing."""


@runtime_checkable
class Warmable(Protocol):
    """A sandbox that can be made ready before somebody asks for it."""

    def warm(self) -> None:
        """Do ahead what the first command would wait for."""

    def is_alive(self) -> bool:
        """Return whether it still answers; takes little time."""


@dataclass(frozen=True, slots=True)
class Lease:
    """A sandbox as the machine knows it, whoever started it."""

    id: str
    image: str
    owner: str
    """Who started it: ``host:pid:start time`` of the process."""
    run: str
    """The run it belongs to; empty outside runs."""
    expires: float
    """When it ends by itself, in seconds since the epoch."""
    orphan: bool
    """Whether its owner is gone or its time over."""
    started: float = 0.0
    """When it was started, in seconds since the epoch; 0 where that is not known."""


class Backend(Protocol):
    """Starts sandboxes and keeps images."""

    @property
    def name(self) -> str:
        """As the suite's ``sandbox.backend`` has it."""

    def base_image(self) -> str:
        """Return the image with Python and git that agentrl makes, making it where it is missing.

        Raises:
            UsageError: it cannot be made here; says what is lacking.
            SandboxError: the engine fails.
        """

    def has_image(self, image: str) -> bool:
        """Return whether ``image`` is here already."""

    def fetch_image(self, image: str) -> None:
        """Fetch ``image`` from where the engine finds images.

        Raises:
            UsageError: there is no such image, or no registry answers.
        """

    def build_image(self, dockerfile: str, context: str = "") -> str:
        """Return the name of the image that a Dockerfile describes, built where it is missing.

        Args:
            dockerfile: the text.
            context: the folder that it copies from; empty: it copies nothing.

        Raises:
            UsageError: it cannot be built, or this backend builds no Dockerfiles.
            SandboxError: the engine fails.
        """

    def start(self, image: str, spec: SandboxSpec, *, building: bool = False) -> Sandbox:
        """Start a sandbox from an image that is here.

        Args:
            image: its name.
            spec: what the sandbox may use.
            building: it prepares an image: root of the sandbox may install what it likes.

        Raises:
            SandboxError: it could not be started.
        """

    def leases(self) -> Sequence[Lease]:
        """Return every sandbox of agentrl on this machine."""

    def sweep(self) -> int:
        """Remove orphans, and return how many there were."""

    def images(self) -> Sequence[str]:
        """Return the names of all images that agentrl has made and that are still here."""

    def remove_image(self, image: str) -> None:
        """Forget an image that agentrl has made; one that is not there is no error."""
