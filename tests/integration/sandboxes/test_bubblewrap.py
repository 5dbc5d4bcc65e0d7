"""What is bubblewrap's own: who its processes are, what lies on the disk, what is told."""

import json
import os
import shutil
import subprocess
import sys
import tempfile
import threading
import time
from collections.abc import Iterator
from contextlib import suppress
from pathlib import Path

import pytest

from agentrl.errors import SandboxError, UsageError
from agentrl.sandboxes.base import File
from agentrl.sandboxes.bubblewrap import backend as module
from agentrl.sandboxes.bubblewrap.backend import BubblewrapBackend
from agentrl.sandboxes.bubblewrap.identities import FIRST_ID, has_many_ids
from agentrl.sandboxes.bubblewrap.sandbox import BubblewrapSandbox
from agentrl.suite.sandbox import SandboxSpec

as_root = pytest.mark.skipif(not has_many_ids(), reason="needs the machine's root")


@pytest.fixture
def backend(monkeypatch: pytest.MonkeyPatch) -> Iterator[BubblewrapBackend]:
    """A backend with a cache of its own."""
    folder = tempfile.mkdtemp(prefix="agentrl-test-")
    monkeypatch.setenv("AGENTRL_CACHE", folder)
    try:
        yield BubblewrapBackend()
    except UsageError as exc:
        pytest.skip(str(exc))
    finally:
        shutil.rmtree(folder, ignore_errors=True)


@pytest.fixture
def sandbox(backend: BubblewrapBackend) -> Iterator[BubblewrapSandbox]:
    sandbox = backend.start(backend.base_image(), SandboxSpec())
    yield sandbox
    sandbox.close()


UID = 65_001
BECOME = """
import json, os, sys
from agentrl.sandboxes.bubblewrap.backend import BubblewrapBackend
from agentrl.suite.sandbox import SandboxSpec
from agentrl.testing.sandboxes import BACKEND_CHECKS, CHECKS, LIMIT_CHECKS

os.chdir("/")
os.setgroups([])
os.setresgid(*3 * [int(sys.argv[1])])
os.setresuid(*3 * [int(sys.argv[1])])
backend = BubblewrapBackend()
image = backend.base_image()
start = lambda **keys: backend.start(image, SandboxSpec.model_validate(keys))
"""

CHECKED = """
checks = [*CHECKS, *(LIMIT_CHECKS[limit] for limit in backend.enforced_limits)]
broken = {}
for check in (*checks, *BACKEND_CHECKS):
    try:
        check(backend, image) if check in BACKEND_CHECKS else check(start)
    except Exception as exc:
        broken[check.__name__] = repr(exc)[:2000]
print(json.dumps([os.getuid(), backend.leases(), broken]))
"""

GUARD = """
sandbox = start()
sandbox.run(["bash", "-c", "cd /testbed; mkdir -p tests src; touch setup.cfg tests/a.py src/b.py;"
             "chown root tests; chmod 1777 . tests; mkdir -m 700 /opt/aside; echo x >/opt/aside/x"])
for command in ("echo x >tests/a.py", "rm -f tests/a.py", "mv tests gone", "chmod 777 setup.cfg",
                "cat /opt/aside/x", "echo x >src/b.py", "echo x >tests/new", "mv src source"):
    result = sandbox.run(["sh", "-c", command], user="agent", cwd="/testbed")
    print(result.exit_code == 0, command)
sandbox.close()
"""


@pytest.mark.slow
@as_root
def test_an_ordinary_user_has_the_same_promises() -> None:
    assert json.loads(_as_an_ordinary_user(CHECKED)) == [UID, [], {}]


@as_root
def test_what_root_sets_aside_is_kept_from_the_agent_where_both_are_one_user() -> None:
    tried = [line.split(" ", 1) for line in _as_an_ordinary_user(GUARD).splitlines()]

    assert [command for could, command in tried if could == "True"] == [
        "echo x >src/b.py",
        "echo x >tests/new",
        "mv src source",
    ]
    assert len(tried) == 8


@as_root
def test_root_of_a_sandbox_is_nobody_on_the_machine(sandbox: BubblewrapSandbox) -> None:
    sandbox.run(["sh", "-c", "touch /opt/of-root; touch /testbed/of-agent; chown 1000 /testbed/*"])
    sandbox.exec(f"exec -a {sandbox.id} sleep 300 & sleep 0.5")

    tree = sandbox._folder / "root"
    assert (tree / "opt/of-root").stat().st_uid == FIRST_ID
    assert (tree / "testbed/of-agent").stat().st_uid == FIRST_ID + 1000
    assert _owners_of(sandbox.id) == {FIRST_ID + 1000}


def test_the_death_of_the_owner_ends_everything(backend: BubblewrapBackend) -> None:
    program = (
        "import time\n"
        "from agentrl.sandboxes.bubblewrap.backend import BubblewrapBackend\n"
        "from agentrl.suite.sandbox import SandboxSpec\n"
        "backend = BubblewrapBackend()\n"
        "held = [backend.start(backend.base_image(), SandboxSpec()) for _ in range(8)]\n"
        "for sandbox in held: sandbox.exec(\"trap '' TERM; setsid sleep 43210 & sleep 43211 &\")\n"
        "print('ready', flush=True)\n"
        "held[0].run(['sleep', '43212'])\n"
    )
    with subprocess.Popen([sys.executable, "-c", program], stdout=subprocess.PIPE) as owner:
        assert owner.stdout is not None
        assert owner.stdout.readline() == b"ready\n"
        assert len([lease for lease in backend.leases() if not lease.orphan]) == 8
        owner.kill()

    assert [lease.orphan for lease in backend.leases()] == [True] * 8
    assert backend.sweep() == 8
    assert not backend.leases()
    assert not _owners_of("sleep\0004321")


def test_an_orphan_that_still_runs_is_killed_when_it_is_swept(
    backend: BubblewrapBackend, sandbox: BubblewrapSandbox
) -> None:
    sandbox.exec("sleep 43220 & true")
    note = sandbox._folder / "lease.json"
    lease = json.loads(note.read_text())
    lease["owner"] = lease["owner"].rpartition(":")[0] + ":1"  # as if the process were another
    note.write_text(json.dumps(lease))

    assert backend.sweep() == 1

    assert not _owners_of("sleep\00043220")
    with pytest.raises(SandboxError, match="was removed"):
        sandbox.exec("true")


def test_a_sandbox_outlives_the_thread_that_started_it(backend: BubblewrapBackend) -> None:
    held: list[BubblewrapSandbox] = []

    def begin() -> None:
        held.append(backend.start(backend.base_image(), SandboxSpec()))
        held[0].exec("mark=kept")

    thread = threading.Thread(target=begin)
    thread.start()
    thread.join()

    assert held[0].exec("echo $mark").output == "kept\n"
    held[0].close()


def test_closing_ends_a_command_that_another_thread_waits_for(sandbox: BubblewrapSandbox) -> None:
    errors: list[SandboxError] = []

    def wait(action: str) -> None:
        try:
            if action == "exec":
                sandbox.exec("sleep 300", timeout_s=300)
            else:
                sandbox.run(["sleep", "300"])
        except SandboxError as exc:
            errors.append(exc)

    threads = [threading.Thread(target=wait, args=(action,)) for action in ("exec", "run")]
    for thread in threads:
        thread.start()
    while len(list((sandbox._folder / "processes").iterdir())) < 2:
        time.sleep(0.01)
    sandbox.close()
    for thread in threads:
        thread.join(30)

    assert [str(error) for error in errors] == [f"the sandbox {sandbox.id} is closed"] * 2


def test_nothing_is_left_on_the_disk(backend: BubblewrapBackend) -> None:
    sandbox = backend.start(backend.base_image(), SandboxSpec())
    sandbox.exec("mkdir -p /tmp/a/b; chmod 000 /tmp/a/b /tmp/a; echo x >/dev/shm/x")
    sandbox.snapshot("agentrl-check/kept:1")
    assert backend.images() == sorted([backend.base_image(), "agentrl-check/kept:1"])

    backend.remove_image("agentrl-check/kept:1")
    sandbox.close()

    assert backend.images() == [backend.base_image()]
    assert [*backend._store.sandboxes.iterdir()] == []
    assert [*(backend._store.folder / "attic").iterdir()] == []


def test_a_file_cannot_grow_without_end(sandbox: BubblewrapSandbox) -> None:
    assert sandbox.exec("truncate -s 1G /tmp/large").exit_code == 0
    assert sandbox.exec("truncate -s 9G /tmp/large").exit_code != 0


def test_keyrings_and_other_doors_of_the_kernel_are_shut(sandbox: BubblewrapSandbox) -> None:
    calls = {"x86_64": (250, 321, 298, 425), "aarch64": (219, 280, 241, 425)}
    numbers = calls.get(os.uname().machine)
    if numbers is None:
        pytest.skip("there is no filter for this machine")
    program = (
        "import ctypes, errno; libc = ctypes.CDLL(None, use_errno=True)\n"
        f"for number in {numbers}:\n"
        "    print(libc.syscall(number, 0, 0, 0, 0, 0), ctypes.get_errno() == errno.EPERM)"
    )

    for user in ("agent", "root"):
        result = sandbox.run(["python3", "-c", program], user=user)
        assert result.stdout == b"-1 True\n" * 4


def test_the_whole_network_is_there_only_when_asked_for(
    backend: BubblewrapBackend, sandbox: BubblewrapSandbox
) -> None:
    with subprocess.Popen(
        [sys.executable, "-u", "-m", "http.server", "0", "--bind", "127.0.0.1"],
        stdout=subprocess.PIPE,
        stderr=subprocess.DEVNULL,
    ) as server:
        assert server.stdout is not None
        port = server.stdout.readline().split()[5].decode()
        connect = ["bash", "-c", f"exec 3<>/dev/tcp/127.0.0.1/{port}"]
        open_one = backend.start(backend.base_image(), SandboxSpec(network="full"))

        assert open_one.run(connect).exit_code == 0
        assert sandbox.run(connect).exit_code != 0

        open_one.close()
        server.kill()


@as_root
def test_a_full_disk_is_told_and_leaves_no_half_an_image(
    monkeypatch: pytest.MonkeyPatch, tmp_path: Path
) -> None:
    mount = ["mount", "-t", "tmpfs", "-o", "size=3m", "none", str(tmp_path)]
    if subprocess.run(mount, capture_output=True, check=False).returncode:
        pytest.skip("no file system can be mounted here")
    monkeypatch.setenv("AGENTRL_CACHE", str(tmp_path))
    try:
        backend = BubblewrapBackend()
        sandbox = backend.start(backend.base_image(), SandboxSpec())
        sandbox.write_files({"/testbed/large": File(bytes(2 * 2**20))})

        with pytest.raises(SandboxError, match="No space left"):
            sandbox.snapshot("agentrl-check/full")
        with pytest.raises(SandboxError, match="No space left"):
            sandbox.write_files({"/testbed/another": File(bytes(2 * 2**20))})

        assert not backend.has_image("agentrl-check/full")
        assert sandbox.exec("ls /testbed").output == "large\n"
        sandbox.close()
        assert not backend.leases()
    finally:
        subprocess.run(["umount", "-l", str(tmp_path)], check=True)


def test_what_bubblewrap_cannot_do_is_refused(backend: BubblewrapBackend) -> None:
    with pytest.raises(UsageError, match="cannot fetch images: use a Docker"):
        backend.fetch_image("python:3.11")
    with pytest.raises(UsageError, match="cannot build a Dockerfile"):
        backend.build_image("FROM scratch")
    with pytest.raises(SandboxError, match="there is no image"):
        backend.start("python:3.11", SandboxSpec())
    assert not backend.leases()


def test_a_missing_bubblewrap_is_told_with_the_command_that_installs_it(
    monkeypatch: pytest.MonkeyPatch, tmp_path: Path
) -> None:
    monkeypatch.setenv("PATH", str(tmp_path))
    module._check_tools.cache_clear()

    with pytest.raises(UsageError, match=r"needs bwrap, .*apt-get install bubblewrap"):
        BubblewrapBackend()


@as_root
def test_forbidden_namespaces_are_told_with_what_allows_them() -> None:
    program = (
        "from agentrl.sandboxes.bubblewrap.backend import BubblewrapBackend\n"
        "try: BubblewrapBackend()\n"
        "except ValueError as exc: print(exc)"
    )
    forbid = 'echo 0 >/proc/sys/user/max_user_namespaces && exec "$@"'
    within = ["unshare", "--user", "--map-root-user", "sh", "-c", forbid, "sh"]
    result = subprocess.run(
        [*within, sys.executable, "-c", program], capture_output=True, text=True, check=False
    )

    assert "does not let bubblewrap make namespaces" in result.stdout, result.stderr
    assert "sysctl user.max_user_namespaces" in result.stdout


def _owners_of(words: str) -> set[int]:
    """Return whose processes on this machine have these words in their command lines."""
    owners = set()
    for process in Path("/proc").glob("[0-9]*"):
        with suppress(OSError):
            if (process / "cmdline").read_bytes().startswith(words.encode()):
                owners.add(process.stat().st_uid)
    return owners


def _as_an_ordinary_user(program: str) -> str:
    """Run a program as a user of the machine who is nobody; return what it prints."""
    folder = tempfile.mkdtemp(prefix="agentrl-test-")
    os.chown(folder, UID, UID)
    env = {**os.environ, "AGENTRL_CACHE": folder, "HOME": folder}
    argv = [sys.executable, "-c", BECOME + program, str(UID)]
    try:
        result = subprocess.run(argv, env=env, capture_output=True, text=True, check=False)
    finally:
        shutil.rmtree(folder, ignore_errors=True)
    if "does not let bubblewrap" in result.stderr:
        pytest.skip("an ordinary user may make no namespaces here")
    assert result.returncode == 0, result.stderr
    return result.stdout
