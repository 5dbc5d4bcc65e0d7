"""The choice policy that a suite asks for."""

from pathlib import Path

from agentrl.agents.choice.layout import Layout, check_facts
from agentrl.agents.choice.policy import ChoicePolicy, load_policy, scratch_policy
from agentrl.envs.base import TextEnv
from agentrl.envs.build import suite_env_class
from agentrl.errors import UsageError
from agentrl.suite import Suite
from agentrl.suite.agent import ChoiceScratchSpec, ChoiceSpec


def build_policy(spec: ChoiceSpec, env: type[TextEnv]) -> ChoicePolicy:
    """Return the policy of a suite: of a checkpoint, or from nothing.

    Args:
        spec: the section ``agent.choice``.
        env: the environment that it is to play.

    Raises:
        CheckpointError: the folder holds no choice policy.
        UsageError: the environment lists no actions, or tells other facts of them than the policy
            was trained on.
    """
    if not env.lists_actions():
        raise UsageError(
            f"an agent of kind 'choice' chooses among legal actions, and {env.__name__} lists "
            f"none; take an environment that does, such as agentrl/Choice-v0, or an agent of kind "
            f"'llm'"
        )
    if spec.checkpoint is not None:
        policy = load_policy(Path(spec.checkpoint))
        check_facts(policy.layout, env.choice_facts, env.__name__)
        return policy
    scratch = spec.scratch or ChoiceScratchSpec()
    layout = Layout(env.choice_facts, scratch.text_columns, scratch.word_columns)
    return scratch_policy(layout, scratch.hidden, scratch.seed)


def check_choice(suite: Suite) -> None:
    """Check that a suite's choice agent, if it has one, can play its environment.

    Raises:
        SuiteError: it cannot; names the line.
        MissingDependencyError: the library behind the environment is not installed.
    """
    if suite.spec.agent.kind != "choice":
        return
    env = suite_env_class(suite)
    try:
        build_policy(suite.spec.agent.choice, env)
    except UsageError as exc:
        key = ("kind",) if not env.lists_actions() else ("choice", "checkpoint")
        raise suite.error(("agent", *key), str(exc)) from None
