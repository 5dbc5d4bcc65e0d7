"""A language model with a head that says what each turn is worth."""

from collections.abc import Sequence
from typing import Any, Literal

import torch
from torch import Tensor, nn

from agentrl.models.scorers.passages import Passage
from agentrl.models.scorers.reading import Autocast, Place, arithmetic, states


class TurnValues(nn.Module):
    """SPA's progress estimator (arXiv 2505.20732): one number at the last token of each turn.

    As the authors have it, the head is a linear layer on the model's scores of all tokens
    (``logits``); ``hidden`` puts it on the last hidden state, which is smaller.

    Args:
        model: a causal language model of transformers, on its device; all its weights learn.
        reads: what the head stands on.
        seed: decides the head's first weights.
        autocast: number format of the arithmetic.
    """

    def __init__(
        self,
        model: Any,
        reads: Literal["logits", "hidden"] = "logits",
        seed: int = 0,
        autocast: Autocast = "none",
    ) -> None:
        super().__init__()
        self.model = model
        self._reads = reads
        self._autocast = autocast
        weight: Tensor = model.get_output_embeddings().weight
        vocabulary, width = weight.shape
        with torch.random.fork_rng(devices=[]):
            torch.manual_seed(seed)
            self.head = nn.Linear(vocabulary if reads == "logits" else width, 1)
        self.head.to(model.device)

    def learning(self) -> list[nn.Parameter]:
        """Return every weight that the values depend on."""
        unread: set[int] = set()
        if self._reads == "hidden":
            embedded = {id(p) for p in self.model.get_input_embeddings().parameters()}
            scores = self.model.get_output_embeddings().parameters()
            unread = {id(p) for p in scores} - embedded  # tied ones are read as embeddings
        return [p for p in self.parameters() if id(p) not in unread]

    def forward(self, episodes: Sequence[Sequence[Passage]], turns: Sequence[int]) -> list[Tensor]:
        """Return the value of every turn of each episode, ``[turns]``; 0 where nothing was said.

        Args:
            episodes: the passages of each.
            turns: how many turns each has.
        """
        found = [passage for passages in episodes for passage in passages]
        ends = _last_tokens(episodes)
        worth = self._at(found, list(ends.values())) if ends else torch.zeros(0)
        first = 0
        values = []
        for number, count in enumerate(turns):
            said = [turn for episode, turn in ends if episode == number]
            blank = worth.new_zeros(count)
            at = torch.tensor(said, dtype=torch.long, device=worth.device)
            values.append(blank.index_put((at,), worth[first : first + len(said)]))
            first += len(said)
        return values

    def _at(self, passages: Sequence[Passage], places: Sequence[Place]) -> Tensor:
        with arithmetic(self.model, self._autocast):
            read = states(self.model, passages, places)
            if self._reads == "logits":
                read = self.model.get_output_embeddings()(read)
        worth: Tensor = self.head(read.float()).squeeze(-1)
        return worth


def _last_tokens(episodes: Sequence[Sequence[Passage]]) -> dict[tuple[int, int], Place]:
    """Return where each turn that says something ends, by episode and turn, in order."""
    ends: dict[tuple[int, int], Place] = {}
    row = 0
    for number, passages in enumerate(episodes):
        for passage in passages:
            for span in passage.spans:
                ends[number, span.turn] = Place(row, span.stop - 1)
            row += 1
    return ends
