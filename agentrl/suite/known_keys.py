"""Which keys a suite knows at a place, read off the section classes."""

from collections.abc import Iterator, Sequence
from typing import Any, get_args

from pydantic import BaseModel


def known_keys(section: type[BaseModel], location: Sequence[str | int]) -> list[str]:
    """Return the keys of the section at ``location``, a pydantic error location.

    A step of the location that names a member of a union by its discriminator picks that member;
    one that is a key of a mapping, or a place in a list, changes nothing.
    """
    candidates = [section]
    for step in location:
        inner = list(_inner(candidates, step))
        candidates = inner or [c for c in candidates if _is_tagged(c, step)] or candidates
    return [key for candidate in candidates for key in candidate.model_fields]


def _inner(candidates: Sequence[type[BaseModel]], key: str | int) -> Iterator[type[BaseModel]]:
    for candidate in candidates:
        field = candidate.model_fields.get(str(key))
        if field is not None:
            yield from _models_in(field.annotation)


def _models_in(annotation: Any) -> Iterator[type[BaseModel]]:
    if isinstance(annotation, type) and issubclass(annotation, BaseModel):
        yield annotation
    for argument in get_args(annotation):
        yield from _models_in(argument)


def _is_tagged(section: type[BaseModel], tag: str | int) -> bool:
    return any(tag in get_args(field.annotation) for field in section.model_fields.values())
