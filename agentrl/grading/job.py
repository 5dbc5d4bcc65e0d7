"""What is graded: one patch for one instance, and who made it."""

import hashlib
from dataclasses import dataclass

from agentrl.envs.swe.instance import Instance


@dataclass(frozen=True, slots=True)
class Job:
    """One patch to be graded."""

    instance: Instance
    model: str
    patch: str

    @property
    def key(self) -> tuple[str, str, str]:
        """What tells it from every other: instance, model, and the patch's digest."""
        return self.instance.id, self.model, patch_digest(self.patch)


def patch_digest(patch: str) -> str:
    """Return the SHA-256 of a patch, in hexadecimal."""
    return hashlib.sha256(patch.encode("utf-8", "surrogatepass")).hexdigest()
