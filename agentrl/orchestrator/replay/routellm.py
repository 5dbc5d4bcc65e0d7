"""Recordings in RouteLLM's form: CSV files of prompts, and whether each model was right.

A file has the column ``prompt``, a column of ``True`` and ``False`` for each model and, where the
answers were kept, ``<model>_response``. Rows that a ``<benchmark>_contaminated_prompts.jsonl``
beside the file or one folder up lists as ``eval_prompt`` are left out, as in the paper. Tokens are
not recorded: they are counted as one for four characters.
"""

import csv
from collections.abc import Iterator, Sequence
from pathlib import Path

from agentrl.errors import RecordError, UsageError
from agentrl.orchestrator.accounting import estimated_tokens
from agentrl.orchestrator.replay.lines import existing, json_lines
from agentrl.orchestrator.replay.recording import Item, Recorded, Recording

PRICES = {
    "gpt-4-1106-preview": (24.7, 24.7),
    "mistralai/Mixtral-8x7B-Instruct-v0.1": (0.24, 0.24),
}
"""The paper's flat prices (arXiv 2406.18665), in USD per million tokens."""
_RESPONSE = "_response"
_CONTAMINATED = "_contaminated_prompts.jsonl"


def read_routellm(path: Path, models: frozenset[str] | None = None) -> Recording:
    """Read a CSV file, or all of a folder (``mmlu/``).

    An item is called ``<file>-<row>``, the file's name without ``_responses`` and rows counted
    from 0 with those that are left out; its group is the file.

    Args:
        path: the file or folder.
        models: whose answers are kept; None: everybody's.

    Raises:
        UsageError: there is no such file, or none in the folder.
        RecordError: a file has no such columns.
    """
    items: dict[str, Item] = {}
    answers: dict[tuple[str, str], tuple[Recorded, ...]] = {}
    known: dict[str, None] = {}
    for file in _files(path):
        for item, by_model in _rows(file):
            items[item.id] = item
            for model, recorded in by_model.items():
                known[model] = None
                if models is None or model in models:
                    answers[model, item.id] = (recorded,)
    return Recording(str(path), items, answers, tuple(known), PRICES)


def _files(path: Path) -> list[Path]:
    existing(path, "RouteLLM recording")
    if not path.is_dir():
        return [path]
    files = sorted(path.glob("*.csv"))
    if not files:
        raise UsageError(f"{path}: no RouteLLM recording: the folder holds no .csv")
    return files


def _rows(file: Path) -> Iterator[tuple[Item, dict[str, Recorded]]]:
    csv.field_size_limit(2**27)
    stem = file.stem.removesuffix("_responses")
    dropped = _contaminated(file)
    with file.open(encoding="utf-8", newline="") as lines:
        rows = csv.DictReader(lines)
        models = _models(file, rows.fieldnames or ())
        for number, row in enumerate(rows):
            prompt = row["prompt"] or ""
            if prompt in dropped:
                continue
            item = Item(f"{stem}-{number}", prompt, group=stem, prompt_chars=len(prompt))
            yield item, {m: _recorded(row, m, f"{file}, row {number}") for m in models}


def _models(file: Path, names: Sequence[str]) -> list[str]:
    models = [c for c in names if c != "prompt" and not c.endswith(_RESPONSE)]
    if "prompt" not in names or not models:
        raise RecordError(
            f"{file}: no RouteLLM recording: expected a column 'prompt' and one for each model, "
            f"got {', '.join(names[:6]) or 'none'}"
        )
    return models


def _recorded(row: dict[str, str], model: str, place: str) -> Recorded:
    verdict = row[model]
    if verdict not in ("True", "False"):
        raise RecordError(f"{place}: {model!r} is {verdict!r}, expected True or False")
    text = row.get(f"{model}{_RESPONSE}")
    return Recorded(
        text=text,
        correct=verdict == "True",
        tokens_in=estimated_tokens(len(row["prompt"])),
        # Without its text an answer is a letter of a multiple choice.
        tokens_out=1 if text is None else estimated_tokens(len(text)),
    )


def _contaminated(file: Path) -> frozenset[str]:
    """Return the prompts to leave out: those of the benchmark that the file's name begins with."""
    lists = [*file.parent.glob(f"*{_CONTAMINATED}"), *file.parent.parent.glob(f"*{_CONTAMINATED}")]
    return frozenset(
        str(row.get("eval_prompt"))
        for found in lists
        if file.name.startswith(found.name.removesuffix(_CONTAMINATED))
        for _, row in json_lines(found)
    )
