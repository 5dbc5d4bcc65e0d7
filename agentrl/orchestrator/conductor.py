"""``agentrl/Conductor-v0``: plan who does what and who sees what; the workers' answer counts.

After the Conductor (arXiv 2512.04388).
"""

from collections.abc import Mapping
from typing import Any, ClassVar

from agentrl.envs.base import Step
from agentrl.episode import Call
from agentrl.orchestrator.execute import node_seed
from agentrl.orchestrator.fixed import Followed, check_topology, parse_topology, topology_text
from agentrl.orchestrator.orchestrated import ORCHESTRATED_FACTS, OrchestratedEnv
from agentrl.orchestrator.parse import parse_workflow
from agentrl.orchestrator.planning import KEEP, Situation, annotated, load_planner
from agentrl.orchestrator.result import WorkflowResult
from agentrl.orchestrator.self_worker import SelfWorker
from agentrl.orchestrator.topology import Plan
from agentrl.orchestrator.worker import WorkerFailedError
from agentrl.orchestrator.workflow import Node, Workflow, WorkflowError
from agentrl.suite.orchestrator import OrchestratorSpec
from agentrl.suite.sandbox import SandboxSpec
from agentrl.task import Task

_RULES = """\
Direct the workers to answer the question; you do not answer it yourself. Write a workflow of at \
most {nodes} steps as three lists of the same length:
model_id: for each step the number of the worker that does it
subtasks: for each step what the worker is told; it also sees the question
access_list: for each step which earlier steps it sees: [] (none), "all", or their numbers
The answer of the last step is the answer. For example:
{example}"""
_AGAIN = """
You are shown the answer and may write another workflow, at most {steps} in all. Three empty lists \
keep the answer."""
_SELF = """
Worker {name} is you: as the last step it lets you plan again with what was found."""
_EXAMPLE = """\
model_id = [0, 1]
subtasks = ["Work out a first answer.", "Check the first answer and give the right one."]
access_list = [[], "all"]"""


class ConductorEnv(OrchestratedEnv):
    """Write workflows over a pool of workers that solve the tasks of another environment.

    A task may name a known solution: ``workflow`` in its data, the text of a workflow. A plan may
    also name a topology, as a JSON object such as ``{"topology": "vote", "workers": [...]}``.

    Args:
        env: the inner environment, as in a suite's section ``env``.
        recursion: show what came of a workflow, and let the conductor plan again or keep it. The
            workers of a later workflow draw anew, so that the same plan may come to another end.
        brief: show workers and results in few signs: behind each word of the question that is a
            tag of workers, who has it, as in ``sort|4:0|1:2``, with the price for a million tokens
            in and the worker's number; of a workflow its answer.
        topology: the plan that an agent of kind ``expert`` writes for every task, as
            ``docs/orchestrator/topologies.md`` describes it, with the names of the pool.
        planner: instead, a function that plans for such an agent: ``function`` and ``options`` as
            of a program worker; it is asked with a ``planning.Situation``.
        render_mode: as in gymnasium.
    """

    facts: ClassVar[Mapping[str, str]] = {
        **ORCHESTRATED_FACTS,
        "parsed": "a workflow could be read and executed, or an answer was kept",
        "kept": "the answer of before was kept",
    }

    def __init__(
        self,
        env: Mapping[str, Any],
        recursion: bool = False,
        brief: bool = False,
        topology: Mapping[str, Any] | None = None,
        planner: Mapping[str, Any] | None = None,
        orchestrator: OrchestratorSpec | None = None,
        sandbox: SandboxSpec | None = None,
        render_mode: str | None = None,
    ) -> None:
        super().__init__(env, orchestrator, sandbox, render_mode)
        self._recursion = recursion
        self._brief = brief
        self._topology = topology
        self._planner = None if planner is None else load_planner(planner)
        if topology is not None:
            check_topology(topology, self._workers.names(), self._limits)
        self._turn = 0
        self._parsed = False

    @property
    def instructions(self) -> str:
        text = _RULES.format(nodes=self._limits.nodes, example=_EXAMPLE)
        if self._recursion:
            text += _AGAIN.format(steps=self._limits.steps)
            text += "".join(_SELF.format(name=name) for name in self._own_names())
        return text

    def begin(self, task: Task, seed: int) -> str:
        self._turn, self._parsed = 0, False
        return super().begin(task, seed)

    def act(self, action: str) -> Step:
        self._turn += 1
        try:
            plan, again = self._planned(action)
        except WorkflowError as exc:
            return self.refuse(f"There is no such workflow: {exc}.", parsed=0.0, nodes=0.0)
        self._parsed = True
        if plan is None:
            return self._finished({"kept": 1.0, "nodes": 0.0}, ())
        workflow, result = self._answers(plan)
        facts = {
            **self._spent(result.calls),
            "nodes": float(len(workflow.nodes)),
            "failed_nodes": float(len(result.failed)),
            "parsed": 1.0,
        }
        self._answer = result.answer or self._answer
        if again or (self._recursion and self._turn < self._limits.steps):
            return Step(self._shown(workflow, result), facts, calls=result.calls)
        return self._finished(facts, result.calls)

    def outcome(self) -> dict[str, float]:
        return {**super().outcome(), "parsed": float(self._parsed)}

    def expert_action(self) -> str | None:
        """Return the planner's plan, the suite's topology, or the task's workflow; of the last two
        what keeps the answer comes next."""
        if self._planner is not None:
            known = {worker.name: worker.descriptor for worker in self._pool}
            return self._planner(Situation(self._task(), known, self._answer))
        if self._rounds:
            return KEEP
        if self._topology is not None:
            return topology_text(self._topology, self._pool.names(), self.names)
        workflow = self._task().data.get("workflow")
        return workflow if isinstance(workflow, str) else None

    def _opening(self) -> str:
        if not self._brief:
            return super()._opening()
        known = [worker.descriptor for worker in self._pool]
        return annotated(self._question.strip(), known)

    def _planned(self, action: str) -> tuple[Plan | None, bool]:
        """Return the plan of an action, and whether the conductor wants to plan after it.

        Raises:
            WorkflowError: there is none, or one that cannot be executed.
        """
        topology = parse_topology(action, self.names, self._limits)
        if topology is not None and not isinstance(topology, Workflow):
            return topology, False
        workflow = topology or parse_workflow(action, self.names, self._limits)
        if workflow is None:
            if self._answer is None:
                raise WorkflowError("there is no answer to keep yet; plan at least one step")
            return None, False
        own = self._own_names()
        mine = [node for node in workflow.nodes if node.worker in own]
        if not mine:
            return workflow, False
        if not self._recursion or self._turn >= self._limits.steps:
            raise WorkflowError("you cannot be a step yourself now; give every step to a worker")
        return _without_last(workflow, mine), True

    def _answers(self, plan: Plan) -> tuple[Workflow, WorkflowResult]:
        """Return the workflow that was executed, and what the workers answered.

        Raises:
            WorkerFailedError: nobody answered anything, which says nothing about the plan.
        """
        workflow, result = self._carried_out(plan)
        if result.failed and not result.answers and not result.stopped:
            node, why = next(iter(result.failed.items()))
            worker = workflow.by_id[node].worker
            raise WorkerFailedError(worker, f"and every other of the workflow failed: {why}")
        return workflow, result

    def _carried_out(self, plan: Plan) -> tuple[Workflow, WorkflowResult]:
        if isinstance(plan, Workflow):
            return plan, self._executed(plan, self._question, self._turn_seed())
        followed = Followed(plan, plan.whole)
        result = self._executed(followed, self._question, self._turn_seed())
        return followed.workflow, result

    def _turn_seed(self) -> int:
        """Return the episode's seed for its first workflow, and another for each after it."""
        return self._seed if not self._rounds else node_seed(self._seed, -self._rounds)

    def _finished(self, facts: Mapping[str, float], calls: tuple[Call, ...]) -> Step:
        graded = self._graded()
        success = graded.outcome.get("success", 0.0)
        return Step(
            graded.observation or f"The answer was: {self._answer or '(none)'}",
            {"parsed": 1.0, **facts},
            reward=float(success >= 1.0),
            terminated=True,
            calls=calls,
        )

    def _shown(self, workflow: Workflow, result: WorkflowResult) -> str:
        if self._brief:
            return f"Answer: {self._answer or '(none)'}"
        steps = "\n\n".join(
            f"Step {number}, worker {node.worker}: {node.instruction}\n"
            f"{result.answers.get(node.id) or 'It failed and gave no answer.'}"
            for number, node in enumerate(workflow.nodes)
        )
        left = self._limits.steps - self._turn
        return (
            f"{steps}\n\nThe answer is now: {self._answer or '(none)'}\n"
            f"You may plan {left} more times, or keep it with three empty lists."
        )

    def _own_names(self) -> tuple[str, ...]:
        """Return what the conductor itself is called in the pool, if it is in it."""
        named = zip(self.names, self._pool, strict=True)
        return tuple(name for name, worker in named if isinstance(worker.worker, SelfWorker))


def _without_last(workflow: Workflow, mine: list[Node]) -> Workflow:
    """Return the workflow without its last step, which is the conductor's own."""
    last = workflow.nodes[-1]
    if mine != [last] or len(workflow.nodes) < 2:
        raise WorkflowError(
            "you can only be the last step, after a worker's; to plan anew, write the new workflow"
        )
    return Workflow(workflow.nodes[:-1])
