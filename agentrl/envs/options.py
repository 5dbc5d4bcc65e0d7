"""What an environment can be told, read off its constructor and its docstring."""

import inspect
import json
import re
import types
import typing
from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any, Literal, Union

from agentrl.envs.base import TextEnv

_NOT_OPTIONS = ("self", "render_mode")
_ENTRY = re.compile(r"^(\s*)(\w+)(?:\s*\([^)]*\))?:\s*(.*)$")


@dataclass(frozen=True, slots=True)
class Option:
    """One argument of an environment, as a suite's ``env.options`` may give it."""

    name: str
    type: str
    """What may be given, in Python's notation."""
    default: str | None
    """What holds where it is not given, as a suite would write it; None: it must be given."""
    text: str
    """What it means, from the docstring."""


def describe_options(env_class: type[TextEnv]) -> tuple[Option, ...]:
    """Return the options of an environment in the order of its constructor."""
    texts = _documented(inspect.getdoc(env_class) or "")
    texts |= _documented(inspect.getdoc(env_class.__init__) or "")
    hints = annotations(env_class)
    return tuple(
        Option(
            name=name,
            type=_shown(hints.get(name, Any)),
            default=_default(parameter.default),
            text=texts.get(name, ""),
        )
        for name, parameter in parameters(env_class).items()
    )


def parameters(env_class: type[TextEnv]) -> dict[str, inspect.Parameter]:
    """Return the constructor's parameters that are options, by name."""
    signature = inspect.signature(env_class.__init__)
    return {
        name: parameter
        for name, parameter in signature.parameters.items()
        if name not in _NOT_OPTIONS
        and not (name == "sandbox" and (env_class.sandboxed or env_class.orchestrated))
        and not (name == "orchestrator" and env_class.orchestrated)
        and parameter.kind in (parameter.POSITIONAL_OR_KEYWORD, parameter.KEYWORD_ONLY)
    }


def takes_any(env_class: type[TextEnv]) -> bool:
    """Return whether the constructor takes options that its signature does not name."""
    signature = inspect.signature(env_class.__init__)
    return any(p.kind is p.VAR_KEYWORD for p in signature.parameters.values())


def annotations(env_class: type[TextEnv]) -> Mapping[str, Any]:
    """Return the type of each of the constructor's parameters that has one."""
    return typing.get_type_hints(env_class.__init__)


def _documented(doc: str) -> dict[str, str]:
    """Return the entries of the ``Args:`` section of a Google-style docstring."""
    _, found, section = doc.partition("Args:\n")
    texts: dict[str, str] = {}
    depth, name = None, ""
    for line in section.splitlines() if found else []:
        if line.strip() and not line.startswith(" "):
            break
        entry = _ENTRY.match(line)
        if entry and depth in (None, len(entry[1])):
            depth, name = len(entry[1]), entry[2]
            texts[name] = entry[3].strip()
        elif name and line.strip():
            texts[name] = f"{texts[name]} {line.strip()}".strip()
    return texts


def _default(value: Any) -> str | None:
    if value is inspect.Parameter.empty:
        return None
    return json.dumps(value, default=str, ensure_ascii=False)


def _shown(hint: Any) -> str:
    origin, arguments = typing.get_origin(hint), typing.get_args(hint)
    if origin in (Union, types.UnionType):
        return " | ".join(_shown(argument) for argument in arguments)
    if origin is Literal:
        return " | ".join(json.dumps(argument) for argument in arguments)
    if origin is None:
        return "None" if hint is type(None) else getattr(hint, "__name__", str(hint))
    inner = ", ".join("..." if a is Ellipsis else _shown(a) for a in arguments)
    return f"{getattr(origin, '__name__', origin)}[{inner}]"
