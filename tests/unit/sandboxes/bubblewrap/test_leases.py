import json
import os
import subprocess
import time
from pathlib import Path

from agentrl.sandboxes.bubblewrap import leases
from agentrl.sandboxes.owner import current_owner


def test_a_new_folder_has_its_lease_from_the_first_moment(tmp_path: Path) -> None:
    folder = leases.new_folder(tmp_path / "sandboxes", "an/image:1", 60)

    (lease,) = leases.read_leases(tmp_path / "sandboxes")
    assert (lease.id, lease.image, lease.owner) == (folder.name, "an/image:1", current_owner())
    assert time.time() + 55 < lease.expires < time.time() + 61
    assert not lease.orphan


def test_a_lease_whose_time_is_over_or_whose_owner_is_gone_is_an_orphans(tmp_path: Path) -> None:
    leases.new_folder(tmp_path, "over", -1)
    gone = leases.new_folder(tmp_path, "gone", 60) / "lease.json"
    lease = json.loads(gone.read_text())
    gone.write_text(json.dumps({**lease, "owner": lease["owner"].rpartition(":")[0] + ":1"}))
    leases.new_folder(tmp_path, "wanted", 60)

    orphans = {lease.image: lease.orphan for lease in leases.read_leases(tmp_path)}
    assert orphans == {"over": True, "gone": True, "wanted": False}


def test_a_torn_lease_and_a_missing_folder_are_no_leases(tmp_path: Path) -> None:
    (leases.new_folder(tmp_path, "torn", 60) / "lease.json").write_text('{"id": "agentrl-')

    assert leases.read_leases(tmp_path) == []
    assert leases.read_leases(tmp_path / "nowhere") == []


def test_a_noted_process_is_killed_and_a_forgotten_one_is_not(tmp_path: Path) -> None:
    folder = leases.new_folder(tmp_path, "image", 60)
    with subprocess.Popen(["sleep", "60"]) as noted, subprocess.Popen(["sleep", "60"]) as spared:
        leases.note_process(folder, noted.pid)
        leases.note_process(folder, spared.pid)
        leases.forget_process(folder, spared.pid)

        leases.kill_processes(folder)

        assert noted.wait(10) == -9
        assert spared.poll() is None
        spared.kill()


def test_a_later_process_with_the_same_number_is_not_killed(tmp_path: Path) -> None:
    folder = leases.new_folder(tmp_path, "image", 60)
    (folder / "processes" / f"{os.getpid()}-1").touch()

    leases.kill_processes(folder)  # this process, had it the number alone to go by


def test_a_folder_given_up_half_made_is_found_when_it_is_old(tmp_path: Path) -> None:
    half = tmp_path / ".agentrl-half"
    half.mkdir()
    assert leases.half_made(tmp_path) == []

    os.utime(half, (time.time() - 3600,) * 2)

    assert leases.half_made(tmp_path) == [half]
