"""The gradient that each estimator gives in the mean, against the exact policy gradient."""

from collections.abc import Sequence
from pathlib import Path as File

import numpy as np
import pytest
import torch

from agentrl.agents.tokens import TokenSequence
from agentrl.episode import Sampling
from agentrl.suite.algorithm import AdvantageSpec, LossSpec
from agentrl.training.advantages.bias import bias, bias_table
from agentrl.training.advantages.estimators import ESTIMATORS, EXACT, WRONG, Estimator
from agentrl.training.advantages.world import (
    NODES,
    TASKS,
    Path,
    Vector,
    exact_gradient,
    greedy_policy,
    paths,
    score,
)
from agentrl.training.credit import credit
from agentrl.training.sample import Batch, Sample, Trajectory
from agentrl.training.table import TokenTable, token_table

PAGE = File(__file__).parents[4] / "docs/training/advantages.md"
CLAIMING = [one for one in ESTIMATORS if one.claim is not None]
OTHERS = [one for one in ESTIMATORS if one.claim is None]


def named(estimator: Estimator) -> str:
    return f"{estimator.name} {estimator.switches}"


@pytest.mark.parametrize("group", [2, 3])
@pytest.mark.parametrize("estimator", CLAIMING, ids=named)
def test_what_claims_to_be_unbiased_is(estimator: Estimator, group: int) -> None:
    measured = bias(estimator, group)
    assert measured.error == pytest.approx(0, abs=1e-9)
    assert measured.angle == pytest.approx(0, abs=1e-4)


@pytest.mark.parametrize("estimator", OTHERS, ids=named)
def test_what_claims_nothing_turns_the_gradient(estimator: Estimator) -> None:
    """Also the proof that this world tells a biased estimator from one that is not."""
    assert bias(estimator, 2).angle > 1


def test_the_page_shows_what_is_measured() -> None:
    assert bias_table() in PAGE.read_text()


GROUPS, SIZE = 1500, 4
SWITCHES = {
    "REINFORCE": {},
    "REINFORCE, rewards-to-go": {"credit": "turn"},
    "RLOO": {"baseline": "leave_one_out"},
    "RLOO by turn": {"baseline": "leave_one_out", "credit": "turn"},
    "ReMax": {"baseline": "greedy"},
    "Dr. GRPO": {"baseline": "group_mean"},
    "GAE over turns": {"baseline": "value", "credit": "turn"},
    "GAE over tokens": {"baseline": "value", "credit": "token"},
    "GAE over tokens, exact": {"baseline": "value", "credit": "token", "lam": 0.8},
    "GRPO": {"baseline": "group_mean", "scale": "group_std"},
    "GAE over tokens, wrong": {"baseline": "value", "credit": "token", "lam": 0.8},
}


class Drawn:
    """Sampled groups of both tasks, with everything that training has of them."""

    def __init__(self, groups: int, size: int, seed: int = 0) -> None:
        draw = np.random.default_rng(seed)
        self.played: list[tuple[str, Path]] = []
        self.greedy: dict[str, float] = {}
        for number in range(groups):
            task = TASKS[number % len(TASKS)]
            group = f"{task}-{number}"
            (best,) = _draw(draw, paths(task, greedy_policy()), 1)
            self.greedy[group] = sum(best.rewards)
            self.played += [(group, path) for path in _draw(draw, paths(task), size)]
        self.trajectories = tuple(
            Trajectory(f"episode-{n}", group, path.rewards)
            for n, (group, path) in enumerate(self.played)
        )
        samples = tuple(
            _sample(one.episode_id, path)
            for one, (_, path) in zip(self.trajectories, self.played, strict=True)
        )
        self.table: TokenTable = token_table(Batch(self.trajectories, samples))
        tokens = [token for _, path in self.played for token in path.tokens]
        self.nodes = [node for node, _ in tokens]
        known = {(node, c): score(node, c) for node in NODES for c in range(2)}
        self.scores: Vector = np.stack([known[token] for token in tokens])
        self.group = np.array([int(g.split("-")[1]) for g, p in self.played for _ in p.tokens])

    def gradients(self, name: str) -> Vector:
        """Return the gradient of each group, ``[groups, parameters]``, by way of ``credit``."""
        spec = AdvantageSpec(**SWITCHES[name])  # type: ignore[arg-type]
        critic = EXACT if name.endswith("exact") else WRONG
        values = torch.tensor([critic[node] for node in self.nodes])
        earned = credit(
            spec,
            LossSpec(),
            self.trajectories,
            self.table,
            values=values if spec.baseline == "value" else None,
            greedy=self.greedy,
        )
        weighed = earned.advantages.double().numpy()[:, None] * self.scores
        sums = np.zeros((GROUPS, self.scores.shape[1]))
        np.add.at(sums, self.group, weighed)
        return sums / SIZE


@pytest.fixture(scope="module")
def drawn() -> Drawn:
    return Drawn(GROUPS, SIZE)


def distance(gradients: Vector, factor: float) -> float:
    """Return the largest distance from the exact gradient, in standard errors.

    Groups of the two tasks take turns, so a pair of groups is one draw of the whole.
    """
    pairs = gradients.reshape(-1, len(TASKS), gradients.shape[1]).mean(axis=1)
    error = pairs.std(axis=0, ddof=1) / np.sqrt(len(pairs))
    return float(np.max(np.abs(pairs.mean(axis=0) - factor * exact_gradient()) / error))


@pytest.mark.parametrize(
    "name", [name for name in SWITCHES if name not in ("GRPO", "GAE over tokens, wrong")]
)
def test_sampled_gradients_agree_with_the_exact_one(drawn: Drawn, name: str) -> None:
    """4 standard errors: 8 parameters exceed them by chance once in 2000 draws."""
    factor = (SIZE - 1) / SIZE if name == "Dr. GRPO" else 1.0
    assert distance(drawn.gradients(name), factor) < 4


@pytest.mark.parametrize("name", ["GRPO", "GAE over tokens, wrong"])
def test_as_many_samples_tell_a_biased_estimator(drawn: Drawn, name: str) -> None:
    assert distance(drawn.gradients(name), 1.0) > 4


def _draw(draw: np.random.Generator, possible: Sequence[Path], count: int) -> list[Path]:
    chances = np.array([path.probability for path in possible])
    return [possible[n] for n in draw.choice(len(possible), size=count, p=chances / chances.sum())]


def _sample(name: str, path: Path) -> Sample:
    length = len(path.tokens)
    return Sample(
        name,
        TokenSequence(
            token_ids=tuple(choice for _, choice in path.tokens),
            sampled=(True,) * length,
            logprobs=(0.0,) * length,
            allowed=(None,) * length,
            turns=path.turns,
        ),
        Sampling(),
    )
