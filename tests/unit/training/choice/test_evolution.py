"""Evolving a choice policy."""

import builtins
from typing import Any

import numpy as np
import pytest

from agentrl.agents.choice.layout import Layout
from agentrl.agents.choice.policy import ChoicePolicy, scratch_policy
from agentrl.errors import MissingDependencyError
from agentrl.suite.train import TrainSpec
from agentrl.training.choice.evolution import Evolution, EvolutionLearner, fitness_of
from agentrl.training.choice.learning import LearningPolicy
from agentrl.training.lesson import Lesson
from agentrl.training.metrics import Metrics
from agentrl.training.sample import Batch, Trajectory

LAYOUT = Layout(("price", "skill"))
ROWS = np.array([[0.1, 0.2], [0.9, 0.8], [0.5, 0.75]], np.float32)
"""Three actions; the last is worth most: skill less half the price."""
SIZE = 8


def spec(**more: Any) -> TrainSpec:
    return TrainSpec.model_validate({"algorithm": "sep_cma_es", "group_size": SIZE, **more})


def lesson(policy: LearningPolicy, step: int) -> Lesson:
    """Let each rival choose once, without chance, and return what it earned."""
    trajectories = [
        Trajectory(f"{step}.0.0/t#{number}", f"{step}.0.0/t", (worth(rival),))
        for number, rival in enumerate(policy.rivals)
    ]
    return Lesson(Batch(tuple(trajectories), ()), tuple(trajectories))


def worth(policy: ChoicePolicy) -> float:
    likely = np.exp(policy.logprobs(ROWS))
    return float(likely @ (ROWS[:, 1] - 0.5 * ROWS[:, 0]))


def evolved(steps: int) -> tuple[LearningPolicy, EvolutionLearner]:
    policy = LearningPolicy(scratch_policy(LAYOUT, 4))
    learner = EvolutionLearner(policy, spec())
    for step in range(1, steps + 1):
        learner.learn(lesson(policy, step), spec(), step, Metrics())
    return policy, learner


def test_it_finds_the_best_of_a_few_actions() -> None:
    policy, _ = evolved(60)

    found = policy.acting()

    assert found.scores(ROWS).argmax() == 2
    assert worth(found) > 0.45  # the best is worth 0.5, and chance 0.33


def test_after_a_restart_it_goes_on_as_if_it_had_never_stopped() -> None:
    straight, _ = evolved(6)
    stopped, learner = evolved(3)
    state = learner.state()
    policy = LearningPolicy(stopped.acting())  # as of a checkpoint
    again = EvolutionLearner(policy, spec())

    again.restore(state)
    for step in range(4, 7):
        again.learn(lesson(policy, step), spec(), step, Metrics())

    assert policy.acting().flat.tolist() == straight.acting().flat.tolist()
    assert [one.flat.tolist() for one in policy.rivals] == [
        one.flat.tolist() for one in straight.rivals
    ]


def test_draws_follow_from_the_seed_and_from_no_global_generator() -> None:
    np.random.seed(1)
    one = Evolution(np.zeros(5), 6, 0.3, seed=1).candidates
    np.random.seed(2)
    same = Evolution(np.zeros(5), 6, 0.3, seed=1).candidates
    other = Evolution(np.zeros(5), 6, 0.3, seed=2).candidates

    assert np.array(one).tolist() == np.array(same).tolist() != np.array(other).tolist()


def test_fitness_is_how_far_a_candidate_is_above_its_groups() -> None:
    """Rewards 1, 0 on an easy task and 0, -1 on a hard one, where the third has no episode."""
    rewards = {"1.0.0/easy": (1.0, 0.0, 0.5), "1.0.1/hard": (0.0, -1.0)}
    trajectories = [
        Trajectory(f"{group}#{number}", group, (reward,))
        for group, earned in rewards.items()
        for number, reward in enumerate(earned)
    ]

    assert fitness_of(trajectories, 3) == pytest.approx([0.5, -0.5, 0.0])
    assert fitness_of(trajectories, 4)[3] == pytest.approx(-0.5)  # of whom nothing is known


def test_what_is_seen_of_it_is_documented() -> None:
    policy = LearningPolicy(scratch_policy(LAYOUT, 4))
    metrics = Metrics()

    EvolutionLearner(policy, spec()).learn(lesson(policy, 1), spec(), 1, metrics)

    assert {"evolution/width", "evolution/best", "tokens/trained"} == set(metrics.result())


def test_without_the_package_it_is_said_what_to_install(monkeypatch: pytest.MonkeyPatch) -> None:
    real = builtins.__import__

    def refuse(name: str, *args: Any, **more: Any) -> Any:
        if name == "cma":
            raise ModuleNotFoundError(name)
        return real(name, *args, **more)

    monkeypatch.setattr(builtins, "__import__", refuse)
    with pytest.raises(MissingDependencyError, match=r"pip install 'agentrl\[train\]'"):
        Evolution(np.zeros(2), 4, 0.3, seed=0)
