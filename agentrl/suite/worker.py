"""The workers of a pool: one class for each kind, with its price and how hard it may be used."""

from typing import Annotated, Any, Literal

from pydantic import Field, PositiveFloat, PositiveInt

from agentrl.suite.agent import AgentSpec, EnvSpec, SamplingSpec
from agentrl.suite.model import ModelSpec
from agentrl.suite.sandbox import SandboxSpec
from agentrl.suite.section import Section
from agentrl.suite.strategies import StrategyName


class GuardSpec(Section):
    """How hard a worker may be used, and when it is left alone."""

    concurrency: PositiveInt = 16
    """Most calls under way at a time."""
    per_minute: PositiveInt | None = None
    """Most calls begun in any minute."""
    timeout_s: PositiveFloat = 120.0
    """Longest wait for one answer, not counting the wait for one's turn and for weights to load."""
    break_after: PositiveInt = 5
    """Failures in a row after which the worker is not asked for a while."""
    break_s: PositiveFloat = 30.0
    """How long; then one call tries it again."""


class DescribedSpec(Section):
    """What is known about a worker of any kind."""

    price_in: float | None = Field(None, ge=0)
    """USD per million tokens that it is given; None: not known."""
    price_out: float | None = Field(None, ge=0)
    """USD per million tokens of its answers; None: not known."""
    price_cached: float | None = Field(None, ge=0)
    """USD per million tokens that the server had in its cache; None: as ``price_in``."""
    latency_s: float | None = Field(None, ge=0)
    """Seconds that an answer takes; None: not known."""
    answer_tokens: PositiveFloat | None = None
    """Tokens that its answers have on average, by which it is told what asking it will cost; None:
    not known."""
    context_window: PositiveInt | None = None
    """Most tokens of what it is given and its answer; None: not known."""
    performance: dict[str, float] = {}
    """How well it did, by kind of task: shares from 0 to 1."""
    tags: tuple[str, ...] = ()
    """What it is good for, in single words."""
    description: str = ""
    """What it is, in a sentence; not shown where workers are anonymous."""
    guard: GuardSpec = GuardSpec()


class ModelWorkerSpec(DescribedSpec):
    """A language model."""

    kind: Literal["model"]
    model: ModelSpec
    """Who answers."""
    sampling: SamplingSpec = SamplingSpec(temperature=0.2, max_tokens=1024)
    """How it answers."""
    system: str = ""
    """What it is told before everything else."""
    strategy: StrategyName | None = None
    """How it is told to work an answer out, after ``system``: the name of a strategy."""
    seen_as: Literal["turns", "text"] = "turns"
    """How it is shown the work of others: as earlier turns of the chat, as if it had answered
    itself, or as text in the one message that it answers, for a model that was trained so."""


class ReplayWorkerSpec(DescribedSpec):
    """The recorded answers of a real model, given again whatever the instruction says."""

    kind: Literal["replay"]
    file: str | None = None
    """A recording: a file, or a folder of them; None: the pool's ``recordings``."""
    format: Literal["jsonl", "zeroeval", "routellm"] = "jsonl"
    """Its form."""
    model: str | None = None
    """Whose answers, as the recording names the model; None: the worker's own name."""
    tasks: tuple[str, ...] = ()
    """``zeroeval``: which of the folder's tasks; none: all."""
    says: Literal["text", "answer", "graded"] = "text"
    """The whole recorded text; the answer that was read off it; or ``graded``, which is what the
    recording's own grader made of it: the task's reference where the answer was right, else the
    answer that was read off."""


class ProgramWorkerSpec(DescribedSpec):
    """A function of Python."""

    kind: Literal["program"]
    price_in: float | None = Field(0.0, ge=0)
    """USD per million tokens that it is given."""
    price_out: float | None = Field(0.0, ge=0)
    """USD per million tokens of its answers."""
    function: str
    """``calculator``, ``picker``, ``python`` or ``retriever``, or a function of yours as
    ``module:name``."""
    options: dict[str, Any] | None = None
    """Arguments. A function of yours that has some is called with them once, and what it returns
    is the worker."""
    skill: str = ""
    """What it can do, in a word or two; shown like a tag."""


class AgentWorkerSpec(DescribedSpec):
    """An agent that plays one episode of an environment on the task; its result is the answer."""

    kind: Literal["agent"]
    agent: AgentSpec
    """Who acts."""
    env: EnvSpec
    """Where."""
    sandbox: SandboxSpec = SandboxSpec()
    """Where the environment runs code, if it does."""
    max_turns: PositiveInt | None = None
    """Most turns; None: what the environment advises."""
    turn_s: PositiveFloat = 300.0
    """Longest time for one turn's action or step."""
    seed: int = 0
    """Decides the world of a task that names no seed, as ``rollouts.seed`` does."""
    guard: GuardSpec = GuardSpec(concurrency=4, timeout_s=3600.0)


class SelfWorkerSpec(DescribedSpec):
    """The conductor itself."""

    kind: Literal["self"]
    price_in: float | None = Field(0.0, ge=0)
    """USD per million tokens that it is given, beyond what the agent itself is charged."""
    price_out: float | None = Field(0.0, ge=0)
    """USD per million tokens of its answers, likewise."""


WorkerSpec = Annotated[
    ModelWorkerSpec | ReplayWorkerSpec | ProgramWorkerSpec | AgentWorkerSpec | SelfWorkerSpec,
    Field(discriminator="kind"),
]
"""One worker; ``kind`` says which."""
