"""What an agent finds when it begins: the repository as it was, and nothing that gives it away."""

from collections.abc import Iterator
from contextlib import closing
from dataclasses import replace
from pathlib import Path

import pytest

from agentrl.envs.swe.instance import Instance, Source, TestPlan
from agentrl.envs.swe.prepare import ASIDE, prepare
from agentrl.envs.swe.sources.archive import write_archive
from agentrl.errors import TaskError
from agentrl.sandboxes.base import Backend, File, Sandbox
from agentrl.suite.sandbox import SandboxSpec

pytestmark = pytest.mark.docker

SPEC = SandboxSpec(backend="docker")
FLAWED = """\
--- a/src/shop/price.py
+++ b/src/shop/price.py
@@ -1,2 +1,2 @@
 def total(prices):
-    return sum(prices)
+    return max(prices)
"""
HISTORY = """\
set -e
rm -rf /testbed
mkdir /testbed
cd /testbed
git init -q .
git config user.name a
git config user.email a@b
echo build/ >.gitignore
mkdir build
echo kept >build/tracked
echo old >file
echo secret >tests_hidden.py
git add -f .
git commit -qm first
echo fixed >file
git commit -qam "The fix of the future"
git tag v2
git branch solution
git remote add origin https://example.org/repo.git
git reset -q --hard HEAD~1
echo untracked >build/output
"""


@pytest.fixture(scope="module")
def instance(tmp_path_factory: pytest.TempPathFactory) -> Instance:
    archive = tmp_path_factory.mktemp("source") / "shop.tar.gz"
    files = {
        "src/shop/__init__.py": b"from shop.price import total\n",
        "src/shop/price.py": b"def total(prices):\n    return sum(prices)\n",
        "PKG-INFO": b"Metadata-Version: 2.1\nName: shop-front\nVersion: 1.5\n",
        "run.sh": b"#!/bin/sh\n",
    }
    modes = {"run.sh": 0o755}
    write_archive(archive, {p: File(d, modes.get(p, 0o644), "agent") for p, d in files.items()})
    return Instance(
        id="shop-1",
        problem="The total is wrong.",
        tests=TestPlan("pytest", fail_to_pass=("test_shop.py::test_total",)),
        bug_patch=FLAWED,
        source=Source(archive=str(archive), import_paths=("src",)),
        python="/opt/venv/bin/python",
    )


@pytest.fixture(scope="module")
def prepared(docker_backend: Backend, instance: Instance) -> Iterator[str]:
    image = prepare(instance, docker_backend, SPEC)
    yield image
    docker_backend.remove_image(image)


@pytest.fixture
def sandbox(docker_backend: Backend, prepared: str) -> Iterator[Sandbox]:
    with closing(docker_backend.start(prepared, SPEC)) as sandbox:
        yield sandbox


def said(sandbox: Sandbox, command: str) -> str:
    result = sandbox.exec(command)
    assert result.exit_code == 0, result.output
    return result.output.strip()


def test_the_shell_begins_in_the_repository_with_the_flaw_in_it(sandbox: Sandbox) -> None:
    assert said(sandbox, "pwd") == "/testbed"
    assert "max(prices)" in said(sandbox, "cat src/shop/price.py")


def test_the_package_is_importable_and_knows_its_version(sandbox: Sandbox) -> None:
    program = "import shop, importlib.metadata as m; print(shop.__file__, m.version('shop-front'))"

    assert said(sandbox, f'python -c "{program}"') == "/testbed/src/shop/__init__.py 1.5"


def test_the_agent_owns_the_repository_and_may_commit(sandbox: Sandbox) -> None:
    assert said(sandbox, "stat -c '%U %a' . run.sh").split() == ["agent", "755", "agent", "755"]
    said(sandbox, "touch new && git add new && git -c user.name=a -c user.email=a@b commit -qm x")


def test_the_repository_has_one_commit_and_a_clean_tree(sandbox: Sandbox) -> None:
    assert said(sandbox, "git rev-list --all --count") == "1"
    assert said(sandbox, "git status --porcelain") == ""
    assert said(sandbox, "git remote; git tag; git stash list; git reflog 2>/dev/null") == ""


def test_the_tools_are_on_the_path(sandbox: Sandbox) -> None:
    assert said(sandbox, "command -v view edit search submit").split() == [
        f"/opt/agentrl/bin/{tool}" for tool in ("view", "edit", "search", "submit")
    ]


def test_an_image_is_made_once(
    docker_backend: Backend, prepared: str, instance: Instance, tmp_path: Path
) -> None:
    other = replace(instance, bug_patch="")

    assert prepare(instance, docker_backend, SPEC) == prepared
    renamed = prepare(other, docker_backend, SPEC)
    docker_backend.remove_image(renamed)
    assert renamed != prepared


def test_history_remotes_and_future_of_an_image_s_repository_are_gone(
    docker_backend: Backend,
) -> None:
    with closing(docker_backend.start(docker_backend.base_image(), SPEC, building=True)) as maker:
        made = maker.run(["bash", "-c", HISTORY])
        assert made.exit_code == 0, made.stderr
        published = maker.snapshot("agentrl/test-prepare:published")
    plan = TestPlan("pytest", hidden=("tests_hidden.py",))
    image = prepare(Instance("history", "", plan, image=published), docker_backend, SPEC)
    try:
        with closing(docker_backend.start(image, SPEC)) as sandbox:
            assert said(sandbox, "cat file build/tracked").split() == ["old", "kept"]
            assert said(sandbox, "git ls-files").split() == [".gitignore", "build/tracked", "file"]
            assert said(sandbox, "git log --all --format=%s") == "The repository as the task begins"
            assert said(sandbox, "git remote; git tag; git branch --format='%(refname:short)'") in (
                "main",
                "master",
            )
            unreachable = said(sandbox, "git fsck --unreachable --no-reflogs 2>/dev/null")
            assert unreachable == ""
            assert "fixed" not in said(sandbox, "grep -ra fixed .git || true")
            assert sandbox.exec(f"cat {ASIDE}/tests_hidden.py tests_hidden.py").exit_code != 0
            assert sandbox.read_file(f"{ASIDE}/tests_hidden.py") == b"secret\n"
    finally:
        docker_backend.remove_image(image)
        docker_backend.remove_image(published)


def test_a_bug_patch_that_does_not_apply_is_the_task_s_fault(
    docker_backend: Backend, instance: Instance
) -> None:
    wrong = replace(instance, bug_patch=FLAWED.replace("sum", "prod"))

    with pytest.raises(TaskError, match=r"shop-1: its repository cannot be prepared: seal\.sh"):
        prepare(wrong, docker_backend, SPEC)


def test_nothing_is_left_running(docker_backend: Backend, prepared: str) -> None:
    assert prepared not in {lease.image for lease in docker_backend.leases()}
