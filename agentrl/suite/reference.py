"""The page that lists every key of a suite, written from the code.

``python -m agentrl.suite.reference > docs/suites.md`` writes it again.
"""

import sys
from collections.abc import Iterator, Sequence
from typing import Any, get_args, get_origin

from pydantic import BaseModel
from pydantic.fields import FieldInfo

from agentrl.suite.model import OpenAISpec, ReplaySpec, ScriptedSpec, TransformersSpec, VllmSpec
from agentrl.suite.spec import SuiteSpec

BACKENDS = (TransformersSpec, VllmSpec, OpenAISpec, ReplaySpec, ScriptedSpec)

TAGS = ("backend", "kind", "mode")
"""Keys that tell the sections apart that may stand in one place."""

HEAD = """\
# Every key of a suite

This page is written from the code: `python -m agentrl.suite.reference > docs/suites.md`.

A key that is not listed here is refused, with the line it stands on and the nearest known key.
`--set a.b=c` overrides any key on the command line; the value is read as YAML. Files are looked
for beside the suite file first, then from the current folder.

`<name>` is a name of your choice, and `[]` one of a list. A section is described where it first
stands.
"""


def reference() -> str:
    """Return the page as Markdown."""
    page = _Page()
    parts = [HEAD, *page.section("", SuiteSpec)]
    for backend in BACKENDS:
        parts += page.section("agent.model", backend, "backend")
    return "\n".join(parts)


class _Page:
    """Tells of each section once, where it is met first."""

    def __init__(self) -> None:
        self._told = dict.fromkeys(BACKENDS, "agent.model")

    def section(self, path: str, section: type[BaseModel], tag: str | None = None) -> Iterator[str]:
        """Yield a section and those below it.

        Args:
            path: where it stands.
            section: what it is.
            tag: the key that tells it from its siblings.
        """
        choice = get_args(section.model_fields[tag].annotation)[0] if tag else ""
        note = f" with `{tag}: {choice}`" if tag else ""
        inside = f"{path.removesuffix('>')}: {choice}>" if tag and path.endswith(">") else path
        yield f"## {f'`{path}`{note}' if path else 'The file'}\n\n{_plain(section.__doc__ or '')}\n"
        rows, below = [], []
        for name, field in section.model_fields.items():
            members = _sections_in(field.annotation)
            place = _place(f"{inside}.{name}".lstrip("."), field.annotation)
            values = _type_name(field.annotation)
            if members and members[0] in self._told:
                values += f", as in `{self._told[members[0]]}`"
            key = _tag_of(members)
            below += [(place, member, key) for member in members if member not in self._told]
            self._told |= {member: place for member in members if member not in self._told}
            if name != tag:
                rows.append(f"| `{name}` | {values} | {_default(field)} | {_meaning(field)} |")
        yield (
            "| key | values | default | meaning |\n|---|---|---|---|" if rows else "No other keys."
        )
        yield from rows
        yield ""
        for inner_path, inner, key in below:
            yield from self.section(inner_path, inner, key)


def _sections_in(annotation: Any) -> list[type[BaseModel]]:
    """Return every section that a key may hold: itself, in a list or in a mapping."""
    if isinstance(annotation, type) and issubclass(annotation, BaseModel):
        return [annotation]
    return [inner for argument in get_args(annotation) for inner in _sections_in(argument)]


def _place(path: str, annotation: Any) -> str:
    """Return a path, with a mark where what it holds is one of a list or a mapping."""
    for choice in (annotation, *get_args(annotation)):
        if get_origin(choice) is dict:
            return f"{path}.<name>"
        if get_origin(choice) is tuple:
            return f"{path}[]"
    return path


def _tag_of(members: Sequence[type[BaseModel]]) -> str | None:
    """Return the key whose value tells several sections apart."""
    if len(members) < 2:
        return None
    return next(
        (key for key in TAGS if all(key in member.model_fields for member in members)), None
    )


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
    default = field.get_default(call_default_factory=True)
    if default in (None, "") or isinstance(default, BaseModel):
        return ""
    if isinstance(default, dict) and any(isinstance(v, BaseModel) for v in default.values()):
        return ", ".join(f"`{name}`" for name in default)
    default = list(default) if isinstance(default, tuple) else default
    return f"`{str(default).lower() if isinstance(default, bool) else default}`"


def _meaning(field: FieldInfo) -> str:
    sections = _sections_in(field.annotation)
    only = sections[0].__doc__ if len(sections) == 1 else None
    return _plain(field.description or only or "").replace("|", r"\|")


def _plain(text: str) -> str:
    return " ".join(text.replace("``", "`").split())


if __name__ == "__main__":
    sys.stdout.write(reference())
