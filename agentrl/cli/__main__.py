"""``python -m agentrl.cli`` is ``agentrl``."""

from agentrl.cli.main import main

main()
