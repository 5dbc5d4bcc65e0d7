"""The record of what happened: one ``Episode`` is one line of ``episodes.jsonl``.

The record is plain frozen data, so that a rollout worker can send it, a report can show it and a
trainer can learn from it. Writing and reading it lives in ``agentrl.codec``.
"""

from collections.abc import Mapping
from dataclasses import dataclass, field
from enum import StrEnum


class Status(StrEnum):
    """How an episode ended, as far as its use is concerned. Every consumer honours it."""

    OK = "ok"
    """It came to an end of its own: scored and trainable."""
    TRUNCATED = "truncated"
    """A limit of the suite ended it (turns, context, time): scored as it stands."""
    INFRA_FAILED = "infra_failed"
    """No fault of the agent: left out and counted; a resume tries it again."""
    UNSCORED = "unscored"
    """It ended, but its outcome could not be determined: left out and counted."""
    CANCELLED = "cancelled"
    """The user stopped the run: left out; a resume tries it again."""

    @property
    def scored(self) -> bool:
        """Whether the outcome counts in rates and rewards."""
        return self in (Status.OK, Status.TRUNCATED)

    @property
    def final(self) -> bool:
        """Whether a resumed run leaves the episode as it is."""
        return self not in (Status.INFRA_FAILED, Status.CANCELLED)


class StopReason(StrEnum):
    """What ended the last turn."""

    TERMINATED = "terminated"
    """The environment reached an end of its own."""
    ENV_TRUNCATED = "env_truncated"
    """The environment reached a limit of its own."""
    MAX_TURNS = "max_turns"
    """``limits.max_turns`` of the suite was reached."""
    DEADLINE = "deadline"
    """``limits.episode_s`` of the suite was reached."""
    CONTEXT_FULL = "context_full"
    """The conversation no longer fitted the model's context window."""
    AGENT_GAVE_UP = "agent_gave_up"
    """The agent had no action to offer: an expert without a solution, a person who left."""
    ERROR = "error"
    """An error ended the attempt; ``Episode.error`` says which."""
    CANCELLED = "cancelled"
    """The user stopped the run."""


@dataclass(frozen=True, slots=True)
class Sampling:
    """How a model samples an answer."""

    temperature: float = 1.0
    """0 takes the most likely token every time."""
    top_p: float = 1.0
    """Keep the smallest set of tokens whose probability reaches this."""
    top_k: int = 0
    """Keep this many most likely tokens; 0 keeps all."""
    max_tokens: int = 256
    """Longest answer, in tokens."""
    stop: tuple[str, ...] = ()
    """Texts that end the answer; the one that was met is not part of it."""
    seed: int | None = None
    """Makes one answer repeatable where the backend can; None draws afresh."""


@dataclass(frozen=True, slots=True)
class Usage:
    """Tokens that one answer took."""

    prompt_tokens: int = 0
    completion_tokens: int = 0
    cached_tokens: int = 0
    """How many of ``prompt_tokens`` the server had in its cache."""


@dataclass(frozen=True, slots=True)
class Generation:
    """One answer of a model, token for token where the backend tells the tokens."""

    text: str
    """The answer as text, without special tokens."""
    finish_reason: str
    """``stop`` (the model ended it), ``length`` (``max_tokens``) or what the server said."""
    model: str
    """Which model answered."""
    sampling: Sampling
    """How it was sampled, so that training uses the same distribution."""
    usage: Usage = Usage()
    token_ids: tuple[int, ...] | None = None
    """What was sampled, the end-of-turn token included. None: the backend does not tell."""
    logprobs: tuple[float, ...] | None = None
    """Natural logarithm of each sampled token's probability under ``sampling`` and ``allowed``."""
    prompt_token_ids: tuple[int, ...] | None = None
    """What the model was given."""
    allowed: tuple[tuple[int, ...] | None, ...] | None = None
    """For each sampled token the ids it was chosen from; None where nothing was ruled out."""
    cost_usd: float = 0.0
    latency_s: float = 0.0
    weights_version: int = 0
    """Which weights of a model in training answered; 0 for a model that never changes."""


@dataclass(frozen=True, slots=True)
class Call:
    """One call of a worker on the agent's behalf."""

    node: str
    """Which node of the workflow asked."""
    worker: str
    """Name of the worker in its pool."""
    messages: tuple[tuple[str, str], ...]
    """What it was given: pairs of a role and a text."""
    generation: Generation | None
    """What it answered; None where it failed for good."""
    error: str = ""
    """Why it failed; empty where it did not."""
    started_s: float = 0.0
    """When it began, in seconds since the workflow did."""
    finished_s: float = 0.0
    replaces: str = ""
    """The worker that it stood in for; empty: none."""


@dataclass(frozen=True, slots=True)
class Turn:
    """One observation and what the agent did about it."""

    observation: str
    """What the agent saw."""
    action: str
    """What it did: the text that the environment got, or the answer that was no action."""
    generations: tuple[Generation, ...] = ()
    """The model's answers behind the action, in order; empty for an agent without a model."""
    signals: Mapping[str, float] = field(default_factory=dict)
    """Facts about this turn that the environment and the parser state."""
    env_reward: float = 0.0
    """The environment's own reward."""
    terms: Mapping[str, float] = field(default_factory=dict)
    """The named parts of this turn's reward; their sum is the reward."""
    duration_s: float = 0.0
    calls: tuple[Call, ...] = ()
    """What workers did about the action, in the order in which they began."""


@dataclass(frozen=True, slots=True)
class Failure:
    """Why an attempt failed."""

    kind: str
    """The error's class, such as ``ModelError``."""
    message: str


@dataclass(frozen=True, slots=True)
class Gate:
    """What a gate of the reward did to an episode."""

    name: str
    open: bool
    """Whether what it governs counts."""
    why: str
    """The number that decided."""


@dataclass(frozen=True, slots=True)
class Episode:
    """One attempt at one task."""

    id: str
    """The job's key: the same in every repetition of the run."""
    task_id: str
    group_id: str
    """Episodes of one task and seed share it."""
    seed: int
    """Seed of the world."""
    agent: str
    status: Status
    stop_reason: StopReason
    turns: tuple[Turn, ...] = ()
    final_observation: str = ""
    """What the environment said last; no action follows it."""
    outcome: Mapping[str, float] = field(default_factory=dict)
    """Named results: ``success``, ``score`` and what else the environment states."""
    error: Failure | None = None
    task_group: str = ""
    """``Task.group``: what tables group by."""
    attempt: int = 0
    """Which of the group's samples this is, from 0."""
    tries: int = 1
    """How often it was begun; above 1 where infrastructure failed first."""
    cost_usd: float = 0.0
    duration_s: float = 0.0
    weights_version: int = 0
    gates: tuple[Gate, ...] = ()
    """What the gates of the reward did, in order."""

    @property
    def rewards(self) -> tuple[float, ...]:
        """Reward of each turn: the sum of its terms."""
        return tuple([sum(turn.terms.values()) for turn in self.turns])

    @property
    def reward(self) -> float:
        """Sum of every named reward term of every turn."""
        return sum(self.rewards)
