"""The ``policy`` and ``train`` sections of a suite: what is trained, on what, and how."""

from typing import Annotated, Any, Literal

from pydantic import Field, NonNegativeInt, PositiveFloat, PositiveInt, model_validator

from agentrl.errors import nearest
from agentrl.suite.algorithm import AdvantageSpec, LossSpec
from agentrl.suite.presets import PRESETS, merged
from agentrl.suite.section import Section
from agentrl.suite.tasks import TasksSpec

Beta = Annotated[float, Field(ge=0, lt=1)]


class LoraSpec(Section):
    """Train low-rank adapters (peft) instead of all weights."""

    rank: PositiveInt = 16
    """Rank of each adapter."""
    alpha: PositiveInt = 32
    """Scale of the adapters' output: alpha / rank."""
    targets: tuple[str, ...] | None = None
    """Names of the layers that get one; None: every linear layer but the last."""


class PolicySpec(Section):
    """The policy in training. Its weights begin as those of ``agent.model``."""

    engine: Literal["transformers", "vllm"] = "transformers"
    """What samples episodes: the model in this process, or a vLLM server."""
    engine_args: tuple[str, ...] = ()
    """More arguments for a vLLM server, such as ``--gpu-memory-utilization=0.4``."""
    engine_gpus: tuple[NonNegativeInt, ...] | None = None
    """GPUs that a vLLM server has to itself, by number; None: those of this process."""
    sync: Literal["auto", "reload", "transfer", "restart"] = "auto"
    """How new weights reach vLLM: ``reload`` from disk, ``transfer`` from GPU to GPU (by NCCL to
    ``engine_gpus``, else by CUDA IPC), ``restart`` of the server; ``auto`` is ``reload``."""
    sync_tolerance: PositiveFloat = 0.01
    """Most difference between the engine's and the trainer's log-probability of a probe's token;
    beyond it the run stops."""
    autocast: Literal["none", "bfloat16"] = "none"
    """Number format of the training arithmetic; the weights keep theirs."""
    gradient_checkpointing: bool = False
    """Compute activations a second time instead of keeping them: less memory, a third slower."""
    lora: LoraSpec | None = None


class OptimiserSpec(Section):
    """AdamW and its learning rate."""

    lr: float = Field(1e-6, gt=0, le=1)
    """Highest learning rate."""
    schedule: Literal["constant", "linear", "cosine"] = "constant"
    """How it falls over ``train.steps`` after the warm-up."""
    warmup_steps: NonNegativeInt = 0
    """Steps over which it rises from 0."""
    betas: tuple[Beta, Beta] = (0.9, 0.999)
    weight_decay: float = Field(0.0, ge=0)
    max_grad_norm: PositiveFloat = 1.0
    """Longer gradients are shortened to this."""


class CriticSpec(Section):
    """The value model of PPO; it exists where ``advantage.baseline`` is ``value``."""

    trunk: Literal["copy", "shared"] = "copy"
    """A copy of the policy with a value head, or a head on the policy itself."""
    lr: float = Field(1e-5, gt=0, le=1)
    """Learning rate of the copy or of the head."""
    warmup_steps: NonNegativeInt = 0
    """First steps that train the critic alone."""
    epochs: PositiveInt = 1
    """Passes over a batch."""
    coefficient: float = Field(0.5, ge=0)
    """Weight of the value loss where the trunk is shared."""
    clip: PositiveFloat | None = 0.2
    """Most change of a value in one step that is rewarded; None: no limit."""


class AdaptiveSpec(Section):
    """Samples a task in rounds until both signs are seen (Reinforce-Ada, arXiv 2510.04996)."""

    rounds: PositiveInt = 4
    """Most rounds of ``train.group_size`` episodes each."""
    positive_above: float = 0.7
    """An episode with more reward than this is positive."""
    positives: NonNegativeInt = 2
    """Stop once this many positives, ..."""
    negatives: NonNegativeInt = 2
    """... and this many negatives were seen."""
    keep: PositiveInt = 4
    """Episodes of each task that are trained on, as balanced as they come."""


class CurriculumSpec(Section):
    """Prefers tasks that succeed sometimes."""

    low: float = Field(0.1, ge=0, le=1)
    """Tasks whose success rate lies from here ..."""
    high: float = Field(0.9, ge=0, le=1)
    """... to here are drawn; others only to look again."""
    explore: float = Field(0.2, ge=0, le=1)
    """Share of draws from the tasks outside the band."""
    memory: float = Field(0.7, ge=0, lt=1)
    """Weight of a task's earlier success rate against its newest group's."""

    @model_validator(mode="after")
    def _in_order(self) -> "CurriculumSpec":
        if self.low >= self.high:
            raise ValueError("'low' must be below 'high'")
        return self


class SamplerSpec(Section):
    """Which tasks a step draws, and how many episodes each gets."""

    kind: Literal["uniform", "adaptive", "curriculum"] = "uniform"
    """Every task in turn, in an order drawn anew each pass; with ``adaptive`` or ``curriculum``
    as those sections say."""
    adaptive: AdaptiveSpec = AdaptiveSpec()
    curriculum: CurriculumSpec = CurriculumSpec()
    equal_rewards: Literal["keep", "skip", "refill", "global"] = "skip"
    """What to do with a group whose rewards are all equal, and so teach nothing: train on it all
    the same, leave it out, draw another task in its place, or judge it against the whole batch
    (COPO)."""
    refills: NonNegativeInt = 2
    """With ``refill``: most rounds of further draws in a step."""


class ScheduleSpec(Section):
    """A number of the suite that changes while training goes on."""

    shape: Literal["linear", "cosine", "steps", "observed_turns"] = "linear"
    """``observed_turns`` is for ``limits.max_turns``: every ``every`` steps the mean of the mean
    and the most turns seen since (WMAct, arXiv 2511.23476)."""
    start: float | None = None
    """Value at the first step; None: the suite's own."""
    end: float | None = None
    """Value after ``over`` steps."""
    over: PositiveInt | None = None
    """Steps from ``start`` to ``end``; None: all of ``train.steps``."""
    every: PositiveInt = 100
    """Steps between two changes, for ``steps`` and ``observed_turns``."""

    @model_validator(mode="after")
    def _end_where_needed(self) -> "ScheduleSpec":
        if self.shape != "observed_turns" and self.end is None:
            raise ValueError(f"shape '{self.shape}' needs an 'end'")
        return self


class SftSpec(Section):
    """Supervised training before RL: on the agent's answers alone, token by token."""

    source: Literal["expert", "run", "best_of_n"] = "expert"
    """Whose episodes: the environment's known solution, those of an earlier ``run``, or the best
    of ``attempts`` of the policy itself (RAFT, arXiv 2304.06767)."""
    tasks: TasksSpec | None = None
    """Tasks of the episodes; None: those of the suite."""
    run: str | None = None
    """Run folder or ``episodes.jsonl``, for the source ``run``."""
    attempts: PositiveInt = 8
    """Episodes of each task, for the source ``best_of_n``."""
    best: PositiveInt = 1
    """How many of them are kept, for the source ``best_of_n``."""
    min_reward: float | None = None
    """Leave out episodes with less reward; None: those that are no success."""
    epochs: PositiveInt = 3
    """Passes over the episodes."""
    lr: float = Field(1e-5, gt=0, le=1)
    """Highest learning rate; it falls to zero as a cosine."""
    warmup: float = Field(0.05, ge=0, le=1)
    """Share of the updates over which it rises from 0."""
    batch: PositiveInt = 16
    """Episodes of one update."""

    @model_validator(mode="after")
    def _run_where_needed(self) -> "SftSpec":
        if (self.source == "run") != (self.run is not None):
            raise ValueError("give 'run' with source 'run', and only there")
        if self.source == "best_of_n" and self.best > self.attempts:
            raise ValueError(f"'best' is {self.best} of {self.attempts} 'attempts'")
        return self


class EvolutionSpec(Section):
    """The separable CMA-ES, for algorithm ``sep_cma_es``. A step is a generation: each of its
    ``train.group_size`` candidates plays one episode of each of the step's tasks."""

    sigma: PositiveFloat = 0.3
    """How far the first candidates are from the first weights, as a standard deviation."""


class EvaluationSpec(Section):
    """Held-out tasks, attempted before, while and after training; never trained on."""

    tasks: TasksSpec
    every: PositiveInt | None = None
    """Steps between two evaluations; None: only before SFT, after SFT and at the end."""
    attempts: PositiveInt = 1
    """Episodes of each task."""
    temperature: float | None = Field(None, ge=0)
    """Sampling temperature; None: that of training."""


class CheckpointsSpec(Section):
    """What of the training is kept on disk."""

    every: PositiveInt = 10
    """Steps between two checkpoints; there is always one after the last step."""
    keep_last: PositiveInt = 2
    """How many of the newest stay."""
    keep_best: NonNegativeInt = 1
    """How many of the best stay, by held-out success."""


class TrainSpec(Section):
    """Multi-turn RL, with supervised training before it."""

    algorithm: str = "grpo"
    """Preset of the switches in ``advantage`` and ``loss``; ``docs/training/algorithms.md`` lists
    them. What those sections say themselves wins."""
    advantage: AdvantageSpec = AdvantageSpec()
    loss: LossSpec = LossSpec()
    steps: NonNegativeInt = 100
    """How often the policy is updated on new episodes; 0: no RL."""
    tasks_per_step: PositiveInt = 8
    """Tasks that a step draws: groups."""
    group_size: PositiveInt = 8
    """Episodes of each of them."""
    epochs: PositiveInt = 1
    """Passes over a step's episodes."""
    minibatches: PositiveInt = 1
    """Updates of each pass."""
    tokens_per_pass: PositiveInt = 8192
    """Most tokens, padding included, that go through the model at a time; gradients add up until
    an update's episodes have passed."""
    staleness: NonNegativeInt = 0
    """By how many updates an episode's weights may lag when it is trained on. 0: sampling and
    training take turns; above 0 they overlap."""
    truncated: Literal["use", "exclude"] = "use"
    """Whether episodes that a limit ended are trained on; either way they are counted."""
    optimiser: OptimiserSpec = OptimiserSpec()
    critic: CriticSpec = CriticSpec()
    sampler: SamplerSpec = SamplerSpec()
    schedules: dict[str, ScheduleSpec] = {}
    """Numbers of the suite that follow a schedule, by dotted key, such as ``limits.max_turns`` or
    ``train.loss.entropy``."""
    evolution: EvolutionSpec = EvolutionSpec()
    sft: SftSpec | None = None
    evaluation: EvaluationSpec | None = None
    checkpoints: CheckpointsSpec = CheckpointsSpec()
    trackers: tuple[Literal["tensorboard", "wandb", "mlflow"], ...] = ("tensorboard",)
    """Where metrics go besides ``metrics.jsonl``."""
    preflight: NonNegativeInt = 2
    """Tasks that are played before anything is learnt, to look whether training can work; 0: do
    not look."""
    stall_s: PositiveFloat = 900.0
    """A phase that makes no progress for so long is reported, by name."""
    seed: int = 0
    """Decides the order of tasks and of episodes in an update."""

    @property
    def imitates(self) -> bool:
        """Whether expert episodes are imitated beside RL, now or once a schedule says so."""
        scheduled = "train.loss.imitation.coefficient" in self.schedules
        return scheduled or self.loss.imitation.coefficient > 0

    @property
    def evolves(self) -> bool:
        """Whether weights evolve, and no gradient is followed."""
        return self.algorithm == "sep_cma_es"

    @model_validator(mode="before")
    @classmethod
    def _switches(cls, data: Any) -> Any:
        """Put the preset's switches under those that the suite gives itself."""
        return merged(data) if isinstance(data, dict) else data

    @model_validator(mode="after")
    def _possible(self) -> "TrainSpec":
        if self.algorithm not in PRESETS:
            raise ValueError(
                f"unknown algorithm {self.algorithm!r}{nearest(self.algorithm, PRESETS)}; known: "
                f"{', '.join(PRESETS)}"
            )
        if self.advantage.needs_group and self.group_size < 2:
            raise ValueError(
                f"baseline '{self.advantage.baseline}' compares the episodes of a task: "
                f"'group_size' must be at least 2"
            )
        if self.evolves and self.group_size < 4:
            raise ValueError(
                f"algorithm '{self.algorithm}' compares candidates: 'group_size', their number, "
                f"must be at least 4"
            )
        if self.advantage.baseline == "value" and self.sampler.equal_rewards == "global":
            raise ValueError(
                "sampler.equal_rewards 'global' compares groups, and a critic's advantages "
                "(baseline 'value') have none: use 'keep'"
            )
        return self
