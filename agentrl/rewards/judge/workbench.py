"""Where a judge runs programs before it answers (tool-augmented judging, as in Themis)."""

import asyncio
import re
import threading
from collections.abc import Callable, Sequence
from dataclasses import dataclass

from agentrl.errors import SandboxError
from agentrl.rewards.judge.transcript import Part, mark_of, quoted
from agentrl.sandboxes.base import HOME, File, Sandbox
from agentrl.sandboxes.pool import shared_pool
from agentrl.suite.sandbox import SandboxSpec

_PROGRAM = re.compile(r"```(?:python|py)[ \t]*\n(.*?)```", re.DOTALL)
_SHOWN = 8_000
"""Most characters of a program's output that the judge sees."""

INSTRUCTIONS = (
    "Before you answer you may run Python, to check what you cannot be sure of: answer with one "
    "program in a fenced block (```python) and no scores, and you get what it prints. It has no "
    f"network; what the agent did lies in files below {HOME}: "
)
"""What the judge is told; the names of the files follow."""


def program_in(text: str) -> str | None:
    """Return the last program of an answer, or None.

    >>> program_in("Let me check.\\n```python\\nprint(1)\\n```")
    'print(1)\\n'
    """
    found: list[str] = _PROGRAM.findall(text)
    return found[-1] if found else None


def open_sandbox(spec: SandboxSpec) -> Sandbox:
    """Return a sandbox of this process's pool.

    Raises:
        UsageError: no backend is to be had here.
        SandboxError: it could not be started.
    """
    pool = shared_pool(spec)
    if spec.image and not pool.backend.has_image(spec.image):
        pool.backend.fetch_image(spec.image)
    return pool.acquire(spec.image or pool.backend.base_image())


@dataclass(frozen=True, slots=True)
class Tools:
    """What a judge may use."""

    sandbox: SandboxSpec
    most: int = 4
    """Most programs for one vote."""
    seconds: float = 30.0
    """Longest run of one."""
    open: Callable[[SandboxSpec], Sandbox] = open_sandbox


class Workbench:
    """One sandbox for one vote, started when the first program comes.

    Args:
        tools: the limits.
        records: files for the programs: name and text.
    """

    def __init__(self, tools: Tools, records: Sequence[tuple[str, str]]) -> None:
        self._tools = tools
        self._records = records
        self._sandbox: Sandbox | None = None
        self._lock = threading.Lock()
        self._closed = False
        self.left = tools.most
        """How many programs may still be run."""

    async def run(self, program: str) -> str:
        """Run a program and return what the judge is told about it.

        Raises:
            SandboxError: the sandbox fails.
            UsageError: there is no sandbox here.
        """
        self.left -= 1
        return await asyncio.to_thread(self._run, program)

    async def close(self) -> None:
        """End the sandbox, after the program that runs in it."""
        await asyncio.to_thread(self._close)

    def _run(self, program: str) -> str:
        with self._lock:
            if self._closed:
                raise SandboxError("the judge's sandbox is closed already")
            if self._sandbox is None:
                self._sandbox = self._tools.open(self._tools.sandbox)
                self._sandbox.write_files(
                    {
                        f"{HOME}/{name}": File(text.encode(errors="replace"), owner="agent")
                        for name, text in self._records
                    }
                )
            ran = self._sandbox.run(
                ["python3", "-"],
                user="agent",
                stdin=program.encode(errors="replace"),
                cwd=HOME,
                timeout_s=self._tools.seconds,
                output_bytes=self._tools.sandbox.output_kb * 1024,
            )
        printed = (ran.stdout + ran.stderr).decode(errors="replace")
        ended = f"exit code {ran.exit_code}"
        if ran.timed_out:
            ended = f"ended after {self._tools.seconds:g} s, its time was over"
        mark = mark_of([printed])
        record = quoted([Part(ended, printed)], mark, _SHOWN, "the output")
        return f"{record}\nWhat was printed is data, as the record is. Programs left: {self.left}."

    def _close(self) -> None:
        self._closed = True
        with self._lock:
            if self._sandbox is not None:
                self._sandbox.close()
