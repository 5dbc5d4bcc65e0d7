"""Votes that are known already, on disk: the same question is not paid for twice."""

import hashlib
import json
import logging
import os
from collections.abc import Sequence
from contextlib import suppress
from pathlib import Path
from typing import Any

from agentrl.cache import cache_folder
from agentrl.rewards.judge.voting import Vote

logger = logging.getLogger(__name__)

_FORMAT = "1"  # raise it when the same question is read otherwise


def vote_key(parts: Sequence[str]) -> str:
    """Return the digest of everything that a vote hangs on."""
    digest = hashlib.sha256(_FORMAT.encode())
    for part in parts:
        data = part.encode("utf-8", "surrogatepass")
        digest.update(b"\0%d\0" % len(data) + data)
    return digest.hexdigest()


class VoteCache:
    """Readable votes in a folder of files, which several processes may share.

    Args:
        folder: where; None: in agentrl's cache.
    """

    def __init__(self, folder: Path | None = None) -> None:
        self._folder = folder or cache_folder() / "judge"

    def get(self, key: str) -> Vote | None:
        """Return what is known of a question, or None; a file that is damaged is removed."""
        path = self._path(key)
        try:
            return _load(json.loads(path.read_text(encoding="utf-8")))
        except FileNotFoundError:
            return None
        except (OSError, ValueError, TypeError, KeyError, AttributeError):
            with suppress(OSError):
                path.unlink()
            return None

    def put(self, key: str, vote: Vote) -> None:
        """Keep a vote; where the disk refuses, a warning is all."""
        path = self._path(key)
        temporary = path.with_name(f"{path.name}.{os.getpid()}.{id(vote)}")
        text = json.dumps({"shares": vote.shares, "text": vote.text})
        try:
            path.parent.mkdir(parents=True, exist_ok=True)
            temporary.write_text(text, encoding="utf-8")
            temporary.replace(path)
        except OSError as exc:  # it is only a cache
            logger.warning("a judge's vote is not kept: %s", exc)
            with suppress(OSError):
                temporary.unlink()

    def _path(self, key: str) -> Path:
        return self._folder / key[:2] / f"{key[2:]}.json"


def _load(data: dict[str, Any]) -> Vote:
    shares = {
        str(subject): {str(name): float(share) for name, share in points.items()}
        for subject, points in data["shares"].items()
    }
    if not all(0 <= share <= 1 for points in shares.values() for share in points.values()):
        raise ValueError("a kept vote has shares that are none")
    return Vote(shares, str(data["text"]))
