"""The page that lists every key of a suite, written from the code.

``python -m agentrl.suite.reference > docs/suites.md`` writes it again.
"""

import sys
from collections.abc import Iterator
from typing import Any, get_args

from pydantic import BaseModel
from pydantic.fields import FieldInfo

from agentrl.suite.model import OpenAISpec, ReplaySpec, ScriptedSpec, TransformersSpec, VllmSpec
from agentrl.suite.spec import SuiteSpec

BACKENDS = (TransformersSpec, VllmSpec, OpenAISpec, ReplaySpec, ScriptedSpec)

HEAD = """\
# Every key of a suite

This page is written from the code: `python -m agentrl.suite.reference > docs/suites.md`.

A key that is not listed here is refused, with the line it stands on and the nearest known key.
`--set a.b=c` overrides any key on the command line; the value is read as YAML. Files are looked
for beside the suite file first, then from the current folder.
"""


def reference() -> str:
    """Return the page as Markdown."""
    parts = [HEAD, *_section("", SuiteSpec)]
    for backend in BACKENDS:
        tag = get_args(backend.model_fields["backend"].annotation)[0]
        parts += _section("agent.model", backend, note=f" with `backend: {tag}`")
    return "\n".join(parts)


def _section(path: str, section: type[BaseModel], note: str = "") -> Iterator[str]:
    title = f"`{path}`{note}" if path else "The file"
    yield f"## {title}\n\n{section.__doc__}\n"
    yield "| key | values | default | meaning |\n|---|---|---|---|"
    below: list[tuple[str, type[BaseModel]]] = []
    for name, field in section.model_fields.items():
        inner = _inner_section(field)
        if inner is not None:
            below.append((f"{path}.{name}".lstrip("."), inner))
        if name != "backend" or section not in BACKENDS:
            cells = (f"`{name}`", _type_name(field.annotation), _default(field), _meaning(field))
            yield f"| {' | '.join(cells)} |"
    yield ""
    for inner_path, inner in below:
        yield from _section(inner_path, inner)


def _inner_section(field: FieldInfo) -> type[BaseModel] | None:
    """Return the section that a key holds; a model's backends have sections of their own."""
    for choice in (field.annotation, *get_args(field.annotation)):
        if isinstance(choice, type) and issubclass(choice, BaseModel) and choice not in BACKENDS:
            return choice
    return None


def _type_name(annotation: Any) -> str:
    arguments = get_args(annotation)
    if getattr(annotation, "__origin__", None) is tuple:
        return f"list of {_type_name(arguments[0])}"
    if getattr(annotation, "__origin__", None) is dict:
        return "mapping"
    if arguments and all(isinstance(argument, str) for argument in arguments):
        return ", ".join(f"`{argument}`" for argument in arguments)
    if arguments:
        names = dict.fromkeys(_type_name(a) for a in arguments if a is not type(None))
        return " or ".join(name for name in names if name)
    if isinstance(annotation, type):
        if issubclass(annotation, BaseModel):
            return "section"
        return {str: "text", int: "whole number", float: "number", bool: "true, false"}.get(
            annotation, annotation.__name__
        )
    return ""


def _default(field: FieldInfo) -> str:
    if field.is_required():
        return "required"
    if field.default is None or isinstance(field.default, BaseModel):
        return ""
    default = list(field.default) if isinstance(field.default, tuple) else field.default
    return f"`{str(default).lower() if isinstance(default, bool) else default}`"


def _meaning(field: FieldInfo) -> str:
    inner = _inner_section(field)
    text = field.description or (inner.__doc__ if inner else None) or ""
    return " ".join(text.replace("``", "`").split()).replace("|", r"\|")


if __name__ == "__main__":
    sys.stdout.write(reference())
