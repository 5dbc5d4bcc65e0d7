import pytest

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
