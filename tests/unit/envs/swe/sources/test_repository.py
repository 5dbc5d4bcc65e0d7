"""A folder, an archive or a release is read as a repository."""

import subprocess
from pathlib import Path

import pytest

from agentrl.envs.swe.sources.archive import write_archive
from agentrl.envs.swe.sources.repository import read_repository
from agentrl.errors import UsageError
from agentrl.sandboxes.base import File


def fill(folder: Path) -> None:
    made_by_tools = ("pkg/__pycache__/a.pyc", ".venv/x.py", "own/pyvenv.cfg", "own/x.py")
    for name in ("pkg/a.py", "tests/test_a.py", "run.sh", *made_by_tools):
        (folder / name).parent.mkdir(parents=True, exist_ok=True)
        (folder / name).write_text(name)
    (folder / "run.sh").chmod(0o755)
    (folder / "link").symlink_to("/etc/passwd")


def test_of_a_plain_folder_the_source_is_taken(tmp_path: Path) -> None:
    fill(tmp_path)
    repository = read_repository(str(tmp_path))
    assert sorted(repository.files) == ["pkg/a.py", "run.sh", "tests/test_a.py"]
    assert repository.files["run.sh"].mode == 0o755
    assert repository.name == tmp_path.name


def test_of_a_folder_that_git_keeps_what_git_keeps_is_taken(tmp_path: Path) -> None:
    fill(tmp_path)
    (tmp_path / ".gitignore").write_text("run.sh\n.venv\nown\n__pycache__\n")
    subprocess.run(["git", "init", "-q", str(tmp_path)], check=True)
    files = read_repository(str(tmp_path)).files
    assert sorted(files) == [".gitignore", "pkg/a.py", "tests/test_a.py"]


def test_a_folder_cannot_have_git_run_a_program(tmp_path: Path) -> None:
    fill(tmp_path)
    subprocess.run(["git", "init", "-q", str(tmp_path)], check=True)
    hook = tmp_path / ".git" / "hook"
    hook.write_text(f"#!/bin/sh\ntouch {tmp_path / 'ran'}\n")
    hook.chmod(0o755)
    config = ["git", "-C", str(tmp_path), "config", "core.fsmonitor", str(hook)]
    subprocess.run(config, check=True)
    assert "pkg/a.py" in read_repository(str(tmp_path)).files
    assert not (tmp_path / "ran").exists()


def test_an_archive_is_read(tmp_path: Path) -> None:
    write_archive(tmp_path / "pkg-1.tar.gz", {"pkg-1/pkg/a.py": File(b"x")})
    repository = read_repository(str(tmp_path / "pkg-1.tar.gz"))
    assert (repository.name, list(repository.files)) == ("pkg-1", ["pkg/a.py"])


@pytest.mark.parametrize("given", ["/nonexistent", "name", "setup.py"])
def test_anything_else_is_refused(given: str) -> None:
    with pytest.raises(UsageError, match="is no repository: give a folder"):
        read_repository(given)


def test_an_empty_folder_is_refused(tmp_path: Path) -> None:
    with pytest.raises(UsageError, match="holds no files"):
        read_repository(str(tmp_path))


@pytest.mark.parametrize("given", ["../../x==1.0", "-r==1.0", "a==../1", "a b==1"])
def test_a_release_is_named_by_a_name_and_a_version(given: str) -> None:
    with pytest.raises(UsageError, match="give it as in NAME==VERSION"):
        read_repository(given)
