"""Questions that wait for a model, while everything else goes on."""

import asyncio
import logging
from collections.abc import Iterable

from agentrl.errors import AgentrlError
from agentrl.rewards.judge.error import JudgeError
from agentrl.rewards.novelty.oni.knowledge import Knowledge
from agentrl.rewards.novelty.oni.question import Question, reading, wording
from agentrl.rewards.subgoals.asking import Asker

logger = logging.getLogger(__name__)


class QuestionQueue:
    """Asks a model in the background and hands its answers on.

    A question that the model does not answer usably is given up; it may be put again. When more
    wait than may, the oldest are dropped, for the newest are what the agent does now.

    Args:
        asker: the model; closed with the queue.
        goal: what the agent is to do.
        knowledge: takes the answers.
        bound: most questions that wait.
        workers: most questions under way at a time.
        fit_every: answers between two fits.
    """

    def __init__(
        self,
        asker: Asker,
        goal: str,
        knowledge: Knowledge,
        *,
        bound: int,
        workers: int,
        fit_every: int,
    ) -> None:
        self._asker = asker
        self._goal = goal
        self._knowledge = knowledge
        self._bound = bound
        self._workers = workers
        self._fit_every = fit_every
        self._waiting: dict[str, Question] = {}
        self._asking: set[str] = set()
        self._tasks: set[asyncio.Task[None]] = set()
        self._fitting = asyncio.Lock()
        self._broken: AgentrlError | None = None
        self._closed = False
        self.answered = 0
        """Questions that were answered."""
        self.dropped = 0
        """Questions that were dropped because too many waited."""
        self.failed = 0
        """Questions that the model did not answer usably."""

    @property
    def waiting(self) -> int:
        """Questions that wait."""
        return len(self._waiting)

    def put(self, questions: Iterable[Question]) -> None:
        """Add questions and return at once; what waits or is asked already is not added again.

        Raises:
            AgentrlError: the model cannot be used at all (its settings, a server that is gone).
        """
        if self._broken is not None:
            raise self._broken
        if self._closed:
            return
        for question in questions:
            if question.key not in self._asking:
                self._waiting.setdefault(question.key, question)
        surplus = len(self._waiting) - self._bound
        for key in list(self._waiting)[: max(0, surplus)]:
            del self._waiting[key]
        if surplus > 0:
            if not self.dropped:
                logger.warning(
                    "more than %d texts wait for a label: the oldest are dropped; allow more "
                    "concurrency, or take a faster model",
                    self._bound,
                )
            self.dropped += surplus
        self._work()

    async def settled(self) -> None:
        """Wait until nothing waits and nothing is under way."""
        while self._tasks:
            await asyncio.wait(self._tasks)

    async def close(self) -> None:
        """End what is under way, and close the model; what waited is not asked."""
        self._closed = True
        self._waiting.clear()
        tasks = list(self._tasks)
        for task in tasks:
            task.cancel()
        await asyncio.gather(*tasks, return_exceptions=True)
        await self._asker.close()

    def _work(self) -> None:
        """Have as many workers as there are questions for."""
        for _ in range(min(self._workers - len(self._tasks), len(self._waiting))):
            task = asyncio.create_task(self._ask_all())
            self._tasks.add(task)
            task.add_done_callback(self._tasks.discard)

    async def _ask_all(self) -> None:
        while self._waiting and self._broken is None:
            key = next(reversed(self._waiting))  # the newest first
            question = self._waiting.pop(key)
            self._asking.add(key)
            try:
                await self._ask(question)
            except JudgeError as exc:
                self.failed += 1
                logger.debug("no label: %s", exc)
            except AgentrlError as exc:  # told to whoever puts the next question
                self._broken = exc
            finally:
                self._asking.discard(key)

    async def _ask(self, question: Question) -> None:
        answer = await self._asker.ask(
            wording(question, self._goal), lambda text: reading(question, text)
        )
        self._knowledge.take(question, answer)
        self.answered += 1
        if self.answered % self._fit_every == 0:
            async with self._fitting:
                await asyncio.to_thread(self._knowledge.fit)
