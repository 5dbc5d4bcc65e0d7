"""What a model is told about a program that it wrote, so that it writes a better one."""

import statistics as stats
from collections.abc import Awaitable, Callable, Sequence
from dataclasses import dataclass

from agentrl.episode import Episode, Sampling
from agentrl.models.base import Message, Model, Request
from agentrl.rewards.coder.evaluation import Evaluation, ranked, spearman
from agentrl.rewards.coder.scores import Scores

Feedback = Callable[[Evaluation], str | Awaitable[str]]
"""Looks at a program without faults and says something about it."""

Pair = tuple[str, str]
"""Ids of two episodes, the better one first."""


@dataclass(frozen=True, slots=True)
class TermStatistics:
    """How a term is spread over episodes: of its sum over the turns of each."""

    name: str
    mean: float
    std: float
    """Standard deviation of the population."""
    low: float
    high: float
    correlation: float
    """Rank correlation with the outcome; 0 where one of them does not vary."""


def term_statistics(evaluation: Evaluation) -> tuple[TermStatistics, ...]:
    """Return the statistics of every term and, called ``return``, of their sum."""
    columns = {name: [s.term(name) for s in evaluation.scores] for name in evaluation.terms}
    columns["return"] = list(evaluation.returns)
    return tuple(
        TermStatistics(
            name=name,
            mean=stats.fmean(values),
            std=stats.pstdev(values),
            low=min(values),
            high=max(values),
            correlation=spearman(values, evaluation.outcomes),
        )
        for name, values in columns.items()
        if values
    )


def statistics() -> Feedback:
    """Return feedback by the statistics of each term (Eureka, arXiv 2310.12931)."""

    def say(evaluation: Evaluation) -> str:
        lines = [
            f"{t.name}: mean {t.mean:.4g}, std {t.std:.4g}, min {t.low:.4g}, max {t.high:.4g}, "
            f"rank correlation with {evaluation.success} {t.correlation:.3f}"
            for t in term_statistics(evaluation)
        ]
        return "\n".join(
            [
                f"Statistics over {len(evaluation.scores)} recorded episodes, of each term's sum "
                f"over an episode:",
                *lines,
                "A term that hardly varies teaches nothing: rescale, rewrite or drop it. One whose "
                "correlation is negative rewards failing.",
            ]
        )

    return say


def failures(count: int = 3, turns: int = 3, characters: int = 300) -> Feedback:
    """Return feedback by the episodes that a program gets most wrong (as the trajectory analysis of
    Auto MC-Reward, arXiv 2312.09238, which looks at failed ones).

    Wrong by how far an episode's rank by return is from its rank by outcome.

    Args:
        count: episodes shown that are rewarded too much, and as many rewarded too little.
        turns: how many of an episode's last turns are shown.
        characters: most of each text that is shown.
    """

    def say(evaluation: Evaluation) -> str:
        if not evaluation.scores:
            return ""
        by_return, by_outcome = ranked(evaluation.returns), ranked(evaluation.outcomes)
        too_much = [r - o for r, o in zip(by_return, by_outcome, strict=True)]
        order = sorted(range(len(too_much)), key=too_much.__getitem__)
        over = [i for i in reversed(order) if too_much[i] > 0][:count]
        under = [i for i in order if too_much[i] < 0][:count]
        shown = _Shown(evaluation, turns, characters)
        parts = (
            ["Rewarded too much, for what came of them:", *map(shown.text, over)] if over else []
        )
        if under:
            parts += ["Rewarded too little, for what came of them:", *map(shown.text, under)]
        return "\n".join(parts) or "The program orders the episodes exactly as their outcomes do."

    return say


def human(text: str) -> Feedback:
    """Return what a person says about a program (Text2Reward, arXiv 2309.11489)."""
    return lambda evaluation: f"A person who looked at the behavior says: {text}"


def rankings(pairs: Sequence[Pair]) -> Feedback:
    """Return feedback by pairs of episodes of which one is preferred (ICPL, arXiv 2410.17233).

    Args:
        pairs: ids, the better one first: a person's choice, or ``pairs_by_outcome``.
    """

    def say(evaluation: Evaluation) -> str:
        returns = {
            episode.id: result.total
            for episode, result in zip(evaluation.episodes, evaluation.results, strict=True)
            if isinstance(result, Scores)
        }
        known = [(a, b) for a, b in pairs if a in returns and b in returns]
        wrong = [(a, b) for a, b in known if returns[a] <= returns[b]]
        lines = [f"- {a} (return {returns[a]:.4g}) > {b} ({returns[b]:.4g})" for a, b in wrong[:10]]
        right = len(known) - len(wrong)
        head = f"Of {len(known)} pairs of episodes, the program prefers the better one in {right}."
        return "\n".join(
            [head, *(["It does not in these (better > worse):"] if lines else []), *lines]
        )

    return say


def pairs_by_outcome(
    episodes: Sequence[Episode], success: str = "success", most: int = 100
) -> list[Pair]:
    """Return pairs of one task's episodes whose outcomes differ, the better one first."""
    pairs = [
        (better.id, worse.id)
        for better in episodes
        for worse in episodes
        if better.task_id == worse.task_id
        and success in better.outcome
        and success in worse.outcome
        and better.outcome[success] > worse.outcome[success]
    ]
    return pairs[:most]


def analysis(model: Model, sampling: Sampling, what: Feedback | None = None) -> Feedback:
    """Return feedback that a model sums up (the trajectory analyzer of Auto MC-Reward).

    Args:
        model: started; what it says is passed on as it is.
        sampling: how it answers.
        what: what it is shown; by default ``failures()``.
    """
    source = what or failures()

    async def say(evaluation: Evaluation) -> str:
        shown = await told(source, evaluation)
        question = (
            f"These episodes were rewarded by a program.\n\n{shown}\n\nIn at most five sentences: "
            f"what do the program's mistakes have in common, and what should it look at instead?"
        )
        answer = await model.generate(Request((Message("user", question),), sampling))
        return f"An analysis of the program's mistakes: {answer.text.strip()}"

    return say


async def told(feedback: Feedback, evaluation: Evaluation) -> str:
    """Return what a feedback says, waiting for it where it has to be waited for."""
    said = feedback(evaluation)
    return said if isinstance(said, str) else await said


@dataclass(frozen=True, slots=True)
class _Shown:
    evaluation: Evaluation
    turns: int
    characters: int

    def text(self, index: int) -> str:
        """Return an episode as a model is shown it, by its place among the scored ones."""
        evaluation = self.evaluation
        scored = [
            (episode, result)
            for episode, result in zip(evaluation.episodes, evaluation.results, strict=True)
            if isinstance(result, Scores)
        ]
        episode, scores = scored[index]
        terms = ", ".join(f"{name} {scores.term(name):.4g}" for name in evaluation.terms)
        head = (
            f"- episode {episode.id}: {evaluation.success} {evaluation.outcomes[index]:.4g}, "
            f"return {scores.total:.4g} ({terms}); its last turns:"
        )
        last = [
            f"    saw: {self._cut(turn.observation)}\n    did: {self._cut(turn.action)}"
            for turn in episode.turns[-self.turns :]
        ]
        return "\n".join([head, *last])

    def _cut(self, text: str) -> str:
        text = " ".join(text.split())
        return text if len(text) <= self.characters else text[: self.characters] + " ..."
