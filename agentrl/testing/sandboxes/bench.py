"""What the checks of sandboxes share."""

from collections.abc import Callable, Iterator
from contextlib import contextmanager

from agentrl.errors import SandboxError
from agentrl.sandboxes.base import ExecResult, RunResult, Sandbox

Start = Callable[..., Sandbox]
"""Starts a sandbox; the keyword arguments are keys of ``SandboxSpec``."""


@contextmanager
def opened(start: Start, **keys: object) -> Iterator[Sandbox]:
    """Start a sandbox and close it, whatever the check says."""
    sandbox = start(**keys)
    try:
        yield sandbox
    finally:
        sandbox.close()


def expect(result: ExecResult | RunResult, code: int, what: str) -> None:
    """Require an exit code, and that no time was over."""
    assert not result.timed_out, f"{what}: timed out, expected to end by itself: {result}"
    assert result.exit_code == code, (
        f"{what}: exit code {result.exit_code}, expected {code}: {result}"
    )


def expect_output(sandbox: Sandbox, command: str, output: str, code: int = 0) -> None:
    """Require a command's output and exit code in the sandbox's shell."""
    result = sandbox.exec(command)
    expect(result, code, f"exec {command[:200]!r}")
    assert result.output == output, (
        f"exec {command[:200]!r} gave {result.output[:500]!r}, expected {output[:500]!r}"
    )


def expect_alive(sandbox: Sandbox, after: str) -> None:
    """Require that the shell still answers, and answers its own commands."""
    result = sandbox.exec("echo still here")
    good = result.output == "still here\n" and result.exit_code == 0 and not result.timed_out
    assert good, f"after {after} the shell answers {result}, expected 'still here'"


def expect_sandbox_error(action: Callable[[], object], what: str) -> None:
    """Require that something is refused with ``SandboxError``."""
    try:
        action()
    except SandboxError:
        return
    raise AssertionError(f"{what} was carried out, expected SandboxError")
