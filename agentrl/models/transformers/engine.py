"""Continuous batching: answers join between two steps, grow together, and leave when finished."""

from collections.abc import Iterator, Mapping, Sequence
from typing import Any

import torch
from torch import Tensor

from agentrl.errors import UsageError
from agentrl.models.transformers.answer import Answer
from agentrl.models.transformers.conversations import Conversations
from agentrl.models.transformers.rows import KeyValueRows, Rows, SingleRow, can_batch
from agentrl.models.transformers.sampling import choose, log_distribution

_PROMPT_CHUNK = 2048  # most tokens of one conversation read at a time: bounds the mask
_PROMPT_BATCH = 8192  # most tokens read at a time


class Engine:
    """A model and the answers it is in the middle of. It belongs to one thread."""

    def __init__(self, model: Any, max_batch: int, conversation_bytes: int) -> None:
        """Take a loaded model.

        Args:
            model: a causal language model of transformers, on its device.
            max_batch: most answers under way at a time.
            conversation_bytes: memory for what is known of conversations between their turns.
        """
        self._model = model
        with torch.inference_mode():
            self.batches = can_batch(model)
        self._max_batch = max_batch
        self._rows = self._no_rows()
        self._conversations = Conversations(conversation_bytes if self.batches else 0)
        self._answers: list[Answer] = []
        self.weights_version = 0

    @property
    def room(self) -> int:
        """How many more answers can join."""
        return self._rows.capacity - len(self._answers)

    @torch.inference_mode()
    def admit(self, answers: Sequence[Answer]) -> list[Answer]:
        """Let at most ``room`` answers join: read their prompts and sample their first tokens.

        Returns:
            The answers that are finished.
        """
        prefixes = []
        for answer in answers:
            answer.weights_version = self.weights_version
            prefix = self._conversations.find(answer.session, answer.prompt)
            answer.fed = answer.reused = prefix[0][0].shape[1] if prefix else 0
            prefixes.append(prefix)
        shortest_first = sorted(
            zip(answers, prefixes, strict=True), key=lambda pair: len(pair[0].pending)
        )
        first = len(self._answers)
        for answer, prefix in shortest_first:
            self._answers.append(answer)
            self._rows.push(prefix)
        for size in _groups([len(answer.pending) for answer in self._answers[first:]]):
            self._read_prompts(first, self._answers[first : first + size])
            first += size
        return self._leave()

    @torch.inference_mode()
    def step(self) -> list[Answer]:
        """Let every answer grow, by one sampled token where it is not catching up.

        Returns:
            The answers that are finished.
        """
        finished = self._leave()  # those that were cancelled since
        if not self._answers:
            return finished
        waiting = [answer.pending for answer in self._answers]
        # Tokens without a choice are read together with the next one. Rows with fewer are filled
        # up, so the width follows the mean: wider wastes work, narrower takes more steps.
        width = max(1, round(sum(map(len, waiting)) / len(waiting)))
        self._feed(0, self._answers, [tokens[:width] for tokens in waiting])
        return [*finished, *self._leave()]

    def abort(self) -> None:
        """Drop everything after an error: the answers under way and what is known."""
        self._answers = []
        self._rows = self._no_rows()
        self._conversations.clear()

    @torch.no_grad()
    def load_weights(self, weights: Mapping[str, Tensor], version: int) -> None:
        """Take other weights; what was known of conversations is forgotten.

        Raises:
            UsageError: names or shapes are not those of the model; nothing was changed.
        """
        own = self._model.state_dict()
        wrong = sorted(own.keys() ^ weights.keys()) or sorted(
            name for name, tensor in weights.items() if tensor.shape != own[name].shape
        )
        if wrong:
            raise UsageError(
                f"weights of version {version} do not fit the model: {len(wrong)} tensors are "
                f"missing, unknown or of another shape, such as {wrong[0]}; give the state_dict "
                f"of the same architecture"
            )
        for name, tensor in weights.items():
            own[name].copy_(tensor)
        self._conversations.clear()
        self.weights_version = version

    def _no_rows(self) -> Rows:
        if self.batches:
            return KeyValueRows(self._model, self._max_batch)
        return SingleRow(self._model)

    def _read_prompts(self, first: int, group: Sequence[Answer]) -> None:
        if len(group) == 1:
            answer = group[0]
            while len(answer.pending) > _PROMPT_CHUNK:
                chunk = answer.pending[:_PROMPT_CHUNK]
                self._rows.extend(first, [chunk])
                answer.fed += len(chunk)
        self._feed(first, group, [answer.pending for answer in group])

    def _feed(self, first: int, answers: Sequence[Answer], tokens: Sequence[Sequence[int]]) -> None:
        logits = self._rows.extend(first, tokens)
        for answer, new in zip(answers, tokens, strict=True):
            answer.fed += len(new)
        ready = [row for row, answer in enumerate(answers) if not answer.pending]
        if len(ready) < len(answers):
            logits = logits[ready]
        if ready:
            self._sample([answers[row] for row in ready], logits)

    def _sample(self, answers: Sequence[Answer], logits: Tensor) -> None:
        samplings = [answer.sampling for answer in answers]
        allowed = [answer.node.allowed if answer.node else None for answer in answers]
        distribution = log_distribution(logits, samplings, allowed)
        draws = [answer.rng.random() for answer in answers]
        for answer, token, logprob in zip(
            answers, *choose(distribution, samplings, draws), strict=True
        ):
            answer.take(token, logprob)

    def _leave(self) -> list[Answer]:
        finished = []
        for row in reversed(range(len(self._answers))):
            answer = self._answers[row]
            if answer.finish_reason is None and not answer.future.cancelled():
                continue
            self._remember(row, answer)
            self._rows.drop(row)
            last = self._answers.pop()
            if last is not answer:
                self._answers[row] = last
            finished.append(answer)
        return finished

    def _remember(self, row: int, answer: Answer) -> None:
        if not answer.session or not self._conversations.limit:
            return
        prefix = self._rows.prefix(row)
        if prefix is not None:
            self._conversations.keep(answer.session, answer.read, prefix)


def _groups(lengths: Sequence[int]) -> Iterator[int]:
    """Split ascending lengths into runs that are worth reading together; yield the runs' sizes."""
    size, shortest = 0, 0
    for length in lengths:
        longest = max(2 * shortest, 64)
        if size and (length > min(longest, _PROMPT_CHUNK) or (size + 1) * length > _PROMPT_BATCH):
            yield size
            size = 0
        if not size:
            shortest = length
        size += 1
    if size:
        yield size
