"""Which model family a checkpoint belongs to: whose tokens its numbers mean something for."""

import hashlib
from typing import Any

from agentrl.models.checkpoint import read_json, resolve_checkpoint


def family_of(checkpoint: str, tokenizer: Any) -> str:
    """Return the family of a checkpoint: its architecture, and a fingerprint of its vocabulary.

    Two checkpoints of the same family read the same tokens alike; weights may differ.

    Args:
        checkpoint: a folder, or a name of the hub.
        tokenizer: the checkpoint's, as transformers loads it.
    """
    kind = read_json(resolve_checkpoint(checkpoint) / "config.json").get("model_type", "unknown")
    vocabulary = sorted(tokenizer.get_vocab().items(), key=lambda item: (item[1], item[0]))
    digest = hashlib.sha256(repr(vocabulary).encode(errors="replace")).hexdigest()
    return f"{kind} with {len(vocabulary)} tokens ({digest[:12]})"
