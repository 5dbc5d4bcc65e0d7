"""What it costs to keep TextWorld's interpreter in a process of its own.

Plays the same games with the same plans twice: in a bare loop over TextWorld in one process, and
through ``agentrl/TextWorld-v0``, which builds and closes an environment for every episode. Prints
steps per second of both and their ratio, for one and for two environments at a time.

    python benchmarks/textworld_isolation.py [games] [rounds]
"""

import statistics
import sys
import threading
import time
from collections.abc import Callable
from pathlib import Path
from typing import Any

from agentrl.envs.text.textworld import TextWorldEnv
from agentrl.envs.text.textworld.options import checked_options
from agentrl.envs.text.textworld.process import make_game

PRESET = "w2-o3-q4"


def bare(games: list[Path]) -> int:
    """Play every game in this process, and return the number of steps."""
    import textworld

    wanted = ("description", "inventory", "policy_commands", "intermediate_reward", "objective")
    results = ("score", "max_score", "won", "lost")
    steps = 0
    for game in games:
        env = textworld.start(
            str(game), textworld.EnvInfos(**dict.fromkeys(wanted + results, True))
        )
        state: Any = env.reset()
        done = False
        while not done:
            state, _, done = env.step(state["policy_commands"][0])
            steps += 1
        env.close()
    return steps


def isolated(seeds: range) -> int:
    """Play every game through the environment, and return the number of steps."""
    steps = 0
    for seed in seeds:
        env = TextWorldEnv(preset=PRESET)
        env.reset(seed=seed)
        done = False
        while not done:
            done = env.step(env.expert_action() or "")[2]
            steps += 1
        env.close()
    return steps


def at_once(threads: int, play: Callable[[], int]) -> int:
    """Play on several threads, and return the number of all steps."""
    steps: list[int] = []
    workers = [threading.Thread(target=lambda: steps.append(play())) for _ in range(threads)]
    for worker in workers:
        worker.start()
    for worker in workers:
        worker.join()
    return sum(steps)


def rate(play: Callable[[], int]) -> float:
    """Return steps per second."""
    begin = time.perf_counter()
    steps = play()
    return steps / (time.perf_counter() - begin)


def main() -> None:
    """Print the ratios, each the median of several rounds measured side by side."""
    numbers = [int(argument) for argument in sys.argv[1:]]
    count, rounds = [*numbers, *(20, 5)[len(numbers) :]]
    settings = checked_options({"preset": PRESET}).settings
    games = [make_game(settings, seed) for seed in range(count)]
    bare(games[:2])
    at_once(2, lambda: isolated(range(2)))
    ratios: dict[int, list[float]] = {1: [], 2: []}
    for number in range(1, rounds + 1):
        base = rate(lambda: bare(games))
        line = f"round {number}: bare {base:.0f} steps/s"
        for threads, found in ratios.items():
            ours = rate(lambda n=threads: at_once(n, lambda: isolated(range(count))))  # type: ignore[misc]
            found.append(ours / base)
            line += f", {threads} at a time {ours:.0f} ({ours / base:.2f})"
        print(line)
    for threads, found in ratios.items():
        print(f"{threads} at a time: {statistics.median(found):.2f} times the bare loop")


if __name__ == "__main__":
    main()
