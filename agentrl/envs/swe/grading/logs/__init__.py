"""Logs of test runs, for instances that give nothing better.

A log is what a process printed that the graded code shares, so whatever stands in it may be forged.
These parsers make that no easier than a format forces them to: colours and output that tests
printed are set aside where the format tells them apart, and of a test that is named more than once
the worst outcome counts.
"""

from agentrl.envs.swe.grading.logs.failures import suite_ran
from agentrl.envs.swe.grading.logs.ids import Finder, find_status
from agentrl.envs.swe.grading.logs.registry import known_parsers, parse_log

__all__ = ["Finder", "find_status", "known_parsers", "parse_log", "suite_ran"]
