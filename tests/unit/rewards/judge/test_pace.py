"""How many questions at a time, and how many a minute."""

import asyncio

from agentrl.rewards.judge.pace import Pace
from agentrl.rewards.judge.together import together


class Clock:
    def __init__(self) -> None:
        self.now = 0.0

    def __call__(self) -> float:
        return self.now

    async def sleep(self, seconds: float) -> None:
        await asyncio.sleep(0)
        self.now += seconds


def test_no_more_begin_in_any_minute_than_allowed() -> None:
    clock, begun = Clock(), list[float]()
    pace = Pace(100, 3, clock=clock, sleep=clock.sleep)

    async def one() -> None:
        async with pace.one():
            begun.append(clock.now)

    async def main() -> None:
        await together(one() for _ in range(8))

    asyncio.run(main())

    assert begun == [0, 0, 0, 60, 60, 60, 120, 120]


def test_no_more_run_at_a_time_than_allowed() -> None:
    pace = Pace(3)
    running, most = 0, 0

    async def one() -> None:
        nonlocal running, most
        async with pace.one():
            running += 1
            most = max(most, running)
            await asyncio.sleep(0.001)
            running -= 1

    async def main() -> None:
        await together(one() for _ in range(10))

    asyncio.run(main())

    assert most == 3
