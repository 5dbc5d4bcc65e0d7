import threading
import time
from collections.abc import Callable, Sequence
from typing import Any, cast

import pytest

from agentrl.errors import SandboxError
from agentrl.sandboxes.base import Backend, Sandbox
from agentrl.sandboxes.pool import Pool
from agentrl.sandboxes.spares import Spares
from agentrl.suite.sandbox import SandboxSpec


class Room:
    """A sandbox that is only counted."""

    def __init__(self, image: str) -> None:
        self.image = image
        self.alive = True
        self.closed = 0

    def warm(self) -> None:
        pass

    def is_alive(self) -> bool:
        return self.alive

    def close(self) -> None:
        self.closed += 1


class House:
    """A backend that starts rooms, as slowly as it is told, and notes how many at a time."""

    def __init__(self, start: Callable[[], object] = lambda: None) -> None:
        self.rooms: list[Room] = []
        self.at_a_time: list[int] = []
        self._starting = 0
        self._lock = threading.Lock()
        self._start = start

    def start(self, image: str, spec: SandboxSpec, *, building: bool = False) -> Any:
        with self._lock:
            self._starting += 1
            self.at_a_time.append(self._starting)
        try:
            self._start()
        finally:
            with self._lock:
                self._starting -= 1
        room = Room(image)
        self.rooms.append(room)
        return room


def pool(house: House, **spec: int) -> Pool:
    return Pool(cast(Backend, house), SandboxSpec(**spec))


def wait_for(condition: Callable[[], bool]) -> None:
    last = time.monotonic() + 30
    while not condition():
        assert time.monotonic() < last, "it does not come to pass"
        time.sleep(0.01)


def acquire_all(pool: Pool, images: Sequence[str]) -> None:
    threads = [threading.Thread(target=pool.acquire, args=[image]) for image in images]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()


def test_no_more_sandboxes_are_started_at_a_time_than_the_budget_allows() -> None:
    house = House(lambda: time.sleep(0.02))
    ours = pool(house, start_budget=3, spares=2)

    acquire_all(ours, ["a", "b"] * 10)
    ours.close()

    assert max(house.at_a_time) == 3


def test_an_image_used_once_gets_no_spare_and_one_used_again_does() -> None:
    house = House()
    ours = pool(house, spares=2)
    ours.acquire("a")
    assert len(house.rooms) == 1

    def a_spare_is_given() -> bool:
        there = list(house.rooms)
        return cast(Room, ours.acquire("a")) in there

    wait_for(a_spare_is_given)
    ours.close()


def test_a_spare_that_died_is_closed_and_another_is_given() -> None:
    house = House()
    ours = pool(house, spares=1)
    ours.warm("a")
    wait_for(lambda: house.rooms != [])
    dead = house.rooms[0]
    dead.alive = False

    def dead_is_closed() -> bool:
        assert cast(Room, ours.acquire("a")).alive
        return bool(dead.closed)

    wait_for(dead_is_closed)
    ours.close()


def test_closing_ends_what_was_given_and_what_waits() -> None:
    house = House()
    ours = pool(house, spares=2)
    given = [ours.acquire("a"), ours.acquire("a")]
    wait_for(lambda: len(house.rooms) == 4)

    ours.close()
    ours.close()

    assert len(given) == 2
    assert all(room.closed for room in house.rooms)


def test_a_closed_pool_gives_nothing() -> None:
    ours = pool(House())
    ours.close()

    with pytest.raises(SandboxError, match="closed"):
        ours.acquire("a")


def test_a_start_that_fails_is_told_and_leaves_the_budget_whole() -> None:
    def fail() -> None:
        raise SandboxError("no room")

    ours = pool(House(fail), start_budget=1, spares=1)

    for _ in range(3):
        with pytest.raises(SandboxError, match="no room"):
            ours.acquire("a")
        ours.warm("a")
    ours.close()


def spares(memory_mb: int, **spec: int) -> Spares:
    return Spares(SandboxSpec(memory_mb=1000, **spec), memory_mb)


def fill(ours: Spares, image: str) -> int:
    missing, _ = ours.plan(image)
    for _ in range(missing):
        ours.arrived(image, cast(Sandbox, Room(image)))
    return missing


def test_spares_use_no_more_than_a_quarter_of_the_memory() -> None:
    ours = spares(memory_mb=12_000, spares=5)

    assert fill(ours, "a") == 3
    assert fill(ours, "a") == 0


def test_a_machine_with_little_memory_has_no_spares() -> None:
    assert fill(spares(memory_mb=3_000, spares=1), "a") == 0


def test_the_image_that_was_not_asked_for_longest_loses_its_spares_first() -> None:
    ours = spares(memory_mb=12_000, spares=1)
    for image in ("a", "b", "c"):
        fill(ours, image)
    ours.take("a")
    fill(ours, "a")

    missing, surplus = ours.plan("d")

    assert missing == 1
    assert [cast(Room, room).image for room in surplus] == ["b"]


def test_what_is_coming_counts() -> None:
    ours = spares(memory_mb=64_000, spares=2)

    assert ours.plan("a")[0] == 2
    assert ours.plan("a")[0] == 0
    ours.arrived("a", None)
    assert ours.plan("a")[0] == 1


def test_a_spare_with_little_lifetime_left_is_not_given() -> None:
    ours = spares(memory_mb=64_000, spares=1, lifetime_s=1)
    fill(ours, "a")
    time.sleep(0.3)

    spare, old = ours.take("a")

    assert spare is None
    assert [cast(Room, room).image for room in old] == ["a"]
