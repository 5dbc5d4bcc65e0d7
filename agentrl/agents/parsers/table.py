"""The parsers by the names that a suite gives them."""

from agentrl.agents.parsers.base import Parser
from agentrl.agents.parsers.text import ACTION_TAG, FENCED, PLAIN, RAW
from agentrl.agents.parsers.tool_call import TOOL_CALL

PARSERS: dict[str, Parser] = {p.name: p for p in (PLAIN, RAW, ACTION_TAG, FENCED, TOOL_CALL)}
