"""Our side of the keeper, which serves programs inside a container."""

import re
import secrets
import time
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from importlib.resources import files

from agentrl.errors import SandboxError, UsageError
from agentrl.sandboxes.answer import Answer
from agentrl.sandboxes.base import TIMED_OUT, RunResult, User
from agentrl.sandboxes.docker.wire import Wire
from agentrl.sandboxes.quoting import quoted

_SCRIPT = files("agentrl.sandboxes.docker").joinpath("keeper.sh").read_text()
_GRACE_S = 20.0
_KILLED = 137

# Names that a shell can export as they are; those in parentheses it keeps for itself.
_PLAIN_NAME = re.compile(
    r"(?!(?:BASH\w*|EPOCH\w*|E?UID|PPID|SHELLOPTS|GROUPS|DIRSTACK|FUNCNAME|SECONDS|S?RANDOM|LINENO"
    r"|HISTCMD|POSIXLY_CORRECT|_)$)[A-Za-z_]\w*",
    re.ASCII,
)


def keeper_argv(lifetime_s: int) -> list[str]:
    """Return the command of a container that ends by itself after so many seconds."""
    return ["bash", "--noprofile", "--norc", "-c", _SCRIPT, "keeper", str(lifetime_s)]


@dataclass(frozen=True, slots=True)
class Program:
    """What is run beside the shell; see ``Sandbox.run``."""

    argv: Sequence[str]
    user: User
    stdin: bytes
    cwd: str
    env: Mapping[str, str]
    timeout_s: float
    output_bytes: int


class Keeper:
    """Asks the keeper of one container.

    Args:
        wire: the container's own input and outputs.
    """

    def __init__(self, wire: Wire) -> None:
        self._wire = wire

    def run(self, program: Program, *, alone: bool) -> RunResult:
        """Run a program to its end.

        Args:
            program: what is run.
            alone: whether everything else in the container is ended with it.

        Raises:
            SandboxError: the keeper does not answer; nothing more can be had from it.
        """
        started = time.monotonic()
        kept = _Kept(program.output_bytes), _Kept(program.output_bytes)
        if not program.argv or not program.argv[0] or "=" in program.argv[0]:
            raise UsageError(f"{program.argv!r} names no program")
        code = self._ask(_words(program, alone), program.stdin, kept, program.timeout_s)
        duration = time.monotonic() - started
        timed_out = code == _KILLED and duration >= program.timeout_s
        return RunResult(
            exit_code=TIMED_OUT if timed_out else code,
            stdout=bytes(kept[0].data),
            stderr=bytes(kept[1].data),
            timed_out=timed_out,
            duration_s=duration,
            cut_bytes=kept[0].cut + kept[1].cut,
        )

    def check(self) -> None:
        """See that it has started, and that the image has what it needs.

        Raises:
            SandboxError: it lacks something.
        """
        if self._ask(["ready"]):
            raise SandboxError("the image lacks coreutils or util-linux (timeout, setpriv)")

    def end_all(self) -> None:
        """End every process in the container but the keeper; takes no process to do so."""
        self._ask(["end"])

    def starved(self) -> int:
        """Return how many processes were killed so far because memory was used up."""
        return self._ask(["starved"])

    def close(self) -> None:
        """Let go of the container, which ends it."""
        self._wire.close()

    def _ask(
        self,
        words: Sequence[str],
        payload: bytes = b"",
        kept: "tuple[_Kept, _Kept] | None" = None,
        timeout_s: float = 0.0,
    ) -> int:
        nonce = secrets.token_hex(16)
        outputs = kept or (_Kept(0), _Kept(0))
        answers = Answer(nonce, outputs[0].write), Answer(nonce, outputs[1].write)
        request = " ".join(map(quoted, [nonce, *words])).encode("utf-8", "surrogateescape")
        deadline = time.monotonic() + timeout_s + _GRACE_S
        try:
            self._wire.send(b"%d\n%s" % (len(request), request) + payload)
            while answers[0].code is None or answers[1].code is None:
                self._follow(answers, deadline)
        except OSError as exc:
            raise SandboxError(f"the sandbox is gone: {exc}") from exc
        return answers[0].code

    def _follow(self, answers: tuple[Answer, Answer], deadline: float) -> None:
        left = deadline - time.monotonic()
        received = self._wire.receive(left) if left > 0 else None
        if received is None:
            self.close()
            raise SandboxError("the sandbox does not answer, and was ended")
        output, data = received
        if not data:
            raise SandboxError(
                "the sandbox is gone: it was removed, its lifetime_s is over, or the engine died"
            )
        answers[output - 1].feed(data)


class _Kept:
    """The first bytes of a stream."""

    def __init__(self, limit: int) -> None:
        self.data = bytearray()
        self.cut = 0
        self._limit = limit

    def write(self, data: bytes) -> None:
        room = self._limit - len(self.data)
        self.data += data[:room]
        self.cut += max(0, len(data) - room)


def _words(program: Program, alone: bool) -> list[str]:
    plain = [f"{n}={v}" for n, v in program.env.items() if _PLAIN_NAME.fullmatch(n)]
    odd = [f"{n}={v}" for n, v in program.env.items() if not _PLAIN_NAME.fullmatch(n)]
    return [
        "run",
        program.user,
        program.cwd,
        f"{max(program.timeout_s, 0.001):.3f}",
        str(int(alone)),
        str(len(program.stdin)),
        str(len(plain)),
        *plain,
        *odd,
        *program.argv,
    ]
