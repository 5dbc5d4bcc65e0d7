"""Checks of who may do what inside: the agent is no root, and cannot become it."""

from agentrl.sandboxes.base import AGENT_UID, HOME, File
from agentrl.testing.sandboxes.bench import Start, expect, expect_alive, expect_output, opened

_BECOME_ROOT = (
    "cp /bin/bash /tmp/rootshell; chmod 4755 /tmp/rootshell; /tmp/rootshell -p -c 'id -u'",
    "su root -c 'id -u' </dev/null",
    "sudo -n id -u",
    "python3 -c 'import os; os.setuid(0); print(os.getuid())'",
    "chroot / id -u",
)


def check_agent(start: Start) -> None:
    """Check who the shell is: the agent, at home, with a search path that begins at our tools."""
    with opened(start) as sandbox:
        expect_output(
            sandbox,
            "id -u; id -g; id -G; id -un",
            f"{AGENT_UID}\n{AGENT_UID}\n{AGENT_UID}\nagent\n",
        )
        expect_output(sandbox, "echo $HOME; cd && pwd && touch mine", f"{HOME}\n{HOME}\n")
        expect_output(sandbox, "echo ${PATH%%:*}", "/opt/agentrl/bin\n")
        for folder in ("/testbed", "/tmp", "/dev/shm", "/var/tmp"):
            expect_output(sandbox, f"echo x >{folder}/mine && cat {folder}/mine", "x\n")
        for program in ("python3 --version", "git --version"):
            expect(sandbox.exec(program), 0, program)
        expect_output(
            sandbox, "set -o pipefail; echo x | cat | cat; ls /proc/self/fd | wc -l", "x\n4\n"
        )


def check_root_shell(start: Start) -> None:
    """Check that the shell is root's where the suite says so."""
    with opened(start, user="root") as sandbox:
        expect_output(sandbox, "id -u; touch /etc/mine && echo wrote", "0\nwrote\n")


def check_tools_and_profile(start: Start) -> None:
    """Check that tools and profile that are put in before the first command are the shell's."""
    with opened(start) as sandbox:
        tool = File(b"#!/bin/sh\necho tool $1\n", mode=0o755)
        sandbox.write_files(
            {
                "/opt/agentrl/bin/tool": tool,
                "/opt/agentrl/profile": File(b"export FROM=profile\ncd /testbed\n"),
            }
        )
        expect_output(sandbox, "tool a; echo $FROM; pwd", "tool a\nprofile\n/testbed\n")
        sandbox.exec("sleep 9", timeout_s=0.5)
        expect_output(sandbox, "cd /tmp; echo $FROM", "profile\n")


def check_agent_cannot_write(start: Start) -> None:
    """Check that what is root's stays as it is, and what root hides stays hidden."""
    with opened(start) as sandbox:
        sandbox.write_files(
            {
                "/opt/agentrl/secret": File(b"secret", mode=0o600),
                "/opt/agentrl/bin/tool": File(b"tool", mode=0o755),
                "/opt/agentrl/open": File(b"open"),
            }
        )
        for command in (
            "echo x >/opt/agentrl/open",
            "echo x >/opt/agentrl/new",
            "rm -f /opt/agentrl/open",
            "mv /opt/agentrl /opt/moved",
            "chmod 777 /opt/agentrl/open",
            "echo x >>/etc/passwd",
            "echo x >/etc/new",
            "ln -sf /bin/false /opt/agentrl/bin/python3",
            "touch /new",
            "touch /usr/bin/new",
            "rm -rf /opt/agentrl/bin",
            "cat /opt/agentrl/secret",
            "cat /etc/shadow",
            "mv /testbed /elsewhere",
        ):
            result = sandbox.exec(command)
            assert result.exit_code != 0, f"the agent was able to {command!r}: {result.output!r}"
        assert sandbox.read_file("/opt/agentrl/secret") == b"secret"
        assert sandbox.read_file("/opt/agentrl/bin/tool") == b"tool"
        expect_output(sandbox, "cat /opt/agentrl/open", "open")


def check_agent_cannot_become_root(start: Start) -> None:
    """Check that set-user-id programs, namespaces and devices give the agent nothing."""
    with opened(start) as sandbox:
        for command in _BECOME_ROOT:
            result = sandbox.exec(command, timeout_s=20)
            assert "0" not in result.output.split(), f"{command!r} became root: {result.output!r}"
        for command in (
            "mknod /tmp/device b 8 0",
            "mount -t tmpfs none /tmp",
            "unshare -m true",
            "nsenter -t 1 -m true",
            "ls /proc/1/root/",
            "cat /proc/1/environ",
        ):
            result = sandbox.exec(command, timeout_s=20)
            assert result.exit_code != 0, f"the agent was able to {command!r}: {result.output!r}"
        sandbox.exec("kill -9 1; sleep 0.2")
        expect_alive(sandbox, "kill -9 1")
        held = sandbox.exec("grep -E 'Cap(Eff|Prm|Bnd|Amb)|NoNewPrivs' /proc/self/status").output
        for line in held.splitlines():
            name, value = line.split()
            wanted = 1 if name == "NoNewPrivs:" else 0
            matters = name != "CapBnd:"
            assert not matters or int(value, 16) == wanted, f"the agent has {line!r}"


CHECKS = (
    check_agent,
    check_root_shell,
    check_tools_and_profile,
    check_agent_cannot_write,
    check_agent_cannot_become_root,
)
