"""A fixed topology as YAML: ``{topology: debate, workers: [a, b], rounds: 2}``."""

from typing import Annotated, Literal

from pydantic import Field, PositiveInt

from agentrl.suite.section import Section
from agentrl.suite.strategies import StrategyName

Workers = Annotated[tuple[str, ...], Field(min_length=1)]
VoteName = Literal["auto", "number", "text", "exact"]


class FirstAnswers(Section):
    """What topologies have in common in which somebody answers without having seen others."""

    strategy: StrategyName | None = None
    """How first answers are to be worked out: the name of a strategy; None: the question alone."""


class SingleSpec(FirstAnswers):
    """One worker answers alone."""

    topology: Literal["single"]
    worker: str
    instruction: str = ""
    """What it is told beside the question; empty: nothing."""


class VoteSpec(FirstAnswers):
    """Workers answer independently, and most of them decide."""

    topology: Literal["vote"]
    workers: Workers
    samples: PositiveInt = 1
    """How often each is asked."""
    vote: VoteName = "auto"
    """How answers are compared."""


class SelfConsistencySpec(FirstAnswers):
    """One worker answers several times, and most answers decide."""

    topology: Literal["self_consistency"]
    worker: str
    samples: PositiveInt = 5
    """How often it is asked."""
    vote: VoteName = "auto"
    """How answers are compared."""


class BestOfNSpec(FirstAnswers):
    """Workers answer independently, and a judge picks one answer."""

    topology: Literal["best_of_n"]
    workers: Workers
    judge: str
    samples: PositiveInt = 1
    """How often each worker is asked."""


class ChainSpec(FirstAnswers):
    """Each worker improves the answer of the one before it."""

    topology: Literal["chain"]
    workers: Workers


class ReflectSpec(FirstAnswers):
    """A worker answers, a critic reviews, the worker revises."""

    topology: Literal["reflect"]
    worker: str
    critic: str | None = None
    """Who reviews; None: the worker itself."""
    rounds: PositiveInt = 1
    """How often."""


class StarSpec(Section):
    """A hub plans, workers do their parts, and the hub merges them."""

    topology: Literal["star"]
    hub: str
    workers: Workers


class TreeSpec(FirstAnswers):
    """Leaves answer, and each inner node merges its children."""

    topology: Literal["tree"]
    workers: Workers
    """Dealt out in turn, the root first."""
    depth: PositiveInt = Field(2, le=6)
    """Levels below the root."""
    branching: PositiveInt = Field(2, le=8)
    """Children of a node."""


class DebateSpec(FirstAnswers):
    """Workers answer, see all answers, and answer again."""

    topology: Literal["debate"]
    workers: Workers
    rounds: PositiveInt = 2
    """How often each answers."""
    judge: str | None = None
    """Who decides; None: a vote on the last round."""
    vote: VoteName = "auto"
    """How a vote compares answers."""


class MixtureSpec(FirstAnswers):
    """Layers of workers, each merging all of the layer before."""

    topology: Literal["mixture_of_agents"]
    workers: Workers
    """The proposers of every layer."""
    aggregator: str
    """Who merges the last layer."""
    layers: PositiveInt = 2
    """Layers of proposers."""


class VerifierCascadeSpec(FirstAnswers):
    """An answer that a verifier rejects goes one worker up."""

    topology: Literal["verifier_cascade"]
    workers: Workers
    """From the cheapest to the best."""
    verifier: str


class TeamSpec(FirstAnswers):
    """A team answers in rounds and stops as soon as enough of it agree."""

    topology: Literal["team"]
    workers: Workers
    rounds: PositiveInt = 3
    """Most rounds."""
    agree: float = Field(2 / 3, gt=0, le=1)
    """Share of the members that must say the same to stop."""
    ranker: str | None = None
    """Who picks the members that stay after the second round; None: all stay."""
    keep: PositiveInt = 2
    """How many stay."""
    vote: VoteName = "auto"
    """How answers are compared."""


class EscalateSpec(FirstAnswers):
    """Cheap workers answer; where too few agree, an expert is asked."""

    topology: Literal["escalate"]
    workers: Workers
    """The cheap ones."""
    expert: str
    agree: float = Field(0.5, ge=0, le=1)
    """More than this share of the cheap ones must say the same; at 1, all of them."""
    shown: bool = False
    """Whether the expert sees the cheap answers."""
    vote: VoteName = "auto"
    """How answers are compared."""


TopologySpec = Annotated[
    SingleSpec
    | VoteSpec
    | SelfConsistencySpec
    | BestOfNSpec
    | ChainSpec
    | ReflectSpec
    | StarSpec
    | TreeSpec
    | DebateSpec
    | MixtureSpec
    | VerifierCascadeSpec
    | TeamSpec
    | EscalateSpec,
    Field(discriminator="topology"),
]
