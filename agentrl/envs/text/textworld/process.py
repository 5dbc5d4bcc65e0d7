"""Processes that host games, as the environments of this process see them."""

import atexit
import os
import socket
import subprocess
import sys
import tempfile
import threading
from collections.abc import Mapping
from multiprocessing.connection import Connection
from pathlib import Path
from typing import IO, Any

from agentrl.envs.text.textworld import cache
from agentrl.envs.text.textworld.turn import Opening, Turn
from agentrl.errors import AgentrlError, EnvError

GAMES_PER_PROCESS = 50
"""A process that has hosted this many games is replaced: the library keeps each in memory."""


class Zygote:
    """The process that forks the others; started when first needed, and again if it died."""

    def __init__(self) -> None:
        self._lock = threading.Lock()
        self._process: subprocess.Popen[bytes] | None = None
        self._control: socket.socket | None = None
        self._stderr: IO[bytes] | None = None

    @property
    def pid(self) -> int | None:
        """Its process id; None while it was not needed."""
        return self._process.pid if self._process is not None else None

    def fork(self, description: Path | None = None) -> Connection:
        """Return the connection to a fresh process, warmed up for the game described there."""
        ours, theirs = socket.socketpair()
        message = b"+" + (os.fsencode(description) if description else b"")
        with self._lock, theirs:
            try:
                socket.send_fds(self._running(), [message], [theirs.fileno()])
            except OSError:
                self._end()
                socket.send_fds(self._running(), [message], [theirs.fileno()])
        return Connection(ours.detach())

    def last_words(self) -> str:
        """Return the end of what a zygote printed that has died, or an empty text."""
        with self._lock:
            if self._process is None or self._stderr is None or self._process.poll() is None:
                return ""
            self._stderr.seek(0)
            text = self._stderr.read().decode(errors="replace").strip()
            return f"; the process that hosts games died: {text[-1000:]}" if text else ""

    def close(self) -> None:
        """End the zygote. Processes that it forked go on until their connections are closed."""
        with self._lock:
            self._end()

    def abandon(self) -> None:
        """Forget a zygote that belongs to the process from which this one was forked."""
        self._lock = threading.Lock()
        if self._process is not None:
            self._process.returncode = 0  # not ours to wait for
        if self._control is not None:
            self._control.close()
        self._process = self._control = self._stderr = None

    def _running(self) -> socket.socket:
        if self._control is not None and self._process is not None:
            if self._process.poll() is None:
                return self._control
            self._end()
        # A packet socket, so that a request is one message and the end is an empty one.
        self._control, theirs = socket.socketpair(socket.AF_UNIX, socket.SOCK_SEQPACKET)
        self._stderr = tempfile.TemporaryFile()  # noqa: SIM115 - lives as long as the zygote
        with theirs:
            self._process = subprocess.Popen(
                [sys.executable, "-P", "-m", "agentrl.envs.text.textworld.zygote"],
                stdin=theirs.fileno(),
                stdout=subprocess.DEVNULL,
                stderr=self._stderr,
                # Nobody can create a file in /proc: where a game's command still writes one.
                cwd="/proc" if Path("/proc/self").exists() else "/",
                env=_environment(),
                start_new_session=True,  # a Ctrl-C is for the run to handle, not for games
            )
        return self._control

    def _end(self) -> None:
        if self._control is not None:
            self._control.close()
        if self._process is not None:
            _wait_or_kill(self._process)
        if self._stderr is not None:
            self._stderr.close()
        self._process = self._control = self._stderr = None


class GameProcess:
    """One process that hosts one game at a time.

    Every method raises EnvError when the process died or the library failed in it.
    """

    def __init__(self, connection: Connection) -> None:
        self._connection = connection
        self._game = Path()
        self._games = 0

    @property
    def reusable(self) -> bool:
        """Whether another game may be loaded: it lives, and has not grown old."""
        if self._connection.closed or self._games >= GAMES_PER_PROCESS:
            return False
        return not self._connection.poll()  # what could be read without a request is the end

    def load(self, game: Path, legal: bool) -> Opening:
        """Begin the game in that file; ``legal`` asks for the legal commands with it."""
        self._game = game
        self._games += 1
        opening: Opening = self._ask("at its beginning", "load", str(game), legal)
        return opening

    def step(self, command: str, legal: bool) -> Turn:
        """Type a command; ``legal`` asks for the legal commands that follow."""
        turn: Turn = self._ask(f"after the command {command!r}", "step", command, legal)
        return turn

    def legal(self) -> tuple[str, ...]:
        """Return every command that makes sense now."""
        legal: tuple[str, ...] = self._ask("while listing the legal commands", "legal")
        return legal

    def make(self, entry: Path, settings: Mapping[str, Any], seed: int) -> None:
        """Make a game into a cache entry."""
        self._game = entry
        what = f"while making the game {dict(settings)} of seed {seed}"
        self._ask(what, "make", str(entry), settings, seed)

    def close(self) -> None:
        """Let the process end; closing it again changes nothing."""
        self._connection.close()

    def _ask(self, when: str, *request: Any) -> Any:
        try:
            self._connection.send(request)
            answer = self._connection.recv()
        except (EOFError, OSError):
            answer = EnvError(f"TextWorld's process died{ZYGOTE.last_words()}")
        if not isinstance(answer, AgentrlError):
            return answer
        self.close()
        if isinstance(answer, EnvError):
            raise EnvError(f"game {self._game}, {when}: {answer}")
        raise answer


class GameProcesses:
    """The processes that no environment holds at the moment, kept for the next one."""

    def __init__(self) -> None:
        self._lock = threading.Lock()
        self._idle: list[GameProcess] = []

    def take(self, game: Path) -> GameProcess:
        """Return a process to play ``game`` in."""
        with self._lock:
            while self._idle:
                process = self._idle.pop()
                if process.reusable:
                    return process
                process.close()
        return GameProcess(ZYGOTE.fork(game.with_suffix(".json")))

    def give_back(self, process: GameProcess) -> None:
        """Keep a process for the next environment, if it is still good."""
        if not process.reusable:
            process.close()
            return
        with self._lock:
            self._idle.append(process)

    def abandon(self) -> None:
        """Forget processes that belong to the process from which this one was forked."""
        self._lock = threading.Lock()
        self.close()

    def close(self) -> None:
        """End every idle process."""
        with self._lock:
            while self._idle:
                self._idle.pop().close()


def make_game(settings: Mapping[str, Any], seed: int) -> Path:
    """Return the compiled game of ``settings`` and ``seed``, made now or found in the cache.

    Raises:
        TaskError: no game comes of these settings and this seed.
        StorageError: the cache cannot be written.
        EnvError: the process that made it died.
    """
    entry = cache.entry_folder(settings, seed)
    if not cache.is_whole(entry):
        process = GameProcess(ZYGOTE.fork())
        process.make(entry, settings, seed)
        process.close()
    return entry / cache.GAME


ZYGOTE = Zygote()
"""The zygote of this process."""
PROCESSES = GameProcesses()
"""The idle game processes of this process."""


@atexit.register
def _close() -> None:
    PROCESSES.close()
    ZYGOTE.close()


def _forget() -> None:
    PROCESSES.abandon()
    ZYGOTE.abandon()


os.register_at_fork(after_in_child=_forget)


def _wait_or_kill(process: subprocess.Popen[bytes]) -> None:
    try:
        process.wait(timeout=5)
    except subprocess.TimeoutExpired:
        process.kill()
        process.wait()


def _environment() -> dict[str, str]:
    paths = [os.path.abspath(path) for path in sys.path]  # noqa: PTH100 - "" is the folder we are in
    return os.environ | {
        "PYTHONPATH": os.pathsep.join(paths),
        "PYTHONHASHSEED": "0",  # a game must not depend on the order of a set
        "OPENBLAS_NUM_THREADS": "1",
        "OMP_NUM_THREADS": "1",
    }
