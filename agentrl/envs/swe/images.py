"""The name of an instance's image, as its family names it."""

import platform
import re

from agentrl.envs.swe.instance import Instance
from agentrl.errors import TaskError

_SMITH_REPO = re.compile(r"swesmith/(?P<owner>.+?)__(?P<name>.+)\.(?P<commit>[0-9a-f]{8})")


def image_name(instance: Instance, machine: str = "") -> str:
    """Return the name of the image that holds the instance's repository.

    Args:
        instance: the instance.
        machine: the kind of processor, as Python's ``platform.machine`` has it; empty: this one's.

    Raises:
        TaskError: the instance names no image, and its family has no rule for it.

    >>> from agentrl.envs.swe.instance import TestPlan
    >>> verified = Instance("astropy__astropy-12907", "", TestPlan("pytest"), family="swebench")
    >>> image_name(verified, "x86_64")
    'swebench/sweb.eval.x86_64.astropy_1776_astropy-12907:latest'
    """
    if instance.image:
        return instance.image
    arch = "arm64" if (machine or platform.machine()) in ("arm64", "aarch64") else "x86_64"
    match instance.family:
        case "swebench" | "swebench-5":
            return _evaluation_image("swebench", arch, instance.id, "_1776_")
        case "swe-rebench":
            return _evaluation_image("swerebench", arch, instance.id, "_1776_")
        case "swe-gym":
            return _evaluation_image("xingyaoww", arch, instance.id, "_s_")
        case "swe-smith":
            if parts := _SMITH_REPO.fullmatch(instance.repo):
                repo = f"{parts['owner']}_1776_{parts['name']}.{parts['commit']}"
                return f"swebench/swesmith.{arch}.{repo}:latest".lower()
    raise TaskError(
        f"{instance.id}: names no image, and the family {instance.family} has no rule for its "
        f"name; give it an image, a Dockerfile or a source"
    )


def _evaluation_image(namespace: str, arch: str, instance_id: str, separator: str) -> str:
    return f"{namespace}/sweb.eval.{arch}.{instance_id.replace('__', separator)}:latest".lower()
