"""Noticing that nothing moves."""

import threading
from concurrent.futures import ThreadPoolExecutor

import pytest

from agentrl.training.watchdog import Watchdog


class Clock:
    def __init__(self) -> None:
        self.now = 0.0

    def __call__(self) -> float:
        return self.now


def test_a_phase_that_stalls_is_named_with_how_things_stood() -> None:
    clock, said = Clock(), list[str]()
    watchdog = Watchdog(60, said.append, clock=clock)
    with watchdog.phase("sampling episodes of step 3"):
        watchdog.beat("5 episodes under way")
        clock.now = 61
        watchdog.check()
    assert len(said) == 1
    assert "61 s while sampling episodes of step 3 (5 episodes under way)" in said[0]


def test_a_phase_that_moves_is_left_alone() -> None:
    clock, said = Clock(), list[str]()
    watchdog = Watchdog(60, said.append, clock=clock)
    with watchdog.phase("learning"):
        for clock.now in (50.0, 100.0, 150.0):
            watchdog.beat()
            watchdog.check()
    assert not said


def test_reports_come_more_and_more_seldom() -> None:
    clock, said = Clock(), list[str]()
    watchdog = Watchdog(60, said.append, clock=clock)
    with watchdog.phase("learning"):
        for second in range(0, 600, 10):
            clock.now = second
            watchdog.check()
    assert len(said) == 4  # after 60, 120, 240 and 480 s


def test_phases_within_each_other_are_all_named() -> None:
    clock, said = Clock(), list[str]()
    watchdog = Watchdog(1, said.append, clock=clock)
    with watchdog.phase("step 3"), watchdog.phase("syncing"):
        clock.now = 2
        watchdog.check()
    assert "while step 3 > syncing" in said[0]


def test_between_phases_nothing_is_expected_to_move() -> None:
    clock, said = Clock(), list[str]()
    watchdog = Watchdog(1, said.append, clock=clock)
    with watchdog.phase("step 3"):
        pass
    clock.now = 100
    watchdog.check()
    assert not said


def test_it_watches_by_itself_also_a_thread_that_hangs() -> None:
    reported = threading.Event()
    with Watchdog(0.02, lambda _: reported.set()) as watchdog, watchdog.phase("hanging"):
        assert reported.wait(timeout=30)


def test_a_phase_that_ends_in_an_error_is_watched_no_more() -> None:
    clock, said = Clock(), list[str]()
    watchdog = Watchdog(1, said.append, clock=clock)
    with pytest.raises(ValueError, match="boom"), watchdog.phase("failing"):
        raise ValueError("boom")
    clock.now = 100
    watchdog.check()
    assert not said


def test_of_two_phases_of_one_name_the_other_goes_on() -> None:
    clock, said = Clock(), list[str]()
    watchdog = Watchdog(1, said.append, clock=clock)
    with watchdog.phase("sampling"), watchdog.phase("syncing"):
        with watchdog.phase("sampling"):
            pass
        clock.now = 2
        watchdog.check()
    assert "while sampling > syncing;" in said[0]


def test_a_stall_that_ends_is_forgotten() -> None:
    clock, said = Clock(), list[str]()
    watchdog = Watchdog(60, said.append, clock=clock)
    with watchdog.phase("learning"):
        for clock.now in (61.0, 62.0):
            watchdog.check()
        watchdog.beat()
        clock.now = 122.0  # a whole stall after the beat, though twice were due before it
        watchdog.check()
    assert len(said) == 2


def test_an_old_detail_does_not_outlive_its_phase() -> None:
    clock, said = Clock(), list[str]()
    watchdog = Watchdog(1, said.append, clock=clock)
    with watchdog.phase("sampling"):
        watchdog.beat("5 episodes under way")
    with watchdog.phase("learning"):
        clock.now = 2
        watchdog.check()
    assert "learning" in said[0]
    assert "under way" not in said[0]


def test_many_threads_may_begin_phases_and_beat_while_it_watches() -> None:
    said = list[str]()
    with Watchdog(1e-4, said.append) as watchdog, ThreadPoolExecutor(8) as threads:

        def work(number: int) -> int:
            for turn in range(200):
                with watchdog.phase(f"worker {number}"):
                    watchdog.beat(f"{turn} done")
                    watchdog.check()
            return number

        assert list(threads.map(work, range(8))) == list(range(8))
        said.clear()
        watchdog.check()
    assert not said  # every phase has ended
