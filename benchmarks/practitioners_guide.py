"""The Practitioner's Guide's study of multi-turn RL (arXiv 2510.01132), small enough for a laptop.

Which of the paper's claims hold for a policy of a million parameters on the smallest world? Its
numbers cannot: its models have 1.5 to 8 billion parameters and no list of commands. Two tables are
printed, held-out success in percent, mean and both seeds:

1. PPO, RLOO, GRPO and REINFORCE++, each with a sparse reward (success) and a dense one (success and
   progress), from the same supervised start.
2. PPO with three ways to spend one budget, where a demonstration costs as much as ten RL episodes.

    python benchmarks/practitioners_guide.py [--budget 800] [--seeds 0 1] [--out runs/guide]

Each run is an ordinary `agentrl train`; those whose summary is there already are not run again.
"""

import argparse
import json
import statistics
import subprocess
import sys
from dataclasses import dataclass
from pathlib import Path

SUITE = Path(__file__).parent.parent / "tasks" / "text" / "textworld-guide.yaml"
EPISODES_A_STEP = 32
DEMONSTRATION = 10
"""Episodes that a demonstration costs."""
REWARDS = {"sparse": "{success: 1.0}", "dense": "{success: 1.0, progress: 0.5}"}
ALGORITHMS = {"ppo": "PPO", "rloo": "RLOO", "grpo": "GRPO", "reinforce_pp": "REINFORCE++"}
PAPER = {"ppo": "88", "rloo": "51", "grpo": "18", "reinforce_pp": "18"}
"""Success of the paper's 1.5B models on w2-o3-q4 (its table 10)."""


@dataclass(frozen=True)
class Run:
    """One training of the study."""

    algorithm: str
    reward: str
    demonstrations: int
    steps: int
    seed: int

    @property
    def name(self) -> str:
        """Names the run's folder."""
        split = f"{self.demonstrations}d-{self.steps}s"
        return f"{self.algorithm}-{self.reward}-{split}-seed{self.seed}"

    def settings(self) -> dict[str, object]:
        """Return what the run changes in the suite."""
        settings: dict[str, object] = {
            "train.algorithm": self.algorithm,
            "reward.terms": REWARDS[self.reward],
            "train.steps": self.steps,
            "train.seed": self.seed,
            "rollouts.seed": self.seed,
            "agent.model.scratch.seed": self.seed,
        }
        if self.algorithm != "ppo":
            settings["train.critic"] = "{}"  # the suite's is PPO's
        if self.demonstrations:
            settings["train.sft.tasks.generate.count"] = self.demonstrations
        else:
            settings["train.sft"] = "null"
        return settings


def train(run: Run, out: Path) -> float:
    """Return the run's held-out success, training first where that was not done before."""
    folder = out / run.name
    summary = folder / "summary.json"
    if not summary.exists():
        settings = [f"--set={key}={value}" for key, value in run.settings().items()]
        command = [sys.executable, "-m", "agentrl.cli", "train", str(SUITE), "--out", str(folder)]
        with (out / f"{run.name}.log").open("w", encoding="utf-8") as log:
            done = subprocess.run([*command, *settings], stdout=log, stderr=log, check=False)
        if done.returncode:
            print(f"{run.name} failed: see {log.name}", flush=True)
            return float("nan")
    success = json.loads(summary.read_text(encoding="utf-8"))["success"]
    before, after = success.get("sft", success["base"]), success.get("rl", success.get("sft"))
    print(f"  {run.name}: {100 * before:.0f} -> {100 * after:.0f}", flush=True)
    return float(after)


def cell(values: list[float]) -> str:
    """Return a mean and what it is of, in percent."""
    single = ", ".join(f"{100 * value:.0f}" for value in values)
    return f"{100 * statistics.fmean(values):.0f} ({single})"


def main() -> None:
    """Run the study and print its tables."""
    arguments = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    arguments.add_argument("--budget", type=int, default=800, help="in episodes")
    arguments.add_argument("--seeds", type=int, nargs="+", default=[0, 1])
    arguments.add_argument("--out", type=Path, default=Path("runs/guide"))
    given = arguments.parse_args()
    given.out.mkdir(parents=True, exist_ok=True)

    def split(share: float) -> tuple[int, int]:
        """Return demonstrations and steps when this share of the budget goes to the former."""
        demonstrations = round(share * given.budget / DEMONSTRATION)
        left = given.budget - demonstrations * DEMONSTRATION
        return demonstrations, round(left / EPISODES_A_STEP)

    demonstrations, steps = split(0.3)
    print(f"budget {given.budget} episodes; {demonstrations} demonstrations, {steps} steps of RL")
    table = {
        (algorithm, reward): [
            train(Run(algorithm, reward, demonstrations, steps, seed), given.out)
            for seed in given.seeds
        ]
        for algorithm in ALGORITHMS
        for reward in REWARDS
    }
    print("\n| algorithm | sparse | dense | paper, 1.5B, sparse |\n|---|---|---|---|")
    for algorithm, title in ALGORITHMS.items():
        sparse, dense = (cell(table[algorithm, reward]) for reward in ("sparse", "dense"))
        print(f"| {title} | {sparse} | {dense} | {PAPER[algorithm]} |")

    print("\n| PPO, dense, budget spent on | success |\n|---|---|")
    for share in (0.3, 0.6, 0.9):
        shown, steps = split(share)
        values = [train(Run("ppo", "dense", shown, steps, seed), given.out) for seed in given.seeds]
        print(f"| {shown} demonstrations, {steps} steps of RL | {cell(values)} |")


if __name__ == "__main__":
    main()
