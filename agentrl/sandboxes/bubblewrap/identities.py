"""Who is who: the ids that root and agent of a sandbox have on the machine."""

import os
import subprocess
from contextlib import suppress
from pathlib import Path
from typing import Protocol

from agentrl.errors import SandboxError
from agentrl.sandboxes.base import AGENT_UID, User

FIRST_ID = 1_900_000_000
"""Root of every sandbox, as the machine's root sees it: of a range that systemd leaves unused."""
_IDS = 65_536

AGENTS_FOLDERS = ("testbed", "home/agent", "tmp", "var/tmp", "dev/shm")
"""What belongs to the agent in every sandbox, wherever else root may give it something."""

_ROOT_MAY = ("chown", "dac_override", "fowner", "fsetid", "kill", "setgid", "setuid")


class Identities(Protocol):
    """How privileges over the machine are given up, and who a program then is."""

    descriptors: tuple[int, ...]
    """What a command needs to inherit."""
    apart: bool
    """Whether root and agent are two users for the kernel."""

    def airlock(self, *, trusted: bool) -> tuple[str, ...]:
        """Options of the outer bubblewrap; trusted: for a tool of ours, that needs root's."""

    def enter(self) -> tuple[str, ...]:
        """What begins a command line in the airlock: after it nothing can harm the machine."""

    def sandbox(self, user: User) -> tuple[str, ...]:
        """Options of the inner bubblewrap, which show the tree as the user may have it."""

    def become(self, user: User) -> tuple[str, ...]:
        """What begins a command line in the sandbox."""

    def give(self, path: Path, user: User) -> None:
        """Make the user the owner of something in a tree that nobody has used yet."""

    def close(self) -> None:
        """Let go of what was held for a sandbox."""


class ManyIds:
    """Root's way: a range of ids that nobody on the machine has, so that ownership is real.

    Raises:
        SandboxError: the namespace of ids cannot be made.
    """

    apart = True

    def __init__(self) -> None:
        self._namespace = _namespace_of_ids()
        self.descriptors: tuple[int, ...] = (self._namespace,)

    def airlock(self, *, trusted: bool) -> tuple[str, ...]:
        return ()

    def enter(self) -> tuple[str, ...]:
        user = f"--user=/proc/self/fd/{self._namespace}"
        return ("nsenter", user, "--setuid", "0", "--setgid", "0", "--")

    def sandbox(self, user: User) -> tuple[str, ...]:
        # As a --sync-fd the namespace's descriptor is closed for the program.
        return ("--sync-fd", str(self._namespace), "--bind", "/tree", "/")

    def become(self, user: User) -> tuple[str, ...]:
        if user == "root":
            kept = "".join(f",+{capability}" for capability in _ROOT_MAY)
            return ("setpriv", f"--bounding-set=-all{kept}", "--")
        ids = (f"--reuid={AGENT_UID}", f"--regid={AGENT_UID}", "--clear-groups")
        return ("setpriv", *ids, "--bounding-set=-all", "--")

    def give(self, path: Path, user: User) -> None:
        owner = FIRST_ID + (AGENT_UID if user == "agent" else 0)
        os.chown(path, owner, owner, follow_symlinks=False)

    def close(self) -> None:
        if self._namespace >= 0:
            os.close(self._namespace)
            self._namespace = -1


class OneId:
    """An ordinary user's way: whoever is in the sandbox is that user for the machine.

    Root and agent are then told apart by what they see: for the agent everything is read-only but
    its own folders, and what root hides has lost the permissions of its owner (``seal.sh``). For
    root a change of owner does nothing and goes well.
    """

    apart = False
    descriptors: tuple[int, ...] = ()

    def airlock(self, *, trusted: bool) -> tuple[str, ...]:
        if trusted:
            return ("--unshare-user", "--uid", "0", "--gid", "0", *_root_may())
        return ("--unshare-user", "--uid", str(AGENT_UID), "--gid", str(AGENT_UID))

    def enter(self) -> tuple[str, ...]:
        return ()

    def sandbox(self, user: User) -> tuple[str, ...]:
        alone = ("--unshare-user", "--disable-userns")
        if user == "root":
            ids = ("--uid", "0", "--gid", "0", *_root_may())
            return (*alone, *ids, "--bind", "/tree", "/")
        ids = ("--uid", str(AGENT_UID), "--gid", str(AGENT_UID))
        own = [name for name in AGENTS_FOLDERS if not name.startswith("dev/")]
        folders = (word for name in own for word in ("--bind-try", f"/tree/{name}", f"/{name}"))
        return (*alone, *ids, "--ro-bind", "/tree", "/", *folders)

    def become(self, user: User) -> tuple[str, ...]:
        return ()

    def give(self, path: Path, user: User) -> None:
        pass

    def close(self) -> None:
        pass


def has_many_ids() -> bool:
    """Return whether this process is the machine's root, and may give ids to namespaces."""
    whole = Path("/proc/self/uid_map").read_text().split() == ["0", "0", "4294967295"]
    return os.geteuid() == 0 and whole


def _root_may() -> tuple[str, ...]:
    return tuple(word for name in _ROOT_MAY for word in ("--cap-add", f"CAP_{name.upper()}"))


def _namespace_of_ids() -> int:
    """Make a user namespace with a range of ids, in which no other can be made."""
    holder = ["unshare", "--user", "sh", "-c", "echo; read -r _"]
    with subprocess.Popen(holder, stdin=subprocess.PIPE, stdout=subprocess.PIPE) as process:
        assert process.stdin is not None
        assert process.stdout is not None
        process.stdout.readline()
        try:
            return _filled(Path(f"/proc/{process.pid}"))
        except (OSError, subprocess.CalledProcessError) as exc:
            raise SandboxError(f"ids for a sandbox cannot be had: {exc}") from exc
        finally:
            with suppress(BrokenPipeError):
                process.stdin.close()


def _filled(process: Path) -> int:
    for name in ("uid_map", "gid_map"):
        (process / name).write_text(f"0 {FIRST_ID} {_IDS}\n")
    namespace = process / "ns" / "user"
    none = ["sh", "-c", "echo 0 >/proc/sys/user/max_user_namespaces"]
    enter = ["nsenter", f"--user={namespace}", "--setuid", "0", "--setgid", "0", "--"]
    subprocess.run([*enter, *none], check=True, capture_output=True)
    return os.open(namespace, os.O_RDONLY | os.O_CLOEXEC)
