"""Verdicts that are known already: the same patch on the same task is graded once.

What a verdict hangs on is its key: the patch, the task with everything that makes its image and
its tests, and the runner. A change of any of it is another key.
"""

import hashlib
import json
import logging
import os
import zlib
from contextlib import suppress
from dataclasses import asdict
from pathlib import Path

from agentrl.cache import cache_folder
from agentrl.envs.swe.grading.run import runner_files
from agentrl.envs.swe.grading.verdict import Verdict
from agentrl.grading.job import Job, patch_digest
from agentrl.grading.result import load_verdict

logger = logging.getLogger(__name__)

_FORMAT = "1"  # raise it when the same inputs are judged otherwise


class VerdictCache:
    """Verdicts in a folder of files, which several processes may share.

    Args:
        backend: name of the sandboxes' backend; a verdict of one says nothing about another.
        timeout_s: most time for the tests, where it is not the instance's own.
        folder: where; None: in agentrl's cache.
    """

    def __init__(
        self, backend: str, timeout_s: float | None = None, folder: Path | None = None
    ) -> None:
        self._setting = f"{backend} {timeout_s}"
        self._folder = folder or cache_folder() / "verdicts"

    def get(self, job: Job) -> Verdict | None:
        """Return what is known of a job, or None."""
        path = self._path(job)
        try:
            return load_verdict(json.loads(zlib.decompress(path.read_bytes())))
        except FileNotFoundError:
            return None
        except (OSError, ValueError, TypeError, zlib.error):
            with suppress(OSError):
                path.unlink()
            return None

    def put(self, job: Job, verdict: Verdict) -> None:
        """Keep a verdict; one that hangs on how fast this machine is today is not kept."""
        if verdict.timed_out:
            return
        path = self._path(job)
        temporary = path.with_name(f"{path.name}.{os.getpid()}.{id(job)}")
        try:
            path.parent.mkdir(parents=True, exist_ok=True)
            temporary.write_bytes(zlib.compress(json.dumps(asdict(verdict)).encode()))
            temporary.replace(path)
        except OSError as exc:  # it is only a cache
            logger.warning("the verdict on %s is not kept: %s", job.instance.id, exc)
            with suppress(OSError):
                temporary.unlink()

    def _path(self, job: Job) -> Path:
        key = verdict_key(job, self._setting)
        return self._folder / key[:2] / f"{key[2:]}.json.z"


def verdict_key(job: Job, setting: str = "") -> str:
    """Return the digest of all that a verdict hangs on."""
    task = job.instance
    parts = [_FORMAT, setting, patch_digest(job.patch), task.id, task.workdir, task.python]
    parts += [task.image, task.dockerfile, task.context, repr(task.source), task.family]
    parts += [task.bug_patch, task.patch, task.test_patch, repr(task.tests)]
    parts += [repr(task.memory_mb), repr(task.cpus)]
    digest = hashlib.sha256("\0".join(parts).encode("utf-8", "surrogatepass"))
    for path, source in sorted(runner_files().items()):
        digest.update(path.encode() + b"\0" + source)
    return digest.hexdigest()
