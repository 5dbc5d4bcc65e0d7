"""One container as a sandbox."""

import threading
from collections.abc import Callable, Mapping, Sequence
from dataclasses import replace

from agentrl.errors import SandboxError
from agentrl.sandboxes.archive import UNPACK, pack
from agentrl.sandboxes.base import AGENT_UID, ExecResult, File, RunResult, User
from agentrl.sandboxes.docker.container import Setting
from agentrl.sandboxes.docker.engine import engine, engine_errors
from agentrl.sandboxes.docker.images import keep_container
from agentrl.sandboxes.docker.keeper import Keeper, Program
from agentrl.sandboxes.docker.wire import Wire
from agentrl.sandboxes.shell import SHELL_ARGV, Shell
from agentrl.suite.sandbox import SandboxSpec

_KILLED = 137
_READ = """\
[ -e "$1" ] || [ -L "$1" ] || exit 3
[ -f "$1" ] || exit 4
exec head -c "$2" -- "$1"
"""


class DockerSandbox:
    """See ``agentrl.sandboxes.base.Sandbox``.

    Args:
        container: its id.
        keeper: of this container.
        setting: what its image says of processes.
        spec: what it may use.
        closed: is called once, when it has been removed.
    """

    def __init__(
        self,
        container: str,
        keeper: Keeper,
        setting: Setting,
        spec: SandboxSpec,
        closed: Callable[["DockerSandbox"], None],
    ) -> None:
        self._container = container
        self._keeper = keeper
        self._setting = setting
        self._spec = spec
        self._closed = closed
        self._shell = Shell(self._open_shell, keeper.end_all, spec.output_kb * 1024)
        self._shell_used = False
        self._starved = 0
        self._lock = threading.Lock()
        self._open = True

    @property
    def id(self) -> str:
        return self._container[:12]

    def exec(self, command: str, timeout_s: float = 60.0) -> ExecResult:
        self._check_open()
        self._shell_used = True
        result = self._shell.exec(command, timeout_s)
        if result.exit_code == _KILLED and self._was_starved():
            note = f"\n[killed: the sandbox's memory of {self._spec.memory_mb} MB is used up]"
            return replace(result, output=result.output + note)
        return result

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
        self._check_open()
        surroundings = {**self._setting.env_of(user), **(env or {})}
        program = Program(argv, user, stdin, cwd, surroundings, timeout_s, output_bytes)
        return self._keeper.run(program, alone=not self._shell_used)

    def read_file(self, path: str, max_bytes: int = 16 * 2**20) -> bytes:
        argv = ["bash", "-c", _READ, "read", path, str(max_bytes + 1)]
        result = self._own(argv, output_bytes=max_bytes + 1)
        if result.exit_code == 3:
            raise FileNotFoundError(f"{path} is not in the sandbox")
        if result.exit_code == 4:
            raise SandboxError(f"{path} in the sandbox is no regular file")
        if result.exit_code:
            raise SandboxError(f"could not read {path} in the sandbox: {_said(result)}")
        if len(result.stdout) > max_bytes:
            raise SandboxError(f"{path} in the sandbox is larger than {max_bytes:,} bytes")
        return result.stdout

    def write_files(self, files: Mapping[str, File]) -> None:
        if not files:
            return
        result = self._own(["bash", "-c", UNPACK], stdin=pack(files))
        if result.exit_code:
            raise SandboxError(f"could not write files into the sandbox: {_said(result)}")

    def snapshot(self, image: str) -> str:
        self._check_open()
        return keep_container(self._container, image)

    def warm(self) -> None:
        """Start the shell ahead of need."""
        self._shell.open()

    def check(self) -> None:
        """See that it answers.

        Raises:
            SandboxError: it does not, or its image lacks what a sandbox needs.
        """
        self._keeper.check()

    def is_alive(self) -> bool:
        """Return whether it still answers."""
        try:
            self.check()
        except SandboxError:
            return False
        return True

    def close(self) -> None:
        with self._lock:
            was_open, self._open = self._open, False
        if was_open:
            self._shell.close()
            self._keeper.close()
            _end_container(self._container)
            self._closed(self)

    def _own(self, argv: Sequence[str], stdin: bytes = b"", output_bytes: int = 65536) -> RunResult:
        """Run a program of ours, beside which everything else may go on."""
        self._check_open()
        env = self._setting.env_of("root")
        program = Program(argv, "root", stdin, "/", env, 600.0, output_bytes)
        return self._keeper.run(program, alone=False)

    def _open_shell(self) -> "_ShellStream":
        self._check_open()
        return _ShellStream(self._container, self._setting, self._spec.user)

    def _was_starved(self) -> bool:
        before, self._starved = self._starved, self._keeper.starved()
        return self._starved > before

    def _check_open(self) -> None:
        if not self._open:
            raise SandboxError("the sandbox has been closed")


class _ShellStream:
    """The agent's shell in a container."""

    def __init__(self, container: str, setting: Setting, user: User) -> None:
        api = engine()
        with engine_errors("start a shell in the sandbox"):
            self._exec: str = api.exec_create(
                container,
                list(SHELL_ARGV),
                stdin=True,
                user=f"{AGENT_UID}:{AGENT_UID}" if user == "agent" else "0:0",
                environment=setting.env_of_shell(user),
                workdir=setting.workdir,
            )["Id"]
            self._wire = Wire(api.exec_start(self._exec, socket=True))

    def send(self, data: bytes) -> None:
        self._wire.send(data)

    def receive(self, timeout_s: float) -> bytes | None:
        received = self._wire.receive(timeout_s)
        return None if received is None else received[1]

    def exit_code(self) -> int:
        with engine_errors("ask how the shell ended"):
            code = engine().exec_inspect(self._exec)["ExitCode"]
        return _KILLED if code is None else int(code)

    def close(self) -> None:
        self._wire.close()


def _end_container(container: str) -> None:
    """End a running container at once; the engine removes its files in its own time."""
    from docker.errors import APIError

    with engine_errors("end the sandbox"):
        try:
            engine().kill(container)
        except APIError:  # it is not running: over already, or never begun
            remove_container(container)


def remove_container(container: str) -> None:
    """End a container and remove it; one that is gone already is no error."""
    from docker.errors import APIError

    with engine_errors("remove the sandbox"):
        try:
            engine().remove_container(container, force=True, v=True)
        except APIError as exc:
            # 404: it is gone; 409: the engine is removing it already.
            if exc.status_code not in (404, 409):
                raise


def _said(result: RunResult) -> str:
    return result.stderr.decode(errors="replace").strip() or f"exit code {result.exit_code}"
