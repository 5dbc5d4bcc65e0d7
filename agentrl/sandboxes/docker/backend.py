"""The Docker backend."""

import atexit
import logging
import time
from collections.abc import Sequence
from concurrent.futures import ThreadPoolExecutor
from contextlib import suppress
from typing import Any
from weakref import WeakSet

from agentrl.errors import SandboxError
from agentrl.sandboxes.base import Lease
from agentrl.sandboxes.docker import images
from agentrl.sandboxes.docker.container import (
    EXPIRES,
    IMAGE,
    OWNER,
    RUN,
    Setting,
    container_options,
    host_options,
)
from agentrl.sandboxes.docker.engine import engine, engine_errors, processors
from agentrl.sandboxes.docker.keeper import Keeper
from agentrl.sandboxes.docker.sandbox import DockerSandbox, remove_container
from agentrl.sandboxes.docker.wire import Wire
from agentrl.sandboxes.owner import is_gone
from agentrl.sandboxes.traces import leave_trace, remove_trace
from agentrl.suite.sandbox import SandboxSpec

logger = logging.getLogger(__name__)

_ENDING = ("exited", "removing")
_SWEEPERS = 8


class DockerBackend:
    """See ``agentrl.sandboxes.base.Backend``."""

    name = "docker"

    def __init__(self) -> None:
        self._limits = True
        self._sandboxes: WeakSet[DockerSandbox] = WeakSet()
        atexit.register(self._close_all)

    def base_image(self) -> str:
        from agentrl.sandboxes.docker.base_image import base_image

        return base_image()

    def has_image(self, image: str) -> bool:
        return images.inspect_image(image) is not None

    def fetch_image(self, image: str) -> None:
        images.pull_image(image)

    def build_image(self, dockerfile: str, context: str = "") -> str:
        from agentrl.sandboxes.docker.build import build_image

        return build_image(dockerfile, context)

    def start(self, image: str, spec: SandboxSpec, *, building: bool = False) -> DockerSandbox:
        found = images.inspect_image(image)
        if found is None:
            raise SandboxError(
                f"could not start a sandbox: there is no image {image}; fetch it with "
                f"`docker pull`, or build it with `agentrl sandbox build`"
            )
        setting = Setting.of(found)
        leave_trace(self.name)
        container, wire = self._start_container(image, spec, setting)
        sandbox = DockerSandbox(container, Keeper(wire), setting, spec, closed=self._forget)
        self._sandboxes.add(sandbox)
        try:
            sandbox.check()
        except SandboxError as exc:
            sandbox.close()
            raise SandboxError(
                f"could not start a sandbox from {image}, which needs bash, coreutils and "
                f"util-linux: {exc}"
            ) from exc
        return sandbox

    def leases(self) -> Sequence[Lease]:
        with engine_errors("list the sandboxes"):
            found = engine().containers(all=True, filters={"label": OWNER})
        leases = [(_lease(one), one["State"]) for one in found if one["Labels"].get(OWNER)]
        return [lease for lease, state in leases if lease.orphan or state not in _ENDING]

    def sweep(self) -> int:
        orphans = [lease.id for lease in self.leases() if lease.orphan]
        with ThreadPoolExecutor(_SWEEPERS) as threads:
            list(threads.map(remove_container, orphans))
        return len(orphans)

    def images(self) -> Sequence[str]:
        return images.made_images()

    def remove_image(self, image: str) -> None:
        images.remove_image(image)

    def _start_container(self, image: str, spec: SandboxSpec, setting: Setting) -> tuple[str, Wire]:
        """Start a container, without limits where the engine cannot keep them."""
        while True:
            limits = self._limits
            try:
                with engine_errors(f"start a sandbox from {image}"):
                    return _start(
                        container_options(image, spec, setting),
                        host_options(spec, processors(), limits=limits),
                    )
            except SandboxError as exc:
                if not limits or "cgroup" not in str(exc):
                    raise
                self._limits = False
                logger.warning(
                    "this Docker engine limits neither memory, processors nor processes of a "
                    "sandbox, so that one can starve the machine: %s",
                    exc,
                )

    def _forget(self, sandbox: DockerSandbox) -> None:
        self._sandboxes.discard(sandbox)
        if not self._sandboxes:
            remove_trace(self.name)

    def _close_all(self) -> None:
        for sandbox in list(self._sandboxes):
            with suppress(SandboxError):
                sandbox.close()
        remove_trace(self.name)


def _start(options: dict[str, Any], host: dict[str, Any]) -> tuple[str, Wire]:
    api = engine()
    config = api.create_host_config(**host)
    container: str = api.create_container(**options, host_config=config)["Id"]
    wire = None
    try:
        # Attached before it starts, the container's input is ours alone and ends with us.
        streams = {"stdin": 1, "stdout": 1, "stderr": 1, "stream": 1}
        wire = Wire(api.attach_socket(container, params=streams))
        api.start(container)
    except BaseException:
        if wire is not None:
            wire.close()
        remove_container(container)
        raise
    return container, wire


def _lease(container: dict[str, Any]) -> Lease:
    labels = container["Labels"]
    expires = float(labels.get(EXPIRES) or 0)
    return Lease(
        id=container["Id"][:12],
        image=labels.get(IMAGE, ""),
        owner=labels[OWNER],
        run=labels.get(RUN, ""),
        expires=expires,
        orphan=is_gone(labels[OWNER]) or expires < time.time(),
        started=float(container["Created"]),
    )
