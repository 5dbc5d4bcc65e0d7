"""The suite: one YAML file that says what to attempt, with whom, and how it counts."""

from agentrl.suite.load import Suite, load_suite
from agentrl.suite.spec import SuiteSpec

__all__ = ["Suite", "SuiteSpec", "load_suite"]
