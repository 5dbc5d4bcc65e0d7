"""A patch that is written here is one that git applies, both ways, to the last byte."""

import subprocess
from collections.abc import Mapping
from pathlib import Path

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from agentrl.envs.swe.patch import parse_patch
from agentrl.envs.swe.sources.diff import diff
from agentrl.sandboxes.base import File

NAMES = ("a.py", "b c.txt", "d/é.py", 'q"u.py', "z\\y", "e/f/g")
TEXT = st.lists(st.sampled_from(["x", "yé", "", "a\x0cb", "c\u2028d", "t\r"])).map("\n".join)
DATA = TEXT.map(str.encode) | st.binary(max_size=200)
FILES = st.builds(File, DATA, st.sampled_from([0o644, 0o755]))
TREES = st.dictionaries(st.sampled_from(NAMES), FILES)


def test_a_change_of_a_line_reads_as_git_writes_it() -> None:
    old, new = File(b"one\ntwo\nthree\n"), File(b"one\n2\nthree\n")
    assert diff({"a/b.py": old}, {"a/b.py": new}) == (
        "diff --git a/a/b.py b/a/b.py\n--- a/a/b.py\n+++ b/a/b.py\n"
        "@@ -1,3 +1,3 @@\n one\n-two\n+2\n three\n"
    )


def test_files_that_are_the_same_are_not_in_it() -> None:
    tree = {"a.py": File(b"x\n"), "b.bin": File(b"\0\1")}
    assert diff(tree, dict(tree)) == ""


@settings(max_examples=25, deadline=None, suppress_health_check=[HealthCheck.too_slow])
@given(old=TREES, new=TREES)
def test_git_applies_it_forwards_and_backwards(
    old: dict[str, File], new: dict[str, File], tmp_path_factory: pytest.TempPathFactory
) -> None:
    patch = diff(old, new)
    if not patch:
        assert contents(old) == contents(new)
        return
    folder = tmp_path_factory.mktemp("tree")
    put(folder, old)
    apply(folder, patch)
    assert contents(read(folder)) == contents(new)
    apply(folder, patch, "-R")
    assert contents(read(folder)) == contents(old)


def test_our_own_reader_reads_it() -> None:
    old = {"a.py": File(b"x\n"), "gone.py": File(b"y\n"), "b.bin": File(b"\0")}
    new = {"a.py": File(b"z\n"), "new.py": File(b"y\n"), "b.bin": File(b"\0\0")}
    files = parse_patch(diff(old, new))
    assert [file.new_path or file.old_path for file in files] == [
        "a.py",
        "b.bin",
        "gone.py",
        "new.py",
    ]


def put(folder: Path, tree: Mapping[str, File]) -> None:
    for name, file in tree.items():
        path = folder / name
        path.parent.mkdir(parents=True, exist_ok=True)
        path.write_bytes(file.data)
        path.chmod(file.mode)


def read(folder: Path) -> dict[str, File]:
    return {
        str(path.relative_to(folder)): File(
            path.read_bytes(), 0o755 if path.stat().st_mode & 0o100 else 0o644
        )
        for path in folder.rglob("*")
        if path.is_file()
    }


def apply(folder: Path, patch: str, *options: str) -> None:
    done = subprocess.run(
        ["git", "apply", "--whitespace=nowarn", *options, "-"],
        cwd=folder,
        input=patch.encode(),
        capture_output=True,
        env={"PATH": "/usr/bin:/bin", "GIT_CEILING_DIRECTORIES": str(folder.parent)},
    )
    assert done.returncode == 0, done.stderr.decode()


def contents(tree: Mapping[str, File]) -> dict[str, tuple[bytes, int]]:
    return {name: (file.data, file.mode) for name, file in tree.items()}
