"""What every environment shares in which an agent directs workers on a task of another one."""

from collections.abc import Iterable, Mapping
from typing import Any, ClassVar

from agentrl.envs.base import TextEnv
from agentrl.episode import Call
from agentrl.errors import UsageError
from agentrl.orchestrator.cache import WorkflowCache
from agentrl.orchestrator.fingerprint import pool_fingerprint
from agentrl.orchestrator.inner import Graded, Inner, inner_class, inner_spec
from agentrl.orchestrator.loop import background, shared_pool
from agentrl.orchestrator.result import WorkflowResult
from agentrl.orchestrator.staged import run
from agentrl.orchestrator.topology import Plan
from agentrl.suite.orchestrator import OrchestratorSpec
from agentrl.suite.pool_file import pool_spec
from agentrl.suite.sandbox import SandboxSpec
from agentrl.task import Task

ORCHESTRATED_FACTS = {
    "nodes": "steps of the workflow, or workers that were asked, on the turn",
    "failed_nodes": "of them, those without an answer",
    "worker_calls": "calls of workers on the turn, those that failed too",
    "worker_tokens_in": "tokens that workers were given on the turn",
    "worker_tokens_out": "tokens that workers answered on the turn",
    "worker_usd": "what the workers of the turn cost, in USD",
    "usd": "what the workers of the episode cost, in USD",
    "rounds": "turns on which workers were asked",
    "answered": "there is an answer to hand in",
}

_MONEY = ("meter/usd", "worker_usd", "worker_usd_out", "usd")
"""Facts that are about money."""


class OrchestratedEnv(TextEnv):
    """Stands around an environment whose tasks workers solve and an agent only directs.

    Args:
        env: the inner environment, as in a suite's section ``env``.
        orchestrator: the suite's section of that name.
        sandbox: where the inner environment runs code, if it does.
    """

    blocking: ClassVar[bool] = True
    orchestrated: ClassVar[bool] = True
    facts: ClassVar[Mapping[str, str]] = ORCHESTRATED_FACTS

    def __init__(
        self,
        env: Mapping[str, Any],
        orchestrator: OrchestratorSpec | None = None,
        sandbox: SandboxSpec | None = None,
        render_mode: str | None = None,
    ) -> None:
        super().__init__(render_mode)
        if orchestrator is None:
            raise UsageError("it asks workers: the suite needs a section 'orchestrator'")
        self._spec = orchestrator
        self._limits = orchestrator.limits
        self._inner = Inner(inner_spec(env), sandbox or SandboxSpec())
        self._workers = shared_pool(orchestrator)
        if self._limits.usd is not None:
            self._workers.require_prices("orchestrator.limits.usd")
        self._recalled_as = pool_fingerprint(pool_spec(orchestrator))
        self._cache = WorkflowCache(self._recalled_as)
        self.max_turns = self._limits.steps
        self._pool = self._workers
        self._question = ""
        self._answer: str | None = None
        self._usd, self._rounds, self._seed = 0.0, 0, 0
        self._asked: Task | None = None

    @classmethod
    def played(cls, options: Mapping[str, Any]) -> type[TextEnv]:
        return inner_class(options)

    def check_stated(self, fact: str) -> None:
        if fact in _MONEY:
            self._workers.require_prices(fact)

    @property
    def names(self) -> tuple[str, ...]:
        """What the workers of the episode's pool are called, in order."""
        return self._pool.names(self._spec.anonymous)

    def begin(self, task: Task, seed: int) -> str:
        self._asked, self._seed = task, seed
        self._answer, self._usd, self._rounds = None, 0.0, 0
        self._question = self._inner.begin(task, seed)
        part, all_workers = self._spec.sub_pool, self._workers
        self._pool = (
            all_workers
            if part is None
            else all_workers.sub_pool(part.size, f"{part.seed}:{seed}", shuffle=part.shuffle)
        )
        return self._opening()

    def outcome(self) -> dict[str, float]:
        return {
            **self._graded().outcome,
            "usd": self._usd,
            "rounds": float(self._rounds),
            "answered": float(self._answer is not None),
        }

    def handed_in(self) -> str | None:
        return self._answer

    def _opening(self) -> str:
        """Return the first observation: the workers, then the question."""
        workers = self._pool.describe(self._spec.anonymous)
        return f"Workers:\n{workers}\n\nQuestion:\n{self._question}"

    def _graded(self) -> Graded:
        return self._inner.grade(self._answer)

    def _task(self) -> Task:
        assert self._asked is not None, "reset comes first"
        return self._asked

    def _spent(self, calls: Iterable[Call]) -> dict[str, float]:
        """Return what the calls of a turn took, as facts, and add it to the episode's."""
        calls = list(calls)
        answers = [call.generation for call in calls if call.generation is not None]
        usd = sum(answer.cost_usd for answer in answers)
        self._usd += usd
        self._rounds += 1
        return {
            "worker_calls": float(len(calls)),
            "worker_tokens_in": float(sum(answer.usage.prompt_tokens for answer in answers)),
            "worker_tokens_out": float(sum(answer.usage.completion_tokens for answer in answers)),
            "worker_usd": usd,
        }

    def _executed(self, plan: Plan, question: str, seed: int) -> WorkflowResult:
        """Let the workers do what a plan says, within what is left of the budget."""
        limits = self._limits.model_copy(update={"usd": self._left_usd()})
        execution = run(
            plan,
            self._pool,
            self._task(),
            question=question,
            limits=limits,
            retries=self._spec.retries,
            fallback=self._spec.fallback,
            seed=seed,
            cache=self._cache if self._spec.cache else None,
        )
        return background().run(execution)

    def _left_usd(self) -> float | None:
        """Return what may still be spent; None: there is no limit."""
        return None if self._limits.usd is None else max(0.0, self._limits.usd - self._usd)
