"""Reward programs that get better round by round: propose, check, try, say what was wrong."""

import inspect
from collections.abc import Awaitable, Callable, Sequence
from dataclasses import dataclass, field, replace
from pathlib import Path

from agentrl.episode import Episode, Sampling
from agentrl.errors import UsageError
from agentrl.models.base import Model
from agentrl.rewards.coder.archive import Archive
from agentrl.rewards.coder.attempt import Attempt, best_of, worst_of
from agentrl.rewards.coder.evaluation import Evaluation, rank_correlation, usable
from agentrl.rewards.coder.feedback import Feedback, statistics, told
from agentrl.rewards.coder.interface import interface
from agentrl.rewards.coder.propose import PROPOSING, Candidate, listed, propose
from agentrl.rewards.coder.runner import Runner

Fitness = Callable[[Evaluation], float | Awaitable[float]]
"""How good a program is, larger is better; for instance the success rate after a short training
that it rewarded."""


@dataclass(frozen=True, slots=True)
class Improvement:
    """What came of it."""

    best: Attempt | None
    """The fittest program of all rounds; None where none could be used."""
    history: tuple[Attempt, ...]
    """Every program, in order."""


@dataclass(frozen=True, slots=True)
class Plan:
    """How programs are searched for."""

    rounds: int = 3
    """How often the model is asked again."""
    candidates: int = 4
    """Programs a round."""
    success: str = "success"
    """The result of the outcome that programs should agree with."""
    repairs: int = 1
    """How often a program with findings goes back at once."""
    show_worst: bool = False
    """Whether the model is shown the least fit program too, to learn from the contrast (ICPL)."""
    sampling: Sampling = PROPOSING
    """How programs are sampled."""

    def __post_init__(self) -> None:
        if self.rounds < 1 or self.candidates < 1 or self.repairs < 0:
            raise UsageError(
                f"rounds={self.rounds}, candidates={self.candidates}, repairs={self.repairs}: "
                f"expected at least one round, one candidate and no negative repairs"
            )


async def improve(
    model: Model,
    episodes: Sequence[Episode],
    description: str,
    *,
    plan: Plan | None = None,
    feedback: Sequence[Feedback] | None = None,
    fitness: Fitness = rank_correlation,
    runner: Runner | None = None,
    folder: Path | None = None,
) -> Improvement:
    """Let a model write reward programs and better them (Eureka, arXiv 2310.12931; Text2Reward,
    arXiv 2309.11489; Auto MC-Reward, arXiv 2312.09238; ICPL, arXiv 2410.17233).

    Each round the model proposes some programs; each is checked, then tried in the sandbox on all
    episodes. The fittest so far goes into the next round's question, with feedback; so do the
    errors of the programs that failed. Eureka goes on from the fittest of the last round instead;
    ours never gets worse.

    Args:
        model: started.
        episodes: recorded ones, of which some went better than others.
        description: the task that agents attempt, in words.
        plan: rounds, candidates and the like.
        feedback: what the model is told about the fittest program; by default ``statistics()``.
        fitness: how good a program is; by default its rank correlation with the outcome.
        runner: where programs run; None: one of its own, closed at the end.
        folder: where every program, its result and its feedback are kept as plain files.

    Raises:
        UsageError: the episodes do not differ in outcome, or no sandbox is to be had.
        ModelError: the model does not answer.
        SandboxError: the sandbox fails.
    """
    plan = plan or Plan()
    kept = usable(episodes, plan.success)
    archive = Archive(folder) if folder is not None else None
    own = runner or Runner()
    search = _Search(
        model=model,
        episodes=kept,
        description=f"{description}\n\n{_signals(kept)}",
        plan=plan,
        feedback=(statistics(),) if feedback is None else tuple(feedback),
        fitness=fitness,
        runner=own,
        archive=archive,
    )
    try:
        for round_index in range(plan.rounds):
            await search.round(round_index)
    finally:
        if runner is None:
            await own.close()
    return Improvement(best_of(search.history), tuple(search.history))


@dataclass(slots=True)
class _Search:
    model: Model
    episodes: tuple[Episode, ...]
    description: str
    plan: Plan
    feedback: tuple[Feedback, ...]
    fitness: Fitness
    runner: Runner
    archive: Archive | None
    history: list[Attempt] = field(default_factory=list)

    async def round(self, index: int) -> None:
        candidates = await propose(
            self.model,
            self.description,
            interface(outcome=self.runner.outcome),
            self._lesson(index),
            self.plan.candidates,
            sampling=self.plan.sampling,
            repairs=self.plan.repairs,
        )
        for number, candidate in enumerate(candidates):
            attempt = await self._tried(Attempt(index, number, candidate.source), candidate)
            self.history.append(attempt)
            if self.archive is not None:
                self.archive.add(attempt, candidate.answer)
        if self.archive is not None:
            self.archive.conclude(self.history)

    async def _tried(self, attempt: Attempt, candidate: Candidate) -> Attempt:
        if candidate.findings:
            return replace(attempt, failure=listed(candidate.findings))
        results = await self.runner.run(candidate.source, self.episodes)
        evaluation = Evaluation(candidate.source, self.episodes, tuple(results), self.plan.success)
        if evaluation.faults:  # one that fails now and then would leave episodes unscored
            messages = dict.fromkeys(fault.message for fault in evaluation.faults)
            return replace(attempt, failure="\n".join(f"- {m}" for m in list(messages)[:5]))
        fitness = self.fitness(evaluation)
        said = [await told(feedback, evaluation) for feedback in self.feedback]
        return replace(
            attempt,
            fitness=await fitness if inspect.isawaitable(fitness) else fitness,
            returns={e.id: r for e, r in zip(self.episodes, evaluation.returns, strict=True)},
            feedback="\n\n".join(text for text in said if text),
        )

    def _lesson(self, index: int) -> str:
        """Return what earlier rounds teach; empty in the first."""
        best, worst = best_of(self.history), worst_of(self.history)
        parts = []
        if best is not None:
            parts.append(f"The best program so far:\n{_shown(best)}\n\n{best.feedback}")
        if self.plan.show_worst and worst is not None and worst is not best:
            parts.append(f"The worst program so far, to be avoided:\n{_shown(worst)}")
        failed = [a for a in self.history if a.round == index - 1 and a.failure]
        if failed:
            texts = dict.fromkeys(a.failure for a in failed)
            parts.append("\n".join(["Other programs failed:", *list(texts)[:4]]))
        if parts:
            parts.append("Write a better program: keep what works, change what does not.")
        return "\n\n".join(parts)


def _shown(attempt: Attempt) -> str:
    return f"```python\n{attempt.source.rstrip()}\n```\nIts fitness is {attempt.fitness:.4f}."


def _signals(episodes: Sequence[Episode]) -> str:
    names = sorted({name for e in episodes for turn in e.turns for name in turn.signals})
    return f"Signals that its turns state: {', '.join(names) or 'none'}."
