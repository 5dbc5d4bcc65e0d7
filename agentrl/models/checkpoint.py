"""Finding a checkpoint: a folder on this disk, or a name that the Hugging Face hub knows."""

import json
import re
from pathlib import Path
from typing import Any

from agentrl.errors import CheckpointError, MissingDependencyError

_HUB_NAME = re.compile(r"[A-Za-z0-9][\w.-]*(/[A-Za-z0-9][\w.-]*)?")
_HUB_FILES = ["*.json", "*.safetensors", "*.txt", "*.model", "*.jinja"]
_HUB_TIMEOUT_S = 10.0


def resolve_checkpoint(checkpoint: str) -> Path:
    """Return the folder of a checkpoint, fetching it from the hub where it is a name.

    What cannot be a name of the hub, or begins with a folder that exists here, is taken for a
    path: when it is missing, no server is asked.

    Raises:
        CheckpointError: there is no such folder or name, or the folder holds no model.
        MissingDependencyError: it is a name and the hub's client is not installed.
    """
    folder = Path(checkpoint)
    if checkpoint.startswith("~/"):  # expanduser raises for a user that does not exist
        folder = folder.expanduser()
    if not folder.exists():
        if not _may_be_hub_name(checkpoint):
            raise CheckpointError(
                f"checkpoint {checkpoint!r}: no such folder; give the path of a folder with "
                f"config.json, *.safetensors and a tokenizer"
            )
        folder = _fetch(checkpoint)
    if not (folder / "config.json").is_file():
        raise CheckpointError(
            f"checkpoint {checkpoint!r}: no config.json in it; give a folder that was written by "
            f"save_pretrained, with config.json, *.safetensors and a tokenizer"
        )
    return folder


def trained_checkpoint(run: Path) -> Path | None:
    """Return the best weights of a training's folder, else the newest; None: there are none."""
    checkpoints = run / "checkpoints"
    for name in ("best", "latest"):
        if (checkpoints / name).is_dir():
            return (checkpoints / name).resolve()
    steps = sorted(checkpoints.glob("step-*"))  # where the file system has no links
    return steps[-1] if steps else None


def read_json(file: Path) -> dict[str, Any]:
    """Return the JSON object in a checkpoint's file; an empty one where there is no file.

    Raises:
        CheckpointError: the file holds something else.
    """
    try:
        data = json.loads(file.read_text(encoding="utf-8"))
    except FileNotFoundError:
        return {}
    except (OSError, ValueError) as exc:
        raise CheckpointError(f"{file}: cannot be read as JSON: {exc}; copy it again") from None
    if not isinstance(data, dict):
        raise CheckpointError(f"{file}: expected a JSON object, got {type(data).__name__}")
    return data


def silence_transformers() -> None:
    """Turn off the progress bars and the advice of transformers; its errors still show."""
    from transformers.utils import logging

    untyped: Any = logging
    untyped.set_verbosity_error()
    untyped.disable_progress_bar()


def _may_be_hub_name(checkpoint: str) -> bool:
    parent = checkpoint.partition("/")[0]
    return bool(_HUB_NAME.fullmatch(checkpoint)) and not Path(parent).is_dir()


def _fetch(name: str) -> Path:
    try:
        from huggingface_hub import snapshot_download
    except ImportError:
        raise MissingDependencyError(
            f"checkpoint {name!r} is no folder here, and fetching it needs the hub's client: "
            f"pip install 'agentrl[train]'"
        ) from None
    try:
        folder = snapshot_download(name, allow_patterns=_HUB_FILES, etag_timeout=_HUB_TIMEOUT_S)
    except (OSError, ValueError) as exc:
        reason = str(exc).strip().splitlines()[0] if str(exc).strip() else type(exc).__name__
        raise CheckpointError(
            f"checkpoint {name!r}: no folder of that name here, and it could not be fetched from "
            f"the hub ({reason}); give the path of a checkpoint folder, or a name of the hub on a "
            f"machine that reaches it"
        ) from None
    return Path(folder)
