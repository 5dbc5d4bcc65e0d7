"""The command line: ``agentrl``, one small file a command."""

from agentrl.cli.main import main

__all__ = ["main"]
