"""What is to be served: a suite, the run folder of a training, or a checkpoint in it."""

import logging
from collections.abc import Sequence
from contextlib import closing
from dataclasses import dataclass
from pathlib import Path

from agentrl.envs.build import build_env, env_class, suite_env_class
from agentrl.envs.tasks import load_tasks
from agentrl.errors import CheckpointError, UsageError
from agentrl.models.checkpoint import trained_checkpoint
from agentrl.orchestrator.inner import inner_spec
from agentrl.orchestrator.serving.asked import FULL_ID
from agentrl.runs.folder import SUITE
from agentrl.suite import Suite, load_suite
from agentrl.suite.model import TransformersSpec, VllmSpec
from agentrl.suite.pool_file import pool_spec
from agentrl.suite.spec import AgentSpec, SuiteSpec
from agentrl.suite.worker import ReplayWorkerSpec
from agentrl.task import Task

logger = logging.getLogger(__name__)

_MANIFEST = "checkpoint.json"


@dataclass(frozen=True, slots=True)
class Served:
    """A suite made ready for questions of which nobody knows the answer."""

    spec: SuiteSpec
    """As the policy was trained, but with ``Asked-v0`` for the environment whose tasks it had."""
    group: str
    """The group of a question that names none: that of the suite's tasks, if they have one."""
    checkpoint: Path | None
    """Where the policy's weights are from; None: the suite names them, or there are none."""


def read_source(
    path: Path, checkpoint: Path | None = None, overrides: Sequence[str] = ()
) -> Served:
    """Return what a path names, made ready to be served.

    Of a run folder the best checkpoint is taken, else the newest.

    Args:
        path: a suite file, the run folder of a training, or a checkpoint in it.
        checkpoint: other weights for the policy.
        overrides: settings of the suite, as ``KEY=VALUE``.

    Raises:
        UsageError: there is none, or it cannot be served.
    """
    suite_file, found = _places(path)
    suite = load_suite(suite_file, overrides)
    folder = checkpoint or found
    chosen = suite_env_class(suite)
    if not chosen.orchestrated or suite.spec.orchestrator is None:
        raise UsageError(
            f"{suite_file}: its environment is {suite.spec.env.id}, which asks no workers; what is "
            f"served is a conductor, a router or a choice policy with its pool, such as of "
            f"agentrl/Conductor-v0"
        )
    _check_pool(suite.spec, suite_file)
    agent = _with_weights(suite, folder)
    tasks = _tasks(suite)
    rules = _rules(suite.spec, tasks)
    options = {**suite.spec.env.options, "env": {"id": FULL_ID, "options": {"rules": rules}}}
    orchestrator = suite.spec.orchestrator.model_copy(update={"cache": False})
    spec = suite.spec.model_copy(
        update={
            "agent": agent,
            "env": suite.spec.env.model_copy(update={"options": options}),
            "orchestrator": orchestrator,
        }
    )
    build_env(spec.env, spec.sandbox, spec.orchestrator).close()
    groups = {task.group for task in tasks}
    return Served(spec, groups.pop() if len(groups) == 1 else "", folder)


def _places(path: Path) -> tuple[Path, Path | None]:
    """Return a suite file, and the checkpoint that goes with it."""
    if not path.exists():
        raise UsageError(f"{path}: no such file or folder; give a suite file or a run folder")
    if path.is_file():
        return path, None
    path = path.resolve()  # "latest" and "best" are links
    if (path / SUITE).is_file():
        return path / SUITE, trained_checkpoint(path)
    run = path.parent.parent
    if (path / _MANIFEST).is_file() and (run / SUITE).is_file():
        return run / SUITE, path
    raise UsageError(
        f"{path} is neither the folder of a run, which has a {SUITE}, nor a checkpoint in one; of "
        f"a checkpoint elsewhere give the suite, and the folder with --checkpoint"
    )


def _with_weights(suite: Suite, folder: Path | None) -> AgentSpec:
    """Return the agent of a suite with the weights of a folder, sampling as it was evaluated."""
    agent = suite.spec.agent
    if agent.kind not in ("llm", "expert", "choice"):
        raise UsageError(f"an agent of kind {agent.kind!r} is not served; expected llm or choice")
    if folder is None:
        _check_trained(suite)
        return agent
    update: dict[str, object] = {}
    if agent.kind == "choice":
        choice = agent.choice.model_copy(update={"checkpoint": str(folder), "scratch": None})
        update["choice"] = choice
    elif agent.kind == "llm" and isinstance(agent.model, TransformersSpec | VllmSpec):
        weights: dict[str, object] = {"checkpoint": str(folder.resolve())}
        if isinstance(agent.model, TransformersSpec):
            weights["scratch"] = None
        update["model"] = agent.model.model_copy(update=weights)
    else:
        raise CheckpointError(
            f"{folder}: the suite's agent has no weights of its own that a checkpoint could take "
            f"the place of; that needs a model of backend transformers or vllm, or kind choice"
        )
    evaluation = suite.spec.train.evaluation if suite.spec.train else None
    if evaluation is not None and evaluation.temperature is not None:
        warmth = {"temperature": evaluation.temperature}
        update["sampling"] = agent.sampling.model_copy(update=warmth)
    return agent.model_copy(update=update)


def _check_trained(suite: Suite) -> None:
    agent = suite.spec.agent
    scratch = agent.kind == "choice" and agent.choice.checkpoint is None
    if agent.kind == "llm" and isinstance(agent.model, TransformersSpec):
        scratch = agent.model.checkpoint is None
    if scratch:
        raise UsageError(
            f"{suite.path}: its policy begins with random weights; train it first, then serve the "
            f"run's folder, or name trained weights with --checkpoint"
        )


def _check_pool(spec: SuiteSpec, suite_file: Path) -> None:
    assert spec.orchestrator is not None
    workers = pool_spec(spec.orchestrator).workers
    recorded = [name for name, worker in workers.items() if isinstance(worker, ReplayWorkerSpec)]
    if len(recorded) == len(workers):
        raise UsageError(
            f"{suite_file}: every worker of the pool is a recording, and recordings know no new "
            f"question; put live workers in their place with --set orchestrator.pool=FILE"
        )
    if recorded:
        logger.warning("recorded workers know no new question: %s", ", ".join(recorded))


def _tasks(suite: Suite) -> tuple[Task, ...]:
    """Return the suite's tasks; none where they are not to be had on this machine."""
    try:
        return tuple(load_tasks(suite))
    except UsageError as exc:
        logger.warning("the suite's tasks cannot be read, so they are not gone by: %s", exc)
        return ()


def _rules(spec: SuiteSpec, tasks: Sequence[Task]) -> str:
    """Return what the environment of the training told about its first task before it."""
    inner = inner_spec(spec.env.options.get("env", {}))
    with closing(build_env(inner, spec.sandbox)) as env:
        if not env_class(inner.id).sandboxed:  # else that would start a sandbox
            env.reset(seed=0, options={"task": tasks[0]} if tasks else {})
        return env.instructions
