"""Questions whose answers are compared with reference texts by BLEU."""

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any

from agentrl.envs.qa.grade import Grade, Rules, after_thought
from agentrl.errors import TaskError
from agentrl.rewards.verify.overlap import bleu


@dataclass(frozen=True, slots=True)
class BleuScorer:
    """Facts: ``bleu``. A success has at least ``bleu_success``."""

    references: tuple[str, ...]
    least: float
    form: str = "Answer in whole sentences, and with nothing else."
    shown: str = ""

    @property
    def expert(self) -> str:
        return self.references[0]

    def grade(self, answer: str) -> Grade:
        score = bleu(after_thought(answer), self.references)
        return Grade(score >= self.least, score, {"bleu": score})


def read_bleu(data: Mapping[str, Any], rules: Rules) -> BleuScorer:
    """Return the scorer of a row with a text as ``answer``, and further ones as ``aliases``.

    Raises:
        TaskError: the answer is no text.
    """
    answer, aliases = data.get("answer"), data.get("aliases") or ()
    references = (answer, *aliases) if isinstance(aliases, list | tuple) else (None,)
    if not all(isinstance(one, str) and one.strip() for one in references):
        raise TaskError(f"'answer' is {answer!r} and 'aliases' {aliases!r}, expected texts")
    return BleuScorer(tuple(str(one).strip() for one in references), rules.bleu_success)
