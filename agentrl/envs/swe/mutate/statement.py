"""Writes the problem statement of a mutant."""

from collections.abc import Mapping, Sequence

from agentrl.envs.swe.sources.statement import describe_tests, quote_failures


def write_mutant_statement(failing: Sequence[str], messages: Mapping[str, str]) -> str:
    """Return a statement that tells what no longer works, and not where.

    Args:
        failing: ids of the tests that fail.
        messages: what they say, by id.
    """
    parts = [
        "Something that used to work in this repository does not any more. Tests of the following "
        "fail:",
        describe_tests(failing),
        *quote_failures(failing, messages),
        "Find the cause in the source, not in the tests, and repair it.",
    ]
    return "\n\n".join(parts) + "\n"
