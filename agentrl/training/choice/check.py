"""What cannot be asked of the training of a choice policy."""

from importlib.util import find_spec

from agentrl.errors import MissingDependencyError
from agentrl.suite import Suite
from agentrl.suite.train import TrainSpec


def check_choice_training(suite: Suite, train: TrainSpec) -> None:
    """Check that a choice policy can be trained as the suite says.

    Raises:
        SuiteError: the suite asks for what only a language model can do; names the line.
        MissingDependencyError: it is to evolve, and the package cma is not installed.
    """
    if train.sft is not None:
        raise suite.error(
            ("train", "sft"),
            "supervised training makes texts likelier, and a choice policy writes none: remove it; "
            "it learns from its own choices alone",
        )
    if train.imitates:
        raise suite.error(
            ("train", "loss", "imitation"),
            "an expert's texts cannot be imitated by a choice policy, which writes none: set "
            "coefficient to 0",
        )
    if train.advantage.baseline == "value":
        raise suite.error(
            ("train", "advantage", "baseline"),
            "a critic reads what a language model has in mind, and a choice policy is none: take "
            "an algorithm that compares episodes, such as rloo or grpo",
        )
    if train.staleness:
        raise suite.error(
            ("train", "staleness"),
            "a choice policy learns in milliseconds, so there is nothing to overlap: leave it at 0",
        )
    if train.evolves:
        _check_evolution(suite, train)
    elif suite.spec.agent.sampling.temperature == 0:
        raise suite.error(
            ("agent", "sampling", "temperature"),
            "without chance every episode of a task is the same, and a gradient has nothing to "
            "compare: raise it above 0, or take train.algorithm sep_cma_es",
        )


def _check_evolution(suite: Suite, train: TrainSpec) -> None:
    if train.sampler.kind == "adaptive":
        raise suite.error(
            ("train", "sampler", "kind"),
            f"'{train.algorithm}' has every candidate play each task once, and 'adaptive' decides "
            f"by itself how often: take 'uniform' or 'curriculum'",
        )
    if find_spec("cma") is None:
        raise MissingDependencyError(
            "train.algorithm sep_cma_es needs the package cma, which is not installed: "
            "pip install 'agentrl[train]'"
        )
