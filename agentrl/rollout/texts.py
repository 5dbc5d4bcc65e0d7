"""What a suite's text looks like: the tokenizer of a model made from nothing learns from it."""

from collections.abc import Iterator, Sequence
from contextlib import closing
from functools import partial

from agentrl.envs.base import TextEnv
from agentrl.envs.build import build_env
from agentrl.errors import EnvError, boundary
from agentrl.rollout.job import Job, plan_jobs
from agentrl.suite.spec import SuiteSpec
from agentrl.task import Task

EPISODES = 12
TURNS = 12


def suite_texts(spec: SuiteSpec, tasks: Sequence[Task]) -> Iterator[str]:
    """Yield what an expert sees and does in the suite's first few tasks.

    Raises:
        EnvError: the environment failed.
    """
    for job in plan_jobs(tasks[:EPISODES], spec.rollouts):
        what = f"reading a tokenizer's text from task {job.task.id!r} of {spec.env.id}"
        built = partial(build_env, spec.env, spec.sandbox, spec.orchestrator)
        with boundary(EnvError, what), closing(built()) as env:
            yield from _texts_of(env, job)


def _texts_of(env: TextEnv, job: Job) -> Iterator[str]:
    observation, _ = env.reset(seed=job.seed, options={"task": job.task})
    yield env.instructions
    for _ in range(TURNS):
        yield observation
        yield from env.legal_actions() or ()
        action = env.expert_action()
        if action is None:
            return
        yield action
        observation, _, terminated, truncated, _ = env.step(action)
        if terminated or truncated:
            return
