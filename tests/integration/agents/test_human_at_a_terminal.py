"""A person at a real terminal: another process on a pseudo-terminal."""

import os
import subprocess
import sys

import pytest

pty = pytest.importorskip("pty", reason="needs a Unix pseudo-terminal")

PROGRAM = """
import asyncio
from agentrl.agents.base import View
from agentrl.agents.human import HumanAgent

async def main():
    session = HumanAgent().session("task#0", "Find the lamp.", 0)
    for turn in range(3):
        action = await session.act(View(f"Room {turn}.", legal_actions=("go north",)))
        print("ACTION", None if action is None else action.text, flush=True)

asyncio.run(main())
"""


def test_lines_typed_at_a_terminal_are_actions_until_the_person_leaves() -> None:
    ours, theirs = pty.openpty()
    try:
        os.write(ours, b"?\ngo north\nlook\n/quit\n")
        played = subprocess.run(
            [sys.executable, "-c", PROGRAM],
            stdin=theirs,
            capture_output=True,
            text=True,
            timeout=60,
            check=True,
        )
    finally:
        os.close(ours)
        os.close(theirs)
    acted = [line for line in played.stdout.splitlines() if "ACTION" in line]
    assert [line.partition("ACTION ")[2] for line in acted] == ["go north", "look", "None"]


def test_a_process_ends_while_a_person_is_asked() -> None:
    interrupted = PROGRAM.replace(
        "asyncio.run(main())", "asyncio.run(asyncio.wait_for(main(), 0.2))"
    )
    ours, theirs = pty.openpty()
    try:
        played = subprocess.run(
            [sys.executable, "-c", interrupted],
            stdin=theirs,
            capture_output=True,
            text=True,
            timeout=60,
            check=False,
        )
    finally:
        os.close(ours)
        os.close(theirs)
    assert "TimeoutError" in played.stderr
