"""What is left when the process is killed, or the disk is full, in the middle of a checkpoint."""

import multiprocessing
import os
import resource
import signal
import subprocess
import sys
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any

import pytest
import torch
import transformers

from agentrl.errors import CheckpointError, StorageError
from agentrl.models.scratch import build_checkpoint
from agentrl.suite.model import Scratch
from agentrl.training.checkpoint import Checkpoint, Checkpoints

FORK = multiprocessing.get_context("fork")
CHANGES = {"os.mkdir", "os.rename", "os.remove", "os.rmdir", "os.symlink", "shutil.rmtree"}


def store(folder: Path) -> Checkpoints:
    return Checkpoints(folder, keep_last=1, keep_best=0)


def save(to: Checkpoints, step: int, name: str) -> Checkpoint:
    def write(folder: Path) -> None:
        (folder / "config.json").write_text(name)
        (folder / "model.safetensors").write_text(name * 1000)

    return to.save(step, write, {"name": name, "weights": torch.ones(100)}, None)


def whole(folder: Path) -> tuple[int, str]:
    """Return step and name of the newest checkpoint after checking everything in the folder."""
    checkpoints = store(folder)
    for checkpoint in checkpoints.all():
        state = checkpoints.load_state(checkpoint)
        assert (checkpoint.path / "config.json").read_text() == state["name"]
    latest = checkpoints.latest()
    assert latest is not None
    assert not list(folder.glob(".*-step-*"))
    return latest.step, checkpoints.load_state(latest)["name"]


def run(child: Callable[..., None], *args: Any) -> int | None:
    process = FORK.Process(target=child, args=args)
    process.start()
    process.join()
    return process.exitcode


def _save_and_die(folder: Path, step: int, at: int) -> None:
    """Save, killed with SIGKILL just before the file system is changed the ``at``-th time."""
    checkpoints = store(folder)
    left = at

    def watch(event: str, args: tuple[Any, ...]) -> None:
        nonlocal left
        if event in CHANGES or (event == "open" and str(folder) in str(args[0])):
            left -= 1
            if left < 0:
                os.kill(os.getpid(), signal.SIGKILL)

    sys.addaudithook(watch)
    save(checkpoints, step, "new")
    os._exit(0)


@pytest.mark.parametrize("step", [10, 20], ids=["same-step", "next-step"])
def test_killed_before_any_change_of_the_disk_one_whole_checkpoint_is_left(
    tmp_path: Path, step: int
) -> None:
    seen, code, moments = set(), -signal.SIGKILL, 0
    while code == -signal.SIGKILL:
        folder = tmp_path / str(moments)
        save(store(folder), 10, "old")
        code = run(_save_and_die, folder, step, moments) or 0
        seen.add(whole(folder))
        moments += 1

    assert code == 0
    assert moments > 15
    assert seen == {(10, "old"), (step, "new")}


def _block_in_the_model(folder: Path, ready: Any) -> None:
    def block(made: Path) -> None:
        (made / "model.safetensors").write_bytes(b"half")
        ready.send(made.name)
        signal.pause()

    store(folder).save(20, block, {}, None)


@pytest.fixture
def writing(tmp_path: Path) -> Iterator[Any]:
    """A process that is in the middle of step 20, with step 10 behind it."""
    save(store(tmp_path), 10, "old")
    ready, told = FORK.Pipe(duplex=False)
    process = FORK.Process(target=_block_in_the_model, args=(tmp_path, told))
    process.start()
    assert ready.recv() == ".writing-step-000020"
    yield process
    process.kill()
    process.join()


def test_killed_while_the_model_is_written_the_one_before_is_left(
    tmp_path: Path, writing: Any
) -> None:
    writing.kill()
    writing.join()

    assert (tmp_path / ".writing-step-000020" / "model.safetensors").exists()
    assert whole(tmp_path) == (10, "old")
    assert save(store(tmp_path), 20, "again").step == 20
    assert whole(tmp_path) == (20, "again")


def test_who_looks_while_another_writes_takes_nothing_away(tmp_path: Path, writing: Any) -> None:
    assert [checkpoint.step for checkpoint in store(tmp_path).all()] == [10]

    assert (tmp_path / ".writing-step-000020" / "model.safetensors").exists()


def test_two_processes_cannot_save_at_once(tmp_path: Path, writing: Any) -> None:
    with pytest.raises(CheckpointError, match="being written by another process"):
        save(store(tmp_path), 30, "other")


def _fill(folder: Path, limit: int, write: Callable[[Path], None], state: dict[str, Any]) -> None:
    """Save where no file may be longer than ``limit``, which fails as a full disk does."""
    signal.signal(signal.SIGXFSZ, signal.SIG_IGN)
    checkpoints = store(folder)
    resource.setrlimit(resource.RLIMIT_FSIZE, (limit, resource.RLIM_INFINITY))
    try:
        checkpoints.save(20, write, state, None)
    except StorageError as exc:
        said = str(exc)
        expected = "make room" in said and "step-000020: File too large" in said
        os._exit(0 if expected and not list(folder.glob(".*-step-*")) else 3)
    os._exit(4)


@pytest.fixture(scope="module")
def model(tmp_path_factory: pytest.TempPathFactory) -> Any:
    folder = tmp_path_factory.mktemp("model") / "m"
    scratch = build_checkpoint(folder, ["go north"], Scratch(hidden_size=64, layers=1))
    untyped: Any = transformers
    return untyped.AutoModelForCausalLM.from_pretrained(scratch)


def test_weights_that_the_disk_has_no_room_for_leave_the_one_before(
    tmp_path: Path, model: Any
) -> None:
    save(store(tmp_path), 10, "old")

    assert run(_fill, tmp_path, 20_000, model.save_pretrained, {}) == 0
    assert whole(tmp_path) == (10, "old")


def test_a_state_that_the_disk_has_no_room_for_leaves_the_one_before(tmp_path: Path) -> None:
    save(store(tmp_path), 10, "old")
    state = {"moments": torch.zeros(100_000)}

    assert run(_fill, tmp_path, 20_000, lambda folder: None, state) == 0
    assert whole(tmp_path) == (10, "old")


@pytest.fixture
def small_disk(tmp_path: Path) -> Iterator[Path]:
    disk = tmp_path / "disk"
    disk.mkdir()
    mount = ["mount", "-t", "tmpfs", "-o", "size=1m", "none", str(disk)]
    try:
        refused = subprocess.run(mount, capture_output=True, text=True, check=False).stderr
    except FileNotFoundError:
        refused = "no mount command"
    if refused:
        pytest.skip(f"cannot mount a small disk: {refused.strip()}")
    yield disk
    subprocess.run(["umount", str(disk)], check=True)


@pytest.mark.parametrize("kilobytes", [100, 600, 800])
def test_a_full_disk_leaves_the_one_before_and_room_lets_the_run_go_on(
    small_disk: Path, model: Any, kilobytes: int
) -> None:
    folder = small_disk / "checkpoints"
    save(store(folder), 10, "old")
    (small_disk / "other").write_bytes(b"x" * kilobytes * 1000)
    state = {"name": "new", "moments": torch.zeros(200_000)}

    with pytest.raises(StorageError, match="step-000020: No space left on device; make room"):
        store(folder).save(20, model.save_pretrained, state, None)

    assert whole(folder) == (10, "old")
    (small_disk / "other").unlink()
    save(store(folder), 20, "new")
    assert whole(folder) == (20, "new")
