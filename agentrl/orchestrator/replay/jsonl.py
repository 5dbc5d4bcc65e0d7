"""Our own form of a recording: JSON lines, one answer a line.

``item`` and ``model`` say what was asked and who answered; ``text`` (the answer) or ``correct``
(whether it was right) or both say what came. Optional are ``answer`` (what was read off the text),
``tokens_in``, ``tokens_out``, ``latency_s``, and about the item ``question``, ``reference``,
``group`` and ``prompt_chars``, of which the first line that has them counts. Several lines of one
item and model are several trials.
"""

from collections import defaultdict
from collections.abc import Iterator
from dataclasses import replace
from pathlib import Path
from typing import Any

from agentrl.errors import RecordError
from agentrl.orchestrator.replay.lines import Json, existing, json_lines, want
from agentrl.orchestrator.replay.recording import Item, Recorded, Recording


def read_jsonl(path: Path, models: frozenset[str] | None = None) -> Recording:
    """Read a file, or every ``.jsonl`` and ``.jsonl.gz`` of a folder in order of their names.

    Args:
        path: the file or folder.
        models: whose answers are kept; None: everybody's.

    Raises:
        UsageError: there is no such file, or none in the folder.
        RecordError: a line lacks something; the message names it.
    """
    items: dict[str, Item] = {}
    answers: dict[tuple[str, str], list[Recorded]] = defaultdict(list)
    known: dict[str, None] = {}
    for place, row in _rows(path):
        model = want(row, "model", str, place)
        item = str(want(row, "item", (str, int), place))
        known[model] = None
        items[item] = _item(items.get(item) or Item(item), row)
        if models is None or model in models:
            answers[model, item].append(_recorded(row, place))
    kept = {key: tuple(trials) for key, trials in answers.items()}
    return Recording(str(path), items, kept, tuple(known))


def _rows(path: Path) -> Iterator[tuple[str, Json]]:
    existing(path, "recording")
    if not path.is_dir():
        yield from json_lines(path)
        return
    files = sorted([*path.glob("*.jsonl"), *path.glob("*.jsonl.gz")])
    if not files:
        raise RecordError(f"{path}: the folder holds no .jsonl or .jsonl.gz")
    for file in files:
        yield from json_lines(file)


def _item(item: Item, row: Json) -> Item:
    chars = row.get("prompt_chars") if item.prompt_chars is None else item.prompt_chars
    return replace(
        item,
        question=item.question or str(row.get("question", "")),
        answer=item.answer if item.answer is not None else _text(row.get("reference")),
        group=item.group or str(row.get("group", "")),
        prompt_chars=chars if isinstance(chars, int) else None,
    )


def _recorded(row: Json, place: str) -> Recorded:
    if row.get("text") is None and row.get("correct") is None:
        raise RecordError(f"{place}: neither 'text' nor 'correct' says what the model answered")
    correct = row.get("correct")
    return Recorded(
        text=_text(row.get("text")),
        answer=_text(row.get("answer")),
        correct=None if correct is None else bool(want(row, "correct", (bool, int), place)),
        tokens_in=_tokens(row, "tokens_in", place),
        tokens_out=_tokens(row, "tokens_out", place),
        latency_s=max(float(row.get("latency_s") or 0.0), 0.0),
    )


def _tokens(row: Json, key: str, place: str) -> int | None:
    if row.get(key) is None:
        return None
    tokens = int(want(row, key, int, place))
    if tokens < 0:
        raise RecordError(f"{place}: {key!r} is {tokens}; an answer has no less than 0 tokens")
    return tokens


def _text(value: Any) -> str | None:
    return None if value is None else str(value)
