"""What a container is told when it is made."""

import time
from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any

from agentrl.sandboxes.base import HOME, User
from agentrl.sandboxes.docker.keeper import keeper_argv
from agentrl.sandboxes.owner import current_owner, current_run
from agentrl.sandboxes.shell import TOOLS
from agentrl.suite.sandbox import SandboxSpec

OWNER, RUN, EXPIRES, IMAGE = "agentrl.owner", "agentrl.run", "agentrl.expires", "agentrl.image"
"""Labels of a container, by which it is known as a sandbox."""

_CAPABILITIES = ["CHOWN", "DAC_OVERRIDE", "FOWNER", "KILL", "SETGID", "SETUID"]
_NETWORKS = {"none": "none", "full": "bridge"}
_PATH = "/usr/local/sbin:/usr/local/bin:/usr/sbin:/usr/bin:/sbin:/bin"
_MIB = 2**20


@dataclass(frozen=True, slots=True)
class Setting:
    """What an image says about the processes in it."""

    env: Mapping[str, str]
    workdir: str

    @classmethod
    def of(cls, image: Mapping[str, Any]) -> "Setting":
        """Read it from what the engine says of an image or container."""
        config = image["Config"] or {}
        pairs = (pair.partition("=") for pair in config.get("Env") or ())
        env = {"PATH": _PATH, "LANG": "C.UTF-8"} | {name: value for name, _, value in pairs}
        return cls(env, config.get("WorkingDir") or HOME)

    def env_of(self, user: User) -> dict[str, str]:
        """Return the environment of a process of ``user``."""
        home = HOME if user == "agent" else "/root"
        return {**self.env, "HOME": home, "USER": user, "LOGNAME": user, "SHELL": "/bin/bash"}

    def env_of_shell(self, user: User) -> dict[str, str]:
        """Return the environment of the agent's shell, in which its tools are found first."""
        return {**self.env_of(user), "PATH": f"{TOOLS}:{self.env['PATH']}", "TERM": "dumb"}


def container_options(image: str, spec: SandboxSpec, setting: Setting) -> dict[str, Any]:
    """Return the options of ``create_container``, without those of the host."""
    argv = keeper_argv(spec.lifetime_s)
    return {
        "image": image,
        "entrypoint": argv[:1],
        "command": argv[1:],
        "user": "0:0",
        "stdin_open": True,
        "healthcheck": {"test": ["NONE"]},
        "labels": {
            OWNER: current_owner(),
            RUN: current_run(),
            EXPIRES: str(int(time.time() + spec.lifetime_s)),
            IMAGE: image,
        },
    }


def host_options(spec: SandboxSpec, processors: int, *, limits: bool) -> dict[str, Any]:
    """Return the options of ``create_host_config``.

    Args:
        spec: what the sandbox may use.
        processors: how many the engine has.
        limits: whether the engine can limit memory, processors and processes.
    """
    options: dict[str, Any] = {
        "init": True,
        "auto_remove": True,
        "network_mode": _NETWORKS[spec.network],
        "cap_drop": ["ALL"],
        "cap_add": _CAPABILITIES,
        "security_opt": ["no-new-privileges"],
        "log_config": {"Type": "none"},
        "ulimits": [{"Name": "core", "Soft": 0, "Hard": 0}],
    }
    if limits:
        options |= {
            "mem_limit": spec.memory_mb * _MIB,
            "memswap_limit": spec.memory_mb * _MIB,
            "nano_cpus": int(min(spec.cpus, processors) * 1e9),
            "pids_limit": spec.pids,
        }
    return options
