"""Composing rewards against the world that the episodes come from.

10,000 episodes of 20 turns in groups of eight, with eight terms, of which some are bounded,
centred, gated and charged for cost. Claim: composing the rewards of all takes less than 1 % of the
time that TextWorld itself needs to play as many turns, in a bare loop in one process.
"""

import random
import time
from collections.abc import Callable
from pathlib import Path

from agentrl.envs.tasks import load_tasks
from agentrl.envs.text.textworld.options import checked_options
from agentrl.envs.text.textworld.process import make_game
from agentrl.episode import Episode, Generation, Sampling, Status, StopReason, Turn, Usage
from agentrl.rewards.compose import annotate_batch, compose
from agentrl.suite import load_suite
from agentrl.suite.reward.spec import RewardSpec
from benchmarks.rollout_overhead import SUITE, bare_loop

EPISODES, TURNS, GROUP = 10_000, 20, 8
ROUNDS = 3
SPEC = RewardSpec.model_validate(
    {
        "terms": {
            "success": 1.0,
            "outcome": {"kind": "ladder", "rungs": ["found", "success"], "values": [0, 0.3, 1]},
            "progress": {"weight": 0.5, "transforms": [{"kind": "clip", "low": -1, "high": 1}]},
            "grounded": {"weight": 0.01, "level": 1},
            "format_ok": {"weight": 0.01, "level": 1},
            "quality": {
                "weight": 0.1,
                "level": 2,
                "transforms": [{"kind": "sigmoid", "reference": "group_mean"}],
            },
            "tests": {
                "kind": "checks",
                "checks": "test_*",
                "level": 1,
                "weighting": {"kind": "inverse_rate"},
            },
            "value": {"weight": 0.1, "level": 1, "transforms": [{"kind": "delta"}]},
        },
        "gates": {
            "tried": {"mode": "zero", "when": {"term": "outcome", "at_least": 0.3}, "level": 1},
            "solved": {"mode": "on_success", "closes": ["quality"]},
            "able": {"mode": "group", "share": 0.5, "closes": ["cheap"]},
        },
        "cost": {
            "cheap": {"kind": "linear", "alpha": 0.3},
            "short": {"kind": "step", "meter": "meter/turns", "target": 15},
        },
    }
)


def episode(number: int, rng: random.Random) -> Episode:
    """Return an episode as a rollout records it, with what every turn states."""
    turns = tuple(turn(rng) for _ in range(TURNS))
    outcome = {"success": float(rng.random() < 0.5), "found": float(rng.random() < 0.8)}
    group = str(number // GROUP)
    return Episode(
        id=f"{group}#{number % GROUP}",
        task_id=group,
        group_id=group,
        seed=0,
        agent="model",
        status=Status.OK,
        stop_reason=StopReason.TERMINATED,
        turns=turns,
        outcome=outcome,
        attempt=number % GROUP,
    )


def turn(rng: random.Random) -> Turn:
    """Return a turn with one answer of a model and eight signals."""
    usage = Usage(prompt_tokens=200, completion_tokens=rng.randint(5, 50))
    answer = Generation("look", "stop", "model", Sampling(), usage)
    signals = {
        "grounded": float(rng.random() < 0.9),
        "format_ok": 1.0,
        "progress": rng.uniform(-0.1, 0.1),
        "quality": rng.random(),
        "value": rng.random(),
        **{f"test_{n}": float(rng.random() < 0.5) for n in range(3)},
    }
    return Turn("You are in a room.", "look", generations=(answer,), signals=signals)


def best_of(rounds: int, what: Callable[[], object]) -> float:
    """Return the seconds of the fastest of several rounds."""
    times = []
    for _ in range(rounds):
        started = time.perf_counter()
        what()
        times.append(time.perf_counter() - started)
    return min(times)


def games() -> list[Path]:
    """Return the games of a suite of TextWorld, which are made where they are not there yet."""
    suite = load_suite(SUITE, ["agent.kind=expert"])
    settings = checked_options(suite.spec.env.options).settings
    return [make_game(settings, task.seed or 0) for task in load_tasks(suite)]


def main() -> None:
    rng = random.Random(0)
    episodes = [episode(number, rng) for number in range(EPISODES)]
    groups = [episodes[at : at + GROUP] for at in range(0, EPISODES, GROUP)]
    compose(SPEC, groups[0])
    alone = best_of(ROUNDS, lambda: [compose(SPEC, group) for group in groups])
    batch = best_of(ROUNDS, lambda: annotate_batch(SPEC, groups))
    played = games()
    bare_loop(played)
    rate = max(bare_loop(played * 10) for _ in range(ROUNDS))
    world = EPISODES * TURNS / rate
    print(f"{EPISODES} episodes of {TURNS} turns, {len(SPEC.terms)} terms; best of {ROUNDS} rounds")
    print(f"TextWorld ({SUITE.stem}), {rate:.0f} steps/s   {world:7.1f} s")
    print(f"compose                          {alone:7.2f} s   ratio {alone / world:.2%}")
    print(f"annotate_batch, with the state   {batch:7.2f} s   ratio {batch / world:.2%}")


if __name__ == "__main__":
    main()
