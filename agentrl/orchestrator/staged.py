"""Shapes of working together that decide between their steps how to go on.

A program grows a workflow: it is shown what came of the workflow so far and gives a larger one,
with the same nodes and more, or the answer. What is done is not done again, so the last result is
of the whole, and its workflow can be drawn, kept and executed again like any other.
"""

import re
from collections.abc import Sequence
from dataclasses import dataclass, replace
from fractions import Fraction
from functools import partial
from typing import Protocol

from agentrl.envs.qa.grade import after_thought
from agentrl.errors import UsageError
from agentrl.orchestrator.cache import WorkflowCache
from agentrl.orchestrator.execute import Workers, execute, node_seed
from agentrl.orchestrator.limits import HasLimits, Limits
from agentrl.orchestrator.result import WorkflowResult
from agentrl.orchestrator.topologies import DEBATE, MERGE, SOLVE
from agentrl.orchestrator.vote import Vote, VoteKind, vote
from agentrl.orchestrator.workflow import Node, Workflow, WorkflowError
from agentrl.task import Task

VERIFY = (
    "Above is an answer to the question. Check it step by step. End with one word on a line of "
    "its own: ACCEPT if it is right, REJECT if it is not."
)
RANK = (
    "Above are several answers to the question, numbered from 1 in the order in which they "
    "stand. Name the {keep} best by their numbers, the best first, as in: BEST 3 1. Write only "
    "that line."
)
CONSENSUS = 2 / 3
"""Share of equal answers at which a team stops (DyLAN, arXiv 2310.02170)."""

_NOTHING = WorkflowResult("", {}, (), {}, 0.0, 0.0)
_VERDICT = re.compile(r"\b(ACCEPT|REJECT)\b")
_BEST = re.compile(r"\bBEST\b[\s:]*((?:\d{1,4}[\s,]*)+)", re.IGNORECASE | re.ASCII)


class Program(Protocol):
    """A workflow that grows by what its answers say."""

    def next_workflow(self, results: Sequence[WorkflowResult]) -> Workflow | str:
        """Return how to go on; a pure function of what there is.

        Args:
            results: of every workflow so far, each with all that came before it; empty at first.

        Returns:
            A workflow that has the nodes of the last one and more, or the final answer.
        """

    @property
    def whole(self) -> Workflow:
        """The largest workflow that it can grow to."""


async def run(
    plan: Workflow | Program,
    pool: Workers,
    task: Task,
    *,
    question: str,
    limits: HasLimits = Limits(),  # noqa: B008
    retries: int = 1,
    fallback: str | None = None,
    seed: int = 0,
    cache: WorkflowCache | None = None,
) -> WorkflowResult:
    """Execute a workflow, or a program until it has its answer.

    The limits are for the whole. Arguments and errors are those of
    ``agentrl.orchestrator.execute.execute``; of a program the cache keeps the first workflow.

    Raises:
        WorkflowError: a program gave a workflow that does not grow the one before.
    """
    ask = partial(
        execute,
        pool=pool,
        task=task,
        question=question,
        limits=limits,
        retries=retries,
        fallback=fallback,
        cache=cache,
    )
    if isinstance(plan, Workflow):
        return await ask(plan, seed=seed)
    results: list[WorkflowResult] = []
    before: Workflow | None = None
    while not results or not results[-1].stopped:
        step = plan.next_workflow(tuple(results))
        if isinstance(step, str):
            return replace(results[-1] if results else _NOTHING, answer=step)
        _check_growth(before, step)
        last = results[-1] if results else None
        stage_seed = node_seed(seed, -len(results)) if results else seed
        results.append(await ask(step, seed=stage_seed, after=last))
        before = step
    return results[-1]


def _check_growth(before: Workflow | None, now: Workflow) -> None:
    if before is None:
        return
    lost = [node.id for node in before.nodes if now.by_id.get(node.id) != node]
    if lost or len(now.nodes) == len(before.nodes):
        what = f"it changes or drops node {lost[0]!r}" if lost else "it adds no node"
        raise WorkflowError(f"a program's next workflow must grow the one before, but {what}")


@dataclass(frozen=True, slots=True)
class VerifierCascade:
    """The cheapest worker answers, a verifier checks, and a rejected answer goes one worker up.

    A verdict that cannot be read counts as REJECT: better to pay than to be wrong. The last
    worker's answer stands unchecked.
    """

    workers: tuple[str, ...]
    """From the cheapest to the best."""
    verifier: str
    instruction: str = SOLVE
    verify: str = VERIFY

    def __post_init__(self) -> None:
        _require(bool(self.workers), "verifier_cascade needs at least one worker")

    @property
    def whole(self) -> Workflow:
        return self._grown(len(self.workers))

    def next_workflow(self, results: Sequence[WorkflowResult]) -> Workflow | str:
        stage = len(results)
        if stage:
            answers = results[-1].answers
            answer = answers.get(f"answer{stage}", "")
            verdict = answers.get(f"check{stage}", "")
            if stage == len(self.workers):
                return results[-1].answer
            if answer and accepted(verdict):
                return answer
        return self._grown(stage + 1)

    def _grown(self, stages: int) -> Workflow:
        nodes = []
        for number, worker in enumerate(self.workers[:stages], start=1):
            nodes.append(Node(f"answer{number}", worker, self.instruction))
            if number < len(self.workers):
                sees = (f"answer{number}",)
                nodes.append(Node(f"check{number}", self.verifier, self.verify, sees=sees))
        return Workflow(tuple(nodes), (f"answer{stages}",))


def accepted(verdict: str) -> bool:
    """Return whether the last verdict in a text is ACCEPT.

    >>> accepted("I would REJECT it, but no: ACCEPT"), accepted("fine")
    (True, False)
    """
    verdicts = _VERDICT.findall(after_thought(verdict))
    return bool(verdicts) and verdicts[-1] == "ACCEPT"


@dataclass(frozen=True, slots=True)
class Team:
    """A team that answers in rounds and stops as soon as enough of it agree (arXiv 2310.02170).

    From the second round on each member sees the answers of the round before. After the second
    round a ranker may keep the best members for what follows, as DyLAN does; where it names too
    few that can be read, the first members fill up.
    """

    workers: tuple[str, ...]
    rounds: int = 3
    agree: float = CONSENSUS
    """Share of the members that must say the same to stop."""
    ranker: str | None = None
    """Who ranks; None: nobody leaves the team."""
    keep: int = 2
    """How many members stay after the ranking."""
    vote: VoteKind = "auto"
    instruction: str = SOLVE

    def __post_init__(self) -> None:
        _require(bool(self.workers), "team needs at least one worker")
        _require(self.rounds >= 1, f"team has rounds {self.rounds}, expected at least 1")
        _require(0 < self.agree <= 1, f"team has agree {self.agree}, expected above 0, at most 1")
        _require(self.keep >= 1, f"team has keep {self.keep}, expected at least 1")

    @property
    def whole(self) -> Workflow:
        return self._grown(self.rounds, self._first(self.keep), ranked=True)

    def next_workflow(self, results: Sequence[WorkflowResult]) -> Workflow | str:
        if not results:
            return self._grown(1, (), ranked=False)
        last = results[-1]
        ranked = "rank" in last.answers or "rank" in last.failed
        done = len(results) - ranked
        team = self._ranked(last) if ranked else self._first(len(self.workers))
        members = team if done > 2 else self._first(len(self.workers))
        said = [last.answers.get(f"round{done}-{member}", "") for member in members]
        result = vote(said, self.vote)
        enough = Fraction(result.votes, len(members)) >= Fraction(self.agree).limit_denominator()
        if result.votes and (enough or done == self.rounds):
            return result.answer
        if done == self.rounds:
            return last.answer
        if self._ranks_after(done) and not ranked:
            return self._grown(done, (), ranked=True)
        return self._grown(done + 1, team, ranked=ranked)

    def _ranks_after(self, done: int) -> bool:
        useful = self.rounds > 2 and self.keep < len(self.workers)
        return done == 2 and self.ranker is not None and useful

    def _first(self, number: int) -> tuple[int, ...]:
        return tuple(range(1, min(number, len(self.workers)) + 1))

    def _ranked(self, result: WorkflowResult) -> tuple[int, ...]:
        """Return the members that stay, in the team's order."""
        best = _BEST.findall(after_thought(result.answers.get("rank", "")))
        # The ranker saw the answers that there are: a member that failed has a number too.
        named = [int(number) for number in re.findall(r"\d+", best[-1])] if best else []
        everybody = self._first(len(self.workers))
        order = dict.fromkeys([n for n in named if n in everybody] + list(everybody))
        return tuple(sorted(list(order)[: self.keep]))

    def _grown(self, rounds: int, kept: tuple[int, ...], *, ranked: bool) -> Workflow:
        nodes: list[Node] = []
        last: tuple[str, ...] = ()
        for number in range(1, rounds + 1):
            ranking = ranked and self._ranks_after(2)
            members = kept if number > 2 and ranking else self._first(len(self.workers))
            text = DEBATE if last else self.instruction
            layer = [
                Node(f"round{number}-{n}", self.workers[n - 1], text, sees=last) for n in members
            ]
            nodes += layer
            last = tuple(node.id for node in layer)
            if number == 2 and ranking and self.ranker is not None:
                nodes.append(Node("rank", self.ranker, RANK.format(keep=self.keep), sees=last))
            if number == 2 and ranking and rounds > 2:
                last = tuple(f"round2-{n}" for n in kept)
        return Workflow(tuple(nodes), last, self.vote)


@dataclass(frozen=True, slots=True)
class Escalate:
    """Cheap workers answer; where too few of them agree, the best worker is asked.

    With two cheap workers and ``agree: 1`` it is "two cheap agree, else best single".
    """

    workers: tuple[str, ...]
    """The cheap ones, each asked once; a worker may be named more than once."""
    expert: str
    agree: float = 0.5
    """More than this share of the cheap workers must say the same; at 1, all of them."""
    shown: bool = False
    """Whether the expert sees the cheap answers."""
    vote: VoteKind = "auto"
    instruction: str = SOLVE

    def __post_init__(self) -> None:
        _require(bool(self.workers), "escalate needs at least one cheap worker")
        _require(0 <= self.agree <= 1, f"escalate has agree {self.agree}, expected from 0 to 1")

    @property
    def whole(self) -> Workflow:
        cheap = self._cheap()
        ids = tuple(node.id for node in cheap)
        text = MERGE if self.shown else self.instruction
        expert = Node("expert", self.expert, text, sees=ids if self.shown else ())
        return Workflow((*cheap, expert))

    def next_workflow(self, results: Sequence[WorkflowResult]) -> Workflow | str:
        cheap = self._cheap()
        ids = tuple(node.id for node in cheap)
        if not results:
            return Workflow(cheap, ids, self.vote)
        last = results[-1]
        if len(results) == 2:
            return last.answer if "expert" in last.answers else self._most(last, ids).answer
        result = self._most(last, ids)
        agreed = result.votes == len(ids) or result.votes > self.agree * len(ids)
        return result.answer if result.votes and agreed else self.whole

    def _most(self, result: WorkflowResult, ids: Sequence[str]) -> Vote:
        return vote([result.answers.get(name, "") for name in ids], self.vote)

    def _cheap(self) -> tuple[Node, ...]:
        asked = enumerate(self.workers, start=1)
        return tuple(Node(f"cheap{n}", worker, self.instruction) for n, worker in asked)


def _require(condition: bool, message: str) -> None:
    if not condition:
        raise UsageError(message)
