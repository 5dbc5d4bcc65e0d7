"""Runs in the sandbox: the tests of a repository, and a signed record of how each came out.

It is started as ``python -S``, so that no ``sitecustomize`` and no ``.pth`` file runs before it
has what it needs from the standard library.
"""

import os
import sys
from typing import Any, Callable, Dict, List

Session = Callable[[Dict[str, Any], Any], int]
"""Runs the tests that the settings name, and returns the exit status."""

BORROWED = frozenset(
    "attr attrs atomicwrites colorama exceptiongroup importlib_metadata iniconfig more_itertools "
    "packaging pathlib2 pluggy py pygments six tomli typing_extensions wcwidth zipp".split()
)
"""Libraries that pytest uses itself. Where the repository is one of them, its tests are to see the
repository's, while pytest goes on with the installed one."""


def main() -> None:
    """Run what standard input names, and end the process at once, whatever was left running."""
    root = os.path.abspath(__file__)
    for _ in range(6):  # agentrl/envs/swe/grading/runner/main.py
        root = os.path.dirname(root)
    sys.path[0] = root
    from agentrl.envs.swe.grading.runner import channel

    descriptor = channel.take_stdout()
    settings = channel.read_settings()
    emit = channel.open_channel(descriptor, bytes.fromhex(settings.pop("key")))
    _start_site()
    try:
        session = _load(settings["framework"])
    except ImportError as exc:
        emit("end", {"problem": "%s cannot be imported: %s" % (settings["framework"], exc)})
        os._exit(0)
    sys.path.remove(root)
    leave = os._exit
    _enter_repository(settings)
    status = session(settings, emit)
    emit("end", {"status": str(status)})
    for stream in (sys.stdout, sys.stderr):
        try:
            stream.flush()
        except Exception:  # noqa: BLE001 - a test has closed or replaced it
            pass
    leave(0)


def _load(framework: str) -> "Session":
    if framework == "pytest":
        from agentrl.envs.swe.grading.runner.pytest_session import load
    else:
        from agentrl.envs.swe.grading.runner.unittest_session import load
    return load()


def _start_site() -> None:
    """Do what Python does at its start, save for running anybody's ``sitecustomize``."""
    import site

    hidden: List[str] = ["sitecustomize", "usercustomize"]
    for name in hidden:
        sys.modules[name] = None  # type: ignore[assignment]
    site.main()
    for name in hidden:
        sys.modules.pop(name, None)


def _enter_repository(settings: Dict[str, Any]) -> None:
    """Arrange the process as ``python -m pytest`` in the repository has it."""
    from types import ModuleType

    workdir = settings["workdir"]
    os.chdir(workdir)
    paths = [os.path.normpath(os.path.join(workdir, path)) for path in settings["import_paths"]]
    python_path = os.environ.pop("AGENTRL_PYTHONPATH", "")
    for name in ("PYTHONPATH", "PYTEST_ADDOPTS", "PYTEST_PLUGINS"):
        os.environ.pop(name, None)
    if python_path:
        os.environ["PYTHONPATH"] = python_path
    paths = [workdir, *paths, *filter(None, python_path.split(os.pathsep))]
    sys.path[:0] = list(dict.fromkeys(paths))
    for name in [name for name in sys.modules if name.split(".")[0] == "agentrl"]:
        del sys.modules[name]
    for name in BORROWED:
        if any(_provides(path, name) for path in paths):
            _forget(name)
    sys.argv[:] = [settings["framework"]]
    sys.modules["__main__"] = ModuleType("__main__")


def _provides(path: str, name: str) -> bool:
    place = os.path.join(path, name)
    return os.path.exists(place + ".py") or os.path.exists(os.path.join(place, "__init__.py"))


def _forget(name: str) -> None:
    for module in [key for key in sys.modules if key == name or key.startswith(name + ".")]:
        del sys.modules[module]


if __name__ == "__main__":
    main()
