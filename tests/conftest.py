import os

import pytest

# Two processes test at a time: more threads for the arithmetic of small models only wait for each
# other, and take ten times as long.
os.environ.setdefault("OMP_NUM_THREADS", "1")

SANDBOXES = {"sandbox", "any_sandbox", "docker_backend"}
"""Fixtures of tests that have sandboxes, besides those that are marked ``docker``."""


@pytest.hookimpl(tryfirst=True)
def pytest_collection_modifyitems(items: list[pytest.Item]) -> None:
    """Keep on one worker the tests that would get in each other's way.

    Two vLLM servers at a time starve each other. What one command removes because it was left
    behind, another test may have just put there to be found.
    """
    for item in items:
        if item.get_closest_marker("vllm"):
            item.add_marker(pytest.mark.xdist_group("vllm"))
        elif item.get_closest_marker("docker") or SANDBOXES.intersection(_fixtures(item)):
            item.add_marker(pytest.mark.xdist_group("sandboxes"))


def _fixtures(item: pytest.Item) -> list[str]:
    return list(getattr(item, "fixturenames", []))
