"""From a suite's ``env`` section to an environment, with complaints that name the line."""

import importlib
import json
import sys
from contextlib import closing
from pathlib import Path
from typing import Any

import gymnasium
from gymnasium.envs.registration import load_env_creator
from pydantic import PydanticSchemaGenerationError, TypeAdapter, ValidationError

from agentrl.envs.base import TextEnv
from agentrl.envs.options import annotations, parameters, takes_any
from agentrl.envs.registry import ENTRY_POINTS, register_all
from agentrl.errors import (
    EnvError,
    MissingDependencyError,
    SuiteError,
    UsageError,
    boundary,
    nearest,
)
from agentrl.rewards.check import asked_facts, nobody_states, unstated
from agentrl.suite import Suite
from agentrl.suite.orchestrator import OrchestratorSpec
from agentrl.suite.sandbox import SandboxSpec
from agentrl.suite.spec import EnvSpec

register_all()

_HOW_TO = (
    "a plain Gymnasium environment is played through 'id: agentrl/Gym-v0' with "
    "'options: {{env: {env_id}}}', and docs/environments/README.md shows how to write a TextEnv"
)


def build_env(
    spec: EnvSpec,
    sandbox: SandboxSpec | None = None,
    orchestrator: OrchestratorSpec | None = None,
) -> TextEnv:
    """Return a new environment, not yet reset.

    Args:
        spec: which, and its options.
        sandbox: where it runs code, if it does; None: as a suite without that section.
        orchestrator: whom it asks, if it asks anybody.

    Raises:
        SuiteError: there is no such environment, or it is none of text.
        UsageError: the environment refuses its options.
        MissingDependencyError: the library behind it is not installed.
    """
    more: dict[str, Any] = {}
    chosen = env_class(spec.id)
    if chosen.sandboxed or chosen.orchestrated:
        more["sandbox"] = sandbox or SandboxSpec()
    if chosen.orchestrated:
        more["orchestrator"] = orchestrator
    env = gymnasium.make(spec.id, disable_env_checker=True, **spec.options, **more).unwrapped
    if not isinstance(env, TextEnv):
        raise _no_text_env(spec.id)
    return env


def env_class(env_id: str) -> type[TextEnv]:
    """Return the class that a registered id stands for.

    ``module:Name-v0`` imports ``module`` first, from the current folder or an installed package;
    ``suite_env_class`` looks in the suite's folder too.

    Raises:
        SuiteError: no such module or id, or the class is no ``TextEnv``.
        MissingDependencyError: the library behind it is not installed.
    """
    module, _, name = env_id.rpartition(":")
    if module:
        _import(module, env_id)
    registered = gymnasium.registry.get(name)
    if registered is None:
        known = nearest(name, gymnasium.registry) or f"; ours: {', '.join(ENTRY_POINTS)}"
        raise SuiteError(f"no environment {env_id!r} is registered{known}")
    entry_point = registered.entry_point
    found = _load(entry_point, env_id) if isinstance(entry_point, str) else entry_point
    if not (isinstance(found, type) and issubclass(found, TextEnv)):
        raise _no_text_env(env_id)
    return found


def suite_env_class(suite: Suite) -> type[TextEnv]:
    """Return the class of a suite's environment; a module of the user's may lie beside the suite.

    Raises:
        SuiteError: no such environment, or one that is not of text; names the line.
        MissingDependencyError: the library behind it is not installed.
    """
    _allow_imports_from(Path(suite.spec.env.folder or suite.path.parent).resolve())
    try:
        return env_class(suite.spec.env.id)
    except SuiteError as exc:
        raise suite.error(("env", "id"), str(exc)) from None


def check_options(suite: Suite) -> None:
    """Check a suite's ``env.options``: their names, their types and that the environment builds.

    Nothing of a sandbox is started.

    Raises:
        SuiteError: an option is unknown, missing, of a wrong type or refused, or the suite says
            where to run code and its environment runs none; names the line.
        MissingDependencyError: the library behind the environment is not installed.
    """
    chosen = suite_env_class(suite)
    given, known = suite.spec.env.options, parameters(chosen)
    for name in given:
        if name not in known and not takes_any(chosen):
            hint = nearest(name, known) or f"; known: {', '.join(known) or 'none'}"
            raise suite.error(("env", "options", name), f"unknown option{hint}")
    for name, parameter in known.items():
        if name in given:
            _check_type(suite, name, annotations(chosen).get(name, Any))
        elif parameter.default is parameter.empty:
            raise suite.error(("env", "options", name), "missing; the environment needs it")
    if not chosen.played(given).sandboxed:
        _check_no_sandbox(suite)
    _check_orchestrator(suite, chosen)
    _check_building(suite)


def check_reward(suite: Suite) -> None:
    """Check that every fact that a suite's reward asks for is stated by its environment or a label.

    An environment that does not tell what it states is not checked for what it does not state.

    Raises:
        SuiteError: nobody states one, or what a worker costs is asked for and not known; names the
            line.
    """
    chosen = suite_env_class(suite)
    inner = chosen.played(suite.spec.env.options)
    if chosen.stated() and inner.stated():
        spec, stated = suite.spec.reward, {**chosen.stated(), **inner.stated()}
        for place, fact in unstated(spec, stated):
            problem = nobody_states(fact, spec, stated, suite.spec.env.id)
            raise suite.error(("reward", *place.split(".", 1)), problem)
    if chosen.orchestrated:
        _check_stating(suite)


def _check_stating(suite: Suite) -> None:
    """See that the environment, as the suite sets it up, can state what the reward asks for."""
    env = build_env(suite.spec.env, suite.spec.sandbox, suite.spec.orchestrator)
    with closing(env):
        for place, fact in asked_facts(suite.spec.reward):
            try:
                env.check_stated(fact)
            except UsageError as exc:
                raise suite.error(("reward", *place.split(".", 1)), str(exc)) from None


def check_sandbox(suite: Suite) -> None:
    """Check that the sandbox that a suite's environment needs, if it does, can be had here.

    Raises:
        SuiteError: it cannot; names the line.
    """
    if not suite_env_class(suite).played(suite.spec.env.options).sandboxed:
        return
    from agentrl.sandboxes.connect import connect

    try:
        connect(suite.spec.sandbox)
    except UsageError as exc:
        raise suite.error(("sandbox",), str(exc)) from None


def _check_no_sandbox(suite: Suite) -> None:
    """Refuse what has no effect; defaults may stand there, as the resolved suite writes them."""
    usual = SandboxSpec()
    for name in SandboxSpec.model_fields:
        if getattr(suite.spec.sandbox, name) != getattr(usual, name):
            raise suite.error(
                ("sandbox", name),
                f"it would have no effect: {suite.spec.env.id} runs no code; remove it, or leave "
                f"its default, {json.dumps(getattr(usual, name))}",
            )


def _check_orchestrator(suite: Suite, chosen: type[TextEnv]) -> None:
    """An environment that asks workers needs the section, and no other has a use for it."""
    if chosen.orchestrated and suite.spec.orchestrator is None:
        raise suite.error(
            ("orchestrator",), f"missing; {suite.spec.env.id} asks the workers that it names"
        )
    if not chosen.orchestrated and suite.spec.orchestrator is not None:
        raise suite.error(
            ("orchestrator",), f"it would have no effect: {suite.spec.env.id} asks no workers"
        )


def _check_type(suite: Suite, name: str, annotation: Any) -> None:
    value = suite.spec.env.options[name]
    try:
        adapter = TypeAdapter(annotation)
    except PydanticSchemaGenerationError:
        return
    try:
        adapter.validate_json(json.dumps(value, default=str), strict=True)
    except ValidationError as exc:
        problems = "; ".join(dict.fromkeys(_lowered(error["msg"]) for error in exc.errors()))
        raise suite.error(("env", "options", name), f"{problems}, got {value!r}") from None


def _check_building(suite: Suite) -> None:
    try:
        with boundary(EnvError, f"{suite.spec.env.id!r} cannot be built with its env.options"):
            build_env(suite.spec.env, suite.spec.sandbox, suite.spec.orchestrator).close()
    except MissingDependencyError:
        raise
    except UsageError as exc:
        raise suite.error(("env", "options"), str(exc)) from None


def _lowered(message: str) -> str:
    return message[0].lower() + message[1:]


def _no_text_env(env_id: str) -> SuiteError:
    return SuiteError(f"{env_id!r} is not an agentrl TextEnv: {_HOW_TO.format(env_id=env_id)}")


def _allow_imports_from(folder: Path) -> None:
    if str(folder) not in sys.path:
        sys.path.append(str(folder))


def _import(module: str, env_id: str) -> None:
    _allow_imports_from(Path.cwd())
    with boundary(EnvError, f"{env_id!r}: the module {module!r} cannot be imported"):
        try:
            importlib.import_module(module)
        except ModuleNotFoundError as exc:
            raise SuiteError(
                f"{env_id!r}: no module named {exc.name!r}; it is looked for in the current "
                f"folder, beside the suite file and among the installed packages"
            ) from None


def _load(entry_point: str, env_id: str) -> Any:
    try:
        return load_env_creator(entry_point)
    except ModuleNotFoundError as exc:
        raise MissingDependencyError(
            f"{env_id!r} needs the module {exc.name!r}, which is not installed; "
            f"'agentrl doctor' says which extra brings it"
        ) from None
