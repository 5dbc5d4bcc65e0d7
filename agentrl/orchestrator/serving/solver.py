"""Answering a question with a pool: a plan is fixed or written, then executed."""

from collections.abc import Sequence
from dataclasses import dataclass

from agentrl.episode import Generation, Sampling
from agentrl.errors import InfrastructureError, UsageError
from agentrl.models.base import Message, Model, Request
from agentrl.models.build import build_model
from agentrl.orchestrator.conductor import ConductorEnv
from agentrl.orchestrator.fixed import Followed, check_topology, parse_topology
from agentrl.orchestrator.parse import parse_workflow
from agentrl.orchestrator.pool import Pool, build_pool
from agentrl.orchestrator.result import WorkflowResult
from agentrl.orchestrator.staged import run
from agentrl.orchestrator.topology import Plan
from agentrl.orchestrator.workflow import Workflow, WorkflowError
from agentrl.suite.orchestrator import OrchestratorSpec
from agentrl.suite.pool_file import pool_spec
from agentrl.suite.spec import SuiteSpec
from agentrl.task import Task


class AllFailedError(InfrastructureError):
    """No worker, or no conductor, gave an answer that can be used."""


@dataclass(frozen=True, slots=True)
class Solved:
    """What came of a question."""

    workflow: Workflow
    result: WorkflowResult
    planned: Generation | None = None
    """The conductor's own answer; None where the plan is fixed."""

    @property
    def tokens(self) -> tuple[int, int]:
        """Tokens in and out over all calls, the conductor's own included."""
        made = [call.generation for call in self.result.calls] + [self.planned]
        usages = [generation.usage for generation in made if generation is not None]
        return sum(u.prompt_tokens for u in usages), sum(u.completion_tokens for u in usages)

    @property
    def cost_usd(self) -> float:
        """What all calls cost."""
        return self.result.cost_usd + (self.planned.cost_usd if self.planned else 0.0)


class Solver:
    """Answers questions by a fixed topology, or by the workflow that a language model writes."""

    def __init__(self, suite: SuiteSpec) -> None:
        """
        Args:
            suite: with a ``Conductor-v0`` environment.

        Raises:
            UsageError: it cannot be served.
        """
        spec: OrchestratorSpec | None = suite.orchestrator
        if suite.env.id != "agentrl/Conductor-v0" or spec is None:
            raise UsageError(
                f"the suite's environment is {suite.env.id}, expected agentrl/Conductor-v0 with a "
                f"section 'orchestrator'; only conductors are served"
            )
        self._spec = spec
        self._pool: Pool = build_pool(pool_spec(spec))
        self._names = self._pool.names(spec.anonymous)
        topology = suite.env.options.get("topology")
        self._fixed = topology if suite.agent.kind == "expert" else None
        self._model: Model | None = None
        if self._fixed is not None:
            check_topology(self._fixed, self._pool.names(), spec.limits)
        elif suite.agent.kind == "llm" and suite.agent.model is not None:
            self._model = build_model(suite.agent.model)
            self._sampling = Sampling(**suite.agent.sampling.model_dump())
            env = ConductorEnv(suite.env.options["env"], orchestrator=spec)
            self._rules = env.instructions
            env.close()
        else:
            raise UsageError("give the suite a topology with agent kind expert, or an llm agent")

    async def start(self) -> None:
        """Load or reach the conductor."""
        if self._model is not None:
            await self._model.start()

    async def close(self) -> None:
        """End the conductor and the workers."""
        if self._model is not None:
            await self._model.close()
        await self._pool.close()

    async def solve(self, question: str, seed: int = 0) -> Solved:
        """Answer a question.

        Raises:
            AllFailedError: nobody gave an answer, or the conductor gave no plan.
        """
        plan, planned = await self._plan(question)
        followed = plan if isinstance(plan, Workflow) else Followed(plan, plan.whole)
        spec = self._spec
        result = await run(
            followed,
            self._pool,
            Task("served", data={"question": question}),
            question=question,
            limits=spec.limits,
            retries=spec.retries,
            fallback=spec.fallback,
            seed=seed,
        )
        if not result.answers:
            why: str = result.stopped or next(iter(result.failed.values()), "no answer")
            raise AllFailedError(f"no worker answered: {why}")
        whole = followed if isinstance(followed, Workflow) else followed.workflow
        return Solved(whole, result, planned)

    async def _plan(self, question: str) -> tuple[Plan, Generation | None]:
        if self._model is None:
            assert self._fixed is not None
            return check_topology(self._fixed, self._pool.names(), self._spec.limits), None
        workers = self._pool.describe(self._spec.anonymous)
        asked = f"{question}\n\nWorkers:\n{workers}"
        messages = (Message("system", self._rules), Message("user", asked))
        planned = await self._model.generate(Request(messages, self._sampling))
        try:
            plan = parse_topology(planned.text, self._names, self._spec.limits)
            plan = plan or parse_workflow(planned.text, self._names, self._spec.limits)
        except WorkflowError as exc:
            raise AllFailedError(f"the conductor wrote no workflow: {exc}") from exc
        if plan is None:
            raise AllFailedError("the conductor kept an answer that there is not")
        return plan, planned


def question_of(messages: Sequence[tuple[str, str]]) -> str:
    """Return a chat as one question: the last user message, what came before as context.

    >>> question_of([("user", "1 + 1")])
    '1 + 1'

    Raises:
        UsageError: the chat does not end with a user's message.
    """
    if not messages or messages[-1][0] != "user":
        raise UsageError("messages must end with a message of role user")
    *earlier, (_, last) = messages
    told = "".join(f"{role}: {text}\n\n" for role, text in earlier)
    return f"{told}{last}"
