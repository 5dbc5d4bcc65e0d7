"""Code that means harm: it may ruin its own sandbox, and nothing else."""

import os
import resource
import time
from collections.abc import Callable, Iterator
from contextlib import suppress
from pathlib import Path
from uuid import uuid4

import pytest

from agentrl.errors import SandboxError
from agentrl.sandboxes.base import Backend, File, Sandbox
from agentrl.suite.sandbox import SandboxSpec

Start = Callable[..., Sandbox]


@pytest.fixture
def neighbour(start: Start) -> Iterator[Sandbox]:
    """Another sandbox, which must be as it was when the test is over."""
    sandbox = start()
    sandbox.exec("export mark=kept; echo kept >/testbed/mark")
    yield sandbox
    assert sandbox.exec("cat /testbed/mark; echo $mark").output == "kept\nkept\n"
    sandbox.close()


@pytest.fixture
def victim(start: Start, neighbour: Sandbox) -> Iterator[Sandbox]:
    """The sandbox in which the harm is done."""
    sandbox = start(memory_mb=256, pids=64)
    yield sandbox
    sandbox.close()


def test_a_fork_bomb_leaves_others_responsive(victim: Sandbox, neighbour: Sandbox) -> None:
    victim.exec("bomb() { bomb | bomb & }; (bomb) >/dev/null 2>&1 &", timeout_s=1)

    assert neighbour.exec("echo quick", timeout_s=20).output == "quick\n"
    with suppress(SandboxError):  # one that has used up its processes may be lost
        _wait_until(lambda: victim.run(["id", "-u"], timeout_s=30).stdout == b"0\n")


def test_a_memory_bomb_of_many_processes_is_held(
    backend: Backend, victim: Sandbox, neighbour: Sandbox
) -> None:
    if "memory_mb" not in getattr(backend, "enforced_limits", {"memory_mb"}):
        pytest.skip(f"{backend.name} cannot limit a sandbox's memory as a whole here")
    hoard = (
        "import os, time; os.fork(); os.fork(); x = b'1' * (100 << 20); time.sleep(1); print('ok')"
    )

    result = victim.exec(f'python3 -c "{hoard}"', timeout_s=60)

    assert result.output.count("ok") < 4
    assert neighbour.exec("echo quick").output == "quick\n"
    assert victim.exec("echo on").output == "on\n"


def test_200_megabytes_of_output_take_little_memory(victim: Sandbox) -> None:
    flood = "head -c 200000000 /dev/zero"
    before = resource.getrusage(resource.RUSAGE_SELF).ru_maxrss

    answer = victim.exec(f"{flood}; echo end", timeout_s=120)
    result = victim.run(["sh", "-c", f"{flood}; {flood} >&2"], timeout_s=120, output_bytes=2**20)

    assert answer.output.endswith("end\n")
    assert answer.cut_bytes > 199_000_000
    assert (len(result.stdout), len(result.stderr)) == (2**20, 2**20)
    grown_mb = (resource.getrusage(resource.RUSAGE_SELF).ru_maxrss - before) / 1024
    assert grown_mb < 50


def test_what_ignores_signals_ends_with_the_sandbox(start: Start) -> None:
    sandbox = start()
    mark = uuid4().hex
    loop = "trap '' TERM HUP INT; while :; do sleep 0.1; done"
    sandbox.exec(f'(exec -a {mark} bash -c "{loop}") & setsid bash -c "{loop}; : {mark}" &')
    _wait_until(lambda: _on_machine(mark))

    sandbox.close()

    _wait_until(lambda: not _on_machine(mark))


def test_a_hostile_tree_can_be_kept_and_removed(backend: Backend, victim: Sandbox) -> None:
    victim.exec(
        "cd /testbed; mkdir many; cd many; for i in $(seq 10000); do : >f$i; done; cd ..;"
        "mkdir -p locked/inner; touch locked/inner/x; chmod 000 locked/inner locked;"
        "mkdir $'new\\nline' '-rf' '$(id)'; touch $'\\377\\376' -- '--help';"
        "mkfifo pipe; ln -s / root; ln -s loop loop; ln -s /proc/self/environ environ;"
        "python3 -c \"import socket; socket.socket(socket.AF_UNIX).bind('socket')\"",
        timeout_s=120,
    )
    deep = "import os\nfor _ in range(1500): os.mkdir('d'); os.chdir('d')"
    assert victim.exec(f'mkdir /testbed/deep; cd /testbed/deep; python3 -c "{deep}"').exit_code == 0
    image = f"agentrl-check/{uuid4().hex[:12]}"

    try:
        victim.snapshot(image)
    finally:
        victim.close()
        backend.remove_image(image)

    assert victim.id not in {lease.id for lease in backend.leases()}
    assert not backend.has_image(image)


@pytest.mark.parametrize(
    "path",
    [
        "/proc/1/root/etc/shadow",
        "/proc/1/environ",
        "/proc/1/cwd/etc/shadow",
        "/proc/kcore",
        "/dev/mem",
        "/dev/sda",
        "/dev/vda",
        "/var/run/docker.sock",
        "/tree/etc/passwd",
        "/oldroot/etc/passwd",
    ],
)
def test_doors_to_the_host_are_shut(victim: Sandbox, path: str) -> None:
    result = victim.exec(f"head -c 100 {path}")

    assert result.exit_code != 0 or not result.output


@pytest.mark.parametrize("user", ["agent", "root"])
def test_even_root_of_the_sandbox_has_no_power_over_the_machine(start: Start, user: str) -> None:
    sandbox = start(user=user)
    try:
        for command in (
            "mknod /tmp/disk b 254 0 && head -c 1 /tmp/disk",
            "mount -t proc none /mnt",
            "mount --bind / /mnt",
            "umount /proc",
            "unshare -Urm true",
            "nsenter -t 1 -m -p true",
            "echo 1 >/proc/sys/kernel/panic",
            "echo h >/proc/sysrq-trigger",
            "ip link add dummy0 type dummy",
            "date -s 2001-01-01",
            "hostname other",
            "touch /usr/bin/new-program",
            "chroot /proc/1/root true",
            f"kill -9 {os.getpid()}",
            "python3 -c 'import socket; socket.socket(socket.AF_PACKET, socket.SOCK_RAW)'",
        ):
            result = sandbox.exec(command, timeout_s=20)
            # In a container /usr is the container's own.
            own = result.exit_code == 0 and command.startswith("touch") and user == "root"
            assert result.exit_code != 0 or own, f"{user} was able to {command!r}"
    finally:
        sandbox.close()
    assert not Path("/usr/bin/new-program").exists()


def test_links_lead_to_nothing_of_the_host(victim: Sandbox, tmp_path: Path) -> None:
    (tmp_path / "secret").write_text("of the host")
    (tmp_path / "secret").chmod(0o666)
    tmp_path.chmod(0o777)
    victim.exec(f"ln -s {tmp_path}/secret /testbed/link; ln -s {tmp_path} /testbed/folder")

    for path in ("/testbed/link", "/testbed/folder/secret", f"{tmp_path}/secret"):
        with suppress(SandboxError, FileNotFoundError):
            assert victim.read_file(path) != b"of the host"
        with suppress(SandboxError):
            victim.write_files({path: File(b"changed")})

    assert (tmp_path / "secret").read_text() == "of the host"
    assert [path.name for path in tmp_path.iterdir()] == ["secret"]


def test_a_snapshot_of_a_tree_that_changes_takes_nothing_of_the_host(
    backend: Backend, victim: Sandbox, tmp_path: Path
) -> None:
    (tmp_path / "secret").write_text("of the host")
    tmp_path.chmod(0o755)
    swap = (
        "mkdir -p real; echo mine >real/secret; "
        f"while :; do ln -sfn {tmp_path} swap; rm swap; cp -r real swap; rm -rf swap; done"
    )
    victim.exec(f"cd /testbed; ({swap}) >/dev/null 2>&1 &")
    image = f"agentrl-check/{uuid4().hex[:12]}"
    try:
        with suppress(SandboxError):  # a file may vanish while it is copied
            victim.snapshot(image)
        if backend.has_image(image):
            sandbox = backend.start(image, SandboxSpec())
            found = sandbox.run(["grep", "-r", "of the host", "/testbed"]).stdout
            sandbox.close()
            assert not found
    finally:
        victim.close()
        backend.remove_image(image)


def test_tracing_gets_the_agent_no_further_than_itself(victim: Sandbox) -> None:
    trace = (
        "import ctypes, glob\n"
        "libc = ctypes.CDLL(None, use_errno=True)\n"
        "for path in glob.glob('/proc/[0-9]*'):\n"
        "    pid = int(path.split('/')[2])\n"
        "    owner = open(path + '/status').read().split('Uid:')[1].split()[0]\n"
        "    if owner != '1000' and libc.ptrace(16, pid, 0, 0) == 0: print('traced', pid)\n"
        "    if pid == 1 and libc.ptrace(16, pid, 0, 0) == 0: print('traced', pid)\n"
    )
    victim.write_files({"/testbed/trace.py": File(trace.encode(), owner="agent")})

    result = victim.exec("python3 /testbed/trace.py", timeout_s=20)

    assert "traced" not in result.output
    assert victim.exec("echo on", timeout_s=20).output == "on\n"


def test_what_root_does_to_its_own_system_stays_inside(start: Start, neighbour: Sandbox) -> None:
    sandbox = start(user="root")
    try:
        sandbox.exec(
            "echo /testbed/evil.so >/etc/ld.so.preload; rm -rf /home /var; ln -s /proc /home;"
            "ln -s / /var; rm -f /etc/passwd; ln -s /etc/shadow /etc/passwd; mv /testbed /gone;"
            "ln -s /../../.. /testbed; mv /tmp /gone; ln -s /root /tmp; rm -rf /opt /etc /bin"
        )
        for user in ("agent", "root"):
            with suppress(SandboxError):
                sandbox.run(["sh", "-c", "rm -rf /testbed/* /tmp/* /home/* 2>/dev/null"], user=user)
        with suppress(SandboxError):
            sandbox.exec("exit 1", timeout_s=1)
            sandbox.exec("echo on", timeout_s=1)
        with suppress(SandboxError):
            sandbox.write_files({"/testbed/tmp/x": File(b"x")})
    finally:
        sandbox.close()
    assert Path("/etc/passwd").is_file()
    assert Path("/tmp").is_dir()


def _wait_until(happened: Callable[[], bool]) -> None:
    last = time.monotonic() + 30
    while not happened():
        assert time.monotonic() < last, "it did not happen within 30 s"
        time.sleep(0.05)


def _on_machine(mark: str) -> bool:
    """Return whether a process on this machine has the mark in its command line."""
    return any(mark.encode() in _command_line(path) for path in Path("/proc").glob("[0-9]*"))


def _command_line(process: Path) -> bytes:
    try:
        return (process / "cmdline").read_bytes()
    except OSError:
        return b""
