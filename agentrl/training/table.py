"""Every sampled token of a batch as one row of flat tensors."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass

import torch
from torch import Tensor

from agentrl.training.sample import Batch, Sample


@dataclass(frozen=True, slots=True)
class TokenTable:
    """The sampled tokens of a batch, sample by sample; all tensors are ``[tokens]``, on the CPU.

    A token is named by its sample and its position there, so whatever is computed of it in whatever
    order finds its way back.
    """

    samples: tuple[Sample, ...]
    episode_ids: tuple[str, ...]
    """The batch's episodes, in its order."""
    sample: Tensor
    """Which of ``samples`` the token is in."""
    position: Tensor
    """Where in the sample's tokens it stands."""
    episode: Tensor
    """Which of ``episode_ids`` it belongs to."""
    turn: Tensor
    """In which turn of the episode it was sampled."""
    sampler_logprobs: Tensor
    """Recorded log-probability, float32."""
    ends_turn: Tensor
    """Whether it is the last token of its turn."""

    @property
    def size(self) -> int:
        """Number of tokens."""
        return len(self.sample)

    @property
    def lengths(self) -> Tensor:
        """Sampled tokens of each episode, ``[episodes]``."""
        return torch.bincount(self.episode, minlength=len(self.episode_ids))

    def spread(self, by_turn: Mapping[str, Sequence[float]]) -> Tensor:
        """Return each token's share of numbers that belong to turns.

        Args:
            by_turn: for each episode id one number a turn.

        Returns:
            float32 ``[tokens]``.
        """
        most = max((len(by_turn[name]) for name in self.episode_ids), default=0)
        numbers = torch.zeros(len(self.episode_ids), max(most, 1))
        for row, name in enumerate(self.episode_ids):
            own = torch.tensor(tuple(by_turn[name]), dtype=torch.float32)
            numbers[row, : len(own)] = own
        return numbers[self.episode, self.turn]

    def sum_by_turn(self, values: Tensor) -> dict[str, tuple[float, ...]]:
        """Return for each episode id the sum of its tokens' values, turn by turn.

        Turns after the last one with tokens are not in it.
        """
        turns = int(self.turn.max()) + 1 if self.size else 1
        sums = torch.zeros(len(self.episode_ids), turns, dtype=torch.float64)
        sums.index_put_((self.episode, self.turn), values.double(), accumulate=True)
        return {name: tuple(row) for name, row in zip(self.episode_ids, sums.tolist(), strict=True)}


def token_table(batch: Batch) -> TokenTable:
    """Return the table of a batch: one row for each token that was sampled, and for no other.

    Raises:
        ValueError: a sample belongs to no trajectory of the batch.
    """
    ids = tuple(trajectory.episode_id for trajectory in batch.trajectories)
    number = {name: row for row, name in enumerate(ids)}
    columns: list[list[float]] = [[], [], [], [], []]
    for index, sample in enumerate(batch.samples):
        if sample.episode_id not in number:
            raise ValueError(f"sample of episode {sample.episode_id!r}, which is not in the batch")
        for position, sampled in enumerate(sample.tokens.sampled):
            if sampled:
                row = (
                    index,
                    position,
                    number[sample.episode_id],
                    sample.tokens.turns[position],
                    sample.tokens.logprobs[position],
                )
                for column, value in zip(columns, row, strict=True):
                    column.append(value)
    sample_, position_, episode, turn = (torch.tensor(c, dtype=torch.long) for c in columns[:4])
    return TokenTable(
        samples=batch.samples,
        episode_ids=ids,
        sample=sample_,
        position=position_,
        episode=episode,
        turn=turn,
        sampler_logprobs=torch.tensor(columns[4], dtype=torch.float32),
        ends_turn=_ends(episode, turn),
    )


def _ends(episode: Tensor, turn: Tensor) -> Tensor:
    """Return which tokens are the last of their turn; tokens of a turn stand together."""
    if len(turn) == 0:
        return torch.zeros(0, dtype=torch.bool)
    changes = (turn[1:] != turn[:-1]) | (episode[1:] != episode[:-1])
    return torch.cat([changes, torch.tensor([True])])
