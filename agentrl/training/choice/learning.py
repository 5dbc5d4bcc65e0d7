"""A choice policy while it learns."""

from collections.abc import Iterator, Mapping, Sequence
from pathlib import Path

import numpy as np
import torch
from torch import Tensor, nn

from agentrl.agents.choice.layout import Matrix
from agentrl.agents.choice.policy import ChoicePolicy, load_policy
from agentrl.training.choice.decisions import Decisions
from agentrl.training.packing import Pass
from agentrl.training.policy import TokenOutputs, entropy
from agentrl.training.table import TokenTable


class ChoiceNetwork(nn.Module):
    """The arithmetic of ``ChoicePolicy`` with gradients."""

    def __init__(self, policy: ChoicePolicy) -> None:
        super().__init__()
        hidden, bias, score = (torch.from_numpy(part.copy()) for part in policy.weights)
        self.hidden, self.bias, self.score = map(nn.Parameter, (hidden, bias, score))

    def forward(self, rows: Tensor) -> Tensor:
        """Return the score of each row, ``[rows]``."""
        return torch.tanh(rows @ self.hidden + self.bias) @ self.score


class LearningPolicy:
    """A choice policy as the trainer sees it: a token is a decision (see ``ChoiceAgent``).

    Args:
        policy: with the weights to begin with.
        decisions: where the rows are that its tokens were chosen from; None: in a place of its own.
    """

    packs = False

    def __init__(self, policy: ChoicePolicy, decisions: Decisions | None = None) -> None:
        self.model = ChoiceNetwork(policy)
        self.decisions = Decisions() if decisions is None else decisions
        self.rivals: Sequence[ChoicePolicy] = ()
        """Who plays the episodes of a group, by their number; empty: the policy itself."""
        self.version = policy.version
        """Updates behind the weights."""
        self._layout = policy.layout

    def outputs(self, table: TokenTable, one: Pass) -> TokenOutputs:
        """Return the log-probability of each decision; one without a draw has 0 and no entropy."""
        samples = [table.samples[number] for number in table.sample[one.index].tolist()]
        turns = table.turn[one.index].tolist()
        rows = [
            self.decisions.rows(sample.episode_id, turn)
            for sample, turn in zip(samples, turns, strict=True)
        ]
        temperatures = torch.tensor([sample.sampling.temperature for sample in samples])
        drawn = temperatures > 0
        scores = self._by_decision(rows) / torch.where(drawn, temperatures, 1.0).unsqueeze(1)
        likely = scores.log_softmax(-1)
        chosen = likely.gather(1, one.target.unsqueeze(1)).squeeze(1)
        nothing = torch.zeros_like(chosen)
        return TokenOutputs(
            logprobs=torch.where(drawn, chosen, nothing),
            entropies=torch.where(drawn, entropy(likely), nothing),
            hidden=chosen.new_zeros(len(samples), 0),
        )

    def _by_decision(self, rows: Sequence[Matrix]) -> Tensor:
        """Return the scores of decisions, ``[decisions, actions]``; -inf where there is none."""
        counts = torch.tensor([len(actions) for actions in rows])
        scores: Tensor = self.model(torch.from_numpy(np.concatenate(rows)))
        decision = torch.arange(len(rows)).repeat_interleave(counts)
        action = torch.arange(len(scores)) - (counts.cumsum(0) - counts)[decision]
        blank = scores.new_full((len(rows), int(counts.max())), -torch.inf)
        return blank.index_put((decision, action), scores)

    def acting(self) -> ChoicePolicy:
        """Return the policy with its weights as they are now."""
        with torch.no_grad():
            hidden, bias, score = (
                part.detach().numpy().copy()
                for part in (self.model.hidden, self.model.bias, self.model.score)
            )
        return ChoicePolicy(self._layout, hidden, bias, score, self.version)

    @torch.no_grad()
    def take(self, policy: ChoicePolicy) -> None:
        """Take up another policy's weights."""
        own = (self.model.hidden, self.model.bias, self.model.score)
        for parameter, weights in zip(own, policy.weights, strict=True):
            parameter.copy_(torch.from_numpy(weights))

    def standing(self, folder: Path) -> "LearningPolicy":
        """Return the policy of a folder, for the same decisions: what this one is compared with."""
        return LearningPolicy(load_policy(folder), self.decisions)

    def parameters(self) -> Iterator[nn.Parameter]:
        """Yield what is trained."""
        return self.model.parameters()

    def state_dict(self) -> Mapping[str, Tensor]:
        """Return all weights by name."""
        state: Mapping[str, Tensor] = self.model.state_dict()
        return state

    def save(self, folder: Path) -> None:
        """Write a folder that ``agent.choice.checkpoint`` takes."""
        self.acting().save(folder)

    def adapters(self) -> dict[str, Tensor]:
        """Return nothing: a checkpoint has the whole weights."""
        return {}

    def take_adapters(self, adapters: Mapping[str, Tensor]) -> None:
        """Take up nothing."""
