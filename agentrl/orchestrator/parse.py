"""Reading a workflow from what a model wrote.

Two forms are understood. The Conductor's (arXiv 2512.04388) has three lists of one length, as
Python or JSON, one entry a step::

    model_id = [0, 2]
    subtasks = ["Find the formula.", "Use the formula to answer."]
    access_list = [[], "all"]

``model_id`` counts the pool's workers from 0. A step sees no earlier step (``[]``), all of them
(``"all"``) or those with the given numbers (``[0, 2]``); the last step answers. Three empty lists
keep the answer of before. The other form is our JSON, an object with ``nodes``.

Thinking before the last ``</think>`` is passed over, and of several drafts the last one counts.
Nothing is ever run: values are read as literals.
"""

import json
import re
from collections.abc import Sequence
from typing import Any

from agentrl.orchestrator.limits import HasLimits, Limits
from agentrl.orchestrator.literals import Unreadable, extent, literal
from agentrl.orchestrator.workflow import (
    Node,
    Workflow,
    WorkflowError,
    check_instruction,
    shown,
)

TEXT_CHARS = 200_000
"""Longest text that is looked at, in characters; our choice."""

LISTS = ("model_id", "subtasks", "access_list")

_HOW = (
    'write model_id = [...], subtasks = [...] and access_list = [...], such as [0], ["..."], [[]]'
)
_KEY = re.compile(r"\b(model_id|subtasks|access_list)\b[\"'`*]*\s*[:=]\s*(?=(\S?))")
_JSON_FORM = re.compile(r'\{\s*"(?:nodes|answers|vote)"\s*:')
_ANONYMOUS = re.compile(r"Model (\d{1,6})", re.ASCII)
_MOST_DRAFTS = 4
_MOST_UNREADABLE = 32  # each may cost a pass over the text


def parse_workflow(
    text: str,
    names: Sequence[str],
    limits: HasLimits = Limits(),  # noqa: B008
    *,
    anonymous: bool = False,
) -> Workflow | None:
    """Return the workflow that a text holds, or None where it keeps the answer of before.

    Args:
        text: what a model wrote.
        names: the pool's workers, in the order in which the model was told them.
        limits: how large the workflow may be.
        anonymous: the model was told "Model 0", "Model 1" and so on instead of the names, so that
            no name stands in a message, and none is understood.

    Raises:
        WorkflowError: there is no workflow in it, or one that the pool or the limits do not allow;
            the message is meant for who wrote the text.
    """
    if len(text) > TEXT_CHARS:
        raise WorkflowError(
            f"the text has {len(text)} characters, at most {TEXT_CHARS} are read; write less"
        )
    said = text.rpartition("</think>")[2]
    if not said.strip() or ("<think>" in said and not _KEY.search(said)):
        raise WorkflowError(f"there is nothing after the thinking; {_HOW}")
    told = [f"Model {index}" for index in range(len(names))] if anonymous else names
    drafts = [draft.start() for draft in _JSON_FORM.finditer(said)]
    workflow = (
        _json_form(said, drafts, told) if drafts else _three_lists(_read_lists(said), told, limits)
    )
    if workflow is None:
        return None
    workflow.validate(told, limits)
    return workflow.with_workers(dict(zip(told, names, strict=True)))


def _json_form(text: str, starts: Sequence[int], names: Sequence[str]) -> Workflow:
    decoder = json.JSONDecoder(strict=False)
    problem = ""
    for start in reversed(starts[-_MOST_DRAFTS:]):
        try:
            data, _ = decoder.raw_decode(text, start)
        except (ValueError, RecursionError) as exc:
            problem = problem or str(exc)
            continue
        if isinstance(data, dict) and "nodes" in data:
            return Workflow.from_data(_with_names(data, names))
    raise WorkflowError(
        f"the JSON of the workflow cannot be read: {problem or 'it has no nodes'}; write one "
        f'object such as {{"nodes": [{{"id": "a", "worker": "...", "instruction": "..."}}]}}'
    )


def _with_names(data: dict[str, Any], names: Sequence[str]) -> dict[str, Any]:
    """Put names where a model wrote a worker's number, or "Model 3"."""
    rows = data["nodes"]
    if not isinstance(rows, list):
        return data
    named = [
        {**row, "worker": _name(row["worker"], names)}
        if isinstance(row, dict) and "worker" in row
        else row
        for row in rows
    ]
    return {**data, "nodes": named}


def _name(worker: Any, names: Sequence[str]) -> Any:
    if isinstance(worker, str) and worker not in names:
        anonymous = _ANONYMOUS.fullmatch(worker)
        worker = int(anonymous[1]) if anonymous else worker
    if isinstance(worker, int) and not isinstance(worker, bool) and 0 <= worker < len(names):
        return names[worker]
    return f"Model {worker}" if isinstance(worker, int) else worker


def _read_lists(text: str) -> dict[str, list[Any]]:
    """Return the last readable list of each name.

    Raises:
        WorkflowError: one of them is missing or cannot be read.
    """
    lists: dict[str, list[Any]] = {}
    problems: dict[str, str] = {}
    at = unreadable = 0
    while unreadable < _MOST_UNREADABLE and (found := _KEY.search(text, at)):
        at = found.end()
        value = _list_at(text, at, found[2])
        if isinstance(value, Unreadable):
            problems[found[1]] = value.why
            unreadable += 1
        else:
            lists[found[1]], at = value
            problems.pop(found[1], None)
    for key in LISTS:
        if key in problems:
            raise WorkflowError(f"{key} cannot be read: {problems[key]}; {_HOW}")
    missing = [key for key in LISTS if key not in lists]
    if len(missing) == len(LISTS):
        raise WorkflowError(f"there is no workflow in the text; {_HOW}")
    if missing:
        raise WorkflowError(f"{' and '.join(missing)} is missing; {_HOW}")
    return lists


def _list_at(text: str, start: int, first: str) -> tuple[list[Any], int] | Unreadable:
    if first != "[":
        return Unreadable(
            f"it begins with {shown(first)} and is no list in square brackets; write the values "
            f"themselves, code is not run"
        )
    end = extent(text, start)
    if isinstance(end, Unreadable):
        return end
    value = literal(text[start:end])
    if isinstance(value, Unreadable):
        return Unreadable(
            f"{shown(text[start:end])} is no list of plain values; write the values themselves, "
            f"code is not run"
        )
    return value, end


def _three_lists(
    lists: dict[str, list[Any]], names: Sequence[str], limits: HasLimits
) -> Workflow | None:
    sizes = {key: len(lists[key]) for key in LISTS}
    if len(set(sizes.values())) > 1:
        counts = ", ".join(f"{key} has {size}" for key, size in sizes.items())
        raise WorkflowError(f"the lists must have one entry for each step, but {counts}")
    steps = len(lists["model_id"])
    if steps == 0:
        return None
    if steps > limits.nodes:
        raise WorkflowError(
            f"there are {steps} steps, at most {limits.nodes} are allowed; use fewer"
        )
    nodes, rows = [], [lists[key] for key in LISTS]
    for step, (worker, subtask, access) in enumerate(zip(*rows, strict=True)):
        name = _worker(worker, names, step)
        text = _subtask(subtask, limits, step)
        nodes.append(Node(str(step), name, text, sees=_seen(access, step)))
    return Workflow(tuple(nodes))


def _worker(value: Any, names: Sequence[str], step: int) -> str:
    if not isinstance(value, int) or not _is_index(value) or not 0 <= value < len(names):
        raise WorkflowError(
            f"model_id[{step}] is {shown(value)}, expected a whole number from 0 to "
            f"{len(names) - 1}, one of the {len(names)} models"
        )
    return names[value]


def _subtask(value: Any, limits: HasLimits, step: int) -> str:
    if not isinstance(value, str) or not value.strip():
        raise WorkflowError(
            f"subtasks[{step}] is {shown(value)}, expected a text that tells the model what to do"
        )
    check_instruction(value, limits, f"step {step}")
    return value


def _seen(value: Any, step: int) -> tuple[str, ...]:
    if value == "all":
        return tuple(map(str, range(step)))
    if not isinstance(value, list) or not all(map(_is_index, value)):
        raise WorkflowError(
            f'access_list[{step}] is {shown(value)}, expected [], "all" or a list of the numbers '
            f"of earlier steps"
        )
    wrong = [seen for seen in value if not 0 <= seen < step]
    if wrong and step == 0:
        raise WorkflowError(
            f"access_list[0] is {shown(value)}, but step 0 is the first and sees nothing; write []"
        )
    if wrong:
        raise WorkflowError(
            f"access_list[{step}] names step {shown(wrong[0])}, but step {step} can only see "
            f"steps before it: 0 to {step - 1}"
        )
    return tuple(map(str, sorted(set(value))))


def _is_index(value: Any) -> bool:
    return isinstance(value, int) and not isinstance(value, bool)
