"""One request while it is being answered."""

import random
import time
from collections.abc import Sequence
from concurrent.futures import Future
from dataclasses import dataclass, field

from agentrl.episode import Generation, Sampling, Usage
from agentrl.models.base import ChatTokenizer
from agentrl.models.trie import TrieNode

_SPECIALS_IN_STOP = 8  # tokens without text that may stand inside a stop text and still be seen


@dataclass(slots=True, eq=False)
class Answer:
    """A prompt, what was sampled after it so far, and how far the model has read both."""

    prompt: tuple[int, ...]
    sampling: Sampling
    tokenizer: ChatTokenizer
    node: TrieNode | None = None
    """Where the answer stands among the allowed choices; None: anything is allowed."""
    session: str = ""
    future: "Future[Answer]" = field(default_factory=Future)
    """Resolved with this answer when it is finished; cancelled when nobody waits any more."""
    tokens: list[int] = field(default_factory=list)
    logprobs: list[float] = field(default_factory=list)
    allowed: list[tuple[int, ...]] = field(default_factory=list)
    fed: int = 0
    """How many tokens of prompt and answer the model has read."""
    reused: int = 0
    """How many of them it had read in an earlier turn."""
    finish_reason: str | None = None
    weights_version: int = 0
    began: float = field(default_factory=time.perf_counter)
    rng: random.Random = field(init=False)

    def __post_init__(self) -> None:
        self.rng = random.Random(self.sampling.seed)
        self._take_forced()

    @property
    def pending(self) -> Sequence[int]:
        """The tokens that the model has not read."""
        missing = len(self.prompt) - self.fed
        if missing > 0:
            return (*self.prompt[self.fed :], *self.tokens)
        return self.tokens[-missing:]

    @property
    def read(self) -> tuple[int, ...]:
        """The tokens that the model has read."""
        return (*self.prompt, *self.tokens)[: self.fed]

    def take(self, token: int, logprob: float) -> None:
        """Add a sampled token, and those after it that leave no choice."""
        self._append(token, logprob)
        self._take_forced()

    def generation(self, model: str) -> Generation:
        """Return the record of a finished answer."""
        text = self.tokenizer.decode(self.tokens)
        return Generation(
            text=text[: _first(self.sampling.stop, text)],
            finish_reason=self.finish_reason or "",
            model=model,
            sampling=self.sampling,
            usage=Usage(len(self.prompt), len(self.tokens), self.reused),
            token_ids=tuple(self.tokens),
            logprobs=tuple(self.logprobs),
            prompt_token_ids=self.prompt,
            allowed=tuple(self.allowed) if self.allowed else None,
            latency_s=time.perf_counter() - self.began,
            weights_version=self.weights_version,
        )

    def _take_forced(self) -> None:
        while self.finish_reason is None and self.node and len(self.node.allowed) == 1:
            self._append(self.node.allowed[0], 0.0)

    def _append(self, token: int, logprob: float) -> None:
        if self.node is not None:
            self.allowed.append(self.node.allowed)
            self.node = self.node.children[token]
        self.tokens.append(token)
        self.logprobs.append(logprob)
        if token in self.tokenizer.end_of_turn_ids or self._met_stop():
            self.finish_reason = "stop"
        elif len(self.tokens) >= self.sampling.max_tokens:
            self.finish_reason = "length"

    def _met_stop(self) -> bool:
        stop = self.sampling.stop
        if not stop:
            return False
        # Every token with text has at least one byte, so this many hold the longest stop text.
        window = max(len(text.encode()) for text in stop) + _SPECIALS_IN_STOP
        text = self.tokenizer.decode(self.tokens[-window:])
        return _first(stop, text) is not None


def _first(stop: Sequence[str], text: str) -> int | None:
    """Return where the first of the stop texts begins, or None where there is none."""
    return min((text.index(s) for s in stop if s in text), default=None)
