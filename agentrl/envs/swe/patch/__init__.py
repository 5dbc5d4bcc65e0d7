"""Patches: read from what people and models write, made safe, and kept away from the tests."""

from agentrl.envs.swe.patch.file import FilePatch, PatchError, join
from agentrl.envs.swe.patch.parse import MAX_CHARS, parse_patch
from agentrl.envs.swe.patch.paths import is_test_path
from agentrl.envs.swe.patch.restrict import Restricted, restrict
from agentrl.envs.swe.patch.reverse import reverse

__all__ = [
    "MAX_CHARS",
    "FilePatch",
    "PatchError",
    "Restricted",
    "is_test_path",
    "join",
    "parse_patch",
    "restrict",
    "reverse",
]
