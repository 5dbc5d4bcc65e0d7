"""Run by torchrun, or alone: some lessons, the same on any number of ranks.

torchrun --nproc-per-node 2 learn_together.py CHECKPOINT RESULT [STATE]
"""

import json
import random
import sys
from pathlib import Path

import torch

from agentrl.agents.tokens import TokenSequence
from agentrl.episode import Sampling
from agentrl.models.transformers.load import load_model
from agentrl.suite.model import TransformersSpec
from agentrl.suite.train import TrainSpec
from agentrl.training.learner import Learner
from agentrl.training.lesson import Lesson
from agentrl.training.metrics import Metrics
from agentrl.training.policy import Policy
from agentrl.training.ranks import join_ranks, whole
from agentrl.training.sample import Batch, Sample, Trajectory

STEPS = 4


def lesson(step: int) -> Lesson:
    """Return seven conversations of two games; seven do not divide among two ranks."""
    draw = random.Random(step)
    samples, trajectories = [], []
    for number in range(7):
        prompt, answer = draw.randint(5, 40), draw.randint(3, 12)
        tokens = TokenSequence(
            token_ids=tuple(draw.randrange(3, 250) for _ in range(prompt + answer)),
            sampled=(False,) * prompt + (True,) * answer,
            logprobs=(0.0,) * prompt + (-5.6,) * answer,
            allowed=(None,) * (prompt + answer),
            turns=(0,) * (prompt + answer),
        )
        samples.append(Sample(f"e{number}", tokens, Sampling()))
        trajectories.append(Trajectory(f"e{number}", f"g{number % 2}", (draw.random(),)))
    return Lesson(Batch(tuple(trajectories), tuple(samples)), tuple(trajectories))


def main() -> None:
    """Learn, and let the first rank write what came of it."""
    checkpoint, result = sys.argv[1], Path(sys.argv[2])
    torch.set_num_threads(1)
    ranks = join_ranks()
    spec = TrainSpec.model_validate(
        {
            "algorithm": "grpo",
            "steps": STEPS,
            "minibatches": 2,
            "tokens_per_pass": 64,
            "optimiser": {"lr": 0.01},
            "loss": {"old_logprobs": "trainer", "entropy": 0.01},
        }
    )
    model = TransformersSpec(backend="transformers", checkpoint=checkpoint, threads=1)
    policy = Policy(load_model(Path(checkpoint), model))
    learner = Learner(policy, spec, ranks=ranks)
    curve = []
    for step in range(1, STEPS + 1):
        metrics = Metrics()
        learner.learn(lesson(step), spec, step, metrics)
        curve.append(metrics.result())
        learner.restore(learner.state())  # what a checkpoint does; it must change nothing
    weights = {name: whole(value) for name, value in policy.state_dict().items()}
    if ranks.first:
        result.write_text(json.dumps(curve))
        torch.save(weights, result.with_suffix(".pt"))
    ranks.close()


if __name__ == "__main__":
    main()
