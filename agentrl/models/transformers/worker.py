"""The thread that a model runs on, so that the event loop never waits for it."""

import queue
import threading
from collections import deque
from collections.abc import Callable, Mapping, Sequence
from concurrent.futures import Future
from dataclasses import dataclass, field
from typing import TypeVar

from torch import Tensor

from agentrl.errors import AgentrlError, ModelError, boundary
from agentrl.models.transformers.answer import Answer
from agentrl.models.transformers.engine import Engine


@dataclass(frozen=True, slots=True, eq=False)
class _NewWeights:
    weights: Mapping[str, Tensor]
    version: int
    future: "Future[None]" = field(default_factory=Future)


_STOP = object()
Result = TypeVar("Result")


class EngineThread:
    """Runs an engine; everything is asked of it through thread-safe futures."""

    def __init__(self, name: str, load: Callable[[], Engine]) -> None:
        """Begin to load the engine on a thread of its own.

        Args:
            name: what error messages call the model.
            load: makes the engine.
        """
        self.loaded: Future[Engine] = Future()
        self._name = name
        self._load = load
        self._inbox: queue.SimpleQueue[object] = queue.SimpleQueue()
        self._waiting: deque[Answer] = deque()
        self._active: set[Answer] = set()
        self._updates: deque[_NewWeights] = deque()
        self._stopping = False
        self._thread = threading.Thread(target=self._run, name=f"model {name}", daemon=True)
        self._thread.start()

    def submit(self, answer: Answer) -> None:
        """Have an answer completed; its future tells when. Cancelling the future frees its row."""
        self._inbox.put(answer)

    def load_weights(self, weights: Mapping[str, Tensor], version: int) -> "Future[None]":
        """Have the weights replaced once the answers under way are finished."""
        update = _NewWeights(weights, version)
        self._inbox.put(update)
        return update.future

    def stop(self) -> None:
        """Have the thread end after its current step; what is under way fails (ModelError)."""
        self._inbox.put(_STOP)

    def join(self) -> None:
        """Wait until the thread has ended."""
        self._thread.join()

    def _run(self) -> None:
        try:
            with boundary(ModelError, f"loading {self._name}"):
                engine = self._load()
        except AgentrlError as error:
            _reject(self.loaded, error)
            return
        _resolve(self.loaded, engine)
        while not self._stopping:
            self._receive(wait=not (self._active or self._waiting or self._updates))
            self._advance(engine)
        self._fail_all(ModelError(f"{self._name} was closed"))

    def _receive(self, *, wait: bool) -> None:
        while wait or not self._inbox.empty():
            item = self._inbox.get()
            wait = False
            if isinstance(item, Answer):
                self._waiting.append(item)
            elif isinstance(item, _NewWeights):
                self._updates.append(item)
            else:
                self._stopping = True

    def _advance(self, engine: Engine) -> None:
        try:
            with boundary(ModelError, f"generating with {self._name}"):
                if not self._updates:
                    self._deliver(engine.admit(self._join(engine.room)))
                elif not self._active:
                    self._update(engine, self._updates.popleft())
                self._deliver(engine.step())
        except AgentrlError as error:
            engine.abort()
            for answer in self._active:
                _reject(answer.future, error)
            self._active.clear()

    def _join(self, room: int) -> list[Answer]:
        joining: list[Answer] = []
        while self._waiting and len(joining) < room:
            answer = self._waiting.popleft()
            if answer.finish_reason is not None:
                _resolve(answer.future, answer)  # no token of it left a choice
            elif not answer.future.cancelled():
                joining.append(answer)
        self._active.update(joining)
        return joining

    def _deliver(self, answers: Sequence[Answer]) -> None:
        for answer in answers:
            self._active.remove(answer)
            _resolve(answer.future, answer)

    def _update(self, engine: Engine, update: _NewWeights) -> None:
        try:
            with boundary(ModelError, f"new weights for {self._name}"):
                engine.load_weights(update.weights, update.version)
        except AgentrlError as error:
            _reject(update.future, error)
        else:
            _resolve(update.future, None)

    def _fail_all(self, error: AgentrlError) -> None:
        for answer in (*self._active, *self._waiting):
            _reject(answer.future, error)
        for update in self._updates:
            _reject(update.future, error)


def _resolve(future: "Future[Result]", result: Result) -> None:
    if future.set_running_or_notify_cancel():
        future.set_result(result)


def _reject(future: "Future[Result]", error: AgentrlError) -> None:
    if future.set_running_or_notify_cancel():
        future.set_exception(error)
