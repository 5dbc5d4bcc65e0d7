import asyncio
import threading

import pytest

from agentrl.rollout.lane import Lane, Lanes


def test_every_call_runs_on_the_lanes_own_thread() -> None:
    async def main() -> set[int]:
        lane = Lane("test")
        return {await lane.call(threading.get_ident) for _ in range(5)}

    threads = asyncio.run(main())

    assert len(threads) == 1
    assert threads != {threading.get_ident()}


def test_an_error_comes_back_to_who_asked() -> None:
    async def main() -> None:
        await Lane("test").call(lambda: 1 // 0)

    with pytest.raises(ZeroDivisionError):
        asyncio.run(main())


def test_who_blocks_gets_a_lane_of_its_own() -> None:
    lanes = Lanes(shared=2)

    first, second = lanes.enter(blocking=True), lanes.enter(blocking=True)

    assert first is not second


def test_who_does_not_block_shares_a_few_lanes_evenly() -> None:
    lanes = Lanes(shared=2)

    entered = [lanes.enter(blocking=False) for _ in range(6)]

    assert len(set(entered)) == 2
    assert [lane.load for lane in set(entered)] == [3, 3]


def test_a_stuck_lane_gets_no_more_episodes() -> None:
    lanes = Lanes(shared=1)
    stuck = lanes.enter(blocking=False)

    lanes.leave(stuck, stuck=True)

    assert lanes.enter(blocking=False) is not stuck


def test_a_lane_of_its_own_ends_with_its_episode() -> None:
    before = threading.active_count()
    lanes = Lanes()
    lane = lanes.enter(blocking=True)
    thread = asyncio.run(lane.call(threading.current_thread))

    lanes.leave(lane, stuck=False)
    thread.join(timeout=10)

    assert threading.active_count() == before
