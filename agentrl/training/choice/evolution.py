"""Evolving a choice policy instead of following gradients, as TRINITY does (arXiv 2512.04695)."""

import math
import warnings
from collections.abc import Mapping, Sequence
from typing import Any

import numpy as np
import torch
from numpy.typing import NDArray

from agentrl.agents.choice.policy import ChoicePolicy
from agentrl.errors import DivergedError, MissingDependencyError
from agentrl.suite.train import TrainSpec
from agentrl.training.choice.learning import LearningPolicy
from agentrl.training.collect import number_in_group
from agentrl.training.lesson import Lesson
from agentrl.training.metrics import Metrics
from agentrl.training.sample import Trajectory

Vector = NDArray[np.float64]


class Evolution:
    """The separable CMA-ES: a cloud of candidates with a width for each weight of its own.

    Everything random follows from the seed, so that the fitness values of all generations are all
    that it takes to be again where it was.
    """

    def __init__(self, first: Vector, candidates: int, sigma: float, seed: int) -> None:
        """
        Args:
            first: the centre of the first cloud.
            candidates: of a generation.
            sigma: width of the first cloud.
            seed: decides every draw.

        Raises:
            MissingDependencyError: the package cma is not installed.
        """
        self.first = first
        self.told: list[list[float]] = []
        """Fitness of the candidates of each generation."""
        options = {
            "CMA_diagonal": True,
            "popsize": candidates,
            "randn": np.random.RandomState(seed % 2**32).randn,
            "seed": math.nan,  # leaves numpy's own generator alone
            "verbose": -9,
        }
        self._strategy = _cma().CMAEvolutionStrategy(first, sigma, options)
        self.candidates: list[Vector] = self._strategy.ask()
        """Those of the generation at hand."""

    @property
    def centre(self) -> Vector:
        """The best guess so far: the centre of the cloud."""
        centre: Vector = np.array(self._strategy.mean)
        return centre

    @property
    def width(self) -> float:
        """Mean standard deviation of a weight."""
        return float(np.mean(self._strategy.stds))

    def tell(self, fitness: Sequence[float]) -> None:
        """Say how good each candidate is, and draw the next generation; more is better."""
        self._strategy.tell(self.candidates, [-value for value in fitness])
        self.told.append(list(fitness))
        self.candidates = self._strategy.ask()


class EvolutionLearner:
    """Learns from a step's episodes which of its rivals played best.

    Every candidate plays one episode of each task, the one of its number in the group. Its fitness
    is the mean of how far its rewards are above the mean of their groups, which ranks candidates as
    their mean reward does and stays fair where an episode could not be scored.
    """

    def __init__(self, policy: LearningPolicy, spec: TrainSpec) -> None:
        """
        Args:
            policy: gets the candidates as rivals, and the centre of their cloud as weights.
            spec: the ``train`` section.

        Raises:
            MissingDependencyError: the package cma is not installed.
        """
        self._policy, self._spec = policy, spec
        self._model = policy.acting()
        self._evolution = self._begun(self._model.flat.astype(np.float64))
        self._show()

    def learn(self, lesson: Lesson, spec: TrainSpec, step: int, metrics: Metrics) -> None:
        """Move the cloud towards the candidates that earned most.

        Raises:
            DivergedError: the cloud is no longer of finite numbers.
        """
        evolution = self._evolution
        fitness = fitness_of(lesson.batch.trajectories, len(evolution.candidates))
        evolution.tell(fitness)
        if not np.isfinite(evolution.centre).all():
            raise DivergedError(
                "the weights are no finite numbers any more; lower train.evolution.sigma, and "
                "continue from the last checkpoint"
            )
        self._show()
        metrics.add("evolution/width", evolution.width)
        metrics.add("evolution/best", max(fitness))
        metrics.add("tokens/trained", len(lesson.batch.trajectories))

    def state(self) -> dict[str, Any]:
        """Return where it began, and what became of every generation."""
        first = torch.from_numpy(self._evolution.first.copy())
        return {"first": first, "told": [list(values) for values in self._evolution.told]}

    def restore(self, state: Mapping[str, Any]) -> None:
        """Live through every generation again; it takes milliseconds each."""
        self._evolution = self._begun(state["first"].numpy())
        for fitness in state["told"]:
            self._evolution.tell(fitness)
        self._show()

    def _begun(self, first: Vector) -> Evolution:
        spec = self._spec
        return Evolution(first, spec.group_size, spec.evolution.sigma, spec.seed)

    def _show(self) -> None:
        """Let the candidates play, and the centre be the policy."""
        self._policy.take(self._with(self._evolution.centre))
        self._policy.rivals = [self._with(one) for one in self._evolution.candidates]

    def _with(self, weights: Vector) -> ChoicePolicy:
        return self._model.with_flat(weights, len(self._evolution.told))


def fitness_of(trajectories: Sequence[Trajectory], candidates: int) -> list[float]:
    """Return how far each candidate's rewards are above those of its groups, on average.

    One of which no episode could be scored is as good as the worst.
    """
    totals: dict[str, list[float]] = {}
    for one in trajectories:
        totals.setdefault(one.group_id, []).append(one.total)
    means = {group: sum(earned) / len(earned) for group, earned in totals.items()}
    above: list[list[float]] = [[] for _ in range(candidates)]
    for one in trajectories:
        number = number_in_group(one.episode_id)
        if number is not None:
            above[number % candidates].append(one.total - means[one.group_id])
    known = [sum(values) / len(values) for values in above if values]
    worst = min(known, default=0.0)
    return [sum(values) / len(values) if values else worst for values in above]


def _cma() -> Any:
    try:
        with warnings.catch_warnings():
            warnings.simplefilter("ignore")  # it misses matplotlib, which only its plots need
            import cma
    except ImportError as exc:
        raise MissingDependencyError(
            "train.algorithm sep_cma_es needs the package cma, which is not installed: "
            "pip install 'agentrl[train]'"
        ) from exc
    return cma
