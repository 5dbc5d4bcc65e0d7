"""Which tasks a step draws, and how many episodes each gets."""

from agentrl.training.tasks.growth import Growth, build_growth
from agentrl.training.tasks.sampler import GroupResult, TaskSampler, build_sampler

__all__ = ["GroupResult", "Growth", "TaskSampler", "build_growth", "build_sampler"]
