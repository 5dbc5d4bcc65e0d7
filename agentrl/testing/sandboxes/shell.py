"""Checks of the shell: what a command gives, and what it leaves behind."""

from agentrl.errors import UsageError
from agentrl.testing.sandboxes.bench import Start, expect, expect_alive, expect_output, opened


def check_exit_codes(start: Start) -> None:
    """Check that the exit code is the command's own, 124 included."""
    with opened(start) as sandbox:
        for command, code in (
            ("true", 0),
            ("false", 1),
            ("(exit 42)", 42),
            ("no-such-program", 127),
            ("/etc", 126),
            ("(exit 124)", 124),
            ("true && (exit 255)", 255),
            ("sh -c 'kill -9 $$'", 137),
        ):
            expect(sandbox.exec(command), code, f"exec {command!r}")


def check_output_order(start: Start) -> None:
    """Check that standard output and error come merged, in the order they were written."""
    with opened(start) as sandbox:
        expect_output(
            sandbox, "echo a; echo b >&2; echo c; ls /nothing 2>/dev/null; true", "a\nb\nc\n"
        )
        expect_output(sandbox, "printf 'no newline'", "no newline")
        expect_output(sandbox, "", "")
        expect_output(sandbox, "# only a comment", "")
        expect_output(
            sandbox,
            'for i in 1 2 3; do sh -c "echo o$i; echo e$i >&2"; done',
            "o1\ne1\no2\ne2\no3\ne3\n",
        )


def check_state_persists(start: Start) -> None:
    """Check that directory, variables, functions and the last exit code reach the next command."""
    with opened(start) as sandbox:
        sandbox.exec(
            "mkdir -p '/tmp/a place'; cd '/tmp/a place'; here=local; export there=$'ex\\'port\\n2'"
        )
        sandbox.exec('greet() { echo "hello $1"; }; shopt -s nullglob; (exit 7)')
        expect_output(sandbox, "echo $?", "7\n")
        expect_output(
            sandbox,
            'pwd; echo $here; echo "$there"; greet you',
            "/tmp/a place\nlocal\nex'port\n2\nhello you\n",
        )
        expect_output(sandbox, "shopt -q nullglob && echo set", "set\n")


def check_shell_is_replaced(start: Start) -> None:
    """Check that a command that ends the shell tells its code; directory and exports remain."""
    with opened(start) as sandbox:
        sandbox.exec("cd /usr; export kept=yes")
        for command, code in (
            ("exit 3", 3),
            ("exec true", 0),
            ("exec sh -c 'exit 9'", 9),
            ("kill -9 $$", 137),
            ("set -e; false", 1),
        ):
            expect(sandbox.exec(command), code, f"exec {command!r}")
            expect_alive(sandbox, repr(command))
        expect_output(sandbox, "pwd; echo $kept", "/usr\nyes\n")


def check_mistakes(start: Start) -> None:
    """Check that a command line that is no program is answered, and the shell goes on."""
    with opened(start) as sandbox:
        for command in (
            "if then",
            "echo 'never closed",
            'echo "never closed',
            "echo $(never closed",
            "cat <<END\nnever ended",
            "for x in a b; do",
            ")",
            "}",
            "\\",
            "${bad substitution}",
        ):
            result = sandbox.exec(command, timeout_s=10)
            assert not result.timed_out, f"the mistake {command!r} hangs the shell"
            expect_alive(sandbox, f"the mistake {command!r}")


def check_long_forms(start: Start) -> None:
    """Check heredocs, several lines, quotes, other scripts and a command line of 1 MB."""
    with opened(start) as sandbox:
        expect_output(
            sandbox,
            "cat <<'END'\n$HOME `x` \\ 'q' \"d\"\nEND\necho after",
            "$HOME `x` \\ 'q' \"d\"\nafter\n",
        )
        expect_output(sandbox, "x=1\nif true; then\n  x=2\nfi\necho $x\r", "2\r\n")
        expect_output(sandbox, "echo 'grüße, 世界 🦊'", "grüße, 世界 🦊\n")
        expect_output(sandbox, "printf '%s' \"$(printf 'tab\\there')\"", "tab\there")
        expect_output(sandbox, "echo \"!x\" '!!' \\! ; echo \x1b[31mred", "!x !! !\n\x1b[31mred\n")
        long = "x" * 2**20
        expect_output(sandbox, f": '{long}'; echo ok", "ok\n")
        expect_output(sandbox, f"text='{long}'; echo ${{#text}}", f"{2**20}\n")


def check_input_is_empty(start: Start) -> None:
    """Check that a command that reads finds nothing, and takes no later command's place."""
    with opened(start) as sandbox:
        expect_output(sandbox, "cat", "")
        expect_output(sandbox, 'read line; echo "[$line] $?"', "[] 1\n")
        expect_output(sandbox, "python3 -c 'import sys; print(len(sys.stdin.read()))'", "0\n")
        expect_output(sandbox, "bash -i -c true 2>/dev/null; echo next", "next\n")
        expect_output(sandbox, "[ -t 0 ] || echo no terminal", "no terminal\n")


def check_nul_is_refused(start: Start) -> None:
    """Check that a command with a NUL is refused as bad input, and nothing happens to the shell."""
    with opened(start) as sandbox:
        try:
            sandbox.exec("echo a\0b")
        except UsageError:
            expect_alive(sandbox, "a refused command")
            return
        raise AssertionError("a command line with a NUL was carried out, expected UsageError")


CHECKS = (
    check_exit_codes,
    check_output_order,
    check_state_persists,
    check_shell_is_replaced,
    check_mistakes,
    check_long_forms,
    check_input_is_empty,
    check_nul_is_refused,
)
