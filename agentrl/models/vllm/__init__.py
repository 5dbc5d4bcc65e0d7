"""Models served by vLLM, token for token; vLLM itself runs in a process of its own."""

from agentrl.models.vllm.model import VllmModel
from agentrl.models.vllm.server import VllmServer

__all__ = ["VllmModel", "VllmServer"]
