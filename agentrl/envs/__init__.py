"""Worlds to act in: gymnasium environments of text, registered as ``agentrl/<Name>-v0``."""

from agentrl.envs.registry import register_all

register_all()
