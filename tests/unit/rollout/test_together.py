"""Several coroutines at a time."""

import asyncio
from collections.abc import Coroutine
from typing import Any

import pytest

from agentrl.errors import TaskError
from agentrl.rollout.together import together


def test_a_failure_ends_what_goes_on_beside_it() -> None:
    ended: list[str] = []

    async def fail() -> None:
        await asyncio.sleep(0)
        raise TaskError("bad")

    async def wait() -> None:
        try:
            await asyncio.sleep(60)
        except asyncio.CancelledError:
            ended.append("cancelled")
            raise

    async def both() -> None:
        plays: list[Coroutine[Any, Any, None]] = [fail(), wait()]
        await together(plays)

    with pytest.raises(TaskError):
        asyncio.run(both())
    assert ended == ["cancelled"]
