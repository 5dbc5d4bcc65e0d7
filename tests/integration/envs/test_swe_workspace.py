"""What an agent changed is told, whatever it does to its repository's ``.git``."""

from collections.abc import Iterator

import pytest

from agentrl.envs.swe.env import SWEEnv
from agentrl.envs.swe.workspace import UnreadableError, Workspace
from agentrl.sandboxes.base import Sandbox
from agentrl.suite.sandbox import SandboxSpec


@pytest.fixture
def env(sandbox: SandboxSpec) -> Iterator[SWEEnv]:
    env = SWEEnv(sandbox=sandbox)
    env.reset(seed=0)
    yield env
    env.close()


@pytest.fixture
def workspace(env: SWEEnv) -> Workspace:
    return env._playing.workspace


@pytest.fixture
def box(env: SWEEnv) -> Sandbox:
    return env._playing.sandbox


def test_a_fresh_repository_has_no_changes(workspace: Workspace) -> None:
    assert workspace.look() == workspace.beginning
    assert workspace.patch() == ""


def test_changes_of_every_kind_are_in_the_patch(workspace: Workspace, box: Sandbox) -> None:
    box.exec(
        "echo more >> README.md; printf 'new\\r\\n' > 'a b.txt'; printf '\\0\\1' > blob.bin; "
        "chmod +x intervals.py; rm tests/__init__.py; ln -s README.md link; mkdir d; "
        "printf 'caf\\351' > d/latin; git mv README.md READ; git commit -qam changed"
    )

    patch = workspace.patch()

    for part in (
        "+more",
        '"b/a b.txt"' if '"b/a b.txt"' in patch else "b/a b.txt",
        "+new\r\n",
        "GIT binary patch",
        "old mode 100644\nnew mode 100755",
        "deleted file mode 100644",
        "new file mode 120000",
        "+caf\udce9\n\\ No newline at end of file",
        "+++ b/READ\n",
    ):
        assert part in patch


def test_litter_of_python_is_left_out(workspace: Workspace, box: Sandbox) -> None:
    box.exec("mkdir __pycache__; echo x > __pycache__/a.pyc; echo x > b.pyc; mkdir .pytest_cache")

    assert workspace.look() == workspace.beginning


HOSTILE = (
    "rm -rf .git; rm -rf /tmp/.agentrl-changes",
    "rm -rf .git; ln -s /etc .git; export GIT_DIR=/nowhere GIT_INDEX_FILE=/nowhere",
    "echo broken > .git/index; echo broken > .git/HEAD; chmod 000 .git",
    "printf '[core]\\n\\tfsmonitor = touch /tmp/ran\\n\\thooksPath = /tmp\\n"
    "\\tworktree = /etc\\n[diff]\\n\\texternal = touch /tmp/ran\\n' >> .git/config; "
    "git config --global core.excludesFile /tmp/all; echo '*' > /tmp/all",
    "git add -A; git commit -qm done; git update-index --assume-unchanged intervals.py; "
    "echo '*' > .git/info/exclude",
    "printf '* -diff filter=evil text eol=crlf\\n' > .gitattributes; "
    "git config filter.evil.clean 'touch /tmp/ran'; git() { touch /tmp/ran; }; export -f git",
    "mkdir -p /tmp/.agentrl-changes; echo broken > /tmp/.agentrl-changes/index; "
    "touch /tmp/.agentrl-changes/index.lock",
)


@pytest.mark.parametrize("hostile", HOSTILE)
def test_a_hostile_git_hides_nothing_and_runs_nothing(
    workspace: Workspace, box: Sandbox, hostile: str
) -> None:
    box.exec("echo '# changed' >> intervals.py")
    box.exec(hostile)

    assert "+# changed\n" in workspace.patch()
    assert box.run(["test", "-e", "/tmp/ran"]).exit_code == 1


def test_a_repository_that_is_gone_cannot_be_told(workspace: Workspace, box: Sandbox) -> None:
    box.exec("cd /; rm -rf /testbed/* /testbed/.git; rmdir /testbed || mv /testbed /tmp/elsewhere")

    try:
        patch = workspace.patch()
    except UnreadableError:
        return
    assert patch.count("deleted file mode") == 4


def test_many_new_files_are_told(workspace: Workspace, box: Sandbox) -> None:
    box.exec("mkdir many; for n in $(seq 2000); do echo $n > many/$n; done")

    assert workspace.patch().count("new file mode") == 2000
