import time
from collections.abc import Iterator
from contextlib import closing

import docker
import pytest

from agentrl.errors import SandboxError, UsageError
from agentrl.sandboxes.base import File, Sandbox, User
from agentrl.sandboxes.docker.backend import DockerBackend
from agentrl.suite.sandbox import SandboxSpec

pytestmark = pytest.mark.docker


@pytest.fixture
def api() -> Iterator[docker.APIClient]:
    with closing(docker.APIClient()) as api:
        yield api


def wait_until_none(api: docker.APIClient, **filters: str) -> None:
    last = time.monotonic() + 30
    while api.containers(all=True, filters=filters):
        assert time.monotonic() < last, "the container is still there"
        time.sleep(0.05)


def test_a_container_is_told_to_keep_its_processes_in(
    docker_sandbox: Sandbox, api: docker.APIClient
) -> None:
    host = api.inspect_container(docker_sandbox.id)["HostConfig"]

    assert host["NetworkMode"] == "none"
    assert host["CapDrop"] == ["ALL"]
    assert host["SecurityOpt"] == ["no-new-privileges"]
    assert (host["Memory"], host["MemorySwap"]) == (256 * 2**20, 256 * 2**20)
    assert (host["NanoCpus"], host["PidsLimit"]) == (10**9, 64)
    assert not host["Privileged"]
    assert not host["Binds"]


def test_a_root_that_is_asked_for_has_few_capabilities(
    docker_backend: DockerBackend, docker_image: str
) -> None:
    with closing(docker_backend.start(docker_image, SandboxSpec(user="root"))) as sandbox:
        assert sandbox.exec("id -u").output == "0\n"
        mounted = sandbox.exec("mount -t tmpfs none /mnt")
        assert "permission denied" in mounted.output or "not permitted" in mounted.output
        assert sandbox.exec("mknod /tmp/disk b 8 0").exit_code == 1


def test_labels_say_whose_it_is_and_when_it_ends(
    monkeypatch: pytest.MonkeyPatch, docker_backend: DockerBackend, docker_image: str
) -> None:
    monkeypatch.setenv("AGENTRL_RUN", "run-7")
    before = time.time()
    with closing(docker_backend.start(docker_image, SandboxSpec(lifetime_s=100))) as sandbox:
        [lease] = [lease for lease in docker_backend.leases() if lease.id == sandbox.id]

    assert (lease.image, lease.run, lease.orphan) == (docker_image, "run-7", False)
    assert before + 99 <= lease.expires <= time.time() + 100
    assert before - 2 <= lease.started <= time.time() + 2


def test_a_container_started_from_a_snapshot_by_somebody_else_is_no_sandbox(
    docker_backend: DockerBackend, docker_sandbox: Sandbox, api: docker.APIClient
) -> None:
    name = docker_sandbox.snapshot("agentrl/test:labels")
    container = api.create_container(name, ["sleep", "1"])["Id"]
    try:
        assert container[:12] not in [lease.id for lease in docker_backend.leases()]
        assert name in docker_backend.images()
        config = api.inspect_image(name)["Config"]
        assert (config["Cmd"], config["Entrypoint"], config["User"]) == (["bash"], [], "0:0")
    finally:
        api.remove_container(container, force=True)
        docker_backend.remove_image(name)
    assert name not in docker_backend.images()


def test_a_sandbox_ends_by_itself_when_its_lifetime_is_over(
    docker_backend: DockerBackend, docker_image: str, api: docker.APIClient
) -> None:
    with closing(docker_backend.start(docker_image, SandboxSpec(lifetime_s=2))) as sandbox:
        with pytest.raises(SandboxError, match="lifetime_s"):
            sandbox.run(["sleep", "600"])
        wait_until_none(api, id=sandbox.id)
        with pytest.raises(SandboxError, match="lifetime_s"):
            sandbox.run(["true"])
        with pytest.raises(SandboxError, match="lifetime_s"):
            sandbox.exec("true")


def test_a_sandbox_that_somebody_removed_is_an_error_and_no_result(
    docker_sandbox: Sandbox, api: docker.APIClient
) -> None:
    docker_sandbox.exec("true")
    api.remove_container(docker_sandbox.id, force=True)

    with pytest.raises(SandboxError, match="sandbox"):
        docker_sandbox.exec("true")
    with pytest.raises(SandboxError, match="the sandbox is gone"):
        docker_sandbox.run(["true"])
    with pytest.raises(SandboxError, match="the sandbox is gone"):
        docker_sandbox.read_file("/etc/passwd")
    with pytest.raises(SandboxError, match="could not keep the sandbox"):
        docker_sandbox.snapshot("agentrl/test:gone")
    docker_sandbox.close()


def test_a_command_killed_for_memory_says_so(docker_sandbox: Sandbox) -> None:
    result = docker_sandbox.exec(
        "python3 -c 'x = bytearray(10**10)'; python3 -c 'x = b\"1\" * 10**10'"
    )

    assert result.exit_code == 137
    assert result.output.endswith("[killed: the sandbox's memory of 256 MB is used up]")
    killed = docker_sandbox.exec("sleep 9 & kill -9 $!; wait $!")
    assert killed.exit_code == 137
    assert "memory" not in killed.output


def test_a_fork_bomb_is_ended_and_the_sandbox_goes_on(docker_sandbox: Sandbox) -> None:
    bomb = docker_sandbox.exec(":() { : | : & }; :; while :; do :; done", timeout_s=2)
    assert bomb.timed_out

    assert docker_sandbox.exec("echo here").output.endswith("here\n")
    assert docker_sandbox.run(["echo", "there"], user="agent").stdout == b"there\n"


def test_a_fork_bomb_of_a_graded_program_is_ended_too(docker_sandbox: Sandbox) -> None:
    bomb = "import os, time\nwhile True:\n try: os.fork(); os.setsid()\n except OSError: pass"

    assert docker_sandbox.run(["python3", "-c", bomb], user="agent", timeout_s=2).timed_out

    left = docker_sandbox.run(["sh", "-c", "ps -u agent | wc -l"])
    assert left.stdout == b"1\n"  # the heading


@pytest.mark.parametrize("user", ["agent", "root"])
def test_nothing_that_a_program_leaves_behind_writes_results_later(
    docker_sandbox: Sandbox, user: User
) -> None:
    leave = "setsid sh -c 'while :; do echo later >>/tmp/result; sleep 0.01; done' & sleep 0.1"
    docker_sandbox.run(["bash", "-c", leave], user=user)
    docker_sandbox.write_files({"/tmp/result": File(b"mine")})

    time.sleep(0.1)

    assert docker_sandbox.read_file("/tmp/result") == b"mine"


def test_an_agent_cannot_reach_the_keeper(docker_sandbox: Sandbox) -> None:
    keeper = "$(pgrep -u root -f keeper | tail -1)"
    docker_sandbox.exec(
        f"kill -9 {keeper} 1; echo forged >/proc/{keeper}/fd/101; cat /proc/{keeper}/environ"
    )

    assert docker_sandbox.run(["echo", "mine"]).stdout == b"mine\n"


def test_an_image_without_a_shell_is_refused_with_the_reason(
    docker_backend: DockerBackend, api: docker.APIClient
) -> None:
    api.import_image_from_data(b"\0" * 10240, repository="agentrl/test", tag="empty")
    try:
        with pytest.raises(SandboxError, match="bash"):
            docker_backend.start("agentrl/test:empty", SandboxSpec())
        wait_until_none(api, ancestor="agentrl/test:empty")
    finally:
        docker_backend.remove_image("agentrl/test:empty")


def test_an_image_that_is_not_here_is_named(docker_backend: DockerBackend) -> None:
    with pytest.raises(SandboxError, match="there is no image agentrl/nosuch:1; fetch it"):
        docker_backend.start("agentrl/nosuch:1", SandboxSpec())
    assert not docker_backend.has_image("agentrl/nosuch:1")
    docker_backend.remove_image("agentrl/nosuch:1")


def test_more_processors_than_there_are_means_all_there_are(
    docker_backend: DockerBackend, docker_image: str
) -> None:
    with closing(docker_backend.start(docker_image, SandboxSpec(cpus=10_000))) as sandbox:
        assert sandbox.exec("echo started").output == "started\n"


def test_a_program_reads_any_input_while_its_output_is_taken(docker_sandbox: Sandbox) -> None:
    data = bytes(range(256)) * 20_000

    result = docker_sandbox.run(["cat"], stdin=data)

    assert result.stdout == data
    unread = docker_sandbox.run(["true"], stdin=data)
    assert (unread.exit_code, unread.stdout) == (0, b"")
    assert docker_sandbox.run(["echo", "on"]).stdout == b"on\n"


def test_variables_of_any_name_reach_a_program_and_nobody_else(docker_sandbox: Sandbox) -> None:
    wanted = {"A": "x y\nz", "a.b": "1", "UID": "7", "seconds": "9", "size": "5", "IFS": "0"}

    seen = docker_sandbox.run(["env", "-0"], env=wanted).stdout.decode().split("\0")

    assert {f"{name}={value}" for name, value in wanted.items()} <= set(seen)
    lines = docker_sandbox.run(
        ["sh", "-c", "cat /proc/[0-9]*/cmdline"], user="agent", env={"KEY": "secret"}
    )
    assert b"timeout" in lines.stdout
    assert b"secret" not in lines.stdout


def test_what_a_program_leaves_behind_does_not_write_into_another_s_output(
    docker_sandbox: Sandbox,
) -> None:
    docker_sandbox.exec("true")  # from now on a program's daemons are left alone
    evil = "setsid sh -c 'while :; do echo evil; done' & echo good"
    first = docker_sandbox.run(["bash", "-c", evil], user="agent")
    assert first.stdout.startswith(b"good\n") or b"\ngood\n" in first.stdout

    for _ in range(5):
        assert docker_sandbox.run(["sh", "-c", "sleep 0.05; echo mine"]).stdout == b"mine\n"


@pytest.mark.parametrize("argv", [[], [""], ["A=1"]])
def test_a_program_without_a_name_is_bad_input(docker_sandbox: Sandbox, argv: list[str]) -> None:
    with pytest.raises(UsageError, match="names no program"):
        docker_sandbox.run(argv)


def test_a_shell_that_has_filled_its_memory_disk_still_tells_how_it_ended(
    docker_sandbox: Sandbox,
) -> None:
    filled = docker_sandbox.exec("head -c 100000000 /dev/zero >/dev/shm/full; true")
    ended = docker_sandbox.exec("exit 3", timeout_s=20)
    after = docker_sandbox.exec("rm /dev/shm/full; echo here")

    assert (filled.exit_code, ended.exit_code, ended.timed_out) == (0, 3, False)
    assert after.output == "here\n"
