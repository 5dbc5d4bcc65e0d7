"""Checks of ``read_file`` and ``write_files``."""

from contextlib import suppress
from functools import partial

from agentrl.errors import SandboxError
from agentrl.sandboxes.base import File, Sandbox
from agentrl.testing.sandboxes.bench import Start, expect_output, expect_sandbox_error, opened


def check_files(start: Start) -> None:
    """Check contents, modes, owners, folders made on the way, and that files are replaced."""
    with opened(start) as sandbox:
        every = bytes(range(256)) * 300
        sandbox.write_files(
            {
                "/testbed/new/deep/data.bin": File(every, owner="agent"),
                "/opt/tool/run me": File(b"#!/bin/sh\necho ran\n", mode=0o755),
                "/opt/tool/empty": File(b""),
                "/testbed/grüße": File(b"x", mode=0o600, owner="agent"),
            }
        )
        assert sandbox.read_file("/testbed/new/deep/data.bin") == every, "bytes came back changed"
        assert sandbox.read_file("/opt/tool/empty") == b"", "an empty file is not empty"
        expect_output(sandbox, "'/opt/tool/run me'", "ran\n")
        expect_output(sandbox, "stat -c '%a %u %g' /testbed/grüße", "600 1000 1000\n")
        expect_output(sandbox, "test -r /opt/tool/empty -a ! -x /opt/tool/empty && echo ok", "ok\n")
        expect_output(sandbox, "cd /testbed/new/deep && echo more >>data.bin && touch beside", "")
        sandbox.write_files({"/testbed/new/deep/data.bin": File(b"short", owner="agent")})
        assert sandbox.read_file("/testbed/new/deep/data.bin") == b"short", "it was not replaced"
        sandbox.write_files({})


def check_read_failures(start: Start) -> None:
    """Check what is no file: missing, a folder, a device, a pipe, too large."""
    with opened(start) as sandbox:
        sandbox.exec(
            "mkfifo /tmp/pipe; head -c 2000 /dev/zero >/tmp/large; ln -s /nowhere /tmp/gone"
        )
        for path in ("/tmp/missing", "/no/folder/either", "/tmp/large/below"):
            try:
                sandbox.read_file(path)
            except FileNotFoundError:
                continue
            raise AssertionError(f"reading {path}, which is not there, raised no FileNotFoundError")
        for path in ("/tmp", "/tmp/pipe", "/dev/zero"):
            expect_sandbox_error(partial(sandbox.read_file, path), f"reading {path}")
        expect_sandbox_error(
            lambda: sandbox.read_file("/tmp/large", max_bytes=1999), "2000 of 1999"
        )
        assert len(sandbox.read_file("/tmp/large", max_bytes=2000)) == 2000, "2000 of 2000 bytes"
        expect_output(sandbox, "echo ok", "ok\n")


def check_write_failures(start: Start) -> None:
    """Check that a folder in the way, or a file where a folder must be, is told."""
    with opened(start) as sandbox:
        sandbox.exec("mkdir -p /testbed/folder/inner; touch /testbed/file")
        for path in ("/testbed/folder", "/testbed/file/below"):
            expect_sandbox_error(
                partial(sandbox.write_files, {path: File(b"x")}), f"writing {path}"
            )
        expect_output(
            sandbox, "test -d /testbed/folder/inner && test -f /testbed/file && echo ok", "ok\n"
        )


def check_many_files(start: Start) -> None:
    """Check that 10,000 small files are written in one go."""
    with opened(start) as sandbox:
        many = {
            f"/testbed/many/{i % 100}/{i}": File(b"%d" % i, owner="agent") for i in range(10_000)
        }
        sandbox.write_files(many)
        expect_output(sandbox, "find /testbed/many -type f | wc -l", "10000\n")
        expect_output(sandbox, "cat /testbed/many/99/9999 && rm -rf /testbed/many", "9999")


def check_links_are_kept_inside(start: Start) -> None:
    """Check that no link makes reading or writing reach another file than the path names."""
    with opened(start) as sandbox:
        sandbox.write_files({"/opt/agentrl/bin/tool": File(b"tool", mode=0o755)})
        sandbox.exec("cd /testbed; ln -s /opt/agentrl/bin trap; ln -s /opt/agentrl/bin/tool link")
        _write(sandbox, "/testbed/trap/tool")
        _write(sandbox, "/testbed/link")
        kept = sandbox.read_file("/opt/agentrl/bin/tool")
        assert kept == b"tool", "a link of the agent's led a write to another file"


def _write(sandbox: Sandbox, path: str) -> None:
    with suppress(SandboxError):  # refusing is right, and so is to replace the link itself
        sandbox.write_files({path: File(b"other", owner="agent")})


CHECKS = (
    check_files,
    check_read_failures,
    check_write_failures,
    check_many_files,
    check_links_are_kept_inside,
)
