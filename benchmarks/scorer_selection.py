"""The best of several answers by a scorer (``picker``), on recorded answers of real models.

A text scorer is fitted to the answers that some models gave to one half of the questions, and picks
among their answers to the other half. Beside it: a model at random, the best single model (as known
afterwards), the vote of all, and an oracle that picks a right answer where there is one. No claim
is made beforehand: a scorer that reads words knows little about mathematics.

    python benchmarks/scorer_selection.py --data FOLDER [--tasks math-l5] [--models A B] [--seeds 3]
"""

import argparse
import random
from collections.abc import Callable, Sequence
from dataclasses import dataclass, replace
from pathlib import Path
from statistics import fmean, pstdev
from tempfile import TemporaryDirectory

from agentrl.episode import Episode
from agentrl.models.base import Message
from agentrl.orchestrator.programs.picker import attempt, picker
from agentrl.orchestrator.replay.recording import Recording
from agentrl.orchestrator.replay.zeroeval import read_zeroeval
from agentrl.orchestrator.vote import vote
from agentrl.orchestrator.worker import Request, Seen
from agentrl.rewards.progress.text import TextScorer
from agentrl.task import Task

MODELS = ("gpt-4o-mini-2024-07-18", "gemini-1.5-flash", "Qwen2-72B-Instruct", "deepseek-v2.5-0908")


@dataclass(frozen=True, slots=True)
class Asked:
    """A question and what every model answered, in the order of the models."""

    item: str
    question: str
    texts: tuple[str, ...]
    answers: tuple[str, ...]
    right: tuple[bool, ...]


def main() -> None:
    """Measure every way to choose on every task and print a table."""
    parser = argparse.ArgumentParser(
        description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter
    )
    parser.add_argument("--data", type=Path, required=True, help="folder in ZeroEval's form")
    parser.add_argument("--tasks", nargs="+", default=["math-l5", "crux", "gsm"])
    parser.add_argument("--models", nargs="+", default=list(MODELS))
    parser.add_argument("--seeds", type=int, default=3, help="how often the halves are drawn")
    given = parser.parse_args()
    for task in given.tasks:
        recording = read_zeroeval(given.data, [task], frozenset(given.models))
        asked = [
            one
            for item in recording.items
            if (one := _asked(recording, item, given.models)) is not None
        ]
        print(f"\n{task}: {len(asked)} questions, {len(given.models)} models, half held out")
        print("| chosen by | right, % |\n|---|---|")
        tables = [_measure(asked, seed) for seed in range(given.seeds)]
        for name in tables[0]:
            numbers = [100 * table[name] for table in tables]
            print(f"| {name} | {fmean(numbers):.1f} ± {pstdev(numbers):.1f} |", flush=True)


def _asked(recording: Recording, item: str, models: Sequence[str]) -> Asked | None:
    """Return a question with everybody's answer; None where one of them has none."""
    found = [recording.answers.get((model, item)) for model in models]
    texts = [one[0].text for one in found if one is not None and one[0].text]
    if len(texts) < len(models):
        return None
    said = [one[0] for one in found if one is not None]
    return Asked(
        item,
        recording.items[item].question,
        tuple(text for text in texts if text is not None),
        tuple(one.answer or "" for one in said),
        tuple(bool(one.correct) for one in said),
    )


def _measure(asked: Sequence[Asked], seed: int) -> dict[str, float]:
    drawn = random.Random(seed)
    shuffled = drawn.sample(asked, len(asked))
    known, new = shuffled[: len(asked) // 2], shuffled[len(asked) // 2 :]
    scorer = TextScorer()
    scorer.fit([episode for one in known for episode in _attempts(one)])
    with TemporaryDirectory() as folder:
        scorer.save(Path(folder) / "scorer")
        pick = picker(str(Path(folder) / "scorer"))
        models = range(len(new[0].right))
        return {
            "a model at random": fmean(fmean(one.right) for one in new),
            "the best single model": max(fmean(one.right[m] for one in new) for m in models),
            "the vote of all": fmean(one.right[_voted(one)] for one in new),
            "the scorer": fmean(one.right[_picked(one, pick)] for one in new),
            "an oracle": fmean(any(one.right) for one in new),
        }


def _attempts(one: Asked) -> list[Episode]:
    return [
        replace(
            attempt(one.question, text),
            id=f"{one.item}#{number}",
            task_id=one.item,
            group_id=one.item,
            outcome={"success": float(right)},
        )
        for number, (text, right) in enumerate(zip(one.texts, one.right, strict=True))
    ]


def _voted(one: Asked) -> int:
    return one.answers.index(vote(one.answers).answer) if any(one.answers) else 0


def _picked(one: Asked, pick: Callable[[Request], str]) -> int:
    sees = tuple(Seen(f"draft{n}", "", text) for n, text in enumerate(one.texts))
    request = Request(Task(one.item), (Message("user", one.question),), sees=sees)
    return one.texts.index(pick(request))


if __name__ == "__main__":
    main()
