"""Checks of the walls: network, host, other sandboxes, and limits."""

import os
import socket
import tempfile
from pathlib import Path

from agentrl.testing.sandboxes.bench import Start, expect_alive, expect_output, opened

_CONNECT = (
    "python3 -c 'import socket, sys; s = socket.socket(); s.settimeout(2); "
    's.connect(("{host}", {port})); print("reached")\''
)
_TAKE = "python3 -c 'print(len(b\"1\" * ({mb} << 20)))'"

_FORK = """
import os, signal, time
count = 0
try:
    while count < 200:
        if os.fork() == 0:
            time.sleep(20)
            os._exit(0)
        count += 1
except OSError:
    pass
print(count)
"""


def check_no_network(start: Start) -> None:
    """Check that there is only the loopback device, and that the host is out of reach."""
    with opened(start) as sandbox, socket.create_server(("0.0.0.0", 0)) as server:
        expect_output(
            sandbox,
            "ls /sys/class/net 2>/dev/null || cut -d: -f1 -s /proc/net/dev | tr -d ' '",
            "lo\n",
        )
        port = server.getsockname()[1]
        for host in ("127.0.0.1", _address_of_host(), "198.51.100.1"):
            result = sandbox.exec(_CONNECT.format(host=host, port=port), timeout_s=20)
            assert "reached" not in result.output, f"the sandbox reaches {host}:{port}"
        own = (
            'python3 -c \'import socket; s = socket.create_server(("127.0.0.1", 0)); '
            'c = socket.create_connection(s.getsockname()); print("own")\''
        )
        expect_output(sandbox, own, "own\n")


def check_no_host_files(start: Start) -> None:
    """Check that neither files nor variables of the host are visible inside."""
    with tempfile.NamedTemporaryFile(prefix="agentrl-host-") as file, opened(start) as sandbox:
        Path(file.name).write_text("of the host")
        for path in (file.name, f"/proc/{os.getpid()}/environ", __file__):
            result = sandbox.exec(f"cat {path}")
            assert result.exit_code != 0, f"{path} of the host is visible: {result.output[:100]!r}"
            result = sandbox.run(["cat", path])  # type: ignore[assignment]
            assert result.exit_code != 0, f"{path} of the host is visible for root"
        names = sandbox.exec("env | cut -d= -f1").output.split()
        foreign = {n for n in os.environ if n.startswith(("AGENTRL", "PYTEST", "VIRTUAL"))} & {
            *names
        }
        assert not foreign, f"the shell's environment holds {foreign}"


def check_no_host_processes(start: Start) -> None:
    """Check that processes of the host can be neither seen nor signalled."""
    with opened(start) as sandbox:
        count = int(sandbox.exec("ls -d /proc/[0-9]* | wc -l").output)
        assert count < 15, f"{count} processes are visible in a sandbox that does nothing"
        lines = sandbox.exec("cat /proc/[0-9]*/cmdline 2>/dev/null | tr '\\0' '\\n'").output
        assert "pytest" not in lines, "processes of the host are visible"
        sandbox.exec("kill -9 -1", timeout_s=20)
        os.kill(os.getpid(), 0)
        expect_alive(sandbox, "kill -9 -1")


def check_sandboxes_are_apart(start: Start) -> None:
    """Check that two sandboxes share neither files, processes nor sockets."""
    with opened(start) as first, opened(start) as second:
        assert first.id != second.id, f"two sandboxes are called {first.id}"
        first.exec("echo mine >/tmp/mark; echo mine >/testbed/mark; echo mine >/dev/shm/mark")
        first.exec("sleep 305 & python3 -m http.server 8765 --bind 127.0.0.1 >/dev/null 2>&1 &")
        for path in ("/tmp/mark", "/testbed/mark", "/dev/shm/mark"):
            result = second.exec(f"cat {path}")
            assert result.exit_code != 0, f"{path} of another sandbox is visible"
        others = second.exec("cat /proc/[0-9]*/cmdline 2>/dev/null | tr '\\0' ' '").output
        assert "sleep 305" not in others, "processes of another sandbox are visible"
        result = second.exec(_CONNECT.format(host="127.0.0.1", port=8765), timeout_s=20)
        assert "reached" not in result.output, "a socket of another sandbox is reached"
        second.close()
        expect_alive(first, "closing another sandbox")


def check_memory_limit(start: Start) -> None:
    """Check that what takes more memory than allowed is killed, and the sandbox goes on."""
    with opened(start, memory_mb=128) as sandbox:
        result = sandbox.exec(_TAKE.format(mb=512), timeout_s=60)
        assert result.exit_code != 0, f"512 MB were taken of 128: {result.output!r}"
        expect_alive(sandbox, "a memory bomb")
        expect_output(sandbox, _TAKE.format(mb=32), f"{32 << 20}\n")


def check_pids_limit(start: Start) -> None:
    """Check that no more processes than allowed can be started, and the sandbox goes on."""
    with opened(start, pids=48) as sandbox:
        result = sandbox.run(["python3", "-c", _FORK], user="agent", timeout_s=30)
        started = int(result.stdout or b"0")
        assert 0 < started <= 48, f"{started} processes were started of 48: {result}"
        sandbox.exec(f"python3 -c '{_FORK}'", timeout_s=30)
        sandbox.exec("exec sleep 20", timeout_s=0.3)
        expect_alive(sandbox, "starting too many processes")


def _address_of_host() -> str:
    """Return an address of this machine that others may use; loopback where it has none."""
    with socket.socket(socket.AF_INET, socket.SOCK_DGRAM) as probe:
        try:
            probe.connect(("198.51.100.1", 9))
            return str(probe.getsockname()[0])
        except OSError:
            return "127.0.0.1"


CHECKS = (
    check_no_network,
    check_no_host_files,
    check_no_host_processes,
    check_sandboxes_are_apart,
)

LIMIT_CHECKS = {"memory_mb": check_memory_limit, "pids": check_pids_limit}
