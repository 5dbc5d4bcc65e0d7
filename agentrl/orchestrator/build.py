"""From a suite's pool to its workers; what a kind stands on is imported when it is asked for."""

from collections.abc import Iterator, Mapping, Sequence

from agentrl.episode import Sampling
from agentrl.models.build import build_model
from agentrl.orchestrator.from_scratch import with_checkpoint
from agentrl.orchestrator.model_worker import ModelWorker
from agentrl.orchestrator.program import ProgramWorker, load_program
from agentrl.orchestrator.self_worker import SelfWorker
from agentrl.orchestrator.worker import Descriptor, Worker
from agentrl.suite.model import OpenAISpec
from agentrl.suite.orchestrator import PoolSpec
from agentrl.suite.strategies import with_strategy
from agentrl.suite.worker import (
    AgentWorkerSpec,
    DescribedSpec,
    ModelWorkerSpec,
    ProgramWorkerSpec,
    ReplayWorkerSpec,
    SelfWorkerSpec,
    WorkerSpec,
)


def build_workers(spec: PoolSpec, texts: Sequence[str] = ()) -> list[Worker]:
    """Return the workers of a pool, in order; nothing is loaded before the first is asked.

    Args:
        spec: the pool.
        texts: what the tasks look like; a model made from nothing learns its tokens from them.

    Raises:
        UsageError: a worker's settings cannot be used, or a recording is missing.
        MissingDependencyError: the library behind a worker is not installed.
    """
    shared = {"file": spec.recordings}
    replayed = {
        name: worker if worker.file else worker.model_copy(update=shared)
        for name, worker in spec.workers.items()
        if isinstance(worker, ReplayWorkerSpec)
    }
    replays = dict(_replays(replayed))
    known = [*texts, *_words(spec)]
    return [
        replays[name] if name in replays else _worker(name, worker, known)
        for name, worker in spec.workers.items()
    ]


def describe(spec: DescribedSpec) -> Descriptor:
    """Return what a suite says about a worker."""
    return Descriptor(
        price_in=spec.price_in,
        price_out=spec.price_out,
        price_cached=spec.price_cached,
        latency_s=spec.latency_s,
        answer_tokens=spec.answer_tokens,
        context_window=spec.context_window,
        performance=dict(spec.performance),
        tags=spec.tags,
        description=spec.description,
    )


def _worker(name: str, spec: WorkerSpec, texts: Sequence[str]) -> Worker:
    match spec:
        case ModelWorkerSpec():
            model = build_model(with_checkpoint(spec.model, texts))
            sampling = Sampling(**spec.sampling.model_dump())
            return ModelWorker(
                name,
                model,
                _model_descriptor(spec),
                sampling,
                with_strategy(spec.system, spec.strategy),
                one_message=spec.seen_as == "text",
                loads=spec.model.backend in ("transformers", "vllm"),
            )
        case ProgramWorkerSpec():
            tags = (*spec.tags, spec.skill) if spec.skill else spec.tags
            descriptor = describe(spec.model_copy(update={"tags": tags}))
            return ProgramWorker(name, load_program(spec.function, spec.options), descriptor)
        case AgentWorkerSpec():
            from agentrl.orchestrator.agent_worker import build_agent_worker

            return build_agent_worker(name, spec, describe(spec), texts)
        case SelfWorkerSpec():
            return SelfWorker(name, describe(spec))
        case ReplayWorkerSpec():
            raise AssertionError("replays are built together")


def _model_descriptor(spec: ModelWorkerSpec) -> Descriptor:
    """Prices and context stand with the worker, or else with its model."""
    model = spec.model
    more: dict[str, float | None] = {}
    if isinstance(model, OpenAISpec):
        if spec.price_in is None and spec.price_out is None and "prices" in model.model_fields_set:
            more["price_in"] = model.prices.input
            more["price_out"] = model.prices.output
            more["price_cached"] = model.prices.cached_input
        if spec.context_window is None:
            more["context_window"] = model.context_window
    return describe(spec.model_copy(update=more))


def _replays(specs: Mapping[str, ReplayWorkerSpec]) -> Iterator[tuple[str, Worker]]:
    """Read each recording once, for every worker whose answers stand in it."""
    if not specs:
        return
    from agentrl.orchestrator.replay.read import read_recording
    from agentrl.orchestrator.replay.worker import ReplayWorker, replay_descriptor

    sources = {(s.format, s.file, s.tasks) for s in specs.values()}
    for source in sources:
        here = {n: s for n, s in specs.items() if (s.format, s.file, s.tasks) == source}
        models = frozenset(s.model or n for n, s in here.items())
        texts = any(s.says == "text" for s in here.values())
        form, file, tasks = source
        assert file is not None, "a pool whose replay workers have no recording is refused"
        recording = read_recording(form, file, tasks, models, texts)
        for name, spec in here.items():
            model = spec.model or name
            recording.require(model)
            descriptor = replay_descriptor(recording, model, describe(spec))
            yield name, ReplayWorker(name, recording, model, descriptor, spec.says)


def _words(spec: PoolSpec) -> Iterator[str]:
    for name, worker in spec.workers.items():
        yield f"{name} {worker.description} {' '.join(worker.tags)}"
