"""Training that samples all the time against training that takes turns, where turns take long.

The same suite is trained twice for the same number of steps, with ``train.staleness`` 0 and 1, in
this process, one after the other. Its world counts upwards; each of its steps sleeps for a time
that is drawn from a Pareto distribution, so that a few episodes of a step take many times as long
as the others. Told are the wall time of the steps, and the engine's share of it.

    python benchmarks/async_sampling.py [--steps 10] [--mean 0.15]
"""

import argparse
import random
import tempfile
import time
from collections import Counter
from pathlib import Path
from typing import Any, ClassVar

import gymnasium

from agentrl.envs.base import Step
from agentrl.runs.folder import METRICS, RunFolder
from agentrl.runs.training import read_metrics
from agentrl.suite import load_suite
from agentrl.task import Task
from agentrl.testing.worlds import CounterEnv
from agentrl.training.plan import check_training
from agentrl.training.trainer import train_suite

SUITE = """\
name: heavy-tail
env: {id: agentrl-benchmark/HeavyTail-v0}
tasks: {generate: {count: 64, seed: 0}}
agent:
  model: {backend: transformers, scratch: {hidden_size: 192, layers: 4, vocabulary: 300}}
  constrain: true
  sampling: {max_tokens: 8}
rollouts: {concurrency: 128}
train:
  algorithm: grpo
  tasks_per_step: 8
  group_size: 8
  epochs: 2
  optimiser: {lr: 1.0e-4}
  sampler: {equal_rewards: keep}
  loss: {ratio: token}
  trackers: []
"""
SHAPE = 1.5  # of the Pareto distribution: a finite mean, no finite variance
LONGEST_S = 20.0


class HeavyTailEnv(CounterEnv):
    """The counter of ``agentrl.testing``, whose steps take a heavy-tailed time.

    The times of a task's n-th episode are the same in every training.
    """

    blocking: ClassVar[bool] = True
    mean_s: ClassVar[float] = 0.1
    begun: ClassVar[Counter[str]] = Counter()

    def begin(self, task: Task, seed: int) -> str:
        self.begun[task.id] += 1
        self._times = random.Random(f"{task.id} {self.begun[task.id]}")
        return super().begin(task, seed)

    def act(self, action: str) -> Step:
        shortest = self.mean_s * (SHAPE - 1) / SHAPE
        time.sleep(min(LONGEST_S, shortest * self._times.paretovariate(SHAPE)))
        return super().act(action)


gymnasium.register("agentrl-benchmark/HeavyTail-v0", entry_point=f"{__name__}:HeavyTailEnv")


def train(steps: int, staleness: int, work: Path) -> tuple[float, float]:
    """Return the seconds that the steps took, and the share in which the engine was busy."""
    path = work / "suite.yaml"
    path.write_text(SUITE, encoding="utf-8")
    suite = load_suite(path, [f"train.steps={steps}", f"train.staleness={staleness}"])
    plan = check_training(suite)
    HeavyTailEnv.begun.clear()
    with RunFolder.create(work / f"staleness-{staleness}", suite.resolved()) as folder:
        train_suite(plan, folder)
        lines: list[dict[str, Any]] = read_metrics(folder.path / METRICS)
    taken = [line for line in lines if line["phase"] == "rl"]
    seconds = sum(line["time/step_s"] for line in taken)
    busy = sum(line["time/engine_busy_share"] * line["time/step_s"] for line in taken)
    stale = max(line["staleness/max"] for line in taken)
    learning = sum(line["time/train_s"] for line in taken)
    print(
        f"staleness {staleness}: {seconds:6.1f} s, of which {learning:.1f} s learning; engine busy "
        f"{busy / seconds:.0%}; oldest tokens {stale:.0f} updates old",
        flush=True,
    )
    return seconds, busy / seconds


def main() -> None:
    """Measure both and print the ratio."""
    parser = argparse.ArgumentParser(description="Asynchronous against synchronous sampling")
    parser.add_argument("--steps", type=int, default=10)
    parser.add_argument("--mean", type=float, default=0.3, help="seconds of an environment's step")
    args = parser.parse_args()
    HeavyTailEnv.mean_s = args.mean
    with tempfile.TemporaryDirectory() as work:
        in_turn, _ = train(args.steps, 0, Path(work))
        ahead, _ = train(args.steps, 1, Path(work))
    print(f"asynchronous : synchronous = {in_turn / ahead:.2f}")


if __name__ == "__main__":
    main()
