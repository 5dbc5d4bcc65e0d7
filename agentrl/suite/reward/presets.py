"""Rewards by the name of their paper: each a plain YAML file that a suite may build on."""

from collections.abc import Mapping
from importlib.resources import files
from typing import Any

import yaml

from agentrl.errors import nearest

Data = dict[str, Any]

SHORT = {"terms": "weight"}
"""In these mappings a number is short for a mapping with this key."""

KINDS = {"kind": "fact", "mode": None}
"""Keys that say what a mapping is, and what it is without: one of another kind has nothing to merge
with."""


def preset_names() -> list[str]:
    """Return the names of all presets."""
    folder = files("agentrl.suite.reward") / "preset"
    return sorted(file.name.removesuffix(".yaml") for file in folder.iterdir())


def preset_yaml(name: str) -> str:
    """Return a preset's file, with the comment that says where it is from.

    Raises:
        ValueError: there is none of that name.
    """
    known = preset_names()
    if name not in known:
        hint = nearest(name, known) or ""
        raise ValueError(f"no reward preset is called {name!r}{hint}; there are {', '.join(known)}")
    return (files("agentrl.suite.reward") / "preset" / f"{name}.yaml").read_text(encoding="utf-8")


def expanded(data: Mapping[str, Any]) -> Data:
    """Return a ``reward`` section with its preset written out, and what stands beside it on top.

    Mappings are merged key by key, and a null removes a key: ``terms: {format: null}`` drops a term
    of the preset. A part of another kind, and anything that is no mapping, replaces what the preset
    says.

    Raises:
        ValueError: there is no such preset.
    """
    own = dict(data)
    name = own.pop("preset", None)
    if name is None:
        return own
    merged: Data = _merged(yaml.safe_load(preset_yaml(str(name))), own, ())
    return merged


def _merged(base: Any, own: Any, at: tuple[str, ...]) -> Any:
    short = SHORT.get(at[0]) if len(at) == 2 else None
    if short and isinstance(base, Mapping) and _is_number(own):
        return {**base, short: own}
    if short and _is_number(base) and isinstance(own, Mapping):
        base = {short: base}
    if not (isinstance(base, Mapping) and isinstance(own, Mapping)) or _other_kind(base, own):
        return own
    merged = {key: value for key, value in base.items() if key not in own}
    for key, value in own.items():
        if value is not None:
            merged[key] = _merged(base[key], value, (*at, key)) if key in base else value
    return merged


def _other_kind(base: Mapping[str, Any], own: Mapping[str, Any]) -> bool:
    return any(own.get(key) not in (None, base.get(key, usual)) for key, usual in KINDS.items())


def _is_number(value: object) -> bool:
    return isinstance(value, int | float) and not isinstance(value, bool)
