"""The process from which the processes that host games are forked.

It is started as ``python -m agentrl.envs.text.textworld.zygote`` with a socket as its standard
input, imports TextWorld once, and forks a child for every socket that is sent to it. A child
serves one environment over that socket and ends when the other side is closed, by whatever death;
so does the zygote. The interpreter is C code that agents' texts reach, and Python that is slow to
import: this way its death costs one episode, and a new one a few milliseconds.
"""

import gc
import os
import signal
import socket
from multiprocessing.connection import Connection
from pathlib import Path
from typing import Any

from agentrl.envs.text.textworld.interpreter import Interpreter
from agentrl.envs.text.textworld.making import make_game
from agentrl.errors import AgentrlError, EnvError, boundary

TURN_S = 120.0
"""A child that takes longer over a turn is stuck, and ends itself."""
MAKE_S = 600.0
"""A child that takes longer over making a game is stuck, and ends itself."""


def main() -> None:
    """Serve until the process that started this one is gone."""
    control = socket.socket(fileno=os.dup(0))
    _silence(0)
    signal.signal(signal.SIGINT, signal.SIG_IGN)
    signal.signal(signal.SIGCHLD, signal.SIG_IGN)  # ended children need no wait
    import textworld.challenges  # noqa: F401

    while True:
        message, fds, _, _ = socket.recv_fds(control, 8192, 1)
        if not message:
            return
        _warm_up(os.fsdecode(message[1:]))
        if os.fork() == 0:
            control.close()
            _serve(fds[0])
        os.close(fds[0])


def _warm_up(description: str) -> None:
    """Read a game here, so that its children inherit the parsed rules of its kind."""
    import textworld

    try:
        with boundary(EnvError, "reading a game"):
            if description:
                textworld.Game.load(description)
    except EnvError:
        pass  # the child will meet the same and tell
    gc.freeze()


def _serve(fd: int) -> None:
    """Answer the requests of one environment; never returns."""
    try:
        signal.signal(signal.SIGCHLD, signal.SIG_DFL)
        _silence(2)
        connection = Connection(fd)
        interpreter = Interpreter()
        while True:
            connection.send(_answer(interpreter, *connection.recv()))
    except (EOFError, OSError):
        pass  # the environment is gone
    finally:
        os._exit(0)


def _answer(interpreter: Interpreter, verb: str, *args: Any) -> Any:
    signal.setitimer(signal.ITIMER_REAL, MAKE_S if verb == "make" else TURN_S)
    try:
        with boundary(EnvError, f"TextWorld, asked to {verb}"):
            if verb == "make":
                entry, settings, seed = args
                return make_game(Path(entry), settings, seed)
            return getattr(interpreter, verb)(*args)
    except AgentrlError as exc:
        return exc
    finally:
        signal.setitimer(signal.ITIMER_REAL, 0)


def _silence(fd: int) -> None:
    null = os.open(os.devnull, os.O_RDWR)
    os.dup2(null, fd)
    os.close(null)


if __name__ == "__main__":
    main()
