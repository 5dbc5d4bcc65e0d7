"""A thousand scripted episodes at once on one event loop.

Claims: the loop's lag stays under 100 ms at the 99th percentile; the memory that an episode takes
while it runs is printed. The model answers after a pause, so all episodes are under way together.
"""

import asyncio
import os
import time
from pathlib import Path

from agentrl.episode import Episode
from agentrl.rollout.job import plan_jobs
from agentrl.rollout.lag import lag_percentiles
from agentrl.rollout.local import local_player
from agentrl.rollout.rollout import Rollout
from agentrl.suite import SuiteSpec
from agentrl.task import Task
from agentrl.testing.worlds import COUNTER_ID

EPISODES = 1000
TURNS = 10
LATENCY_S = 1.0


def resident_mib() -> float:
    """Return the memory that this process has in use, in MiB."""
    pages = int(Path("/proc/self/statm").read_text().split()[1])
    return pages * os.sysconf("SC_PAGE_SIZE") / 2**20


async def play(concurrency: int) -> tuple[float, float, dict[str, float]]:
    """Return seconds taken, MiB used at most beyond the start, and the loop's lag."""
    spec = SuiteSpec.model_validate(
        {
            "name": "load",
            "env": {"id": COUNTER_ID, "options": {"target": TURNS}},
            "tasks": {"generate": {"count": EPISODES}},
            "agent": {"model": {"backend": "scripted", "answers": ["up"], "latency_s": LATENCY_S}},
        }
    )
    jobs = plan_jobs([Task(f"t{i}", seed=2 * i) for i in range(EPISODES)], spec.rollouts)
    player = local_player(spec)
    await player.start()
    before = most = resident_mib()
    episodes: list[Episode] = []

    def note(episode: Episode) -> None:
        nonlocal most
        episodes.append(episode)
        most = max(most, resident_mib())

    started = time.perf_counter()
    await Rollout(player, concurrency=concurrency, retries=0).run(jobs, note)
    duration = time.perf_counter() - started
    await player.close()
    assert len(episodes) == EPISODES
    assert all(episode.outcome["success"] == 1.0 for episode in episodes)
    return duration, most - before, lag_percentiles(player.loop_lag()) or {}


def main() -> None:
    duration, memory, lag = asyncio.run(play(EPISODES))
    alone = EPISODES * TURNS * LATENCY_S
    print(f"{EPISODES} episodes of {TURNS} turns at once, each answer after {LATENCY_S:g} s")
    print(f"duration   {duration:.1f} s, {alone:.0f} s one by one: ratio {alone / duration:.0f}")
    print(
        f"loop lag   p50 {lag['p50'] * 1e3:.1f} ms, p99 {lag['p99'] * 1e3:.1f} ms, "
        f"max {lag['max'] * 1e3:.1f} ms"
    )
    print(f"memory     {memory:.1f} MiB, {memory / EPISODES * 1024:.0f} KiB an episode")


if __name__ == "__main__":
    main()
