"""What is known of texts so far: labels in a table, and what was fitted to them."""

from collections.abc import Mapping, Sequence
from typing import Any, Protocol

import numpy as np

from agentrl.errors import MissingDependencyError
from agentrl.rewards.novelty.embedding import Embed
from agentrl.rewards.novelty.oni.question import Question
from agentrl.rewards.novelty.trail import digest


class Knowledge(Protocol):
    """Says what texts are worth, and what should be asked to know more."""

    def value(self, text: str) -> float | None:
        """Return what a text is worth, 0 to 1; None: not known yet."""

    def questions(self, texts: Sequence[str]) -> list[Question]:
        """Return what should be asked about texts that were seen just now."""

    def take(self, question: Question, answer: float) -> None:
        """Take up an answer; see ``question.reading``."""

    def fit(self) -> None:
        """Bring what is fitted up to date; may run on another thread."""

    def memory(self) -> dict[str, Any]:
        """Return what is known, as plain data."""

    def restore(self, memory: Mapping[str, Any]) -> None:
        """Take up what ``memory`` returned."""


class Table:
    """The labels that were given, by text: the hash variant.

    Args:
        capacity: most labels; the oldest are forgotten.
        keep_texts: whether the texts are kept too, for a fit.
    """

    def __init__(self, capacity: int, *, keep_texts: bool = False) -> None:
        self._capacity = capacity
        self._keep_texts = keep_texts
        self.labels: dict[str, tuple[float, str]] = {}
        """Label and text (empty where it is not kept), by the text's digest."""

    def value(self, text: str) -> float | None:
        """See ``Knowledge.value``."""
        found = self.labels.get(digest(text))
        return None if found is None else found[0]

    def questions(self, texts: Sequence[str]) -> list[Question]:
        """See ``Knowledge.questions``."""
        asked = {digest(text): text for text in texts}
        return [Question(key, (text,)) for key, text in asked.items() if key not in self.labels]

    def take(self, question: Question, answer: float) -> None:
        """See ``Knowledge.take``."""
        self.labels[question.key] = answer, question.texts[0] if self._keep_texts else ""
        while len(self.labels) > self._capacity:
            del self.labels[next(iter(self.labels))]

    def fit(self) -> None:
        """Nothing is fitted."""

    def memory(self) -> dict[str, Any]:
        """See ``Knowledge.memory``."""
        return {"labels": {key: list(row) for key, row in self.labels.items()}}

    def restore(self, memory: Mapping[str, Any]) -> None:
        """See ``Knowledge.restore``."""
        rows = memory["labels"].items()
        self.labels = {key: (float(label), str(text)) for key, (label, text) in rows}


class Classifier:
    """A table, and for texts without a label the probability that a logistic regression on their
    vectors gives; known once both labels were given.

    Args:
        capacity: most labels.
        embed: makes vectors of texts.
    """

    def __init__(self, capacity: int, embed: Embed) -> None:
        self._table = Table(capacity, keep_texts=True)
        self._embed = embed
        self._model: Any = None

    def value(self, text: str) -> float | None:
        """See ``Knowledge.value``."""
        label = self._table.value(text)
        if label is not None or self._model is None:
            return label
        return float(self._model.predict_proba(self._embed([text]))[0, 1])

    def questions(self, texts: Sequence[str]) -> list[Question]:
        """See ``Knowledge.questions``."""
        return self._table.questions(texts)

    def take(self, question: Question, answer: float) -> None:
        """See ``Knowledge.take``."""
        self._table.take(question, answer)

    def fit(self) -> None:
        """See ``Knowledge.fit``."""
        rows = list(self._table.labels.values())
        labels = [label for label, _ in rows]
        if len(set(labels)) == 2:
            self._model = logistic(intercept=True).fit(self._embed([t for _, t in rows]), labels)

    def memory(self) -> dict[str, Any]:
        """See ``Knowledge.memory``."""
        return self._table.memory()

    def restore(self, memory: Mapping[str, Any]) -> None:
        """See ``Knowledge.restore``."""
        self._table.restore(memory)
        self.fit()


class Ranking:
    """A score fitted to choices between two texts (Bradley and Terry): the value of a text is the
    probability that it is chosen over one of average score.

    Each text that is new is compared with one seen before it. ONI thresholds and rescales its
    score; the probability is our choice, because it is bounded.

    Args:
        capacity: most choices, and most texts to be compared with.
        embed: makes vectors of texts.
    """

    def __init__(self, capacity: int, embed: Embed) -> None:
        self._capacity = capacity
        self._embed = embed
        self._choices: dict[str, tuple[str, str, float]] = {}
        self._pool: dict[str, str] = {}
        self._compared: set[str] = set()
        self._weights: Any = None
        self._average = 0.0

    def value(self, text: str) -> float | None:
        """See ``Knowledge.value``."""
        if self._weights is None:
            return None
        score = float(self._embed([text])[0] @ self._weights) - self._average
        return float(1 / (1 + np.exp(-np.clip(score, -50, 50))))

    def questions(self, texts: Sequence[str]) -> list[Question]:
        """See ``Knowledge.questions``."""
        asked = []
        for key, text in {digest(text): text for text in texts}.items():
            others = [other for other in self._pool if other != key]
            if others and key not in self._compared:
                other = others[int(key, 16) % len(others)]
                pair = (text, self._pool[other])
                flipped = int(key[-1], 16) % 2  # so that no place is favored
                asked.append(Question(f"{key}:{other}", pair[::-1] if flipped else pair))
            self._pool[key] = text
            while len(self._pool) > self._capacity:
                del self._pool[next(iter(self._pool))]
        return asked

    def take(self, question: Question, answer: float) -> None:
        """See ``Knowledge.take``."""
        first, second = question.texts
        self._choices[question.key] = first, second, answer
        while len(self._choices) > self._capacity:
            del self._choices[next(iter(self._choices))]
        self._compared = {key.split(":")[0] for key in self._choices}

    def fit(self) -> None:
        """See ``Knowledge.fit``."""
        made = [row for row in list(self._choices.values()) if row[2] != 0.5]
        if not made:
            return
        gaps = self._embed([a for a, _, _ in made]) - self._embed([b for _, b, _ in made])
        labels = [answer for _, _, answer in made]
        both = np.concatenate([gaps, -gaps]), [*labels, *(1 - label for label in labels)]
        weights = logistic(intercept=False).fit(*both).coef_[0]
        self._average = float(np.mean(self._embed(list(self._pool.values())) @ weights))
        self._weights = weights

    def memory(self) -> dict[str, Any]:
        """See ``Knowledge.memory``."""
        return {
            "choices": {key: list(row) for key, row in self._choices.items()},
            "pool": dict(self._pool),
        }

    def restore(self, memory: Mapping[str, Any]) -> None:
        """See ``Knowledge.restore``."""
        rows = memory["choices"].items()
        self._choices = {key: (str(a), str(b), float(answer)) for key, (a, b, answer) in rows}
        self._pool = dict(memory["pool"])
        self._compared = {key.split(":")[0] for key in self._choices}
        self.fit()


def logistic(*, intercept: bool) -> Any:
    """Return a logistic regression of scikit-learn.

    Raises:
        MissingDependencyError: it is not installed.
    """
    try:
        from sklearn.linear_model import LogisticRegression
    except ImportError:
        raise MissingDependencyError(
            "a classifier of texts needs scikit-learn: pip install 'agentrl[rewards]'"
        ) from None
    return LogisticRegression(fit_intercept=intercept, C=10.0, max_iter=500)
