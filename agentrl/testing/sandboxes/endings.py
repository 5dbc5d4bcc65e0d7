"""Checks of how commands end when their time is over, and of the end of the sandbox."""

import time

from agentrl.sandboxes.base import TIMED_OUT, File, Sandbox
from agentrl.testing.sandboxes.bench import (
    Start,
    expect_alive,
    expect_output,
    expect_sandbox_error,
    opened,
)

_IGNORES = "trap '' TERM INT HUP; while :; do sleep 0.1; done"


def check_timeout(start: Start) -> None:
    """Check that a timeout is told, keeps what was printed, and leaves the state of before."""
    with opened(start) as sandbox:
        sandbox.exec("cd /usr/bin; export kept=yes")
        result = sandbox.exec("cd /; export kept=no; echo printed; sleep 300", timeout_s=0.7)
        assert result.timed_out, f"sleep 300 within 0.7 s: {result}"
        assert result.exit_code == TIMED_OUT, f"exit code {result.exit_code}, expected {TIMED_OUT}"
        assert "printed\n" in result.output, f"output before the timeout is lost: {result.output!r}"
        expect_output(sandbox, "pwd; echo $kept", "/usr/bin\nyes\n")


def check_own_code_is_no_timeout(start: Start) -> None:
    """Check that a command that ends with 124 by itself has not timed out."""
    with opened(start) as sandbox:
        result = sandbox.exec("timeout 0.1 sleep 5")
        assert (result.exit_code, result.timed_out) == (124, False), f"timeout(1) gave {result}"
        result = sandbox.exec("exit 124")
        assert (result.exit_code, result.timed_out) == (124, False), f"exit 124 gave {result}"


def check_timeout_ends_the_tree(start: Start) -> None:
    """Check that nothing of a command survives its timeout, whatever it does to stay."""
    with opened(start) as sandbox:
        for name, command in (
            ("ignores", _IGNORES),
            ("children", "for i in 1 2 3; do (sh -c 'sleep 301; :' &); done; sleep 301"),
            ("session", f'setsid -f bash -c "{_IGNORES}"; setsid -w sleep 302'),
            ("stopped", "kill -STOP $$"),
            ("endless output", "yes"),
            ("moved on", f'nohup bash -c "{_IGNORES}" >/dev/null 2>&1 & exec sleep 303'),
        ):
            _check_ends(sandbox, name, command)


def check_fork_bomb(start: Start) -> None:
    """Check that a fork bomb ends with its timeout, and the sandbox can still be used."""
    with opened(start, pids=64) as sandbox:
        result = sandbox.exec("bomb() { bomb | bomb & }; bomb; sleep 300", timeout_s=2)
        assert result.timed_out or result.exit_code, f"a fork bomb ended well: {result}"
        # Where the bomb kept the shell from starting its sleep, it still burns in the background.
        sandbox.exec("sleep 300", timeout_s=0.5)
        expect_alive(sandbox, "a fork bomb")
        count = _processes(sandbox, "bash")
        assert count <= 3, f"{count} shells are left of a fork bomb"


def check_close(start: Start) -> None:
    """Check that closing is quick, works twice and with a command at work, and is final."""
    sandbox = start()
    sandbox.exec(f"({_IGNORES}) & ")
    began = time.monotonic()
    sandbox.close()
    assert time.monotonic() - began < 10, "closing took more than 10 s: does it wait for a grace?"
    sandbox.close()
    expect_sandbox_error(lambda: sandbox.exec("true"), "exec after close")
    expect_sandbox_error(lambda: sandbox.run(["true"]), "run after close")
    expect_sandbox_error(lambda: sandbox.read_file("/etc/passwd"), "read_file after close")
    expect_sandbox_error(lambda: sandbox.write_files({"/tmp/x": File(b"")}), "writing after close")
    expect_sandbox_error(lambda: sandbox.snapshot("agentrl-check-closed"), "snapshot after close")
    unused = start()
    unused.close()
    unused.close()


def _check_ends(sandbox: Sandbox, name: str, command: str) -> None:
    result = sandbox.exec(command, timeout_s=0.4)
    assert result.timed_out, f"{name}: {command!r} has not timed out: {result}"
    expect_alive(sandbox, f"{name}: a timeout of {command!r}")
    for program in ("sleep", "yes"):
        count = _processes(sandbox, program)
        assert count == 0, f"{name}: {count} {program} processes survive the timeout of {command!r}"


def _processes(sandbox: Sandbox, program: str) -> int:
    """Count the processes of this name, without starting a program that may be the one counted."""
    look = 'n=0; for p in /proc/[0-9]*/comm; do read -r c <$p && [ "$c" = %s ] && n=$((n+1)); done'
    return int(sandbox.exec(f"{{ {look % program}; }} 2>/dev/null; echo $n").output)


CHECKS = (
    check_timeout,
    check_own_code_is_no_timeout,
    check_timeout_ends_the_tree,
    check_fork_bomb,
    check_close,
)
