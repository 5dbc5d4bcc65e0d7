"""Made-up recordings in ZeroEval's form, with answers drawn by seed."""

import gzip
import json
import random
from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import Any

MODELS = ("big", "middle", "small", "tiny")
_SKILLS = {"big": 0.9, "middle": 0.7, "small": 0.6, "tiny": 0.4}
_PRICES = {"big": (3.0, 15.0), "middle": (0.3, 0.9), "small": (0.1, 0.4), "tiny": (0.1, 0.1)}


def write_zeroeval(folder: Path, task: str = "sums", items: int = 40, seed: int = 0) -> Path:
    """Write a recording of four models and return its folder."""
    chance = random.Random(seed)
    asked, answered = [], []
    for number in range(items):
        name = f"{task}-{number}"
        question = f"How many are {number} and {number}?"
        asked.append({"id": name, "question": question, "answer": "18", "prompt_chars": 400})
        for model in MODELS:
            right = chance.random() < _SKILLS[model]
            answered.append(
                {
                    "id": name,
                    "model": model,
                    "correct": int(right),
                    "answer": "18" if right else chance.choice(["1", "2", ""]),
                    "out_chars": chance.randint(100, 900),
                }
            )
    _pack(folder / f"{task}.items.jsonl.gz", asked)
    _pack(folder / f"{task}.outcomes.jsonl.gz", answered)
    prices = {
        model: {"usd_per_1M_in": given, "usd_per_1M_out": answer}
        for model, (given, answer) in _PRICES.items()
    }
    (folder / "prices.json").write_text(json.dumps({"prices": prices}))
    return folder


def _pack(path: Path, rows: Sequence[Mapping[str, Any]]) -> None:
    text = "".join(json.dumps(row) + "\n" for row in rows)
    path.write_bytes(gzip.compress(text.encode()))
