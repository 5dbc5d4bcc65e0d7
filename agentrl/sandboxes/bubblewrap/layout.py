"""What a sandbox's processes see of the machine, and how a program is started among it."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from importlib.resources import files
from pathlib import Path

from agentrl.sandboxes.base import HOME, User
from agentrl.sandboxes.bubblewrap.command import Command
from agentrl.sandboxes.bubblewrap.identities import Identities
from agentrl.sandboxes.bubblewrap.syscalls import syscall_filter

HOSTNAME = "sandbox"
PATH = "/usr/local/sbin:/usr/local/bin:/usr/sbin:/usr/bin:/sbin:/bin"

SYSTEM_FOLDERS = ("bin", "sbin", "lib", "lib32", "lib64", "libx32")
"""Folders of programs beside ``/usr``: links into it on most machines."""

SYSTEM_FILES = (
    "/etc/ld.so.cache",
    "/etc/alternatives",
    "/etc/ssl/certs",
    "/etc/ssl/openssl.cnf",
    "/etc/services",
    "/etc/protocols",
)
"""Of the machine's ``/etc`` all that programs in ``/usr`` need; the rest is the sandbox's own."""

_HIDDEN = ("/proc/kcore", "/proc/keys", "/proc/timer_list", "/proc/sched_debug")

_SEAL = files("agentrl.sandboxes.bubblewrap").joinpath("seal.sh").read_text()
_BEGIN = 'cd -- "$1" || exit 126; shift; unset OLDPWD; exec "$@"'


@dataclass(frozen=True, slots=True)
class Surroundings:
    """What is the same for all programs of a sandbox."""

    folder: Path
    """Where its tree lies."""
    identities: Identities
    network: bool
    limits: tuple[str, ...]
    """A command line's beginning that sets limits for each process."""


def program_command(
    around: Surroundings,
    argv: Sequence[str],
    *,
    user: User,
    env: Mapping[str, str],
    cwd: str,
    seconds: float,
    seal: bool = False,
    guarding: tuple[str, ...] = (),
    groups: tuple[Path, ...] = (),
) -> Command:
    """Return how a program of a sandbox is started; it is killed after ``seconds``.

    ``seal``: what it hides from others is then hidden from the agent, whatever the identities.
    ``guarding``: options of bubblewrap that keep the user from something more.
    """
    identities = around.identities
    end = ("timeout", "--foreground", "--signal=KILL", f"{max(seconds, 0.01):.2f}")
    begin = _SEAL if seal and not identities.apart else _BEGIN
    return Command(
        airlock=(
            *_walls(network=around.network),
            *identities.airlock(trusted=False),
            *("--bind", str(around.folder / "root"), "/tree"),
            *("--bind", str(around.folder / "shm"), "/dev/shm"),
        ),
        program=(*end, *around.limits, *identities.enter()),
        sandbox=(
            *identities.sandbox(user),
            *guarding,
            *_system(network=around.network, airlock=False),
            *("--dev-bind", "/dev", "/dev", "--bind", "/proc", "/proc"),
            *(word for path in _hidden() for word in ("--ro-bind", "/dev/null", path)),
            "--clearenv",
            *(word for name, value in env.items() for word in ("--setenv", name, value)),
        ),
        inside=(*identities.become(user), "sh", "-c", begin, "sh", cwd, *argv),
        refused=syscall_filter(pretend_chown=not identities.apart and user == "root"),
        groups=groups,
        descriptors=identities.descriptors,
    )


def tool_command(
    identities: Identities, argv: Sequence[str], folders: Mapping[str, Path]
) -> Command:
    """Return how one of our own programs is started in the airlock, with folders at names."""
    binds = [word for name, path in folders.items() for word in ("--bind", str(path), name)]
    return Command(
        airlock=(*_walls(network=False), *identities.airlock(trusted=True), *binds),
        program=(*identities.enter(), *argv),
        descriptors=identities.descriptors,
    )


def environment(user: User) -> dict[str, str]:
    """Return the environment that a program begins with."""
    name, home = ("root", "/root") if user == "root" else ("agent", HOME)
    who = {"HOME": home, "USER": name, "LOGNAME": name}
    return {"PATH": PATH, "LANG": "C.UTF-8", "SHELL": "/bin/bash", **who}


def _hidden() -> list[str]:
    """Return what of /proc tells about the machine and is of no use inside."""
    return [path for path in _HIDDEN if Path(path).exists()]


def _walls(*, network: bool) -> tuple[str, ...]:
    """Return the airlock: namespaces, and of the machine's files only what comes with programs."""
    apart = ("--unshare-pid", "--unshare-ipc", "--unshare-uts", "--unshare-cgroup-try")
    alone = () if network else ("--unshare-net",)
    return (
        *("--die-with-parent", "--new-session", *apart, *alone, "--hostname", HOSTNAME),
        *_system(network=network),
        *("--tmpfs", "/tmp", "--proc", "/proc", "--dev", "/dev"),
    )


def _system(*, network: bool, airlock: bool = True) -> tuple[str, ...]:
    words = ["--ro-bind", "/usr", "/usr"]
    if airlock:  # folders that bubblewrap makes on the way are closed to all but the machine's root
        words += ["--perms", "0755", "--dir", "/etc", "--perms", "0755", "--dir", "/etc/ssl"]
    for name in SYSTEM_FOLDERS:
        path = Path("/", name)
        if path.is_symlink() and airlock:
            words += ["--symlink", str(path.readlink()), str(path)]
        elif path.is_dir() and not path.is_symlink():
            words += ["--ro-bind", str(path), str(path)]
    names = [*SYSTEM_FILES, *(["/etc/resolv.conf"] if network else [])]
    return (*words, *(word for path in names for word in ("--ro-bind-try", path, path)))
