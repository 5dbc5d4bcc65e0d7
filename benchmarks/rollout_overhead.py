"""Rollouts of TextWorld games against a bare loop over the same games.

The bare loop is what a script would do: one process, start, reset, follow the plan, close, asking
TextWorld for the same information. Rollouts add processes that a dying interpreter cannot take
down, a record of every turn, signals and rewards. Claims: with one worker at least 0.85 of the bare
loop's steps per second, with two workers on two cores at least 1.5.
"""

import asyncio
import sys
import time
from collections.abc import Sequence
from pathlib import Path

from agentrl.envs.tasks import load_tasks
from agentrl.envs.text.textworld.options import checked_options
from agentrl.envs.text.textworld.process import make_game
from agentrl.episode import Episode
from agentrl.rollout.job import Job, plan_jobs
from agentrl.rollout.local import local_player
from agentrl.rollout.messages import Begin
from agentrl.rollout.player import Player
from agentrl.rollout.pool import PoolPlayer
from agentrl.rollout.rollout import Rollout
from agentrl.suite import load_suite

SUITE = Path(__file__).parents[1] / "tasks/text/w2-o3-q4.yaml"
ATTEMPTS = 20
CONCURRENCY = 8
ROUNDS = 3


def bare_loop(games: Sequence[Path]) -> float:
    """Return steps per second of a script that plays every game to its end."""
    import textworld

    infos = textworld.EnvInfos(
        feedback=True,
        description=True,
        inventory=True,
        objective=True,
        policy_commands=True,
        score=True,
        max_score=True,
        won=True,
        lost=True,
    )
    steps = 0
    started = time.perf_counter()
    for game in games:
        env = textworld.start(str(game), infos)
        state = env.reset()
        done = False
        while not done:
            state, _, done = env.step(state.policy_commands[0])
            steps += 1
        assert state.won
        env.close()
    return steps / (time.perf_counter() - started)


async def rollouts(player: Player, warm_up: Sequence[Job], jobs: Sequence[Job]) -> float:
    """Return steps per second of a rollout that plays every job with the expert."""
    episodes: list[Episode] = []
    await player.start()
    try:
        rollout = Rollout(player, concurrency=CONCURRENCY, retries=0)
        await rollout.run(warm_up, lambda episode: None)
        started = time.perf_counter()
        await Rollout(player, concurrency=CONCURRENCY, retries=0).run(jobs, episodes.append)
        duration = time.perf_counter() - started
    finally:
        await player.close()
    assert all(episode.outcome["success"] == 1.0 for episode in episodes)
    return sum(len(episode.turns) for episode in episodes) / duration


def main() -> None:
    suite = load_suite(SUITE, ["agent.kind=expert", f"rollouts.attempts={ATTEMPTS}"])
    tasks = load_tasks(suite)
    settings = checked_options(suite.spec.env.options).settings
    games = [make_game(settings, task.seed or 0) for task in tasks] * ATTEMPTS
    jobs = plan_jobs(tasks, suite.spec.rollouts)
    print(
        f"{len(tasks)} games of {SUITE.stem}, each played {ATTEMPTS} times; best of {ROUNDS} rounds"
    )
    bare = [bare_loop(games[: len(tasks)])]
    one, two = [], []
    for _ in range(ROUNDS):
        bare.append(bare_loop(games))
        one.append(asyncio.run(rollouts(local_player(suite.spec), jobs[:40], jobs)))
        begin = Begin(suite.spec, tuple(sys.path))
        two.append(asyncio.run(rollouts(PoolPlayer(2, begin, "expert"), jobs[:40], jobs)))
    print(f"bare loop            {max(bare):7.0f} steps/s")
    print(f"rollout, 1 worker    {max(one):7.0f} steps/s   ratio {max(one) / max(bare):.2f}")
    print(f"rollout, 2 workers   {max(two):7.0f} steps/s   ratio {max(two) / max(bare):.2f}")


if __name__ == "__main__":
    main()
