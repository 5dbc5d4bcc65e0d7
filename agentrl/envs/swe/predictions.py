"""Predictions: what somebody's agent answered to instances, in SWE-bench's form."""

import json
from collections.abc import Collection, Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from agentrl.envs.swe.instance import Instance
from agentrl.envs.swe.source import complete
from agentrl.errors import TaskError, UsageError, nearest

GOLD = "gold"
"""Word for the instances' own solutions in place of a file."""

EMPTY = "empty"
"""Word for an empty patch for every instance, which resolves none."""

_ID, _MODEL, _PATCH = "instance_id", "model_name_or_path", "model_patch"
_SHOWN = 5  # most names in a complaint


@dataclass(frozen=True, slots=True)
class Prediction:
    """One answer."""

    instance_id: str
    model: str
    """Who gave it; ``unknown`` where the file does not say."""
    patch: str
    """A unified diff; empty where there was none."""


def read_predictions(
    source: str | Path, instances: Sequence[Instance], *, only: Collection[str] = ()
) -> tuple[Prediction, ...]:
    """Read the predictions for some instances.

    Args:
        source: a ``.json`` file with a list of predictions or a mapping from id to prediction, a
            ``.jsonl`` file with one a line, or the word ``gold`` or ``empty``.
        instances: the tasks; every prediction must be for one of them, not every one of them needs
            a prediction.
        only: ids of the instances whose predictions are wanted; empty: all.

    Returns:
        The predictions, in the order of the instances.

    Raises:
        UsageError: the file cannot be read, or a prediction lacks something, is for no known
            instance, or is the model's second for the same; the message names the line.
    """
    wanted = [instance for instance in instances if not only or instance.id in only]
    if str(source) == EMPTY:
        return tuple(Prediction(instance.id, EMPTY, "") for instance in wanted)
    if str(source) == GOLD:
        return tuple(Prediction(instance.id, GOLD, _gold(instance)) for instance in wanted)
    path = Path(source)
    known = {instance.id: number for number, instance in enumerate(instances)}
    read = list(_unique(_predictions(path)))
    if unknown := [each.instance_id for each in read if each.instance_id not in known]:
        raise UsageError(f"{path}: {_unknown(unknown, known)}")
    chosen = [each for each in read if not only or each.instance_id in only]
    return tuple(sorted(chosen, key=lambda each: known[each.instance_id]))


def _gold(instance: Instance) -> str:
    """Return the instance's own patch; that of a pair of releases is made from them.

    Raises:
        TaskError: it has none.
        UsageError: a release cannot be fetched.
    """
    instance = complete(instance)
    if not instance.patch.strip():
        more = "; it is solved by a script, which is no patch" if instance.solution else ""
        raise TaskError(f"{instance.id}: has no gold patch that could be graded{more}")
    return instance.patch


def _predictions(path: Path) -> Iterator[tuple[str, Prediction]]:
    """Yield every prediction of a file, and where it stands."""
    if path.suffix not in (".json", ".jsonl"):
        raise UsageError(
            f"{path}: expected predictions in a .json or .jsonl file, or the word {GOLD} or {EMPTY}"
        )
    text = _text(path)
    rows = _lines(path, text) if path.suffix == ".jsonl" else _listed(path, text)
    for place, row in rows:
        yield place, _prediction(place, row)


def _lines(path: Path, text: str) -> Iterator[tuple[str, Any]]:
    for number, line in enumerate(text.split("\n"), 1):
        if line.strip():
            yield f"{path}:{number}", _decoded(f"{path}:{number}", line)


def _listed(path: Path, text: str) -> Iterator[tuple[str, Any]]:
    value = _decoded(str(path), text)
    if isinstance(value, Mapping) and _ID not in value:
        for name, row in value.items():
            yield f"{path}[{name!r}]", _under(f"{path}[{name!r}]", name, row)
        return
    rows = value if isinstance(value, list) else [value]
    yield from ((f"{path}[{index}]", row) for index, row in enumerate(rows))


def _under(place: str, name: str, row: Any) -> Any:
    """Return a prediction of a mapping, whose key is its id; the value may be the patch alone."""
    if row is None or isinstance(row, str):
        return {_ID: name, _PATCH: row}
    if isinstance(row, Mapping):
        if row.get(_ID, name) != name:
            raise UsageError(f"{place}: {_ID} is {row[_ID]!r}, but its key is {name!r}")
        return {_ID: name, **row}
    return row


def _prediction(place: str, row: Any) -> Prediction:
    if not isinstance(row, Mapping):
        raise UsageError(
            f"{place}: expected an object with {_ID} and {_PATCH}, got {str(row)[:40]}"
        )
    for key in (_ID, _PATCH):
        if key not in row:
            raise UsageError(
                f"{place}: {key} is missing{nearest(key, map(str, row))}; it has "
                f"{', '.join(map(str, row)) or 'nothing'}"
            )
    name, patch = row[_ID], row[_PATCH]
    model = row.get(_MODEL) or "unknown"
    for key, value in ((_ID, name), (_MODEL, model), (_PATCH, patch or "")):
        if not isinstance(value, str):
            raise UsageError(f"{place}: {key}: expected text, got {str(value)[:40]}")
    return Prediction(name, model, patch or "")


def _unique(placed: Iterable[tuple[str, Prediction]]) -> Iterator[Prediction]:
    seen: dict[tuple[str, str], str] = {}
    for place, prediction in placed:
        key = (prediction.instance_id, prediction.model)
        if key in seen:
            raise UsageError(
                f"{place}: a second prediction of {prediction.model} for {prediction.instance_id}, "
                f"which has one at {seen[key]}; leave one"
            )
        seen[key] = place
        yield prediction


def _unknown(unknown: Sequence[str], known: Mapping[str, int]) -> str:
    shown = ", ".join(f"{name}{nearest(name, known)}" for name in unknown[:_SHOWN])
    more = f" and {len(unknown) - _SHOWN} more" if len(unknown) > _SHOWN else ""
    return (
        f"predictions for {len(unknown)} instances that are not among the {len(known)} of the "
        f"tasks: {shown}{more}; check that the tasks are those that were attempted"
    )


def _decoded(place: str, text: str) -> Any:
    try:
        return json.loads(text)
    except json.JSONDecodeError as exc:
        where = place if exc.lineno == 1 else f"{place}:{exc.lineno}"
        raise UsageError(f"{where}: no JSON: {exc.msg} at column {exc.colno}") from None
    except RecursionError:
        raise UsageError(f"{place}: no JSON: nested too deeply") from None


def _text(path: Path) -> str:
    try:
        return path.read_text(encoding="utf-8-sig")
    except UnicodeDecodeError as exc:
        raise UsageError(f"{path}: predictions are UTF-8 text: {exc}") from None
    except OSError as exc:
        raise UsageError(
            f"{path}: cannot read it: {exc.strerror}; expected a .json or .jsonl file, or the word "
            f"{GOLD} or {EMPTY}"
        ) from None
