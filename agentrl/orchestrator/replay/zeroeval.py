"""Recordings in ZeroEval's form: a folder with three files a task, and a list of prices.

``<task>.items.jsonl.gz`` (``id``, ``question``, ``answer``, ``prompt_chars``),
``<task>.outcomes.jsonl.gz`` (``id``, ``model``, ``correct``, ``answer``, ``out_chars``),
``<task>.outputs.jsonl.gz`` (``id``, ``model``, ``output``) and ``prices.json`` (USD per million
tokens). Tokens are not recorded: they are counted as one for four characters.
"""

import json
from collections.abc import Iterator, Sequence
from pathlib import Path

from agentrl.errors import RecordError, UsageError, nearest
from agentrl.orchestrator.accounting import estimated_tokens
from agentrl.orchestrator.replay.lines import existing, json_lines, want
from agentrl.orchestrator.replay.recording import Item, Recorded, Recording

_ITEMS, _OUTCOMES, _OUTPUTS = ".items.jsonl.gz", ".outcomes.jsonl.gz", ".outputs.jsonl.gz"


def read_zeroeval(
    folder: Path,
    tasks: Sequence[str] = (),
    models: frozenset[str] | None = None,
    *,
    texts: bool = True,
) -> Recording:
    """Read tasks of a folder.

    Args:
        folder: where the files are.
        tasks: which tasks; none: all.
        models: whose answers are kept; None: everybody's.
        texts: keep the whole answers too, which takes memory and some seconds.

    Raises:
        UsageError: the folder or a task is not there.
        RecordError: a row lacks something, or two tasks share an id.
    """
    items: dict[str, Item] = {}
    answers: dict[tuple[str, str], tuple[Recorded, ...]] = {}
    known: dict[str, None] = {}
    for task in _tasks(folder, tasks):
        for item in read_items(folder, task):
            if item.id in items:
                raise RecordError(f"{folder}: the id {item.id!r} stands in two tasks; choose one")
            items[item.id] = item
        outputs = dict(_outputs(folder, task, models)) if texts else {}
        for place, row in json_lines(folder / f"{task}{_OUTCOMES}"):
            model, item_id = want(row, "model", str, place), str(row.get("id"))
            known[model] = None
            if (models is None or model in models) and item_id in items:
                answers[model, item_id] = (
                    Recorded(
                        text=outputs.get((model, item_id)),
                        answer=str(row.get("answer", "")),
                        correct=bool(want(row, "correct", (int, bool), place)),
                        tokens_in=estimated_tokens(items[item_id].prompt_chars or 0),
                        tokens_out=estimated_tokens(want(row, "out_chars", int, place)),
                    ),
                )
    return Recording(str(folder), items, answers, tuple(known), read_prices(folder))


def read_items(folder: Path, task: str) -> Iterator[Item]:
    """Yield what was asked in one task, in its order.

    Raises:
        UsageError: the task is not there.
        RecordError: a row lacks something.
    """
    for place, row in json_lines(folder / f"{task}{_ITEMS}"):
        yield Item(
            id=str(want(row, "id", (str, int), place)),
            question=want(row, "question", str, place),
            answer=str(row.get("answer", "")).removeprefix("# "),
            group=task,
            prompt_chars=want(row, "prompt_chars", int, place),
        )


def read_prices(folder: Path) -> dict[str, tuple[float, float]]:
    """Return the USD per million tokens in and out by model; empty where no list is there.

    Raises:
        RecordError: the list cannot be read.
    """
    file = folder / "prices.json"
    if not file.is_file():
        return {}
    try:
        prices = json.loads(file.read_text(encoding="utf-8"))["prices"]
        return {
            str(model): (float(price["usd_per_1M_in"]), float(price["usd_per_1M_out"]))
            for model, price in prices.items()
        }
    except (OSError, ValueError, KeyError, TypeError, AttributeError) as exc:
        raise RecordError(f"{file}: no list of prices: {type(exc).__name__}: {exc}") from None


def _tasks(folder: Path, asked: Sequence[str]) -> list[str]:
    existing(folder, "ZeroEval recording")
    there = sorted(path.name.removesuffix(_ITEMS) for path in folder.glob(f"*{_ITEMS}"))
    for task in asked:
        if task not in there:
            hint = nearest(task, there) or f"; there are {', '.join(there) or 'none'}"
            raise UsageError(f"{folder}: no task {task!r}{hint}")
    if not there:
        raise UsageError(f"{folder}: no ZeroEval recording: no file is called *{_ITEMS}")
    return list(asked) or there


def _outputs(
    folder: Path, task: str, models: frozenset[str] | None
) -> Iterator[tuple[tuple[str, str], str]]:
    file = folder / f"{task}{_OUTPUTS}"
    if not file.exists():
        return
    for _, row in json_lines(file):
        if models is None or row.get("model") in models:
            yield (str(row.get("model")), str(row.get("id"))), str(row.get("output", ""))
