"""Handing in: what an agent does with ``submit``."""

from pathlib import Path

from agentrl.envs.swe.tools.output import BadUsageError, say

USAGE = """\
submit    hand in the repository as it is now; the task ends
"""
"""What the agent is told about it."""

SUBMITTED = "/tmp/.agentrl-submitted"
"""The file that says so to the environment."""


def run(arguments: "list[str]") -> None:
    """Say that the agent is done."""
    if arguments:
        raise BadUsageError("it takes no arguments; change the files first, then submit")
    Path(SUBMITTED).write_bytes(b"submitted\n")
    say("Submitted.")
