"""Joins a pytest that the script of an instance starts, as ``-p`` on its command line.

The settings, with the key of the channel, lie in a file that the first session takes away. What
graded code starts later, with the same environment, finds none and goes unrecorded.
"""

import json
import os
import sys
from typing import Any, Dict, Optional

DESCRIPTOR = 200
"""Where the script's process has the channel of results."""


def join(parser: Any, pluginmanager: Any, place: str) -> None:
    """Register the plugins that record a session, where this is the session to record."""
    from agentrl.envs.swe.grading.runner.channel import open_channel
    from agentrl.envs.swe.grading.runner.pytest_plugin import make_plugins

    settings = _take(place)
    if settings is None:
        return
    import pytest

    emit = open_channel(DESCRIPTOR, bytes.fromhex(settings.pop("key")))
    os.set_inheritable(DESCRIPTOR, False)
    for plugin in make_plugins(pytest, settings, emit):
        pluginmanager.register(plugin)
    for name in [name for name in sys.modules if name.split(".")[0] == "agentrl"]:
        del sys.modules[name]


def _take(place: str) -> Optional[Dict[str, Any]]:
    try:
        os.fstat(DESCRIPTOR)
        with open(place) as file:
            settings: Dict[str, Any] = json.load(file)
        os.remove(place)
    except OSError:
        return None
    return settings
