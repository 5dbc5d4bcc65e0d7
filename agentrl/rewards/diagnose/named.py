"""Rewards by what a person calls them: a preset, a suite, a file with a ``reward`` section."""

from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import yaml
from pydantic import ValidationError

from agentrl.errors import RewardError, nearest
from agentrl.suite import load_suite
from agentrl.suite.reward.presets import preset_names
from agentrl.suite.reward.spec import RewardSpec

_OF_A_SUITE = frozenset(("env", "tasks", "agent"))


@dataclass(frozen=True, slots=True)
class NamedSpec:
    """A reward and its name."""

    name: str
    spec: RewardSpec


def read_spec(given: str) -> NamedSpec:
    """Return the reward that is meant.

    Args:
        given: a preset's name, or a YAML file: a suite, a mapping with a ``reward`` section, or
            what stands in one.

    Raises:
        RewardError: it is none of these, or says what no reward can say.
        SuiteError: it is a suite that cannot be used.
    """
    path = Path(given)
    if path.is_file():
        return NamedSpec(given, _of_file(path))
    names = preset_names()
    if given in names:
        return NamedSpec(given, _validated({"preset": given}, given))
    hint = nearest(given, names) or ""
    raise RewardError(
        f"{given!r} is no reward: there is no such preset{hint} and no such file; give a preset "
        f"({', '.join(names) or 'there is none'}), a suite file or a YAML file with a reward "
        f"section"
    )


def _of_file(path: Path) -> RewardSpec:
    try:
        data = yaml.safe_load(path.read_text(encoding="utf-8"))
    except (OSError, UnicodeDecodeError, yaml.YAMLError) as exc:
        raise RewardError(f"{path}: no YAML file that can be read: {exc}") from None
    if not isinstance(data, Mapping):
        raise RewardError(
            f"{path}: expected a mapping with a 'reward' section, or with 'terms', 'gates' and the "
            f"like, got {type(data).__name__}"
        )
    if data.keys() & _OF_A_SUITE:
        return load_suite(path).spec.reward
    section = data.get("reward", data)
    if not isinstance(section, Mapping):
        raise RewardError(f"{path}: reward: expected a mapping, got {section!r}")
    return _validated(section, str(path))


def _validated(section: Mapping[str, Any], name: str) -> RewardSpec:
    try:
        return RewardSpec.model_validate(dict(section))
    except ValidationError as exc:
        problems = [_problem(error) for error in exc.errors()]
        raise RewardError("\n".join(f"{name}: {problem}" for problem in problems)) from None


def _problem(error: Any) -> str:
    place = ".".join(str(step) for step in error["loc"])
    message = error["msg"].removeprefix("Value error, ")
    if error["type"] == "extra_forbidden":
        known = (
            nearest(str(error["loc"][-1]), RewardSpec.model_fields) if len(error["loc"]) < 2 else ""
        )
        message = f"unknown key{known}"
    return f"{place}: {message}" if place else message
