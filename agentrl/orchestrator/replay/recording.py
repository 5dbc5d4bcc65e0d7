"""What a recording holds: items that were asked, and what models answered."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field

from agentrl.errors import UsageError, nearest
from agentrl.task import Task

ITEM_KEY = "item"
"""Key of a task's data that names its item, where the task's id does not."""
_QUESTION_KEYS = ("question", "prompt", "problem")


@dataclass(frozen=True, slots=True)
class Item:
    """One thing that was asked."""

    id: str
    question: str = ""
    answer: str | None = None
    """The reference, as the recording has it."""
    group: str = ""
    """The benchmark's task or domain."""
    prompt_chars: int | None = None
    """How long the prompt was that the models got; None: not told."""


@dataclass(frozen=True, slots=True)
class Recorded:
    """One answer to one item."""

    text: str | None = None
    """All of it; None: not kept."""
    answer: str | None = None
    """What was read off it; None: not told."""
    correct: bool | None = None
    """What the recording's grader said; None: not graded."""
    tokens_in: int | None = None
    tokens_out: int | None = None
    latency_s: float = 0.0


@dataclass(frozen=True)
class Recording:
    """The answers of one or more models to the same items."""

    source: str
    """Where it was read, for complaints."""
    items: Mapping[str, Item]
    """Every item by its id."""
    answers: Mapping[tuple[str, str], tuple[Recorded, ...]]
    """By model and item: each trial, in the order of the recording."""
    models: tuple[str, ...]
    """Every model that it knows, whether its answers were read or not."""
    prices: Mapping[str, tuple[float, float]] = field(default_factory=dict)
    """USD per million tokens in and out, by model, where the recording tells them."""
    _by_question: dict[str, str] = field(default_factory=dict, repr=False)

    def __post_init__(self) -> None:
        for item in self.items.values():
            if item.question:
                self._by_question.setdefault(item.question.strip(), item.id)

    def require(self, model: str) -> None:
        """See that a model is in the recording.

        Raises:
            UsageError: it is not.
        """
        if model not in self.models:
            hint = nearest(model, self.models) or f"; it has {_some(self.models)}"
            raise UsageError(f"{self.source}: no answers of a model {model!r}{hint}")

    def item_of(self, task: Task) -> Item:
        """Return the item that a task is: by ``data.item``, by its id, or by its question.

        Raises:
            UsageError: the recording does not have it.
        """
        named = str(task.data.get(ITEM_KEY, task.id))
        if named in self.items:
            return self.items[named]
        for key in _QUESTION_KEYS:
            question = task.data.get(key)
            if isinstance(question, str) and question.strip() in self._by_question:
                return self.items[self._by_question[question.strip()]]
        raise UsageError(
            f"{self.source}: no item {named!r}{nearest(named, self.items)}; a task is found by its "
            f"id, by 'item' in its data, or by its question; there are {len(self.items)} items"
        )

    def trials(self, model: str, item: Item) -> tuple[Recorded, ...]:
        """Return a model's answers to an item; none where it was not asked."""
        return self.answers.get((model, item.id), ())


def _some(names: Sequence[str]) -> str:
    shown = ", ".join(names[:8])
    return f"{shown} and {len(names) - 8} more" if len(names) > 8 else shown or "none"
