"""A checkpoint that answers in this process."""

import asyncio
import logging
from collections.abc import Callable, Mapping
from importlib.util import find_spec
from pathlib import Path
from typing import TYPE_CHECKING

from agentrl.episode import Generation
from agentrl.errors import ContextFullError, MissingDependencyError, ModelError, UsageError
from agentrl.models.base import Request
from agentrl.models.chat import HFChatTokenizer, load_tokenizer
from agentrl.models.checkpoint import resolve_checkpoint
from agentrl.models.transformers.answer import Answer
from agentrl.models.trie import choice_trie
from agentrl.suite.model import TransformersSpec

if TYPE_CHECKING:
    from torch import Tensor

    from agentrl.models.transformers.engine import Engine
    from agentrl.models.transformers.worker import EngineThread

_log = logging.getLogger(__name__)


class TransformersModel:
    """A transformers checkpoint on a thread of this process; concurrent requests are batched.

    What a ``Generation`` of it records:

    - ``logprobs`` are of the distribution that was sampled from: the tokens that ``choices``
      allows, then temperature, ``top_k`` and ``top_p``, renormalised in float32. At temperature
      0 they are those of temperature 1 without ``top_k`` and ``top_p``.
    - A token that ``choices`` left no alternative to is recorded with log-probability 0.
    - With ``sampling.seed`` an answer does not depend on what else is in the batch, except where
      a draw falls between two tokens closer than the rounding of floats.
    - ``usage.cached_tokens`` tells how much of the prompt was known from the conversation's
      earlier turns, by ``Request.session``.

    A model whose layers do not keep the keys and values of all tokens (sliding windows, recurrent
    state) answers one request at a time; a warning says so.
    """

    def __init__(self, spec: TransformersSpec, *, conversation_bytes: int | None = None) -> None:
        """Describe the model; ``start`` loads it.

        Args:
            spec: the suite's section. It must name a ``checkpoint``; what a ``scratch`` model is
                made of is known to the caller, who makes it with ``scratch_checkpoint``.
            conversation_bytes: memory for conversations between their turns, 0 for none. None:
                1 GiB, or a quarter of what the loaded model leaves free on a GPU.

        Raises:
            UsageError: the section has no checkpoint.
        """
        if spec.checkpoint is None:
            raise UsageError(
                "a transformers model needs a checkpoint; make one with scratch_checkpoint and "
                "put its folder into the section"
            )
        self._checkpoint = spec.checkpoint
        self._spec = spec
        self._conversation_bytes = conversation_bytes
        self._tokenizer: HFChatTokenizer | None = None
        self._context_window: int | None = None
        self._vocabulary = 0
        self._thread: EngineThread | None = None
        self._weights_version = 0

    @property
    def name(self) -> str:
        """The checkpoint's name, or its folder's."""
        path = Path(self._checkpoint)
        return path.name if path.is_dir() else self._checkpoint

    @property
    def tokenizer(self) -> HFChatTokenizer | None:
        """The checkpoint's tokenizer after ``start``."""
        return self._tokenizer

    @property
    def context_window(self) -> int | None:
        """Most tokens of prompt and answer together, after ``start``."""
        return self._context_window

    @property
    def weights_version(self) -> int:
        """Which weights answer the next request: 0 for the checkpoint's own."""
        return self._weights_version

    async def start(self) -> None:
        """Load the checkpoint; does nothing when it is loaded.

        Raises:
            CheckpointError: there is no such checkpoint, or it is incomplete.
            UsageError: there is no such device.
            MissingDependencyError: torch or transformers is not installed.
        """
        if self._thread is not None:
            return
        missing = [name for name in ("torch", "transformers") if find_spec(name) is None]
        if missing:
            raise MissingDependencyError(
                f"backend 'transformers' needs {' and '.join(missing)}: "
                f"pip install 'agentrl[train]'"
            )
        thread = await asyncio.to_thread(_thread, self.name, self._load)
        try:
            await asyncio.wrap_future(thread.loaded)
        except asyncio.CancelledError:
            thread.stop()
            raise
        self._thread = thread

    async def generate(self, request: Request) -> Generation:
        """Answer one request.

        Raises:
            ModelError: the model failed, is not started, or was closed.
            ContextFullError: prompt and ``max_tokens`` exceed the context window.
            UsageError: the prompt or ``choices`` is empty, or a token is not in the vocabulary.
        """
        if self._thread is None or self._tokenizer is None:
            raise ModelError(f"{self.name} is not running; call start before generate")
        tokenizer = self._tokenizer
        prompt = request.token_ids
        if prompt is None:
            prompt = tokenizer.encode(tokenizer.render(request.messages, generation_prompt=True))
        self._check(prompt, request.sampling.max_tokens)
        choices = request.choices
        answer = Answer(
            prompt=prompt,
            sampling=request.sampling,
            tokenizer=tokenizer,
            node=None if choices is None else choice_trie(choices, tokenizer),
            session=request.session,
            weights_version=self._weights_version,
        )
        self._thread.submit(answer)
        return (await asyncio.wrap_future(answer.future)).generation(self.name)

    async def load_weights(self, weights: "Mapping[str, Tensor]", version: int) -> None:
        """Answer with other weights from now on.

        An answer that is under way is finished with the old weights; a request that still waits
        for its turn gets the new ones.

        Args:
            weights: the whole ``state_dict`` of a model of the same architecture.
            version: what ``Generation.weights_version`` says from now on.

        Raises:
            UsageError: names or shapes do not fit.
            ModelError: the model is not started, or was closed.
        """
        if self._thread is None:
            raise ModelError(f"{self.name} is not running; call start before load_weights")
        await asyncio.wrap_future(self._thread.load_weights(weights, version))
        self._weights_version = version

    async def close(self) -> None:
        """End the model's thread; requests under way fail. May be called twice."""
        thread, self._thread = self._thread, None
        if thread is not None:
            thread.stop()
            await asyncio.to_thread(thread.join)

    def _load(self) -> "Engine":
        from agentrl.models.transformers import load
        from agentrl.models.transformers.engine import Engine

        folder = resolve_checkpoint(self._checkpoint)
        self._tokenizer = load_tokenizer(str(folder))
        model = load.load_model(folder, self._spec)
        self._context_window = load.context_window(model)
        self._vocabulary = model.get_input_embeddings().num_embeddings
        limit = self._conversation_bytes
        if limit is None:
            limit = load.conversation_bytes(model)
        engine = Engine(model, self._spec.max_batch, limit)
        if not engine.batches:
            _log.warning(
                "%s does not keep the keys and values of all tokens; it answers one request at a "
                "time (backend vllm batches such models)",
                self.name,
            )
        return engine

    def _check(self, prompt: tuple[int, ...], max_tokens: int) -> None:
        if not prompt:
            raise UsageError("the prompt is empty; give messages or at least one token")
        if not 0 <= min(prompt) <= max(prompt) < self._vocabulary:
            raise UsageError(
                f"the prompt has tokens from {min(prompt)} to {max(prompt)}, but {self.name} "
                f"knows those from 0 to {self._vocabulary - 1}; encode it with its own tokenizer"
            )
        window = self._context_window
        if window is not None and len(prompt) + max_tokens > window:
            raise ContextFullError(
                f"prompt of {len(prompt)} tokens and max_tokens of {max_tokens} exceed the "
                f"context window of {self.name}, {window} tokens; shorten the conversation or "
                f"lower max_tokens"
            )


def _thread(name: str, load: "Callable[[], Engine]") -> "EngineThread":
    from agentrl.models.transformers.worker import EngineThread  # takes seconds: imports torch

    return EngineThread(name, load)
