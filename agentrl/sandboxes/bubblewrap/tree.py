"""The tree of a base image: folders and files that no distribution gave us."""

import hashlib
from pathlib import Path

from agentrl.sandboxes.base import AGENT_UID, HOME
from agentrl.sandboxes.bubblewrap.identities import AGENTS_FOLDERS, Identities
from agentrl.sandboxes.bubblewrap.layout import HOSTNAME, SYSTEM_FILES, SYSTEM_FOLDERS

FORMAT = "1"
"""Raise it when the same machine gets another tree."""

_FOLDERS = (
    *("usr", "proc", "dev", "etc/ssl", "opt/agentrl/bin", "root", "run", "srv", "mnt", "sys"),
    *("home", "var/lib", "var/log", "var/cache"),
)
_FILES = {
    "etc/passwd": "root:x:0:0:root:/root:/bin/bash\n"
    f"agent:x:{AGENT_UID}:{AGENT_UID}:agent:{HOME}:/bin/bash\n"
    "nobody:x:65534:65534:nobody:/nonexistent:/usr/sbin/nologin\n",
    "etc/group": f"root:x:0:\ntty:x:5:\nagent:x:{AGENT_UID}:\nnogroup:x:65534:\n",
    "etc/hosts": f"127.0.0.1 localhost {HOSTNAME}\n::1 localhost {HOSTNAME}\n",
    "etc/hostname": f"{HOSTNAME}\n",
    "etc/nsswitch.conf": "passwd: files\ngroup: files\nhosts: files dns\n",
    "etc/resolv.conf": "",
    "etc/shells": "/bin/sh\n/bin/bash\n",
}
_LINKS = {"etc/os-release": "../usr/lib/os-release", "etc/mtab": "../proc/self/mounts"}
_FREE = ("tmp", "var/tmp", "dev/shm")  # for everybody, as on any machine


def make_tree(root: Path, identities: Identities) -> None:
    """Make the tree in an empty folder.

    Raises:
        OSError: it cannot be written.
    """
    for name in (*_FOLDERS, *AGENTS_FOLDERS):
        (root / name).mkdir(parents=True, exist_ok=True)
    for name, text in _FILES.items():
        (root / name).write_text(text)
    for name, target in _LINKS.items():
        (root / name).symlink_to(target)
    _make_room(root)
    for path in (root, *root.rglob("*")):
        if not path.is_symlink():
            path.chmod(0o755 if path.is_dir() else 0o644)
        identities.give(path, "root")
    (root / "root").chmod(0o700)
    for name in AGENTS_FOLDERS:
        if name in _FREE:
            (root / name).chmod(0o1777)
        else:
            identities.give(root / name, "agent")


def _make_room(root: Path) -> None:
    """Make what the machine's own folders and files are put over."""
    for name in SYSTEM_FOLDERS:
        here = Path("/", name)
        if here.is_symlink():
            (root / name).symlink_to(here.readlink())
        elif here.is_dir():
            (root / name).mkdir()
    for file in SYSTEM_FILES:
        place = root / file.lstrip("/")
        if Path(file).is_dir():
            place.mkdir(parents=True, exist_ok=True)
        else:
            place.parent.mkdir(parents=True, exist_ok=True)
            place.touch()


def digest(identities: Identities) -> str:
    """Return a name for everything that decides what the tree holds."""
    room = [str(Path("/", name).is_symlink()) for name in SYSTEM_FOLDERS]
    parts = [
        FORMAT,
        str(identities.apart),
        *room,
        repr((_FOLDERS, _FILES, _LINKS, SYSTEM_FILES)),
    ]
    return hashlib.sha256("\0".join(parts).encode()).hexdigest()[:12]
