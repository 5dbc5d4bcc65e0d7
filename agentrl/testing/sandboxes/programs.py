"""Checks of ``run``: programs beside the shell."""

from agentrl.sandboxes.base import AGENT_UID, HOME
from agentrl.testing.sandboxes.bench import Start, expect, expect_alive, opened


def check_run_streams(start: Start) -> None:
    """Check exit codes, standard input, and that output and error stay apart, byte for byte."""
    with opened(start) as sandbox:
        every = bytes(range(256)) * 1000
        result = sandbox.run(["sh", "-c", "cat; echo e >&2; exit 5"], stdin=every)
        expect(result, 5, "run with standard input")
        assert result.stdout == every, f"stdin came back as {len(result.stdout)} other bytes"
        assert result.stderr == b"e\n", f"stderr is {result.stderr!r}"
        expect(sandbox.run(["cat"]), 0, "run without standard input")
        expect(sandbox.run(["true"], stdin=every), 0, "run of a program that reads no input")
        killed = sandbox.run(["sh", "-c", "kill -9 $$"])
        assert killed.exit_code in (137, -9), f"a killed program gave {killed.exit_code}"
        missing = sandbox.run(["no-such-program"])
        assert missing.exit_code in (126, 127), f"a missing program gave {missing.exit_code}"


def check_run_users(start: Start) -> None:
    """Check who a program runs as."""
    with opened(start) as sandbox:
        assert sandbox.run(["id", "-u"]).stdout == b"0\n", "run without a user is not root's"
        for flag in ("-u", "-g"):
            printed = sandbox.run(["id", flag], user="agent").stdout
            assert printed == f"{AGENT_UID}\n".encode(), f"agent's id {flag} is {printed!r}"
        names = sandbox.run(["id", "-un"], user="agent").stdout
        assert names == b"agent\n", f"agent's name is {names!r}"


def check_run_surroundings(start: Start) -> None:
    """Check directory and environment: what is asked for, and nothing of the shell's or ours."""
    with opened(start) as sandbox:
        sandbox.exec("export LEAK=1; cd /tmp")
        script = 'pwd; printf %s "$LEAK$OTHER"'
        result = sandbox.run(["sh", "-c", script], env={"OTHER": "a b\n'c'"}, cwd="/usr")
        assert result.stdout == b"/usr\na b\n'c'", f"run printed {result.stdout!r}"
        assert sandbox.run(["pwd"]).stdout == b"/\n", "run without cwd does not begin at /"
        names = sandbox.run(["sh", "-c", "env -0 | cut -z -d= -f1"], user="agent").stdout
        strange = set(names.split(b"\0")) - {
            *(b"", b"PATH", b"HOME", b"PWD", b"HOSTNAME", b"USER", b"LOGNAME", b"SHELL"),
            *(b"LANG", b"LC_ALL", b"TERM", b"SHLVL", b"_", b"TMPDIR"),
        }
        assert not strange, f"run's environment holds {strange}"
        home = sandbox.run(["sh", "-c", "echo $HOME"], user="agent").stdout
        assert home == f"{HOME}\n".encode(), f"agent's HOME is {home!r}"
        refused = sandbox.run(["true"], cwd="/no/such/folder")
        assert refused.exit_code != 0, "run in a folder that is not there ended well"


def check_run_timeout(start: Start) -> None:
    """Check that a program's group is killed at its timeout, and the shell is not."""
    with opened(start) as sandbox:
        sandbox.exec("state=kept")
        loop = "trap '' TERM; echo begun; sleep 304 & while :; do sleep 0.1; done"
        for user in ("root", "agent"):
            result = sandbox.run(["bash", "-c", loop], user=user, timeout_s=0.7)
            assert result.timed_out, f"an endless program of {user} has not timed out: {result}"
            assert result.stdout == b"begun\n", f"what it printed is {result.stdout!r}"
        left = sandbox.exec(
            "cat /proc/[0-9]*/cmdline 2>/dev/null | tr '\\0' ' ' | grep -c 'sleep 30[4]'"
        )
        assert left.output == "0\n", f"{left.output} processes survive the timeout of run"
        assert sandbox.exec("echo $state").output == "kept\n", "the timeout of run ended the shell"
        code = sandbox.run(["sh", "-c", "exit 124"])
        assert (code.exit_code, code.timed_out) == (124, False), f"exit 124 gave {code}"


def check_run_caps(start: Start) -> None:
    """Check that of each stream the first bytes are kept, and the rest is counted."""
    with opened(start) as sandbox:
        script = "echo start; head -c 5000000 /dev/zero; echo x >&2"
        result = sandbox.run(["sh", "-c", script], output_bytes=1000)
        expect(result, 0, "run with more output than is kept")
        wanted = b"start\n" + bytes(994)
        assert result.stdout == wanted, f"kept {len(result.stdout)} bytes, expected the first 1000"
        assert result.stderr == b"x\n", f"stderr is {result.stderr!r}"
        assert result.cut_bytes == 5000006 - 1000, f"cut_bytes is {result.cut_bytes}"
        expect_alive(sandbox, "run with much output")


def check_run_shares_files(start: Start) -> None:
    """Check that shell and programs see one file system, /tmp and /dev/shm included."""
    with opened(start) as sandbox:
        for folder in ("/tmp", "/dev/shm", HOME):
            sandbox.exec(f"echo from the shell >{folder}/seen")
            seen = sandbox.run(["cat", f"{folder}/seen"])
            assert seen.stdout == b"from the shell\n", f"{folder} is another one for run: {seen}"


CHECKS = (
    check_run_streams,
    check_run_users,
    check_run_surroundings,
    check_run_timeout,
    check_run_caps,
    check_run_shares_files,
)
