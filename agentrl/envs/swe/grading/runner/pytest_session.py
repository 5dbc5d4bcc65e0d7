"""One session of pytest, reported test by test by a plugin that nobody can import."""

import importlib.util
from typing import Any, Callable, Dict, List

from agentrl.envs.swe.grading.runner.channel import Emit
from agentrl.envs.swe.grading.runner.pytest_plugin import make_plugins

Session = Callable[[Dict[str, Any], Emit], int]
"""Runs the tests that the settings name, sends a record of each, and returns the exit status."""


def load() -> Session:
    """Import pytest while nothing of the repository can be in the way.

    Raises:
        ImportError: the interpreter has no pytest.
    """
    import _pytest.assertion.rewrite
    import _pytest.config
    import pytest

    for name in getattr(_pytest.config, "default_plugins", ()):
        _import_if_there("_pytest." + name)

    def run(settings: Dict[str, Any], emit: Emit) -> int:
        plugins = make_plugins(pytest, settings, emit)
        return int(pytest.main(_arguments(settings), plugins=plugins))

    return run


def _import_if_there(name: str) -> None:
    try:
        __import__(name)
    except ImportError:
        pass


def _arguments(settings: Dict[str, Any]) -> List[str]:
    """Return pytest's arguments: every test in this process, and on after a failure."""
    arguments: List[str] = ["--tb=short", "-o", "cache_dir=" + settings["scratch"] + "/cache"]
    arguments += ["--continue-on-collection-errors", "--maxfail=0", "-p", "no:randomly"]
    if _installed("xdist"):
        arguments.append("-n0")
    if _installed("pytest_cov"):
        arguments.append("--no-cov")
    arguments += settings["options"]
    arguments += settings["arguments"]
    return arguments


def _installed(name: str) -> bool:
    return importlib.util.find_spec(name) is not None
