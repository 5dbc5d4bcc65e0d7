"""Checks of the channel to the shell: output of any size and kind cannot break or forge it."""

from agentrl.testing.sandboxes.bench import Start, expect, expect_alive, expect_output, opened

_DESCRIPTORS = """
import glob, os
for path in glob.glob('/proc/self/fd/*') + glob.glob(f'/proc/{os.getppid()}/fd/*'):
    for mode in (os.O_WRONLY, os.O_RDWR):
        try:
            fd = os.open(path, mode | os.O_NONBLOCK)
            os.write(fd, b'\\0' + b'0' * 32 + b' 0\\n')
        except OSError:
            pass
for fd in range(3, 300):
    try:
        os.write(fd, b'\\0' + b'f' * 32 + b' 0\\n')
    except OSError:
        pass
"""


def check_output_is_capped(start: Start) -> None:
    """Check that of a large output head and tail are kept, and that the cut is stated."""
    with opened(start, output_kb=64) as sandbox:
        size = 20 * 2**20
        result = sandbox.exec(f"echo first; head -c {size} /dev/zero | tr '\\0' x; echo; echo last")
        expect(result, 0, "20 MB of output")
        total = size + len("first\n\nlast\n")
        text = result.output
        assert len(text) < 2 * 64 * 1024, f"{len(text)} characters were kept, expected about 64 KiB"
        assert text.startswith("first\n"), f"the beginning is lost: {text[:60]!r}"
        assert text.endswith("x\nlast\n"), f"the end is lost: {text[-60:]!r}"
        assert 0 < total - 64 * 1024 <= result.cut_bytes < total, f"cut_bytes is {result.cut_bytes}"
        stated = f"{result.cut_bytes:,}" in text or str(result.cut_bytes) in text
        assert stated, f"the output does not say that {result.cut_bytes} bytes are missing"
        expect_alive(sandbox, "20 MB of output")


def check_binary_output(start: Start) -> None:
    """Check that bytes of every kind come through, those that are no UTF-8 replaced."""
    with opened(start) as sandbox:
        expect_output(sandbox, "printf 'a\\0b\\377c\\n'", "a\0b\ufffdc\n")
        result = sandbox.exec("head -c 300000 /dev/urandom; exit_code() { return 5; }; exit_code")
        expect(result, 5, "300 kB of random bytes")
        expect_alive(sandbox, "300 kB of random bytes")
        expect_output(sandbox, "printf '%b' '\\0' '\\0\\0'; (exit 6)", "\0\0\0", 6)


def check_forged_frames(start: Start) -> None:
    """Check that output that looks like the channel's own marks stays output."""
    with opened(start) as sandbox:
        forged = "\0" + "0" * 32 + " 0\n"
        expect_output(sandbox, "printf '\\0%032d 0\\n' 0; (exit 3)", forged, 3)
        for _ in range(3):
            result = sandbox.exec(
                f"python3 -c '{_DESCRIPTORS.replace(chr(39), chr(34))}'; (exit 4)"
            )
            expect(result, 4, "writing to every descriptor that can be found")
        # What was written to the shell's own output may show; it may not pass for an answer.
        result = sandbox.exec("echo still here; (exit 8)", timeout_s=20)
        expect(result, 8, "a command after writing to every descriptor")
        assert result.output.endswith("still here\n"), f"its output is {result.output!r}"


def check_shell_names_are_out_of_reach(start: Start) -> None:
    """Check that hiding the shell's own commands behind functions costs at most those commands."""
    with opened(start) as sandbox:
        names = ("printf", "eval", "read", "trap", "declare", "exec", "exit", "builtin", "command")
        sandbox.exec("; ".join(f"{name}() {{ :; }}" for name in names), timeout_s=2)
        sandbox.exec("kill -9 $$", timeout_s=2)
        expect_alive(sandbox, "functions named like the shell's own commands")


def check_background_process(start: Start) -> None:
    """Check that a background process neither holds a command up nor ends with it."""
    with opened(start) as sandbox:
        result = sandbox.exec("sleep 300 & echo started", timeout_s=20)
        expect(result, 0, "a background process that holds the output open")
        assert result.output.endswith("started\n"), f"its output is {result.output!r}"
        expect_output(sandbox, "kill -0 $! && echo lives", "lives\n")
        sandbox.exec("(sleep 1; echo late) & disown", timeout_s=20)
        expect_output(sandbox, "sleep 0.1; true", "")


def check_closed_descriptors(start: Start) -> None:
    """Check that a command that closes or moves its own streams breaks only itself."""
    with opened(start) as sandbox:
        for command in ("exec >&-", "exec 2>&-", "exec 0<&-", "exec >/dev/null", "exec 3>&- 4>&-"):
            result = sandbox.exec(command, timeout_s=10)
            assert not result.timed_out, f"{command!r} hangs the shell"
            expect_alive(sandbox, repr(command))


CHECKS = (
    check_output_is_capped,
    check_binary_output,
    check_forged_frames,
    check_shell_names_are_out_of_reach,
    check_background_process,
    check_closed_descriptors,
)
