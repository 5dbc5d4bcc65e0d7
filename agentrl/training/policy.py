"""The model in training, asked how likely it finds what was sampled."""

from collections.abc import Iterator, Mapping, Sequence
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path
from typing import Any, Literal

import torch
from torch import Tensor, nn

from agentrl.models.transformers.sampling import log_distribution
from agentrl.training.packing import Pass
from agentrl.training.table import TokenTable

_TOLERANCE = 1e-2  # far above rounding, far below what a neighbour in the row would do


@dataclass(frozen=True, slots=True)
class TokenOutputs:
    """What a pass says of its tokens; tensors are ``[tokens of the pass]``."""

    logprobs: Tensor
    """Log-probability of each token under the distribution that it was sampled from: the same
    temperature, truncation and constraint, other weights."""
    entropies: Tensor
    """Entropy of that distribution, in nats."""
    hidden: Tensor
    """Last hidden state that each token was predicted from, ``[tokens, width]``."""


class Policy:
    """A causal language model of transformers while it learns.

    Scores are computed only where a token was sampled and had an alternative: those of a prompt
    are never needed, and a token without alternative has log-probability 0 and teaches nothing.
    """

    def __init__(
        self,
        model: Any,
        tokenizer: Any = None,
        *,
        autocast: Literal["none", "bfloat16"] = "none",
    ) -> None:
        """Take a loaded model.

        Args:
            model: a causal language model of transformers, on its device.
            tokenizer: what ``save`` writes beside it.
            autocast: number format of the arithmetic.
        """
        self.model = model
        self._tokenizer = tokenizer
        self._autocast = torch.bfloat16 if autocast == "bfloat16" else None
        self._selection: _Selection | None = None
        model.get_output_embeddings().register_forward_pre_hook(self._select)
        self.packs = self._tells_apart()

    @property
    def device(self) -> torch.device:
        """Where its inputs must be."""
        device: torch.device = self.model.device
        return device

    @property
    def hidden_size(self) -> int:
        """Width of ``TokenOutputs.hidden``."""
        size: int = self.model.config.get_text_config(decoder=True).hidden_size
        return size

    def outputs(self, table: TokenTable, one: Pass) -> TokenOutputs:
        """Return what the model says of a pass's tokens; with gradients unless they are off."""
        allowed = [
            table.samples[sample].tokens.allowed[position]
            for sample, position in zip(
                table.sample[one.index].tolist(), table.position[one.index].tolist(), strict=True
            )
        ]
        free = [row for row, ids in enumerate(allowed) if ids is None or len(ids) > 1]
        logits, hidden = self._scores(one, torch.tensor(free, dtype=torch.long))
        target = one.target[free].to(self.device)
        samplings = [table.samples[n].sampling for n in table.sample[one.index][free].tolist()]
        scores = log_distribution(logits, samplings, [allowed[row] for row in free], target)
        chosen = scores.gather(1, target.unsqueeze(1)).squeeze(1)
        place = torch.tensor(free, dtype=torch.long, device=self.device)
        blank = chosen.new_zeros(len(allowed))
        return TokenOutputs(
            logprobs=blank.index_put((place,), chosen),
            entropies=blank.index_put((place,), entropy(scores)),
            hidden=hidden,
        )

    def hidden(self, one: Pass) -> Tensor:
        """Return the last hidden state that each token is predicted from, ``[tokens, width]``."""
        return self._scores(one, torch.zeros(0, dtype=torch.long))[1]

    def logprobs(self, prompt: Sequence[int], answer: Sequence[int]) -> list[float]:
        """Return the log-probabilities of an answer's tokens at temperature 1."""
        ids = torch.tensor([[*prompt, *answer]], device=self.device)
        columns = torch.arange(len(prompt) - 1, len(prompt) + len(answer) - 1)
        with torch.no_grad():
            logits, _ = self._run(ids, None, torch.zeros_like(columns), columns, None)
        chosen = ids[0, len(prompt) :].unsqueeze(1)
        values: list[float] = logits.float().log_softmax(-1).gather(1, chosen).squeeze(1).tolist()
        return values

    def parameters(self) -> Iterator[nn.Parameter]:
        """Yield what is trained."""
        return (p for p in self.model.parameters() if p.requires_grad)

    def state_dict(self) -> Mapping[str, Tensor]:
        """Return the whole model's weights under their transformers names."""
        state: Mapping[str, Tensor] = self.model.state_dict()
        return state

    def save(self, folder: Path) -> None:
        """Write an ordinary checkpoint: config, safetensors, tokenizer, chat template."""
        self._save(folder, None)

    def adapters(self) -> dict[str, Tensor]:
        """Return what a checkpoint must hold beside the whole weights: nothing, without LoRA."""
        return {}

    def take_adapters(self, adapters: Mapping[str, Tensor]) -> None:
        """Take up what ``adapters`` returned."""

    def _save(self, folder: Path, weights: Mapping[str, Tensor] | None) -> None:
        self.model.save_pretrained(folder, state_dict=weights)
        if self._tokenizer is not None:
            self._tokenizer.save_pretrained(folder)

    def _scores(self, one: Pass, free: Tensor) -> tuple[Tensor, Tensor]:
        device = self.device
        ids, positions = one.token_ids.to(device), one.positions.to(device)
        return self._run(ids, positions, one.row, one.column, free)

    def _run(
        self,
        token_ids: Tensor,
        positions: Tensor | None,
        row: Tensor,
        column: Tensor,
        free: Tensor | None,
    ) -> tuple[Tensor, Tensor]:
        """Return the scores after the chosen tokens, and the hidden states they come from."""
        with self._selecting(_Selection(row, column, free)) as selection, self._arithmetic():
            output = self.model(input_ids=token_ids, position_ids=positions, use_cache=False)
        assert selection.hidden is not None
        return output.logits[0], selection.hidden

    @contextmanager
    def _selecting(self, selection: "_Selection") -> "Iterator[_Selection]":
        self._selection = selection
        try:
            yield selection
        finally:
            self._selection = None

    def _select(self, head: nn.Module, inputs: tuple[Tensor, ...]) -> tuple[Tensor, ...]:
        """Give the model's last layer only the states that scores are wanted for."""
        if self._selection is None:
            return inputs
        return (self._selection.of(inputs[0]), *inputs[1:])

    @contextmanager
    def _arithmetic(self) -> Iterator[None]:
        if self._autocast is None:
            yield
            return
        with torch.autocast(self.device.type, dtype=self._autocast):
            yield

    @torch.no_grad()
    def _tells_apart(self) -> bool:
        """Try whether the model keeps the samples of a row apart: recurrent ones do not."""
        vocabulary = self.model.get_input_embeddings().num_embeddings
        first, second = ([n % vocabulary for n in range(start, start + 5)] for start in (3, 11))
        columns = torch.arange(10)
        row = torch.tensor([[*first, *second]], device=self.device)
        positions = torch.tensor([[*range(5), *range(5)]], device=self.device)
        packed, _ = self._run(row, positions, torch.zeros_like(columns), columns, None)
        alone = torch.tensor([second], device=self.device)
        expected, _ = self._run(alone, None, torch.zeros(5, dtype=torch.long), columns[:5], None)
        gap = (packed[5:].float() - expected.float()).abs().mean()
        return bool(gap <= _TOLERANCE * expected.float().std())


@dataclass(slots=True)
class _Selection:
    row: Tensor
    column: Tensor
    free: Tensor | None
    hidden: Tensor | None = None

    def of(self, states: Tensor) -> Tensor:
        self.hidden = states[self.row.to(states.device), self.column.to(states.device)]
        chosen = self.hidden if self.free is None else self.hidden[self.free.to(states.device)]
        return chosen.unsqueeze(0)


def entropy(log_probabilities: Tensor) -> Tensor:
    """Return the entropy of each row, in nats; what has no probability adds nothing.

    >>> [round(x, 4) for x in entropy(torch.tensor([[0.5, 0.5, 0.0]]).log()).tolist()]
    [0.6931]
    """
    possible = log_probabilities.masked_fill(log_probabilities == -torch.inf, 0.0)
    return -(log_probabilities.exp() * possible).sum(-1)
