"""The agent's tools: programs on the PATH of the sandbox, so that every action is a command line.

What lies here runs in the sandbox, under whichever Python 3.6 or newer its image has, isolated from
the repository and from the agent's environment variables. It uses the standard library alone.
"""

from collections.abc import Mapping
from importlib.resources import files

from agentrl.sandboxes.base import File

BIN = "/opt/agentrl/bin"
LIB = "/opt/agentrl/lib"
TOOLS = ("view", "edit", "search", "submit")

_MODULES = ("main", "output", "paths", "texts", "blocks", "matching", "near", "syntax", *TOOLS)


def tool_files() -> Mapping[str, File]:
    """Return what makes up the tools, by absolute path in the sandbox."""
    here = files(__name__)
    launcher = here.joinpath("launch.sh").read_bytes()
    # The modules keep their place in the package, so that their imports hold here and there.
    package = f"{LIB}/{__name__.replace('.', '/')}"
    modules = {
        f"{package}/{name}.py": File(here.joinpath(f"{name}.py").read_bytes()) for name in _MODULES
    }
    return {**modules, **{f"{BIN}/{name}": File(launcher, 0o755) for name in TOOLS}}
