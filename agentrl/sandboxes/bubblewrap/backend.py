"""The bubblewrap backend: starts sandboxes without any engine."""

import logging
import shutil
import subprocess
from collections.abc import Sequence
from functools import cache
from pathlib import Path

from agentrl.errors import SandboxError, UsageError
from agentrl.sandboxes.base import Lease
from agentrl.sandboxes.bubblewrap import leases, tree
from agentrl.sandboxes.bubblewrap.identities import Identities, ManyIds, OneId, has_many_ids
from agentrl.sandboxes.bubblewrap.limits import enforced_limits, remove_group, unenforced
from agentrl.sandboxes.bubblewrap.sandbox import BubblewrapSandbox
from agentrl.sandboxes.bubblewrap.store import Store, store_folder
from agentrl.sandboxes.bubblewrap.syscalls import syscall_filter
from agentrl.suite.sandbox import SandboxSpec

logger = logging.getLogger(__name__)

_TOOLS = ("bwrap", "nsenter", "unshare", "setpriv", "prlimit", "timeout", "find", "cp", "bash")
_INSIDE = ("python3", "git")


class BubblewrapBackend:
    """See ``agentrl.sandboxes.base.Backend``.

    Raises:
        UsageError: bubblewrap is missing or too old, or namespaces are forbidden on this machine.
    """

    name = "bubblewrap"

    def __init__(self) -> None:
        _check_tools()
        _check_namespaces()
        self._store = Store(store_folder(), _identities())
        self._store.folder.mkdir(mode=0o700, parents=True, exist_ok=True)

    @property
    def enforced_limits(self) -> frozenset[str]:
        """The limits of ``SandboxSpec`` that hold for a sandbox as a whole."""
        return enforced_limits()

    def base_image(self) -> str:
        """See ``Backend.base_image``. Programs are the machine's own."""
        lacking = [name for name in _INSIDE if not Path("/usr/bin", name).exists()]
        if lacking:
            raise UsageError(
                f"a bubblewrap sandbox has the machine's own programs, and /usr/bin lacks "
                f"{' and '.join(lacking)}: install it there, or use a Docker engine"
            )
        image = f"agentrl/base:{tree.digest(self._store.identities)}"
        if not self.has_image(image):
            self._store.make_image(image, lambda root: tree.make_tree(root, self._store.identities))
        return image

    def has_image(self, image: str) -> bool:
        """See ``Backend.has_image``."""
        return self._store.has_image(image)

    def fetch_image(self, image: str) -> None:
        """See ``Backend.fetch_image``: there is nowhere to fetch from."""
        raise UsageError(
            f"the image {image!r} is not here, and bubblewrap cannot fetch images: use a Docker "
            f"engine (sandbox.backend: docker), or the image that agentrl makes"
        )

    def build_image(self, dockerfile: str, context: str = "") -> str:
        """See ``Backend.build_image``: there are no layers here, and no registry to build from."""
        raise UsageError(
            "bubblewrap cannot build a Dockerfile: use a Docker engine (sandbox.backend: docker)"
        )

    def start(self, image: str, spec: SandboxSpec, *, building: bool = False) -> BubblewrapSandbox:
        """See ``Backend.start``. Building makes no difference: root may write all but /usr."""
        _tell_what_is_lacking()
        folder = leases.new_folder(self._store.sandboxes, image, spec.lifetime_s)
        store = Store(self._store.folder, _identities())
        try:
            store.new_sandbox(image, folder)
            return BubblewrapSandbox(folder, store, spec)
        except SandboxError:
            self._remove(folder)
            store.identities.close()
            raise

    def leases(self) -> Sequence[Lease]:
        """See ``Backend.leases``."""
        return leases.read_leases(self._store.sandboxes)

    def sweep(self) -> int:
        """See ``Backend.sweep``."""
        orphans = [lease.id for lease in self.leases() if lease.orphan]
        for name in orphans:
            self._remove(self._store.sandboxes / name)
        for folder in leases.half_made(self._store.sandboxes):
            self._store.discard(folder)
        self._store.empty_attic()
        return len(orphans)

    def images(self) -> Sequence[str]:
        """See ``Backend.images``."""
        return self._store.images()

    def remove_image(self, image: str) -> None:
        """See ``Backend.remove_image``."""
        self._store.remove_image(image)

    def _remove(self, folder: Path) -> None:
        leases.kill_processes(folder)
        remove_group(folder.name)
        self._store.discard(folder)


def _identities() -> Identities:
    return ManyIds() if has_many_ids() else OneId()


@cache
def _check_tools() -> None:
    lacking = [name for name in _TOOLS if shutil.which(name) is None]
    if lacking:
        raise UsageError(
            f"the bubblewrap backend needs {', '.join(lacking)}: install bubblewrap and util-linux "
            f"(apt-get install bubblewrap), or start a Docker engine"
        )
    said = subprocess.run(["bwrap", "--version"], capture_output=True, text=True, check=False)
    version = said.stdout.split()[-1] if said.stdout.split() else "?"
    numbers = [int(part) for part in version.split(".") if part.isdigit()]
    if numbers < [0, 8]:
        raise UsageError(
            f"bubblewrap {version} is too old: 0.8 or newer is needed; or start a Docker engine"
        )


@cache
def _check_namespaces() -> None:
    probe = ["bwrap", "--unshare-user", "--unshare-net", "--unshare-pid", "--ro-bind", "/", "/"]
    if has_many_ids():
        probe.remove("--unshare-user")
    result = subprocess.run([*probe, "true"], capture_output=True, text=True, check=False)
    if result.returncode:
        raise UsageError(
            f"this machine does not let bubblewrap make namespaces ({result.stderr.strip()}). "
            f"Root can allow it with `sysctl kernel.unprivileged_userns_clone=1`, "
            f"`sysctl kernel.apparmor_restrict_unprivileged_userns=0` or "
            f"`sysctl user.max_user_namespaces=10000`, whichever the machine has; in a container, "
            f"start it with --privileged. Or start a Docker engine"
        )


@cache
def _tell_what_is_lacking() -> None:
    lacking = list(unenforced())
    if not has_many_ids():
        lacking.append("root and agent are one user, told apart by what is read-only")
    if syscall_filter() is None:
        lacking.append("system calls are not filtered on this kind of machine")
    logger.warning("bubblewrap sandboxes: %s", "; ".join(lacking))
