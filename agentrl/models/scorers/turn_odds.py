"""How likely a language model finds what the agent said in each turn."""

from collections.abc import Sequence
from typing import Any

import torch
from torch import Tensor

from agentrl.models.scorers.passages import Passage
from agentrl.models.scorers.reading import Autocast, Place, arithmetic, states


def turn_logprobs(
    model: Any,
    episodes: Sequence[Sequence[Passage]],
    turns: Sequence[int],
    autocast: Autocast = "none",
) -> list[Tensor]:
    """Return the log-probability of each turn of each episode, ``[turns]``; 0 for a silent turn.

    It is the sum over the turn's tokens at temperature 1, without any constraint that they may
    have been sampled under: the same for every model that is compared.

    Args:
        model: a causal language model of transformers.
        episodes: the passages of each.
        turns: how many turns each has.
        autocast: number format of the arithmetic.
    """
    found = [passage for passages in episodes for passage in passages]
    places: list[Place] = []
    tokens: list[int] = []
    owner: list[int] = []
    row = first = 0
    for passages, count in zip(episodes, turns, strict=True):
        for passage in passages:
            for span in passage.spans:
                for column in range(max(1, span.start), span.stop):
                    places.append(Place(row, column - 1))
                    tokens.append(passage.token_ids[column])
                    owner.append(first + span.turn)
            row += 1
        first += count
    total = torch.zeros(first, device=model.device)
    if places:
        with arithmetic(model, autocast):
            scores = model.get_output_embeddings()(states(model, found, places))
        chosen = torch.tensor(tokens, device=scores.device).unsqueeze(1)
        logprobs = scores.float().log_softmax(-1).gather(1, chosen).squeeze(1)
        total = total.index_add(0, torch.tensor(owner, device=scores.device), logprobs)
    return list(torch.split(total, list(turns)))
