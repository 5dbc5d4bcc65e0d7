"""Which model it is, as far as its answers are concerned."""

import hashlib
import json
from pathlib import Path

from agentrl.suite.model import ModelSpec

_NO_MATTER = {"api_key_env", "timeout_s", "max_retries", "concurrency", "prices", "startup_s"}
_NO_MATTER |= {"max_batch", "threads", "latency_s"}


def model_identity(spec: ModelSpec) -> str:
    """Return a text that changes when another model would answer.

    Settings of speed and access are left out. A checkpoint in a folder counts with the names,
    sizes and times of its files, so that one that is trained on is another model. What a server
    does behind the same address and name cannot be seen.
    """
    data = spec.model_dump(mode="json", exclude=_NO_MATTER)
    checkpoint = getattr(spec, "checkpoint", None)
    if checkpoint is not None and Path(checkpoint).is_dir():
        data["files"] = _files(Path(checkpoint))
    return json.dumps(data, sort_keys=True)


def _files(folder: Path) -> str:
    facts = sorted(
        (path.name, stat.st_size, stat.st_mtime_ns)
        for path in folder.iterdir()
        if (stat := path.stat())
    )
    return hashlib.sha256(repr(facts).encode()).hexdigest()
