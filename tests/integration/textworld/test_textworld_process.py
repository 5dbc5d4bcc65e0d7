import os
import shutil
import signal
import subprocess
import sys
import threading
import time
from collections.abc import Callable
from pathlib import Path

import pytest

from agentrl.envs.text.textworld import TextWorldEnv, cache
from agentrl.envs.text.textworld.options import checked_options
from agentrl.envs.text.textworld.process import PROCESSES, ZYGOTE, make_game
from agentrl.errors import EnvError, StorageError

SETTINGS = checked_options({"preset": "w2-o3-q4"}).settings
SCRIPT = """
import multiprocessing, sys, time
from agentrl.envs.text.textworld import TextWorldEnv
from agentrl.envs.text.textworld.process import ZYGOTE
env = TextWorldEnv(preset="w2-o3-q4")
env.reset(seed=7)
"""


@pytest.fixture(autouse=True)
def fresh() -> None:
    """Let each test start with no process of an earlier one."""
    PROCESSES.close()


def wait_for(condition: Callable[[], bool]) -> None:
    deadline = time.monotonic() + 30
    while not condition():
        assert time.monotonic() < deadline, "waited in vain"
        time.sleep(0.02)


def parents() -> dict[int, int]:
    """Return the parent of every process, zombies left out."""
    found = {}
    for stat in Path("/proc").glob("[0-9]*/stat"):
        try:
            state, parent = stat.read_text().rsplit(")", 1)[1].split()[:2]
        except OSError:
            continue
        if state != "Z":
            found[int(stat.parent.name)] = int(parent)
    return found


def hosts() -> list[int]:
    """Return the processes that host games for this one."""
    return [pid for pid, parent in parents().items() if parent == ZYGOTE.pid]


def win(env: TextWorldEnv, seed: int) -> bool:
    env.reset(seed=seed)
    while True:
        _, _, terminated, _, info = env.step(env.expert_action() or "")
        if terminated:
            return bool(info["outcome"]["success"])


def test_the_death_of_an_interpreter_costs_one_episode() -> None:
    env, other = TextWorldEnv(preset="w2-o3-q4"), TextWorldEnv(preset="w2-o3-q4")
    env.reset(seed=7)
    (victim,) = hosts()
    other.reset(seed=7)
    os.kill(victim, signal.SIGKILL)
    with pytest.raises(EnvError, match=r"game\.z8, after the command 'go south': .* died"):
        env.step("go south")
    assert other.step("go south")[4]["signals"]["grounded"] == 1
    assert win(env, 7)
    env.close()
    other.close()


def test_an_interpreter_that_dies_idle_is_not_noticed() -> None:
    env = TextWorldEnv(preset="w2-o3-q4")
    env.reset(seed=7)
    env.close()
    (idle,) = hosts()
    os.kill(idle, signal.SIGKILL)
    wait_for(lambda: idle not in parents())
    assert win(env, 7)
    env.close()


def test_a_closed_environment_leaves_its_process_to_the_next() -> None:
    for _ in range(3):
        env = TextWorldEnv(preset="w2-o3-q4")
        assert win(env, 7)
        env.close()
        assert len(hosts()) == 1


def test_the_zygote_is_started_again_when_it_died() -> None:
    env = TextWorldEnv(preset="w2-o3-q4")
    env.reset(seed=7)
    zygote = ZYGOTE.pid
    assert zygote is not None
    os.kill(zygote, signal.SIGKILL)
    os.waitid(os.P_PID, zygote, os.WEXITED | os.WNOWAIT)  # until it has ended
    assert env.step("go south")[4]["signals"]["grounded"] == 1
    other = TextWorldEnv(preset="w2-o3-q4")
    assert win(other, 7)
    assert ZYGOTE.pid != zygote
    env.close()
    other.close()


def test_many_threads_play_at_the_same_time() -> None:
    won: list[bool] = []

    def play(first: int) -> None:
        for seed in (first, 7, 8):
            env = TextWorldEnv(preset="w2-o3-q4")
            won.append(win(env, seed))
            env.close()

    threads = [threading.Thread(target=play, args=(7 + n % 2,)) for n in range(8)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    assert won == [True] * 24
    assert len(hosts()) <= 8


@pytest.mark.parametrize("end", ["env.close()", "env.step('go south')", "sys.exit(3)"])
def test_a_script_without_main_guard_prints_nothing_and_leaves_nothing(end: str) -> None:
    script = SCRIPT + "print(ZYGOTE.pid, flush=True)\n" + end
    shown = subprocess.run([sys.executable, "-c", script], capture_output=True, text=True)
    zygote = int(shown.stdout)
    assert shown.stderr == ""
    wait_for(lambda: zygote not in parents() and zygote not in parents().values())


def test_nothing_is_left_of_a_process_that_was_killed() -> None:
    script = SCRIPT + "print(ZYGOTE.pid, flush=True)\ntime.sleep(600)"
    command = [sys.executable, "-c", script]
    with subprocess.Popen(command, stdout=subprocess.PIPE, text=True) as process:
        assert process.stdout is not None
        zygote = int(process.stdout.readline())
        children = [pid for pid, parent in parents().items() if parent == zygote]
        assert children
        process.kill()
    wait_for(lambda: not {zygote, *children} & parents().keys())


def test_a_forked_process_starts_a_zygote_of_its_own() -> None:
    script = SCRIPT + (
        "def play():\n"
        "    other = TextWorldEnv(preset='w2-o3-q4')\n"
        "    other.reset(seed=7)\n"
        "    assert other.step('go south')[4]['signals']['grounded'] == 1\n"
        "    other.close()\n"
        "child = multiprocessing.get_context('fork').Process(target=play)\n"
        "child.start(); child.join()\n"
        "assert env.step('go south')[4]['signals']['grounded'] == 1\n"
        "print(child.exitcode)\n"
    )
    shown = subprocess.run([sys.executable, "-c", script], capture_output=True, text=True)
    assert (shown.stdout, shown.stderr) == ("0\n", "")


def test_two_processes_that_want_the_same_game_make_one(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("AGENTRL_CACHE", str(tmp_path))
    processes = [subprocess.Popen([sys.executable, "-c", SCRIPT]) for _ in range(3)]
    assert [process.wait() for process in processes] == [0, 0, 0]
    entry = cache.entry_folder(SETTINGS, 7)
    assert cache.is_whole(entry)
    assert {path.name for path in entry.parent.iterdir()} == {entry.name, f"{entry.name}.lock"}


def test_a_damaged_game_is_made_again_byte_for_byte() -> None:
    game = make_game(SETTINGS, 7)
    before = game.read_bytes()
    game.write_bytes(before[:1000])
    assert make_game(SETTINGS, 7).read_bytes() == before
    shutil.rmtree(game.parent)
    assert make_game(SETTINGS, 7).read_bytes() == before


def test_a_game_depends_on_nothing_in_the_folder_it_is_made_from(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    before = make_game(SETTINGS, 7).read_bytes()
    (tmp_path / "textworld_data" / "logic").mkdir(parents=True)
    monkeypatch.chdir(tmp_path)
    monkeypatch.setenv("AGENTRL_CACHE", "cache")
    ZYGOTE.close()
    assert make_game(SETTINGS, 7).read_bytes() == before
    assert {path.name for path in tmp_path.iterdir()} == {"textworld_data", "cache"}


def test_a_cache_that_cannot_be_written_stops_the_run(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    (tmp_path / "file").write_text("")
    monkeypatch.setenv("AGENTRL_CACHE", str(tmp_path / "file"))
    with pytest.raises(StorageError, match="AGENTRL_CACHE"):
        make_game(SETTINGS, 7)


def test_a_broken_game_file_is_an_infrastructure_error_that_names_it(tmp_path: Path) -> None:
    good = make_game(SETTINGS, 7)
    for name in (cache.GAME, cache.DESCRIPTION):
        shutil.copy(good.parent / name, tmp_path)
    (tmp_path / cache.DESCRIPTION).write_text("{}")
    env = TextWorldEnv(file=str(tmp_path / cache.GAME))
    with pytest.raises(EnvError, match=r"game\.z8, at its beginning"):
        env.reset(seed=0)
    env.close()
