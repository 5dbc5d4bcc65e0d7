import json
import os
import re
import subprocess
import sys
from collections.abc import Iterator
from contextlib import closing, contextmanager
from pathlib import Path
from typing import Any

import docker
import pytest

from agentrl.errors import UsageError
from agentrl.sandboxes.connect import connect
from agentrl.sandboxes.docker.backend import DockerBackend
from agentrl.sandboxes.docker.container import EXPIRES, OWNER
from agentrl.suite.sandbox import SandboxSpec

pytestmark = pytest.mark.docker


@pytest.fixture(scope="module")
def backend() -> DockerBackend:
    try:
        backend = connect(SandboxSpec(backend="docker"))
        backend.base_image()
    except UsageError as exc:
        pytest.skip(str(exc))
    assert isinstance(backend, DockerBackend)
    return backend


@contextmanager
def orphaned(backend: DockerBackend) -> Iterator[str]:
    with closing(docker.APIClient()) as api:
        labels = {OWNER: "elsewhere:1:1", EXPIRES: "1"}
        container = api.create_container(backend.base_image(), ["true"], labels=labels)["Id"]
        yield container[:12]
        if api.containers(all=True, filters={"id": container}):
            api.remove_container(container, force=True)


@pytest.fixture
def orphan(backend: DockerBackend) -> Iterator[str]:
    with orphaned(backend) as orphan:
        yield orphan


def listed(backend: DockerBackend) -> tuple[str, dict[str, dict[str, Any]], str]:
    """Return an orphan and the two lists that were made while it was there.

    Any other command on this machine may remove it meanwhile: then the same with another.
    """
    for _ in range(5):
        with orphaned(backend) as orphan:
            rows = {row["id"]: row for row in json.loads(sandbox("list", "--json").stdout)}
            table = sandbox("list").stdout
        if orphan in rows and orphan in table:
            return orphan, rows, table
    pytest.fail("no orphan is ever listed")


def sandbox(*arguments: object, width: int = 200) -> subprocess.CompletedProcess[str]:
    return subprocess.run(
        [sys.executable, "-m", "agentrl.cli", "sandbox", *map(str, arguments)],
        env={**os.environ, "COLUMNS": str(width)},
        capture_output=True,
        text=True,
        timeout=240,
        check=False,
    )


def test_list_tells_orphans_from_sandboxes_in_use(backend: DockerBackend) -> None:
    with closing(backend.start(backend.base_image(), SandboxSpec())) as used:
        orphan, rows, table = listed(backend)

    assert rows[orphan]["orphan"] is True
    assert rows[used.id]["orphan"] is False
    assert rows[used.id]["image"] == backend.base_image()
    assert rows[used.id]["backend"] == "docker"
    [line] = [line for line in table.splitlines() if orphan in line]
    assert line.rstrip().endswith("orphan")


def test_prune_removes_orphans_only(backend: DockerBackend, orphan: str) -> None:
    with closing(backend.start(backend.base_image(), SandboxSpec())) as used:
        pruned = sandbox("prune")
        ids = [lease.id for lease in backend.leases()]

    assert pruned.stdout.startswith("removed ")
    assert orphan not in ids
    assert used.id in ids


def test_build_prints_the_name_of_the_base_image(backend: DockerBackend) -> None:
    assert sandbox("build").stdout == f"{backend.base_image()}\n"


def test_build_makes_a_dockerfile_s_image_once_for_each_content(
    backend: DockerBackend, tmp_path: Path
) -> None:
    file = tmp_path / "Dockerfile"
    file.write_text(f"FROM {backend.base_image()}\nCOPY data /data\n")
    (tmp_path / "data").write_text("one")
    first = sandbox("build", file).stdout.strip()
    assert sandbox("build", file).stdout.strip() == first
    (tmp_path / "data").write_text("two")
    second = sandbox("build", file).stdout.strip()

    try:
        assert second != first
        assert {first, second} <= set(backend.images())
        with closing(backend.start(second, SandboxSpec())) as built:
            assert built.exec("cat /data").output == "two"
    finally:
        backend.remove_image(first)
        backend.remove_image(second)


@pytest.mark.parametrize(
    ("text", "said"),
    [
        ("FROM agentrl/no-such-image:1\n", "agentrl/no-such-image|registry|lookup"),
        ("FROM {base}\nRUN echo wrong; exit 7\n", "wrong"),
        ("MAKE me a sandwich\n", "unknown instruction"),
        ("", "empty"),
    ],
)
def test_a_dockerfile_that_cannot_be_built_is_bad_input(
    backend: DockerBackend, tmp_path: Path, text: str, said: str
) -> None:
    file = tmp_path / "Dockerfile"
    file.write_text(text.format(base=backend.base_image()))

    refused = sandbox("build", file)

    assert refused.returncode == 2
    assert "the Dockerfile cannot be built" in refused.stderr
    assert re.search(said, refused.stderr)


def test_a_file_that_is_not_there_is_bad_input(tmp_path: Path) -> None:
    refused = sandbox("build", tmp_path / "Dockerfile")

    assert refused.returncode == 2
    assert "cannot be read" in refused.stderr


def test_a_suite_s_image_that_nobody_has_is_bad_input(
    backend: DockerBackend, tmp_path: Path
) -> None:
    suite = tmp_path / "suite.yaml"
    suite.write_text(
        "name: x\nenv: {id: agentrl/Maze-v0}\ntasks: {generate: {count: 1, seed: 0}}\n"
        "agent: {kind: random}\nsandbox: {backend: docker, image: 'agentrl/nobody-has:1'}\n"
    )

    refused = sandbox("build", suite)

    assert refused.returncode == 2
    assert "the image agentrl/nobody-has:1 is not here and cannot be fetched" in refused.stderr
