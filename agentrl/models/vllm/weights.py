"""Replacing the weights of a running vLLM server."""

import json
import urllib.error
import urllib.request
from pathlib import Path

from agentrl.errors import ModelError

TIMEOUT_S = 600.0


def reload_weights(base_url: str, folder: Path) -> None:
    """Let a server read other weights of the same architecture, and forget what it had cached.

    The server must have been started as ``updatable``, and nothing may be asked of it meanwhile.

    Args:
        base_url: ``VllmServer.base_url``.
        folder: a checkpoint on a disk that the server can read.

    Raises:
        ModelError: the server refused, or is gone.
    """
    root = base_url.removesuffix("/v1")
    kwargs = {"weights_path": str(folder)}
    _post(f"{root}/collective_rpc", {"method": "reload_weights", "kwargs": kwargs})
    forget_prefixes(base_url)


def forget_prefixes(base_url: str) -> None:
    """Let a server forget what it had cached of prompts: it is of other weights.

    Raises:
        ModelError: the server refused, or is gone.
    """
    _post(f"{base_url.removesuffix('/v1')}/reset_prefix_cache", {})


def _post(url: str, body: dict[str, object]) -> None:
    request = urllib.request.Request(
        url, json.dumps(body).encode(), {"Content-Type": "application/json"}, method="POST"
    )
    try:
        with urllib.request.urlopen(request, timeout=TIMEOUT_S) as answer:
            answer.read()
    except urllib.error.HTTPError as exc:
        said = exc.read().decode(errors="replace")[:300]
        raise ModelError(f"{url} answered {exc.code}: {said}") from None
    except OSError as exc:
        raise ModelError(f"{url}: {exc}") from None
