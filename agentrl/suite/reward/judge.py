"""A label of kind ``judge``: a model reads an episode and scores it by a rubric."""

from collections import Counter
from typing import Literal

from pydantic import Field, NonNegativeInt, PositiveFloat, PositiveInt, model_validator

from agentrl.suite.model import ModelSpec
from agentrl.suite.sandbox import SandboxSpec
from agentrl.suite.section import Section

ITEM_NAME = r"^[A-Za-z0-9][A-Za-z0-9_.-]*$"
"""What an item may be called: it becomes part of a fact's name."""


class ItemSpec(Section):
    """One question that the judge answers with points."""

    name: str = Field(pattern=ITEM_NAME)
    """Names the fact ``<label>/<name>``."""
    text: str = Field(min_length=1)
    """What is asked, in words."""
    weight: PositiveFloat = 1.0
    """How much it counts among its neighbors."""
    points: PositiveInt = 1
    """Most points; 1 is a question of yes or no."""


class LevelSpec(Section):
    """Items that count together with one weight, as the path and the answer of ArenaRL do."""

    name: str = Field(pattern=ITEM_NAME)
    """Names the level; the judge sees it as a heading."""
    weight: PositiveFloat = 1.0
    """How much the level counts among the levels."""
    items: tuple[ItemSpec, ...] = Field(min_length=1)
    """What is asked; the level's score is their weighted mean."""


class NuggetsSpec(Section):
    """Where each task's facts stand that a good answer must contain."""

    key: str = "nuggets"
    """The task's own data has them under this name, or the file's rows do."""
    file: str | None = None
    """JSON lines with ``task`` (its id) and ``key``; None: the task's data."""


class RubricSpec(Section):
    """What is judged: exactly one of principles, items, levels and nuggets."""

    principles: str | None = Field(None, min_length=1)
    """What is good, in free text; the judge gives one score."""
    points: PositiveInt = 10
    """Most points of the score by principles."""
    own_principles: bool = False
    """Let the judge first write down which principles matter for this task."""
    items: tuple[ItemSpec, ...] | None = Field(None, min_length=1)
    """A list of questions."""
    levels: tuple[LevelSpec, ...] | None = Field(None, min_length=1)
    """Lists of questions, each with a weight for the whole."""
    nuggets: NuggetsSpec | None = None
    """Facts that the answer must contain, each task's own; the score is the share that it has."""

    @model_validator(mode="after")
    def _one_kind(self) -> "RubricSpec":
        kinds = (self.principles, self.items, self.levels, self.nuggets)
        if sum(kind is not None for kind in kinds) != 1:
            raise ValueError("give exactly one of 'principles', 'items', 'levels' and 'nuggets'")
        if self.own_principles and self.principles is None:
            raise ValueError("'own_principles' goes with 'principles'")
        items = [*(self.items or ()), *(i for level in self.levels or () for i in level.items)]
        twice = [name for name, n in Counter(item.name for item in items).items() if n > 1]
        if twice:
            raise ValueError(f"two items are called {twice[0]!r}; give each a name of its own")
        return self


class MetaFilterSpec(Section):
    """A second look at the votes: only the soundest count (SPCT, arXiv 2504.02495)."""

    keep: PositiveInt
    """How many votes count."""
    model: ModelSpec | None = None
    """Who rates the votes; None: the judge itself."""


class JudgeSpec(Section):
    """Who judges, by what, and within which limits."""

    model: ModelSpec
    """Who answers."""
    rubric: RubricSpec
    """What is judged."""
    prompt: str | None = None
    """What the judge is told to be; None: a text of agentrl's. How to answer is always added."""
    show: Literal["actions", "answers"] = "actions"
    """Show what the agent did, or the model's whole answers, its thoughts included."""
    task_data: tuple[str, ...] = ()
    """Keys of the task's data that the judge is shown, such as a reference answer."""
    max_chars: int = Field(24_000, ge=200)
    """Most characters of an episode that are shown: of a longer one the head and the tail."""
    votes: PositiveInt = 1
    """How often each question is asked."""
    combine: Literal["mean", "median", "majority"] = "mean"
    """What several votes come to, item by item."""
    quorum: float = Field(0.5, gt=0, le=1)
    """Share of the votes that must be readable; below it the episode is not scored."""
    meta_filter: MetaFilterSpec | None = None
    """Drops votes that do not hold up."""
    temperature: float | None = Field(None, ge=0)
    """None: 0 for one vote, 1 for several."""
    max_tokens: PositiveInt = 1024
    """Longest answer, in tokens."""
    seed: int = 0
    """Decides the votes where the backend can repeat an answer."""
    retries: NonNegativeInt = 2
    """How often an unreadable answer is asked for again."""
    timeout_s: PositiveFloat = 120.0
    """Longest wait for one answer; the model's own retries are within it."""
    give_up_after: PositiveInt = 100
    """Calls in a row without an answer after which the run stops: the judge is down."""
    concurrency: PositiveInt = 16
    """Most questions under way at a time."""
    per_minute: PositiveInt | None = None
    """Most questions begun in any minute."""
    cache: bool = True
    """Keep votes on disk, so that the same question is not paid for twice."""
    tools: tuple[Literal["python"], ...] = ()
    """What the judge may use before it answers: ``python`` runs its programs in a sandbox."""
    max_tool_calls: PositiveInt = 4
    """Most programs for one vote."""
    tool_s: PositiveFloat = 30.0
    """Longest run of a program."""
    sandbox: SandboxSpec = SandboxSpec()
    """Where the judge's programs run; they never have a network."""

    @model_validator(mode="after")
    def _votes_differ(self) -> "JudgeSpec":
        if self.votes > 1 and self.temperature == 0:
            raise ValueError(
                "at temperature 0 all votes are the same: set a temperature, or one vote"
            )
        if self.meta_filter is not None and self.meta_filter.keep > self.votes:
            raise ValueError(
                f"meta_filter keeps {self.meta_filter.keep} of {self.votes} votes: keep fewer"
            )
        if self.sandbox.network != "none":
            raise ValueError("a judge's programs have no network: set sandbox.network to none")
        return self


class JudgeLabelSpec(JudgeSpec):
    """A judge that scores each episode or each turn by itself."""

    kind: Literal["judge"] = "judge"
    scope: Literal["episode", "turn"] = "episode"
    """Score the whole, or each turn in view of what came before it."""
