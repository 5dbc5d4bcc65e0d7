"""``agentrl/Router-v0``: think, ask a worker, read, and answer in the end.

After Router-R1 (arXiv 2506.09033).
"""

from collections.abc import Mapping
from typing import Any, ClassVar

from agentrl.envs.base import Step
from agentrl.episode import Call
from agentrl.orchestrator.orchestrated import ORCHESTRATED_FACTS, OrchestratedEnv
from agentrl.orchestrator.result import WorkflowResult
from agentrl.orchestrator.tags import format_problem, read_round
from agentrl.orchestrator.worker import WorkerFailedError
from agentrl.orchestrator.workflow import Node, Workflow
from agentrl.suite.orchestrator import OrchestratorSpec
from agentrl.suite.sandbox import SandboxSpec
from agentrl.task import Task

_RULES = """\
Answer the question. First think between <think> and </think>. If you need help, ask a worker with \
<search> NAME:QUERY </search>, NAME one of the workers; its reply comes between <information> and \
</information>. You can ask {routes} times. Then think again and give the answer between <answer> \
and </answer>, without explanations."""
_LAST = "No worker can be asked any more: give the answer between <answer> and </answer>."


class RouterEnv(OrchestratedEnv):
    """Ask workers one by one and answer the task of another environment oneself.

    The form of an episode includes its thoughts: a language model needs ``agent.parser: raw``.

    Args:
        env: the inner environment, as in a suite's section ``env``.
        routes: how often a worker can be asked; one more round is for the answer.
        silent: as the paper's code, answer an action that is none with nothing, a route to a worker
            that there is not like one to a worker that failed, and never say that no routes are
            left.
        render_mode: as in gymnasium.
    """

    facts: ClassVar[Mapping[str, str]] = {
        **ORCHESTRATED_FACTS,
        "routed": "a worker was asked",
        "worker_usd_out": "what the tokens that the worker wrote cost, in USD: the paper's cost",
        "format_valid": "the episode keeps the paper's form",
    }

    def __init__(
        self,
        env: Mapping[str, Any],
        routes: int = 4,
        silent: bool = False,
        orchestrator: OrchestratorSpec | None = None,
        sandbox: SandboxSpec | None = None,
        render_mode: str | None = None,
    ) -> None:
        super().__init__(env, orchestrator, sandbox, render_mode)
        self._routes = routes
        self._silent = silent
        self.max_turns = routes + 1
        self._turn = 0
        self._texts: list[str] = []
        self._failed: dict[str, str] = {}

    @property
    def instructions(self) -> str:
        return _RULES.format(routes=self._routes)

    def begin(self, task: Task, seed: int) -> str:
        self._turn, self._texts, self._failed = 0, [], {}
        return super().begin(task, seed)

    def act(self, action: str) -> Step:
        self._turn += 1
        self._texts.append(action)
        found = read_round(action, self.names)
        if found.kind == "answer":
            return self._answered(found.text)
        if found.kind == "invalid" or (found.kind == "unknown" and not self._silent):
            return self._refused(f"That was no action: {found.text}.")
        if self._turn > self._routes:
            return self._refused(_LAST)
        if found.kind == "unknown":
            return Step(self._informed("None"), {"nodes": 0.0})
        return self._routed(found.worker, found.text)

    def outcome(self) -> dict[str, float]:
        problem = format_problem(self._texts, self.names) if self._answer is not None else "none"
        return {**super().outcome(), "format_valid": float(not problem)}

    def _answered(self, answer: str) -> Step:
        """Hand the answer in.

        Raises:
            WorkerFailedError: it is wrong and no worker that was asked answered, so that nobody
                knows what the router is worth.
        """
        self._answer = answer
        graded = self._graded()
        right = graded.outcome.get("success", 0.0) >= 1.0
        if not right and self._failed and len(self._failed) == self._rounds:
            worker, why = next(iter(self._failed.items()))
            raise WorkerFailedError(worker, f"and every other that was asked failed: {why}")
        return Step(
            graded.observation or "The answer was handed in.",
            {"nodes": 0.0},
            reward=float(right),
            terminated=True,
        )

    def _refused(self, why: str) -> Step:
        return self.refuse(" " if self._silent else why, nodes=0.0)

    def _routed(self, worker: str, query: str) -> Step:
        result = self._reply(worker, query)
        information = self._informed(result.answer or "None")
        facts = {
            **self._spent(result.calls),
            "worker_usd_out": sum(map(self._written_usd, result.calls)),
            "nodes": 1.0,
            "failed_nodes": float(len(result.failed)),
            "routed": 1.0,
        }
        hint = f"\n{_LAST}" if self._turn >= self._routes and not self._silent else ""
        return Step(information + hint, facts, calls=result.calls)

    def _informed(self, reply: str) -> str:
        """Return what the router is shown; tags in a reply are not held against its form."""
        self._texts.append("<information></information>")
        return f"<information>{reply}</information>"

    def _written_usd(self, call: Call) -> float:
        """Return what the tokens of a worker's answer cost; without a price they cost nothing."""
        if call.generation is None:
            return 0.0
        price = self._pool[call.worker].descriptor.price_out or 0.0
        return call.generation.usage.completion_tokens * price / 1e6

    def _reply(self, worker: str, query: str) -> WorkflowResult:
        """Ask one worker one query; the question itself is not shown to it."""
        workflow = Workflow((Node("0", worker),))
        result = self._executed(workflow, query, self._seed + self._turn)
        if result.failed and not result.stopped:
            self._failed[f"{worker}, asked on turn {self._turn},"] = result.failed["0"]
        return result
