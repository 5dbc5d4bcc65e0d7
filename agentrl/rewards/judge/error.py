"""What a judge that cannot be used is."""

from agentrl.errors import InfrastructureError


class JudgeError(InfrastructureError):
    """A judge did not answer, or answered nothing that can be read; its subject is not scored."""
