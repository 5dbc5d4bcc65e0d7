"""What a training run will do, checked before anything is written."""

import json
from collections.abc import Sequence
from dataclasses import dataclass
from importlib.util import find_spec

from agentrl.agents.choice.build import check_choice
from agentrl.envs.build import check_options, check_reward, check_sandbox
from agentrl.envs.tasks import load_tasks
from agentrl.episode import Episode
from agentrl.errors import MissingDependencyError, SuiteError, UsageError
from agentrl.models.check import check_model
from agentrl.rollout.values import check_labels
from agentrl.suite import Suite
from agentrl.suite.model import TransformersSpec, VllmSpec
from agentrl.suite.reward.tournament import TournamentLabelSpec
from agentrl.suite.tasks import TasksSpec
from agentrl.suite.train import TrainSpec
from agentrl.suite.unused import unused_keys
from agentrl.task import Task
from agentrl.training.choice.check import check_choice_training
from agentrl.training.schedules import Schedules


@dataclass(frozen=True, slots=True)
class Plan:
    """A suite and the tasks of each part of its training."""

    suite: Suite
    tasks: tuple[Task, ...]
    """For RL."""
    sft: tuple[Task, ...] = ()
    held_out: tuple[Task, ...] = ()

    @property
    def train(self) -> TrainSpec:
        """The ``train`` section."""
        assert self.suite.spec.train is not None
        return self.suite.spec.train

    @property
    def chooses(self) -> bool:
        """Whether a choice policy is trained, and no language model."""
        return self.suite.spec.agent.kind == "choice"

    @property
    def model(self) -> TransformersSpec | VllmSpec:
        """The language model that is trained."""
        model = self.suite.spec.agent.model
        assert isinstance(model, TransformersSpec | VllmSpec)
        return model

    def can_learn_from(self, episode: Episode, newest: int) -> bool:
        """Whether a training that goes on still wants an episode that an earlier start played.

        Episodes of weights that no checkpoint has are of no use, and a choice policy learns from
        what no record holds: such ones are played again.

        Args:
            episode: of the run folder.
            newest: steps behind the newest checkpoint.
        """
        return episode.weights_version < newest + (not self.chooses)

    def check_ranks(self, count: int) -> None:
        """Check that so many processes can train together.

        Raises:
            UsageError: a choice policy is trained by one.
        """
        if count > 1 and self.chooses:
            raise UsageError(
                f"a choice policy is trained by one process, and torchrun started {count}: start "
                f"without it"
            )

    @property
    def all_tasks(self) -> tuple[Task, ...]:
        """Every task, for a tokenizer to learn its tokens from; those trained on come first."""
        return (*(self.sft or self.tasks), *self.tasks)


def check_training(suite: Suite) -> Plan:
    """Check what can be checked without loading anything.

    Raises:
        UsageError: the suite does not say how to train, or says what cannot be done.
    """
    check_options(suite)
    check_reward(suite)
    check_sandbox(suite)
    train, spec = suite.spec.train, suite.spec
    if train is None:
        raise SuiteError(
            f"{suite.path}: it has no section 'train', which says how to train; see "
            f"tasks/quickstart.yaml for an example"
        )
    _check_agent(suite, train)
    if spec.rollouts.workers > 1:
        raise suite.error(
            ("rollouts", "workers"),
            "training plays its episodes in one process: leave it at 1 and raise "
            "rollouts.concurrency",
        )
    for unused in unused_keys(spec):
        raise suite.error(
            unused.key,
            f"it would have no effect: it needs {unused.needs}; remove it, or leave its default, "
            f"{json.dumps(unused.default, default=str)}",
        )
    if isinstance(spec.agent.model, TransformersSpec | VllmSpec):
        _check_parts(suite, spec.agent.model)
    Schedules(suite)
    plan = Plan(
        suite,
        load_tasks(suite),
        _tasks(suite, train.sft.tasks if train.sft else None, ("train", "sft", "tasks")),
        _tasks(
            suite,
            train.evaluation.tasks if train.evaluation else None,
            ("train", "evaluation", "tasks"),
        ),
    )
    _check_held_out(suite, plan)
    _check_rewards(plan)
    return plan


def _check_agent(suite: Suite, train: TrainSpec) -> None:
    """Check that the agent is one that can be trained as the suite says."""
    agent = suite.spec.agent
    if agent.kind == "choice":
        check_choice(suite)
        check_choice_training(suite, train)
        return
    if agent.kind != "llm":
        raise suite.error(
            ("agent", "kind"),
            f"only an agent of kind 'llm' or 'choice' can be trained, got {agent.kind!r}",
        )
    if train.evolves:
        raise suite.error(
            ("train", "algorithm"),
            f"'{train.algorithm}' evolves a few thousand weights, which an agent of kind 'choice' "
            f"has; for a language model take another, such as grpo",
        )
    if not isinstance(agent.model, TransformersSpec | VllmSpec):
        backend = None if agent.model is None else agent.model.backend
        raise suite.error(
            ("agent", "model", "backend"),
            f"training needs a model whose weights are here, 'transformers' or 'vllm', "
            f"got {backend!r}",
        )


def _check_parts(suite: Suite, model: TransformersSpec | VllmSpec) -> None:
    """Check the model and the engine, without loading anything."""
    check_model(model)
    if suite.spec.policy.engine == "vllm":
        from agentrl.models.vllm.server import check_installed

        check_installed()
    if suite.spec.policy.lora is not None and find_spec("peft") is None:
        raise MissingDependencyError(
            "policy.lora needs peft, which is not installed: pip install 'agentrl[lora]'"
        )


def _tasks(suite: Suite, spec: TasksSpec | None, at: tuple[str, ...]) -> tuple[Task, ...]:
    return () if spec is None else load_tasks(suite, spec, at)


def _check_rewards(plan: Plan) -> None:
    suite, reward, advantage = plan.suite, plan.suite.spec.reward, plan.train.advantage
    for name in advantage.turn_terms:
        if name not in reward.terms:
            raise suite.error(
                ("train", "advantage", "turn_terms"),
                f"{name!r} is no term of 'reward'; there are {', '.join(reward.terms)}",
            )
    ranked = [n for n, label in reward.labels.items() if isinstance(label, TournamentLabelSpec)]
    if ranked and advantage.baseline == "greedy":
        raise suite.error(
            ("train", "advantage", "baseline"),
            f"'greedy' plays one more episode of a task alone, and label {ranked[0]!r} ranks the "
            f"episodes of a group: take group_mean or leave_one_out",
        )
    check_labels(reward, plan.tasks)


def _check_held_out(suite: Suite, plan: Plan) -> None:
    """A task that is trained on says nothing about tasks that were not."""
    held_out = {task.id for task in plan.held_out}
    for name, tasks in (("tasks", plan.tasks), ("train.sft.tasks", plan.sft)):
        shared = _shared(tasks, held_out)
        if shared:
            raise suite.error(
                ("train", "evaluation", "tasks"),
                f"{len(shared)} of its tasks are also in '{name}', such as {shared[0]!r}; "
                f"held-out tasks must never be trained on: take other seeds, or other rows",
            )


def _shared(tasks: Sequence[Task], held_out: set[str]) -> list[str]:
    return [task.id for task in tasks if task.id in held_out]
