"""Keys of a training suite that nothing would read: a value that has no effect is a mistake."""

from collections.abc import Iterator
from dataclasses import dataclass

from pydantic import BaseModel

from agentrl.suite.spec import SuiteSpec
from agentrl.suite.train import TrainSpec


@dataclass(frozen=True, slots=True)
class Unused:
    """A key whose value has no effect."""

    key: tuple[str, ...]
    needs: str
    """What the suite would have to say for it to have one."""
    default: object
    """The value that may stand there all the same."""


@dataclass(frozen=True, slots=True)
class _Rule:
    section: str
    keys: tuple[str, ...]
    """Of that section; empty: all of them."""
    used: bool
    needs: str


def unused_keys(spec: SuiteSpec) -> Iterator[Unused]:
    """Yield the keys that differ from their default, or follow a schedule, though nothing reads
    them."""
    if spec.train is None:
        return
    for rule in _rules(spec, spec.train):
        if rule.used:
            continue
        section = _section(spec, rule.section)
        if section is None:
            continue
        for name in rule.keys or type(section).model_fields:
            dotted = f"{rule.section}.{name}"
            default = type(section).model_fields[name].get_default(call_default_factory=True)
            if getattr(section, name) != default or dotted in spec.train.schedules:
                yield Unused(tuple(dotted.split(".")), rule.needs, default)


def _rules(spec: SuiteSpec, train: TrainSpec) -> Iterator[_Rule]:
    policy = spec.policy
    yield _Rule(
        "policy",
        ("engine_args", "engine_gpus", "sync"),
        policy.engine == "vllm",
        "policy.engine: vllm",
    )
    yield _Rule(
        "rollouts", ("attempts",), False, "`agentrl run`; training plays train.group_size episodes"
    )
    yield from _agent_rules(spec)
    if train.sft is not None:
        of_n = train.sft.source == "best_of_n"
        yield _Rule("train.sft", ("attempts", "best"), of_n, "train.sft.source: best_of_n")
        played = train.sft.source != "run"
        yield _Rule("train.sft", ("tasks",), played, "another train.sft.source than run")
    if train.steps:  # those of RL; `--sft-only` leaves them where they are
        yield from _evolution_rules(train)
        yield from _critic_rules(train)
        yield from _sampler_rules(train)
        yield from _loss_rules(train)


def _agent_rules(spec: SuiteSpec) -> Iterator[_Rule]:
    speaks, needs = spec.agent.kind == "llm", "a language model, an agent of kind llm"
    yield _Rule("policy", (), speaks, needs)
    yield _Rule("agent", ("model", "parser", "prompt", "history", "constrain"), speaks, needs)
    yield _Rule("agent.sampling", ("top_p", "top_k", "max_tokens", "stop"), speaks, needs)
    yield _Rule("agent", ("choice",), spec.agent.kind == "choice", "an agent of kind choice")


def _evolution_rules(train: TrainSpec) -> Iterator[_Rule]:
    gradients = not train.evolves
    needs = "an algorithm that follows gradients, such as grpo"
    for section in ("advantage", "loss", "optimiser"):
        yield _Rule(f"train.{section}", (), gradients, needs)
    yield _Rule("train", ("epochs", "minibatches", "tokens_per_pass"), gradients, needs)
    yield _Rule("train.evolution", (), train.evolves, "train.algorithm: sep_cma_es")


def _critic_rules(train: TrainSpec) -> Iterator[_Rule]:
    critic = train.advantage.baseline == "value"
    shared = train.critic.trunk == "shared"
    yield _Rule("train.critic", (), critic, "a critic, which advantage.baseline: value has")
    yield _Rule(
        "train.critic", ("coefficient",), shared or not critic, "train.critic.trunk: shared"
    )
    yield _Rule(
        "train.critic",
        ("warmup_steps", "epochs"),
        not shared or not critic,
        "train.critic.trunk: copy",
    )


def _sampler_rules(train: TrainSpec) -> Iterator[_Rule]:
    sampler = train.sampler
    for kind in ("adaptive", "curriculum"):
        needs = f"train.sampler.kind: {kind}"
        yield _Rule(f"train.sampler.{kind}", (), sampler.kind == kind, needs)
    refills = sampler.equal_rewards == "refill"
    yield _Rule("train.sampler", ("refills",), refills, "train.sampler.equal_rewards: refill")


def _loss_rules(train: TrainSpec) -> Iterator[_Rule]:
    loss = train.loss
    yield _Rule(
        "train.loss", ("kl_coefficient", "kl_estimator"), loss.kl != "none", "train.loss.kl"
    )
    constant = loss.aggregate == "constant"
    yield _Rule("train.loss", ("constant",), constant, "train.loss.aggregate: constant")
    grouped = train.advantage.baseline != "value"
    yield _Rule(
        "train.loss", ("unlikeliness",), grouped, "a baseline that compares the episodes of a task"
    )
    yield _Rule(
        "train.loss.imitation",
        ("below_success",),
        train.imitates,
        "train.loss.imitation.coefficient",
    )


def _section(spec: BaseModel, dotted: str) -> BaseModel | None:
    found: BaseModel | None = spec
    for name in dotted.split("."):
        found = None if found is None else getattr(found, name)
    return found
