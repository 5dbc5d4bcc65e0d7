"""The conductor as a worker of its own pool."""

from collections.abc import Awaitable, Callable

from agentrl.orchestrator.worker import Answer, Descriptor, Request, WorkerFailedError


class SelfWorker:
    """The conductor itself: it answers where somebody who has its model binds it.

    Inside an environment nobody has: there the conductor's turn comes with the next action, and
    the environment treats a node of this worker as the wish to plan again.
    """

    def __init__(
        self,
        name: str,
        descriptor: Descriptor,
        answer: Callable[[Request], Awaitable[Answer]] | None = None,
    ) -> None:
        self.name = name
        self.descriptor = descriptor
        self._answer = answer

    def bound(self, answer: Callable[[Request], Awaitable[Answer]]) -> "SelfWorker":
        """Return this worker with somebody behind it."""
        return SelfWorker(self.name, self.descriptor, answer)

    async def answer(self, request: Request) -> Answer:
        """Answer as the conductor does.

        Raises:
            WorkerFailedError: nobody is bound.
        """
        if self._answer is None:
            raise WorkerFailedError(self.name, "is the conductor, which plans and does not answer")
        return await self._answer(request)

    async def close(self) -> None:
        """Nothing to give back."""
