"""An archive that nobody vouches for gives files inside the repository, or a complaint."""

import io
import tarfile
import zipfile
from pathlib import Path

import pytest

from agentrl.envs.swe.sources.archive import read_archive, write_archive
from agentrl.errors import UsageError
from agentrl.sandboxes.base import File


def tar(path: Path, members: dict[str, bytes], *special: tarfile.TarInfo) -> Path:
    with tarfile.open(path, "w:gz") as packed:
        for name, data in members.items():
            member = tarfile.TarInfo(name)
            member.size = len(data)
            packed.addfile(member, io.BytesIO(data))
        for member in special:
            packed.addfile(member)
    return path


def test_the_one_folder_of_a_release_is_taken_off(tmp_path: Path) -> None:
    path = tar(tmp_path / "a.tar.gz", {"a-1.0/a.py": b"x", "a-1.0/b/c.py": b"y"})
    assert {name: file.data for name, file in read_archive(path, strip=True).items()} == {
        "a.py": b"x",
        "b/c.py": b"y",
    }


def test_a_zip_is_read_alike(tmp_path: Path) -> None:
    with zipfile.ZipFile(tmp_path / "a.zip", "w") as packed:
        packed.writestr("a-1.0/a.py", "x")
    assert read_archive(tmp_path / "a.zip", strip=True)["a.py"].data == b"x"


@pytest.mark.parametrize("name", ["/etc/passwd", "a/../../x", "..", "a\\b"])
def test_a_path_that_leads_out_is_refused(tmp_path: Path, name: str) -> None:
    with pytest.raises(UsageError, match="which no source archive has"):
        read_archive(tar(tmp_path / "a.tar.gz", {name: b"x"}), strip=False)


def test_links_devices_and_git_are_left_out(tmp_path: Path) -> None:
    link = tarfile.TarInfo("a/link")
    link.type, link.linkname = tarfile.SYMTYPE, "/etc/passwd"
    hard = tarfile.TarInfo("a/hard")
    hard.type, hard.linkname = tarfile.LNKTYPE, "/etc/passwd"
    device = tarfile.TarInfo("a/zero")
    device.type = tarfile.CHRTYPE
    path = tar(
        tmp_path / "a.tar.gz", {"a/x.py": b"x", "a/.git/config": b"evil"}, link, hard, device
    )
    assert list(read_archive(path, strip=True)) == ["x.py"]


def test_what_unpacks_to_more_than_a_source_archive_does_is_refused(tmp_path: Path) -> None:
    path = tar(tmp_path / "bomb.tar.gz", {"a": b"0" * 2**20, "b": b"0" * 2**20})
    with pytest.raises(UsageError, match="no source archive"):
        read_archive(path, strip=False, most_bytes=2**20)


def test_what_is_no_archive_is_refused_by_its_name(tmp_path: Path) -> None:
    (tmp_path / "a.tar.gz").write_bytes(b"text")
    with pytest.raises(UsageError, match=r"a\.tar\.gz cannot be read as an archive"):
        read_archive(tmp_path / "a.tar.gz", strip=True)


def test_the_same_files_give_the_same_archive(tmp_path: Path) -> None:
    files = {"b.py": File(b"1", 0o755), "a/é.py": File(b"2")}
    for name, order in (("one", files), ("two", dict(reversed(files.items())))):
        write_archive(tmp_path / name, order)
    assert (tmp_path / "one").read_bytes() == (tmp_path / "two").read_bytes()
    read = read_archive(tmp_path / "one", strip=False)
    assert {name: (file.data, file.mode) for name, file in read.items()} == {
        "a/é.py": (b"2", 0o644),
        "b.py": (b"1", 0o755),
    }
