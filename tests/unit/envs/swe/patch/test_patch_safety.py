from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest

from agentrl.envs.swe.patch import PatchError, parse_patch

Make = Callable[..., Any]


def created(path: str, content: str = "x", mode: str = "100644") -> str:
    return (
        f"diff --git a/{path} b/{path}\nnew file mode {mode}\n--- /dev/null\n+++ b/{path}\n"
        f"@@ -0,0 +1 @@\n+{content}\n"
    )


@pytest.mark.parametrize(
    "patch",
    [
        "--- /etc/passwd\n+++ /etc/passwd\n@@ -1 +1 @@\n-a\n+b\n",
        "--- a//etc/passwd\n+++ b//etc/passwd\n@@ -1 +1 @@\n-a\n+b\n",
        "--- a/../x\n+++ b/../x\n@@ -1 +1 @@\n-a\n+b\n",
        "--- a/x/../../y\n+++ b/x/../../y\n@@ -1 +1 @@\n-a\n+b\n",
        'diff --git "a/..\\057x" "b/..\\057x"\nnew file mode 100644\n',
        'diff --git "a/\\056\\056/x" "b/\\056\\056/x"\nnew file mode 100644\n',
        "diff --git a/x b/y\nsimilarity index 100%\nrename from x\nrename to ../y\n",
        "diff --git a/x b/y\nsimilarity index 100%\ncopy from /etc/shadow\ncopy to y\n",
        'diff --git "a/x\\000y" "b/x\\000y"\nnew file mode 100644\n',
        created("a" * 300),
        created("/".join(["a"] * 3000)),
    ],
)
def test_a_path_out_of_the_repository_is_refused(patch: str) -> None:
    with pytest.raises(PatchError, match=r"absolute path|may lead out|can be no path|different"):
        parse_patch(patch)


@pytest.mark.parametrize(
    ("path", "target"),
    [
        ("x", "/etc"),
        ("x", "../secret"),
        ("d/x", "../../secret"),
        ("d/x", "sub/../../.."),
        ("x", "sub/.."),
        ("x", ".git/hooks"),
        ("d/x", "../.GIT"),
    ],
)
def test_a_link_out_of_the_repository_is_refused(path: str, target: str) -> None:
    with pytest.raises(PatchError, match=f"{path}: a symbolic link to"):
        parse_patch(created(path, target, "120000"))


@pytest.mark.parametrize(("path", "target"), [("x", "y"), ("d/x", "../y"), ("d/e/x", "../../y/z")])
def test_a_link_inside_of_the_repository_is_taken(path: str, target: str) -> None:
    (file,) = parse_patch(created(path, target, "120000"))

    assert (file.is_symlink, file.target) == (True, target)


def test_a_file_behind_a_link_of_the_same_patch_is_refused() -> None:
    patch = created("x", "y", "120000") + created("x/z.py")

    with pytest.raises(PatchError, match=r"x/z\.py: lies behind x, a symbolic link"):
        parse_patch(patch)


def test_a_link_that_becomes_a_folder_is_taken(tmp_path: Path, make_repository: Make) -> None:
    repository = make_repository(tmp_path / "r", {"y/a": b"a\n"})
    repository.link("x", "y")
    repository.git("add", "-A")
    repository.git("commit", "-q", "-m", "link")
    (repository.folder / "x").unlink()
    repository.put({"x/z": b"z\n"})

    assert {file.path for file in parse_patch(repository.diff())} == {"x", "x/z"}


@pytest.mark.parametrize(
    "patch",
    [
        "diff --git a/x b/x\nnew file mode 120000\nindex 0000000..1111111\nGIT binary patch\n"
        "literal 4\nLcmdO1{r~^~D*yli\n\n",
        "diff --git a/x b/x\nindex 1111111..2222222 120000\n--- a/x\n+++ b/x\n@@ -1,2 +1,2 @@\n"
        " /etc\n-a\n+b\n",
    ],
)
def test_a_link_whose_target_does_not_stand_there_plainly_is_refused(patch: str) -> None:
    with pytest.raises(PatchError, match="x: a symbolic link to"):
        parse_patch(patch)


def test_a_file_does_not_become_a_link_without_being_deleted() -> None:
    patch = created("x", "/etc") + "diff --git a/x b/x\nold mode 100644\nnew mode 120000\n"

    with pytest.raises(PatchError, match="x: becomes something else"):
        parse_patch(patch)
