"""The programs that run inside a sandbox, run here in folders of the test."""

import json
import os
import subprocess
import sys
from importlib.resources import files
from pathlib import Path

import pytest

from agentrl.sandboxes.bubblewrap.inside.read import MISSING, OTHER

INSIDE = files("agentrl.sandboxes.bubblewrap.inside")


def write(*entries: tuple[Path, bytes]) -> subprocess.CompletedProcess[bytes]:
    header = [[str(path), 0o640, None, len(data)] for path, data in entries]
    stdin = json.dumps(header).encode() + b"\n" + b"".join(data for _, data in entries)
    program = [sys.executable, "-I", "-S", "-c", INSIDE.joinpath("write.py").read_text()]
    return subprocess.run(program, input=stdin, capture_output=True, check=False)


def read(path: Path, limit: int = 100) -> subprocess.CompletedProcess[bytes]:
    program = [sys.executable, "-I", "-S", "-c", INSIDE.joinpath("read.py").read_text()]
    return subprocess.run([*program, str(path), str(limit)], capture_output=True, check=False)


def test_files_are_written_into_folders_that_are_made(tmp_path: Path) -> None:
    one, two = tmp_path / "new" / "deep" / "one", tmp_path / "new" / "two"

    assert write((one, b"1\n1"), (two, b""), (one, b"again")).returncode == 0

    assert (one.read_bytes(), two.read_bytes()) == (b"again", b"")
    assert one.stat().st_mode & 0o777 == 0o640
    assert (tmp_path / "new").stat().st_mode & 0o777 == 0o755
    assert {path.name for path in (tmp_path / "new").iterdir()} == {"deep", "two"}


def test_a_link_in_the_place_of_the_file_is_replaced_and_not_followed(tmp_path: Path) -> None:
    (tmp_path / "target").write_bytes(b"kept")
    (tmp_path / "link").symlink_to("target")

    assert write((tmp_path / "link", b"new")).returncode == 0

    assert (tmp_path / "target").read_bytes() == b"kept"
    assert (tmp_path / "link").read_bytes() == b"new"


@pytest.mark.parametrize("obstacle", ["a link", "a file", "a folder"])
def test_what_is_in_the_way_is_told_with_the_path(tmp_path: Path, obstacle: str) -> None:
    (tmp_path / "elsewhere").mkdir()
    path = tmp_path / "way" / "file"
    if obstacle == "a link":
        (tmp_path / "way").symlink_to("elsewhere")
    elif obstacle == "a file":
        (tmp_path / "way").touch()
    else:
        path.mkdir(parents=True)

    result = write((path, b"x"))

    assert result.returncode == 1
    assert str(path).encode() in result.stderr
    assert not list((tmp_path / "elsewhere").iterdir())


def test_a_regular_file_is_read_and_all_else_is_told_apart(tmp_path: Path) -> None:
    (tmp_path / "file").write_bytes(b"x" * 100)
    (tmp_path / "link").symlink_to("file")
    os.mkfifo(tmp_path / "pipe")

    assert read(tmp_path / "file").stdout == b"x" * 100
    assert read(tmp_path / "missing").returncode == MISSING
    assert read(tmp_path / "file" / "below").returncode == MISSING
    for other in (tmp_path, tmp_path / "link", tmp_path / "pipe"):
        assert read(other).returncode == OTHER
    assert b"100 bytes, more than 99" in read(tmp_path / "file", 99).stderr
