import os
import subprocess
from pathlib import Path

import pytest

from agentrl.errors import UsageError
from agentrl.sandboxes.archive import UNPACK, pack
from agentrl.sandboxes.base import AGENT_UID, File

as_root = pytest.mark.skipif(os.geteuid() != 0, reason="needs root, to give files to another user")


def unpack(files: dict[str, File]) -> subprocess.CompletedProcess[bytes]:
    return subprocess.run(["bash", "-c", UNPACK], input=pack(files), capture_output=True)


@as_root
def test_files_come_out_with_content_mode_and_owner(tmp_path: Path) -> None:
    mine, theirs = tmp_path / "a" / "mine", tmp_path / "b" / "c" / "théirs\n"

    unpack({str(mine): File(b"\0x", 0o755), str(theirs): File(b"", 0o600, "agent")})

    assert (mine.read_bytes(), mine.stat().st_mode & 0o777, mine.stat().st_uid) == (
        b"\0x",
        0o755,
        0,
    )
    assert (theirs.read_bytes(), theirs.stat().st_mode & 0o777) == (b"", 0o600)
    assert theirs.stat().st_uid == AGENT_UID


@as_root
def test_a_new_folder_belongs_to_whom_the_file_belongs_to_and_an_old_one_stays(
    tmp_path: Path,
) -> None:
    (tmp_path / "old").mkdir(mode=0o700)

    unpack({f"{tmp_path}/old/new/file": File(b"", owner="agent")})

    assert (tmp_path / "old" / "new").stat().st_uid == AGENT_UID
    assert ((tmp_path / "old").stat().st_uid, (tmp_path / "old").stat().st_mode & 0o777) == (
        0,
        0o700,
    )


@as_root
def test_a_folder_that_an_agent_replaced_by_a_link_is_refused(tmp_path: Path) -> None:
    (tmp_path / "target").mkdir()
    (tmp_path / "link").symlink_to(tmp_path / "target")
    os.chown(tmp_path / "link", AGENT_UID, AGENT_UID, follow_symlinks=False)

    refused = unpack({f"{tmp_path}/link/file": File(b"")})

    assert refused.returncode == 1
    assert b"is a link that root did not make" in refused.stderr
    assert not (tmp_path / "target" / "file").exists()


@pytest.mark.parametrize("path", ["relative", "/a/../b", "/", "/a\0b", ""])
def test_a_path_that_is_not_absolute_and_plain_is_refused(path: str) -> None:
    with pytest.raises(UsageError, match="no absolute path"):
        pack({path: File(b"")})
