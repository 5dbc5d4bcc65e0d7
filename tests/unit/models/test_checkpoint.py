import os
import subprocess
import sys
from pathlib import Path

import pytest

from agentrl.errors import CheckpointError
from agentrl.models.checkpoint import read_json, resolve_checkpoint, trained_checkpoint


@pytest.mark.parametrize(
    "path", ["/no/such/folder", "./missing", "../missing/model", "a/b/c", "~x"]
)
def test_a_missing_path_is_named_and_no_server_is_asked(path: str) -> None:
    with pytest.raises(CheckpointError, match=r"no such folder; give the path of a folder"):
        resolve_checkpoint(path)


def test_a_missing_folder_inside_one_that_exists_is_a_path(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    (tmp_path / "runs").mkdir()
    monkeypatch.chdir(tmp_path)
    with pytest.raises(CheckpointError, match="'runs/step-3': no such folder"):
        resolve_checkpoint("runs/step-3")


def test_a_folder_that_is_no_checkpoint_is_refused(tmp_path: Path) -> None:
    with pytest.raises(CheckpointError, match=r"no config\.json in it"):
        resolve_checkpoint(str(tmp_path))


def test_a_file_is_no_checkpoint(tmp_path: Path) -> None:
    file = tmp_path / "model.safetensors"
    file.touch()
    with pytest.raises(CheckpointError, match=r"no config\.json in it"):
        resolve_checkpoint(str(file))


def test_a_folder_with_a_config_is_returned(tmp_path: Path) -> None:
    (tmp_path / "config.json").write_text("{}")
    assert resolve_checkpoint(str(tmp_path)) == tmp_path


def test_a_name_that_the_hub_cannot_give_is_refused(tmp_path: Path) -> None:
    pytest.importorskip("huggingface_hub", reason="asks the hub's client")
    # The client reads these when it is imported, so it is asked in a process of its own.
    program = (
        "from agentrl.models.checkpoint import resolve_checkpoint\n"
        "try: resolve_checkpoint('nobody/no-model')\n"
        "except Exception as exc: print(type(exc).__name__, exc)\n"
    )
    env = {**os.environ, "HF_HUB_OFFLINE": "1", "HF_HOME": str(tmp_path)}
    result = subprocess.run(
        [sys.executable, "-c", program], env=env, capture_output=True, text=True, check=True
    )
    assert result.stdout.startswith("CheckpointError checkpoint 'nobody/no-model': no folder of")
    assert "could not be fetched from the hub" in result.stdout


def test_a_file_that_is_not_there_reads_as_nothing(tmp_path: Path) -> None:
    assert read_json(tmp_path / "generation_config.json") == {}


@pytest.mark.parametrize("content", ["{", "[1]", "\udcff"])
def test_a_broken_file_of_a_checkpoint_is_named(tmp_path: Path, content: str) -> None:
    file = tmp_path / "config.json"
    file.write_bytes(content.encode("utf-8", "surrogateescape"))
    with pytest.raises(CheckpointError, match=r"config\.json: "):
        read_json(file)


def test_of_a_training_the_best_weights_are_found_then_the_newest(tmp_path: Path) -> None:
    assert trained_checkpoint(tmp_path) is None
    for step in ("step-000001", "step-000002"):
        (tmp_path / "checkpoints" / step).mkdir(parents=True)
    assert trained_checkpoint(tmp_path) == tmp_path / "checkpoints" / "step-000002"

    (tmp_path / "checkpoints" / "best").symlink_to("step-000001")

    assert trained_checkpoint(tmp_path) == tmp_path / "checkpoints" / "step-000001"
