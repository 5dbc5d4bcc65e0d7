"""Several votes on one question, and what they come to (SPCT, arXiv 2504.02495)."""

import math
from collections.abc import Mapping
from dataclasses import dataclass

from agentrl.episode import Sampling
from agentrl.models.base import Message, as_sent
from agentrl.rewards.judge.error import JudgeError
from agentrl.rewards.judge.interviewer import Interviewer
from agentrl.rewards.judge.question import Question, answer_form
from agentrl.rewards.judge.rubric import Criterion
from agentrl.rewards.judge.together import together
from agentrl.rewards.judge.voting import Combine, Vote, combined

_SOUND = Criterion("soundness", "how well the scores follow from rubric and record", 10, 1.0)
_RATE = (
    "Now look at this judgment as an outsider. Is what its reason says true of the record, and do "
    "the scores follow from it and from the rubric? Rate its soundness."
)


@dataclass(frozen=True, slots=True)
class MetaFilter:
    """Rates votes and keeps the soundest; a vote that cannot be rated is dropped.

    What SPCT learns as a model of its own is here any model, asked for points from 0 to 10: our
    choice.
    """

    interviewer: Interviewer
    keep: int

    async def filtered(self, question: Question, votes: list[Vote]) -> list[Vote]:
        """Return the soundest votes, the first of equals.

        Raises:
            JudgeError: no vote could be rated.
        """
        ratings = await together(self._rating(question, vote) for vote in votes)
        rated = [(rating, -at) for at, rating in enumerate(ratings) if rating is not None]
        if not rated:
            raise JudgeError("none of the votes could be rated by the meta filter")
        return [votes[-at] for _, at in sorted(rated, reverse=True)[: self.keep]]

    async def _rating(self, question: Question, vote: Vote) -> float | None:
        form = answer_form((_SOUND,), ("",))
        messages = (
            *question.messages,
            Message("assistant", as_sent(vote.text)),
            Message("user", f"{_RATE}\n\n{form}"),
        )
        asked = Question(messages, (_SOUND,), session=f"{question.session}#meta")
        try:
            rating = await self.interviewer.vote(asked, Sampling(temperature=0.0, max_tokens=512))
        except JudgeError:
            return None
        return rating.shares[""][_SOUND.name]


class Jury:
    """Asks for k votes and combines them.

    Args:
        interviewer: gets one vote.
        sampling: of each vote; the temperature is above 0 where there are several.
        votes: k.
        combine: how the votes become one.
        quorum: share of the votes that must be readable.
        meta: drops votes that do not hold up; None: all count.
    """

    def __init__(
        self,
        interviewer: Interviewer,
        sampling: Sampling,
        *,
        votes: int = 1,
        combine: Combine = "mean",
        quorum: float = 0.5,
        meta: MetaFilter | None = None,
    ) -> None:
        self.interviewer = interviewer
        self._sampling = sampling
        self._votes, self._combine = votes, combine
        self._needed = max(1, math.ceil(quorum * votes - 1e-9))
        self._meta = meta

    async def ask(self, question: Question) -> Mapping[str, Mapping[str, float]]:
        """Return the share of its points that each criterion got, by subject and criterion.

        Raises:
            JudgeError: too few votes could be read.
        """
        results = await together(self._vote(question, n) for n in range(self._votes))
        votes = [result for result in results if isinstance(result, Vote)]
        if len(votes) < self._needed:
            problems = [str(result) for result in results if not isinstance(result, Vote)]
            counted = f"{len(votes)} of {self._votes} votes came, {self._needed} are needed; "
            raise JudgeError((counted if self._votes > 1 else "") + problems[-1])
        if self._meta is not None:
            votes = await self._meta.filtered(question, votes)
        return combined(votes, self._combine)

    async def close(self) -> None:
        """Close the models."""
        await self.interviewer.close()
        if self._meta is not None and self._meta.interviewer is not self.interviewer:
            await self._meta.interviewer.close()

    async def _vote(self, question: Question, number: int) -> Vote | JudgeError:
        try:
            return await self.interviewer.vote(question, self._sampling, number)
        except JudgeError as exc:
            return exc
