"""Getting one readable vote out of a model: asking, asking again, running its programs."""

import asyncio
import hashlib
import json
from collections import Counter
from collections.abc import Callable, Sequence
from dataclasses import asdict, dataclass, replace
from typing import TypeVar
from weakref import WeakValueDictionary

from agentrl.episode import Sampling
from agentrl.errors import (
    AgentrlError,
    ContextFullError,
    InfrastructureError,
    ModelError,
    ServiceDownError,
    boundary,
)
from agentrl.models.base import Message, Model, Request, as_sent
from agentrl.rewards.judge.cache import VoteCache, vote_key
from agentrl.rewards.judge.error import JudgeError
from agentrl.rewards.judge.pace import Pace
from agentrl.rewards.judge.question import Question, answer_form
from agentrl.rewards.judge.reading import UnreadableError, read_scores
from agentrl.rewards.judge.voting import Vote
from agentrl.rewards.judge.workbench import Tools, Workbench, program_in

T = TypeVar("T")


@dataclass(slots=True)
class Bill:
    """What a judge has cost so far."""

    calls: int = 0
    """Answers that the model was asked for."""
    known: int = 0
    """Votes that were found on disk."""
    unreadable: int = 0
    """Answers that could not be read."""
    failed: int = 0
    """Votes that could not be had."""
    programs: int = 0
    """Programs that were run."""
    cost_usd: float = 0.0


class Interviewer:
    """Asks one model; use it on one event loop. The first question starts the model.

    Args:
        model: who is asked; closed with the interviewer.
        identity: tells this model from others, for the cache.
        pace: how many questions at a time.
        retries: how often an unreadable answer is asked for again.
        timeout_s: longest wait for one answer.
        give_up_after: calls in a row without an answer after which the model counts as down.
        cache: where votes are kept; None: nowhere.
        tools: what the judge may use; None: nothing.
    """

    def __init__(
        self,
        model: Model,
        identity: str,
        pace: Pace,
        *,
        retries: int = 2,
        timeout_s: float = 120.0,
        give_up_after: int = 100,
        cache: VoteCache | None = None,
        tools: Tools | None = None,
    ) -> None:
        self._model, self._identity, self._pace = model, identity, pace
        self._retries, self._timeout_s = retries, timeout_s
        self._give_up_after, self._silent = give_up_after, 0
        self._cache, self._tools = cache, tools
        self._starting = asyncio.Lock()
        self._started = False
        self._locks: WeakValueDictionary[str, asyncio.Lock] = WeakValueDictionary()
        self._failures: Counter[str] = Counter()
        self.bill = Bill()

    async def vote(self, question: Question, sampling: Sampling, number: int = 0) -> Vote:
        """Return one readable vote, from the cache where it is known.

        Args:
            question: what is asked.
            sampling: how; its seed and the vote's number decide the vote.
            number: which of several votes on the same question.

        Raises:
            JudgeError: the model did not answer, or nothing readable.
            UsageError: the model cannot be used as it is set up.
            RunStopped: its server is gone for good, or has been silent for too long.
        """
        key = self._key(question, sampling, number)
        lock = self._locks.setdefault(key, asyncio.Lock())
        async with lock:  # who asks the same at the same time finds the answer on disk
            known = self._cache.get(key) if self._cache else None
            if known is not None:
                self.bill.known += 1
                return known
            seeded = replace(sampling, seed=_seed(sampling.seed, number, self._failures[key]))
            try:
                await self._start()
                vote = await self._interview(question, seeded, f"{question.session}#{number}")
            except JudgeError:
                self._failures[key] += 1  # another try is another draw
                self.bill.failed += 1
                raise
            if self._cache:
                self._cache.put(key, vote)
            return vote

    async def talk(
        self,
        messages: Sequence[Message],
        read: Callable[[str], T],
        form: str,
        sampling: Sampling,
        session: str = "judge",
    ) -> T:
        """Ask for something else than scores, until it can be read; nothing of it is kept.

        Args:
            messages: what is asked.
            read: makes something of the answer; raises ``UnreadableError`` where it cannot.
            form: how to answer, said again with each complaint.
            sampling: how.
            session: names the conversation to the backend.

        Raises:
            JudgeError: the model did not answer, or nothing readable.
            UsageError: the model cannot be used as it is set up.
            RunStopped: its server is gone for good, or has been silent for too long.
        """
        await self._start()
        try:
            return await self._until_readable(messages, read, form, sampling, session)
        except InfrastructureError as exc:
            raise exc if isinstance(exc, JudgeError) else JudgeError(str(exc)) from exc

    async def close(self) -> None:
        """Close the model."""
        if self._started:
            self._started = False
            await self._model.close()

    async def _start(self) -> None:
        async with self._starting:
            if not self._started:
                await self._model.start()
                self._started = True

    async def _interview(self, question: Question, sampling: Sampling, session: str) -> Vote:
        def read(text: str) -> Vote:
            return Vote(read_scores(text, question.criteria, question.subjects), text)

        bench = Workbench(self._tools, question.records) if self._tools else None
        form = answer_form(question.criteria, question.subjects)
        try:
            return await self._until_readable(
                question.messages, read, form, sampling, session, bench
            )
        except InfrastructureError as exc:
            raise exc if isinstance(exc, JudgeError) else JudgeError(str(exc)) from exc
        finally:
            if bench is not None:
                await bench.close()

    async def _until_readable(
        self,
        asked: Sequence[Message],
        read: Callable[[str], T],
        form: str,
        sampling: Sampling,
        session: str,
        bench: Workbench | None = None,
    ) -> T:
        messages = list(asked)
        retries = 0
        while True:
            text, cut = await self._answer(messages, sampling, session)
            try:
                return read(text)
            except UnreadableError as exc:
                problem = f"it was cut off at {sampling.max_tokens} tokens" if cut else str(exc)
            program = program_in(text) if bench and bench.left else None
            if bench is not None and program is not None:
                self.bill.programs += 1
                reply = await bench.run(program)
            else:
                self.bill.unreadable += 1
                if retries == self._retries:
                    raise self._unreadable(retries + 1, problem, text)
                retries += 1
                reply = f"Your answer could not be read: {problem}. {form}"
            said = as_sent(text) if text.strip() else "(no answer)"  # servers refuse empty ones
            messages += [Message("assistant", said), Message("user", reply)]

    def _unreadable(self, times: int, problem: str, text: str) -> JudgeError:
        asked = "once" if times == 1 else f"{times} times"
        return JudgeError(
            f"judge {self._model.name} was asked {asked} and gave no readable answer; "
            f"last: {problem}; it said {text[:120]!r}"
        )

    async def _answer(
        self, messages: Sequence[Message], sampling: Sampling, session: str
    ) -> tuple[str, bool]:
        """Return what the model says, and whether it was cut off."""
        request = Request(tuple(messages), sampling, session=session)
        async with self._pace.one():
            self.bill.calls += 1
            try:
                async with asyncio.timeout(self._timeout_s):
                    with boundary(ModelError, "its model"):
                        generation = await self._model.generate(request)
            except TimeoutError:
                raise self._no_answer(
                    f"judge {self._model.name} did not answer within {self._timeout_s:g} s"
                ) from None
            except InfrastructureError as exc:
                raise self._no_answer(f"judge {self._model.name}: {exc}") from exc
            except ContextFullError as exc:
                raise JudgeError(
                    f"judge {self._model.name}: {exc}; show it less (max_chars)"
                ) from exc
        self._silent = 0
        self.bill.cost_usd += generation.cost_usd
        return generation.text, generation.finish_reason == "length"

    def _no_answer(self, problem: str) -> AgentrlError:
        """Count a call without an answer, and return what it is to who asked."""
        self._silent += 1
        if self._silent < self._give_up_after:
            return JudgeError(problem)
        return ServiceDownError(
            f"the judge has given no answer to {self._silent} calls in a row; last: {problem}. See "
            "that its server is up; what is finished is kept (reward.labels: give_up_after)"
        )

    def _key(self, question: Question, sampling: Sampling, number: int) -> str:
        asked = [[message.role, message.content] for message in question.messages]
        how = json.dumps(asdict(sampling))
        tools = "" if self._tools is None else self._tools.sandbox.model_dump_json()
        return vote_key((self._identity, json.dumps(asked), how, tools, str(number)))


def _seed(seed: int | None, number: int, failures: int) -> int:
    """Return the sampling seed of a vote: 31 bits, the same on every machine."""
    digest = hashlib.sha256(f"vote:{seed}:{number}:{failures}".encode()).digest()
    return int.from_bytes(digest[:4], "big") >> 1
