"""A Python runner: a program in a sandbox, without a network; what it prints is the answer."""

import re

from agentrl.orchestrator.program import Program
from agentrl.orchestrator.worker import Request
from agentrl.rewards.judge.workbench import open_sandbox
from agentrl.sandboxes.base import HOME, File
from agentrl.suite.sandbox import SandboxSpec

_PROGRAM = re.compile(r"```(?:python|py)?[ \t]*\n(.*?)```", re.DOTALL)
_SHOWN = 8_000
"""Most characters of what a program prints that are passed on."""


def python_runner(seconds: float = 30.0, sandbox: dict[str, object] | None = None) -> Program:
    """Return a program that runs the last fenced block of its instruction, else of what it sees.

    Each request has a sandbox of its own. The answers of the nodes that the request sees lie in
    its folder as ``<node>.txt``.

    Args:
        seconds: longest run.
        sandbox: where it runs, as a suite's ``sandbox`` section.
    """
    spec = SandboxSpec.model_validate(sandbox or {})

    def run(request: Request) -> str:
        program = program_of(request)
        if program is None:
            return (
                "Not run: there is no program in what I was given; put one into a ```python block."
            )
        return _run(program, spec, seconds, request)

    return run


def program_of(request: Request) -> str | None:
    """Return the last program that a request holds: in its instruction, else in what it sees."""
    texts = [request.instruction or request.messages[-1].content]
    for text in (*texts, *(seen.answer for seen in reversed(request.sees))):
        found: list[str] = _PROGRAM.findall(text)
        if found:
            return found[-1]
    return None


def _run(program: str, spec: SandboxSpec, seconds: float, request: Request) -> str:
    place = open_sandbox(spec)
    try:
        place.write_files(_files(request))
        ran = place.run(
            ["python3", "-"],
            user="agent",
            stdin=program.encode(errors="replace"),
            cwd=HOME,
            timeout_s=seconds,
            output_bytes=spec.output_kb * 1024,
        )
    finally:
        place.close()
    printed = (ran.stdout + ran.stderr).decode(errors="replace").strip()
    if len(printed) > _SHOWN:
        printed = f"{printed[: _SHOWN // 2]}\n[...]\n{printed[-_SHOWN // 2 :]}"
    if ran.timed_out:
        return f"{printed}\n[ended: it took longer than {seconds:g} s]".strip()
    if ran.exit_code:
        return f"{printed}\n[exit code {ran.exit_code}]".strip()
    return printed or "[it printed nothing]"


def _files(request: Request) -> dict[str, File]:
    named = ((re.sub(r"[^A-Za-z0-9_.-]", "_", seen.node), seen.answer) for seen in request.sees)
    return {
        f"{HOME}/{name}.txt": File(text.encode(errors="replace"), owner="agent")
        for name, text in named
    }
