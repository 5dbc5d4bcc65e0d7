"""Real games of TextWorld, kept in a cache of the test session's own."""

from collections.abc import Iterator
from pathlib import Path

import pytest


@pytest.fixture(scope="session", autouse=True)
def games(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Path]:
    """Keep compiled games in a folder of this session; skip where TextWorld is not installed."""
    pytest.importorskip("textworld")
    folder = tmp_path_factory.mktemp("games")
    with pytest.MonkeyPatch.context() as patch:
        patch.setenv("AGENTRL_CACHE", str(folder))
        yield folder
