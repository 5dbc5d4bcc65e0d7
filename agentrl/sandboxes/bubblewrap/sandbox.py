"""A sandbox of namespaces: a folder, and the programs that have it as their root."""

import json
import subprocess
import threading
import time
from collections.abc import Callable, Iterator, Mapping, Sequence
from contextlib import contextmanager
from importlib.resources import files
from pathlib import Path

from agentrl.errors import SandboxError, UsageError
from agentrl.sandboxes.base import AGENT_UID, ExecResult, File, RunResult, User
from agentrl.sandboxes.bubblewrap import leases
from agentrl.sandboxes.bubblewrap.command import Command, Contained
from agentrl.sandboxes.bubblewrap.inside.read import MISSING
from agentrl.sandboxes.bubblewrap.layout import PATH, Surroundings, environment, program_command
from agentrl.sandboxes.bubblewrap.limits import ControlGroup, process_limits, remove_group
from agentrl.sandboxes.bubblewrap.store import Store
from agentrl.sandboxes.bubblewrap.streams import ShellStream, collect
from agentrl.sandboxes.quoting import check_word
from agentrl.sandboxes.shell import SHELL_ARGV, TOOLS, Shell
from agentrl.suite.sandbox import SandboxSpec

_BEGIN_SHELL = 'cd /testbed 2>/dev/null || cd; unset OLDPWD; exec "$@"'
_PYTHON = ("/usr/bin/python3", "-I", "-S", "-c")
_FILES_S = 300.0
_INSIDE = files("agentrl.sandboxes.bubblewrap.inside")
_READ = _INSIDE.joinpath("read.py").read_text()
_WRITE = _INSIDE.joinpath("write.py").read_text()


class BubblewrapSandbox:
    """See ``agentrl.sandboxes.base.Sandbox``.

    Args:
        folder: the sandbox's, with its lease and its tree.
        store: where it lies.
        spec: what it may use.

    Raises:
        SandboxError: it cannot be started.
    """

    def __init__(self, folder: Path, store: Store, spec: SandboxSpec) -> None:
        self.id = folder.name
        self._folder = folder
        self._store = store
        self._user: User = spec.user
        self._ends = time.monotonic() + spec.lifetime_s
        self._lock = threading.Lock()
        self._shell_lock = threading.Lock()
        self._closed = False
        self._running: set[Contained] = set()
        self._group = ControlGroup(self.id, spec)
        network = spec.network == "full"
        self._around = Surroundings(folder, store.identities, network, process_limits(spec))
        self._shell = Shell(self._open_shell, self._stop_shell, spec.output_kb * 1024)
        self._stream: ShellStream | None = None

    def exec(self, command: str, timeout_s: float = 60.0) -> ExecResult:
        """See ``Sandbox.exec``."""
        check_word(command)
        with self._shell_lock:
            self._check_open()
            with self._told_when_closed():
                return self._shell.exec(command, timeout_s)

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
        """See ``Sandbox.run``. What the program leaves running ends with it."""
        names = {**environment(user), **(env or {})}
        command = self._command(argv, user=user, env=names, cwd=cwd, seal=user == "root")
        return self._collect(command, stdin, timeout_s, output_bytes)

    def read_file(self, path: str, max_bytes: int = 16 * 2**20) -> bytes:
        """See ``Sandbox.read_file``. A link is no regular file."""
        argv = [*_PYTHON, _READ, _absolute(path), str(max_bytes)]
        command = self._command(argv, user="root", env=environment("root"))
        result = self._collect(command, b"", _FILES_S, max_bytes)
        if result.exit_code == MISSING:
            raise FileNotFoundError(f"there is no file {path} in the sandbox")
        if result.exit_code or result.cut_bytes:
            said = result.stderr.decode(errors="replace").strip()
            raise SandboxError(f"{path} cannot be read: {said or f'code {result.exit_code}'}")
        return result.stdout

    def write_files(self, files: Mapping[str, File]) -> None:
        """See ``Sandbox.write_files``. No link is followed on the way to a file."""
        entries = [
            [_absolute(path), self._mode(file), self._owner(file), len(file.data)]
            for path, file in files.items()
        ]
        stdin = json.dumps(entries).encode() + b"\n"
        stdin += b"".join(file.data for file in files.values())
        command = self._command([*_PYTHON, _WRITE], user="root", env=environment("root"))
        result = self._collect(command, stdin, _FILES_S, 2000)
        if result.exit_code:
            said = result.stderr.decode(errors="replace").strip()
            raise SandboxError(f"a file cannot be written: {said or f'code {result.exit_code}'}")

    def snapshot(self, image: str) -> str:
        """See ``Sandbox.snapshot``. What is in /dev/shm is not kept."""
        self._check_open()
        self._store.keep(self._folder, image)
        return image

    def warm(self) -> None:
        """See ``Warmable.warm``."""
        with self._shell_lock:
            self._check_open()
            self._shell.open()

    def is_alive(self) -> bool:
        """See ``Warmable.is_alive``: there is no engine that could have lost it."""
        try:
            self._check_open()
        except SandboxError:
            return False
        return True

    def close(self) -> None:
        """See ``Sandbox.close``."""
        with self._lock:
            if self._closed:
                return
            self._closed = True
            running = list(self._running)
        for contained in running:
            contained.end()
        with self._shell_lock:  # a command that was at work has now been told
            self._shell.close()
        remove_group(self.id)
        self._store.discard(self._folder)
        self._store.identities.close()

    def _command(
        self,
        argv: Sequence[str],
        *,
        user: User,
        env: Mapping[str, str],
        cwd: str = "/",
        seal: bool = False,
        use: str = "run",
    ) -> Command:
        for word in (*argv, cwd, *env, *env.values()):
            check_word(word)
        return program_command(
            self._around,
            argv,
            user=user,
            env=env,
            cwd=cwd,
            seconds=self._ends - time.monotonic(),
            seal=seal,
            guarding=self._store.guarding(self._folder) if user == "agent" else (),
            groups=self._group.joins(use),
        )

    def _collect(
        self, command: Command, stdin: bytes, timeout_s: float, output_bytes: int
    ) -> RunResult:
        pipe = subprocess.PIPE
        contained = self._begin(lambda: Contained(command, stdin=pipe, stdout=pipe, stderr=pipe))
        try:
            with self._told_when_closed():
                return collect(contained, stdin, timeout_s, output_bytes)
        finally:
            self._finish(contained)
            contained.close()

    def _open_shell(self) -> ShellStream:
        env = {**environment(self._user), "PATH": f"{TOOLS}:{PATH}"}
        argv = ["sh", "-c", _BEGIN_SHELL, "sh", *SHELL_ARGV]
        command = self._command(argv, user=self._user, env=env, use="shell")
        streams: list[ShellStream] = []

        def start() -> Contained:
            streams.append(ShellStream(command))
            return streams[0].contained

        if self._stream is not None:
            self._finish(self._stream.contained)
        self._begin(start)
        self._stream = streams[0]
        return self._stream

    def _stop_shell(self) -> None:
        if self._stream is not None:
            self._stream.contained.end()

    def _begin(self, start: Callable[[], Contained]) -> Contained:
        self._check_open()
        with self._lock:
            if self._closed:
                raise SandboxError(f"the sandbox {self.id} is closed")
            contained = start()
            self._running.add(contained)
        leases.note_process(self._folder, contained.process.pid)
        return contained

    def _finish(self, contained: Contained) -> None:
        with self._lock:
            self._running.discard(contained)
        leases.forget_process(self._folder, contained.process.pid)

    @contextmanager
    def _told_when_closed(self) -> Iterator[None]:
        """Take what happens while the sandbox ends for that, not for a result or an error."""
        try:
            yield
        finally:
            self._check_open()

    def _check_open(self) -> None:
        if self._closed:
            raise SandboxError(f"the sandbox {self.id} is closed")
        if time.monotonic() > self._ends:
            raise SandboxError(f"the time of the sandbox {self.id} is over (lifetime_s)")
        if not (self._folder / "lease.json").exists():
            raise SandboxError(f"the sandbox {self.id} was removed")

    def _owner(self, file: File) -> int | None:
        if not self._store.identities.apart:
            return None
        return AGENT_UID if file.owner == "agent" else 0

    def _mode(self, file: File) -> int:
        """Return the mode that means for the kernel what the file's mode says."""
        if self._store.identities.apart or file.owner == "agent":
            return file.mode
        return file.mode & 0o077 | (file.mode & 0o007) << 6


def _absolute(path: str) -> str:
    if not path.startswith("/") or path.endswith("/"):
        raise UsageError(f"{path!r} is no absolute path of a file in a sandbox, such as /tmp/x")
    return check_word(path)
