"""Gated against direct accumulation (G-RA, arXiv 2508.10548) on the tools of SWE-v0.

The paper's claim: where stepwise rewards for well-formed actions and working tools are added to an
ordered outcome without a gate, the return rises while the outcome falls, because talking to the
tools pays without ever handing in; with the gate, which counts them only once a patch that changes
something was handed in, it does not happen.

What is real: ``agentrl/SWE-v0`` with its sandbox, tools, hidden tests and facts; episodes, rewards
(``annotate``, the preset ``g-ra``), advantages (``turn_advantages``), ``policy_loss`` and the
optimiser are those of ``agentrl train``. What is small: six instances, twelve commands each, and a
policy that is a softmax over linear features of the history, so that it learns on a CPU. It is
trained and measured on the same six instances. Its loop is written here, because SWE-v0 lists no
legal actions that ``agentrl train`` could constrain a model to.

Thousands of episodes are quick because answers are looked up: each command is carried out once in
every state of the repository that the commands can reach. That this gives the very episodes of the
sandbox is proved first, by playing random ones through ``agentrl``'s own player.

    python benchmarks/gated_rewards.py [--seeds 0 1 2] [--jobs 1] [--sweep] [--backend docker]
"""

import argparse
import statistics
import time
from collections.abc import Mapping, Sequence
from concurrent.futures import ProcessPoolExecutor
from dataclasses import astuple, dataclass
from functools import partial

import numpy as np
import torch

from agentrl.episode import Episode
from agentrl.rewards.diagnose.farming import farming
from agentrl.rewards.diagnose.recorded import Scored
from agentrl.suite.reward.spec import RewardSpec
from agentrl.suite.sandbox import SandboxSpec
from benchmarks.gated_policy import STARTS, Learner, Setting, features, sample
from benchmarks.gated_worlds import INSTANCES, Playing, World, recorded_worlds

FLAT = 0.05
"""A mean that changes by less is flat."""
EVALUATED = 64
"""Episodes of each instance after training."""

# --- Rewards: the same terms everywhere, and a gate or none --------------------------------------

LADDER = {"no submit": 0.0, "empty patch": 0.1, "fails tests": 0.3, "passes tests": 1.0}
"""The paper's levels; their values are those of the preset ``g-ra``, the paper's are not known."""
GATES: dict[str, str | None] = {
    "outcome only": None,
    "direct (D-RA)": None,
    "gate too low": "empty patch",
    "gated (G-RA)": "fails tests",
    "gate too high": "passes tests",
}
"""The least level at which stepwise rewards count; None: no gate."""
OUTCOME, DIRECT, GATED = "outcome only", "direct (D-RA)", "gated (G-RA)"


def reward(arm: str, weight: float) -> RewardSpec:
    """Return what an arm is trained on: the preset ``g-ra``, which differs in its gate alone.

    Args:
        arm: a key of ``GATES``.
        weight: what each of the two stepwise checks of a turn earns; the preset's is 0.01.
    """
    checks = dict.fromkeys(("format_ok", "tool_ok"), None if arm == OUTCOME else weight)
    level = GATES[arm]
    gate = level and {"when": {"term": "outcome", "at_least": LADDER[level]}}
    terms = {name: {"weight": value} if value else None for name, value in checks.items()}
    spec = {"preset": "g-ra", "terms": terms, "gates": {"handed-in": gate or None}}
    return RewardSpec.model_validate(spec)


# --- Measuring ----------------------------------------------------------------------------------


@dataclass(frozen=True, slots=True)
class Point:
    """Means over the episodes of one policy."""

    reward: float
    """The return that is trained on."""
    outcome: float
    """The ladder's part of it."""
    completed: float
    """CR: share of episodes that handed in."""
    modified: float
    """MR: share whose repository is another at the end."""
    resolved: float
    """RR: share that the hidden tests pass."""
    turns: float


@dataclass(frozen=True, slots=True)
class Result:
    """One training, from its first step to the policy that came of it."""

    setting: Setting
    curve: tuple[Point, ...]
    """A point a step, each before its update."""
    end: Point
    """Of fresh episodes of the last policy."""
    alarm: str
    """What the alarm of ``agentrl rewards diagnose`` says of the steps: return against outcome."""

    @property
    def failed(self) -> bool:
        """Whether it shows the paper's failure: the return up, the outcome down or flat."""
        rise = self.end.reward - self.curve[0].reward
        return rise > FLAT and self.end.outcome - self.curve[0].outcome < FLAT


def measured(episodes: Sequence[Episode]) -> Point:
    """Return the means over some episodes."""

    def mean(values: Sequence[float]) -> float:
        return statistics.fmean(values)

    return Point(
        reward=mean([one.reward for one in episodes]),
        outcome=mean([sum(t.terms.get("outcome", 0.0) for t in one.turns) for one in episodes]),
        completed=mean([one.outcome["submitted"] for one in episodes]),
        modified=mean([one.outcome["patch_nonempty"] for one in episodes]),
        resolved=mean([one.outcome["resolved"] for one in episodes]),
        turns=mean([float(len(one.turns)) for one in episodes]),
    )


def train(setting: Setting, worlds: Sequence[World]) -> Result:
    """Train one policy."""
    torch.set_num_threads(1)
    spec, chance = reward(setting.arm, setting.weight), np.random.default_rng(setting.seed)
    inputs = len(features(Playing(worlds[0], 0, "", 1), setting.turns if setting.counts else 0))
    learner = Learner(inputs, len(worlds[0].commands), setting)
    curve = []
    for step in range(1, setting.steps + 1):
        sampled = sample(worlds, learner.weights, setting, spec, setting.group, chance)
        curve.append(measured([one for group in sampled.groups for one in group]))
        learner.learn(sampled, step)
    last = sample(worlds, learner.weights, setting, spec, EVALUATED, chance)
    end = measured([one for group in last.groups for one in group])
    steps = [
        (number, [Scored(f"step-{number}", ("", 0), "", point.reward, point.outcome)])
        for number, point in enumerate(curve)
    ]
    return Result(setting, tuple(curve), end, farming(steps).verdict)


# --- What is printed ----------------------------------------------------------------------------

COLUMNS = ("return", "outcome", "CR %", "MR %", "RR %", "turns")
SWEEP: dict[str, dict[str, object]] = {
    "0.01 a check": {"weight": 0.01},
    "0.02 a check": {"weight": 0.02},
    "0.03 a check": {"weight": 0.03},
    "0.05 a check": {"weight": 0.05},
    "0.1 a check (as above)": {},
    "0.2 a check": {"weight": 0.2},
    "8 turns": {"turns": 8},
    "32 turns": {"turns": 32},
    "50 turns": {"turns": 50},
    "rloo": {"algorithm": "rloo"},
    "dr_grpo": {"algorithm": "dr_grpo"},
    "reinforce_pp": {"algorithm": "reinforce_pp"},
    "turn_rloo": {"algorithm": "turn_rloo"},
    "policy counts turns": {"counts": True},
    "counts turns, 600 steps": {"counts": True, "steps": 600},
    "counts turns, turn_rloo": {"counts": True, "algorithm": "turn_rloo"},
}
"""What is changed, one thing at a time."""


def cell(values: Sequence[float], percent: bool = False) -> str:
    """Return the mean over seeds and its standard deviation."""
    scale, digits = (100, 0) if percent else (1, 2)
    spread = statistics.stdev(values) if len(values) > 1 else 0.0
    return f"{scale * statistics.fmean(values):.{digits}f} ± {scale * spread:.{digits}f}"


def cells(points: Sequence[Point]) -> str:
    """Return the columns of a table's row, of one point a seed."""
    columns = zip(COLUMNS, zip(*map(astuple, points), strict=True), strict=True)
    return " | ".join(cell(values, name.endswith("%")) for name, values in columns)


def print_curves(by_arm: Mapping[str, Sequence[Result]]) -> None:
    """Print return, outcome and CR over the steps, means over seeds."""
    steps = len(next(iter(by_arm.values()))[0].curve)
    shown = sorted({*range(0, min(steps, 50), 10), *range(0, steps, max(1, steps // 5)), steps - 1})
    print("| return, outcome, CR at step | " + " | ".join(str(step + 1) for step in shown) + " |")
    print("|---" * (len(shown) + 1) + "|")
    for arm, results in by_arm.items():
        points = [[result.curve[step] for result in results] for step in shown]
        texts = (
            f"{statistics.fmean(p.reward for p in at):.2f}, "
            f"{statistics.fmean(p.outcome for p in at):.2f}, "
            f"{statistics.fmean(p.completed for p in at):.0%}"
            for at in points
        )
        print(f"| {arm} | " + " | ".join(texts) + " |")


def print_table(by_arm: Mapping[str, Sequence[Result]]) -> None:
    """Print where each arm ended, mean and standard deviation over seeds."""
    print("\n| after training | " + " | ".join(COLUMNS) + " | failed | alarm |")
    print("|---" * (len(COLUMNS) + 3) + "|")
    before = [result.curve[0] for result in by_arm[OUTCOME]]
    print(f"| before training, in outcome only | {cells(before)} | | |")
    for arm, results in by_arm.items():
        alarms = ", ".join(sorted({result.alarm for result in results}))
        failed = f"{sum(result.failed for result in results)} of {len(results)}"
        print(f"| {arm} | {cells([result.end for result in results])} | {failed} | {alarms} |")


def verdict(by_arm: Mapping[str, Sequence[Result]]) -> str:
    """Return in words whether the paper's claim was seen."""
    direct, gated = by_arm[DIRECT], by_arm[GATED]
    held = all(result.failed for result in direct) and not any(result.failed for result in gated)
    told = {
        arm: f"{sum(result.failed for result in by_arm[arm])} of {len(by_arm[arm])} seeds"
        for arm in (DIRECT, GATED)
    }
    return (
        f"VERDICT: return up with outcome down or flat in {told[DIRECT]} without a gate and in "
        f"{told[GATED]} with it: the paper's claim {'holds' if held else 'does not hold'} here"
    )


def print_sweep(worlds: Sequence[World], seeds: Sequence[int], jobs: int) -> None:
    """Print at which settings direct accumulation fails, and what the gate makes of them."""
    columns = ("outcome", "CR %", "RR %", "failed")
    titles = (f"{arm}: {column}" for arm in ("direct", "gated") for column in columns)
    print("| changed | " + " | ".join(titles) + " |")
    print("|---" * (2 * len(columns) + 1) + "|")
    for name, changed in SWEEP.items():
        settings = [
            Setting(arm, seed, **changed)  # type: ignore[arg-type]
            for arm in (DIRECT, GATED)
            for seed in seeds
        ]
        results = all_trained(settings, worlds, jobs)
        row = []
        for own in (results[: len(seeds)], results[len(seeds) :]):
            row += [
                cell([one.end.outcome for one in own]),
                cell([one.end.completed for one in own], percent=True),
                cell([one.end.resolved for one in own], percent=True),
                f"{sum(one.failed for one in own)} of {len(own)}",
            ]
        print(f"| {name} | " + " | ".join(row) + " |", flush=True)


def all_trained(settings: Sequence[Setting], worlds: Sequence[World], jobs: int) -> list[Result]:
    """Train every setting, several at a time."""
    if jobs == 1:
        return [train(setting, worlds) for setting in settings]
    with ProcessPoolExecutor(jobs) as pool:
        return list(pool.map(partial(train, worlds=worlds), settings))


def main() -> None:
    """Train every arm on the same seeds, and print what came of it."""
    arguments = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    arguments.add_argument("--seeds", type=int, nargs="+", default=[0, 1, 2])
    arguments.add_argument("--steps", type=int, default=150)
    arguments.add_argument("--turns", type=int, default=16)
    arguments.add_argument("--weight", type=float, default=0.1, help="of a stepwise check")
    arguments.add_argument("--jobs", type=int, default=1, help="trainings at a time")
    arguments.add_argument("--sweep", action="store_true", help="change one thing at a time, too")
    arguments.add_argument("--backend", choices=("auto", "docker", "bubblewrap"), default="auto")
    given = arguments.parse_args()
    worlds = recorded_worlds(SandboxSpec(backend=given.backend), given.turns)
    for start in STARTS:
        started = time.perf_counter()
        settings = [
            Setting(arm, seed, given.weight, given.turns, start=start, steps=given.steps)
            for arm in GATES
            for seed in given.seeds
        ]
        results = all_trained(settings, worlds, given.jobs)
        by_arm = {arm: [one for one in results if one.setting.arm == arm] for arm in GATES}
        took = time.perf_counter() - started
        print(
            f"start: {start}; {len(results)} trainings of {given.steps} steps of "
            f"{INSTANCES * settings[0].group} episodes, at most {given.turns} turns, "
            f"{given.weight:g} a check: {took:.0f} s"
        )
        print_curves(by_arm)
        print_table(by_arm)
        print(f"\n{verdict(by_arm)}\n", flush=True)
    if given.sweep:
        print_sweep(worlds, given.seeds, given.jobs)


if __name__ == "__main__":
    main()
