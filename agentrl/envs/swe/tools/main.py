"""Starting a tool by its name."""

import os
import sys
from importlib import import_module

from agentrl.envs.swe.tools.output import BadUsageError, RefusedError, say


def main() -> None:
    """Run the tool that the first argument names, and exit as it ends: 1 refused, 2 misused."""
    name, arguments = sys.argv[1], sys.argv[2:]
    tool = import_module("agentrl.envs.swe.tools." + name)
    sys.exit(_run(tool, name, arguments))


def _run(tool: object, name: str, arguments: "list[str]") -> int:
    usage: str = tool.USAGE  # type: ignore[attr-defined]
    if arguments[:1] in (["-h"], ["--help"], ["help"]):
        say(usage.strip())
        return 0
    try:
        return int(tool.run(arguments) or 0)  # type: ignore[attr-defined]
    except BadUsageError as exc:
        say(f"{name}: {exc}\n\n{usage.strip()}")
        return 2
    except RefusedError as exc:
        say(f"{name}: {exc}")
    except BrokenPipeError:
        os.dup2(os.open(os.devnull, os.O_WRONLY), 1)
    except OSError as exc:
        say("{}: {}: {}".format(name, exc.filename or "", exc.strerror or exc))
    except RecursionError:
        say(f"{name}: that is nested too deeply")
    return 1
