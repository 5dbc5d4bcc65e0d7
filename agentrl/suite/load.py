"""Reading a suite file: YAML with positions, so that every complaint names file, line and key."""

import os
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

import yaml
from pydantic import ValidationError

from agentrl.errors import SuiteError, nearest
from agentrl.suite.known_keys import known_keys
from agentrl.suite.orchestrator import POOL_FILE_KEYS
from agentrl.suite.spec import SuiteSpec

KeyPath = tuple[str | int, ...]
"""Where a value stands in the file: keys of mappings and indexes of lists."""

_FILE_KEYS: tuple[KeyPath, ...] = (
    ("tasks", "file"),
    ("agent", "model", "checkpoint"),
    ("agent", "model", "run"),
    ("agent", "choice", "checkpoint"),
    ("train", "sft", "run"),
    ("train", "sft", "tasks", "file"),
    ("train", "evaluation", "tasks", "file"),
    ("reward", "labels", "*", "program"),
    ("reward", "labels", "*", "scorer"),
    *(
        ("reward", "labels", "*", *judge, *file)
        for judge in ((), ("judge",), ("meta_filter",), ("judge", "meta_filter"))
        for file in (("model", "checkpoint"), ("rubric", "nuggets", "file"))
    ),
    ("orchestrator", "pool"),
    *(("orchestrator", "pool", *key_path) for key_path in POOL_FILE_KEYS),
)
"""Values that name a file or folder: relative ones are looked for beside the suite file first. A
star stands for every key of a mapping."""


@dataclass(frozen=True, slots=True)
class Suite:
    """A suite that was read and checked, and still knows where each key stood."""

    spec: SuiteSpec
    path: Path
    lines: Mapping[KeyPath, int] = field(default_factory=dict)
    """Line of each key, from 1; a key set on the command line has none."""

    def error(self, path: KeyPath, problem: str) -> SuiteError:
        """Return an error about the value at ``path``."""
        return SuiteError(f"{_where(self.path, self.lines, path)}: {_dotted(path)}: {problem}")

    def resolved(self) -> str:
        """Return the suite as YAML with every default written out; running it repeats the run."""
        data = self.spec.model_dump(mode="json", exclude_none=True)
        if self.spec.train is not None:  # there, None may override what a preset says
            data["train"] = self.spec.train.model_dump(mode="json")
        return yaml.safe_dump(data, sort_keys=False, allow_unicode=True)


def load_suite(path: Path, overrides: Sequence[str] = ()) -> Suite:
    """Read and check a suite file.

    Args:
        path: the YAML file.
        overrides: settings of the form ``a.b=c``; ``c`` is read as YAML.

    Raises:
        SuiteError: the file is missing, is no YAML, or says something that a suite cannot say.
    """
    data, lines = _read(path)
    for override in overrides:
        _override(data, lines, override)
    for key_path in _FILE_KEYS:
        _resolve_file(data, key_path, path.parent)
    _resolve_module(data, path.parent)
    try:
        return Suite(SuiteSpec.model_validate(data), path, lines)
    except ValidationError as exc:
        problems = [_problem(error, data, path, lines) for error in exc.errors()]
        raise SuiteError("\n".join(problems)) from None


def _read(path: Path) -> tuple[dict[str, Any], dict[KeyPath, int]]:
    try:
        text = path.read_text(encoding="utf-8")
    except OSError as exc:
        raise SuiteError(
            f"{path}: cannot read the suite file: {exc.strerror}; give the path of a YAML file"
        ) from None
    except UnicodeDecodeError as exc:
        raise SuiteError(f"{path}: a suite file is UTF-8 text: {exc}") from None
    try:
        node = yaml.compose(text, Loader=yaml.SafeLoader)
        data = yaml.safe_load(text)
    except yaml.YAMLError as exc:
        mark = getattr(exc, "problem_mark", None)
        line = f":{mark.line + 1}" if mark else ""
        raise SuiteError(f"{path}{line}: no YAML: {getattr(exc, 'problem', exc)}") from None
    if not isinstance(node, yaml.MappingNode) or not isinstance(data, dict):
        raise SuiteError(f"{path}: expected a mapping with 'name', 'env', 'tasks' and 'agent'")
    lines: dict[KeyPath, int] = {}
    _note_lines(node, (), path, lines)
    return data, lines


def _note_lines(node: yaml.Node, at: KeyPath, path: Path, lines: dict[KeyPath, int]) -> None:
    if isinstance(node, yaml.MappingNode):
        for key, value in node.value:
            here = (*at, key.value)
            line = key.start_mark.line + 1
            if here in lines:
                raise SuiteError(
                    f"{path}:{line}: {_dotted(here)}: given twice, first on line {lines[here]}; "
                    f"keep one"
                )
            lines[here] = line
            _note_lines(value, here, path, lines)
    elif isinstance(node, yaml.SequenceNode):
        for index, value in enumerate(node.value):
            lines[(*at, index)] = value.start_mark.line + 1
            _note_lines(value, (*at, index), path, lines)


def _override(data: dict[str, Any], lines: dict[KeyPath, int], override: str) -> None:
    dotted, equals, text = override.partition("=")
    *parents, last = dotted.split(".")
    if not equals or not all([*parents, last]):
        raise SuiteError(f"--set {override}: expected KEY=VALUE, such as rollouts.concurrency=8")
    try:
        value = yaml.safe_load(text)
    except yaml.YAMLError as exc:
        raise SuiteError(f"--set {override}: the value is no YAML: {exc}") from None
    node: Any = data
    for key in parents:
        if node.get(key) is None:
            node[key] = {}
        node = node[key]
        if not isinstance(node, dict):
            raise SuiteError(f"--set {override}: '{key}' is not a section of the suite")
    node[last] = value
    replaced = tuple(dotted.split("."))
    for at in [at for at in lines if at[: len(replaced)] == replaced]:
        del lines[at]


def _resolve_file(data: Any, key_path: KeyPath, folder: Path) -> None:
    first, *rest = key_path
    if not isinstance(data, dict):
        return
    if rest:
        for key in data if first == "*" else (first,):
            _resolve_file(data.get(key), tuple(rest), folder)
        return
    name = data.get(first)
    if not isinstance(name, str):
        return
    for candidate in (folder / name, Path(os.path.expanduser(name))):  # noqa: PTH111 - never raises
        if candidate.exists():
            data[first] = str(candidate.resolve())
            return


def _resolve_module(data: dict[str, Any], folder: Path) -> None:
    """Note where a user's own environment lies: the resolved suite is read from elsewhere."""
    env = data.get("env")
    if isinstance(env, dict) and ":" in str(env.get("id")):
        env.setdefault("folder", str(folder.resolve()))


def _problem(error: Any, data: Mapping[str, Any], path: Path, lines: Mapping[KeyPath, int]) -> str:
    location: KeyPath = error["loc"]
    at = _without_union_tags(location, data)
    where = f"{_where(path, lines, at)}: {_dotted(at)}"
    if error["type"] == "extra_forbidden":
        known = known_keys(SuiteSpec, location[:-1])
        suggestion = nearest(str(at[-1]), known) or f"; known: {', '.join(known)}"
        return f"{where}: unknown key{suggestion}"
    if error["type"] == "missing":
        return f"{where}: missing; a suite must say it"
    message = error["msg"].removeprefix("Value error, ")
    given = error["input"]
    shown = f", got {given!r}" if isinstance(given, str | int | float | bool) else ""
    return f"{where}: {message[0].lower()}{message[1:]}{shown}"


def _without_union_tags(location: KeyPath, data: Any) -> KeyPath:
    """Drop the steps of a pydantic location that name a member of a union, not a key."""
    at: list[str | int] = []
    for index, key in enumerate(location):
        last = index == len(location) - 1
        here = isinstance(data, dict) and key in data
        here = here or (isinstance(data, list) and isinstance(key, int) and key < len(data))
        if here:
            data = data[key]
        if here or last:
            at.append(key)
    return tuple(at)


def _where(path: Path, lines: Mapping[KeyPath, int], at: KeyPath) -> str:
    for length in range(len(at), 0, -1):
        if at[:length] in lines:
            return f"{path}:{lines[at[:length]]}"
    return str(path)


def _dotted(path: KeyPath) -> str:
    text = ""
    for key in path:
        text += f"[{key}]" if isinstance(key, int) else f".{key}" if text else key
    return text
