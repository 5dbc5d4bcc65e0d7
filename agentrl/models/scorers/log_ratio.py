"""Progress as how much likelier one model finds a turn than another does."""

from collections.abc import Callable, Mapping, Sequence
from itertools import accumulate
from pathlib import Path
from typing import Any

import torch
from torch import Tensor
from torch.nn import functional

from agentrl.episode import Episode
from agentrl.errors import UsageError
from agentrl.models.scorers.base import FitReport, Values
from agentrl.models.scorers.checkpoint import (
    Backbone,
    load_backbone,
    memory_of,
    take_memory,
)
from agentrl.models.scorers.course import Course
from agentrl.models.scorers.examples import Example, example, readable
from agentrl.models.scorers.folder import Card, card_of, check_family, write_card, writing
from agentrl.models.scorers.measure import lesson, report, usable
from agentrl.models.scorers.pairs import pairs_of
from agentrl.models.scorers.passages import Passage, passages
from agentrl.models.scorers.turn_odds import turn_logprobs
from agentrl.suite.reward.progress_models import LogRatioSpec

MODEL, REFERENCE = "model", "reference"


class LogRatioScorer:
    """``beta * (log p(turn) - log p_reference(turn))``, summed over the turns so far.

    One class, several uses: PRIME (arXiv 2502.01456) learns the model from outcomes alone, also
    online by ``update``; RTO (arXiv 2404.18922) learns it from pairs as DPO does; CDR (arXiv
    2411.02481) takes a strong and a weak model as they are. Without a reference the value is the
    model's own log-probability (an endogenous reward, or the likelihood of a follow-up).

    Args:
        model: the model that may learn.
        reference: one of the same family that stands still; None: nothing is subtracted.
        spec: how.
        outcome: the result that it learns from.

    Raises:
        UsageError: the two models read different tokens.
    """

    backend = "log_ratio"

    def __init__(
        self,
        model: Backbone,
        reference: Backbone | None,
        spec: LogRatioSpec | None = None,
        outcome: str = "success",
    ) -> None:
        if reference is not None and reference.family != model.family:
            raise UsageError(
                f"the reference is of another model family: {reference.family}, the model is "
                f"{model.family}; probabilities of different tokens cannot be compared"
            )
        self.outcome = outcome
        self._model = model
        self._reference = reference
        self._spec = spec or LogRatioSpec()
        self._fit: FitReport | None = None

    @classmethod
    def load(cls, folder: Path, card: Card, device: str = "auto") -> "LogRatioScorer":
        """Return the scorer that ``save`` wrote.

        Raises:
            CheckpointError: something is missing or damaged.
            UsageError: its weights are those of another model family.
        """
        spec = LogRatioSpec.model_validate(card.options)
        model = load_backbone(str(folder / MODEL), device)
        check_family(card, model.family, str(folder))
        other = None if spec.reference is None else load_backbone(str(folder / REFERENCE), device)
        return cls(model, other, spec, card.outcome)

    @property
    def family(self) -> str:
        """The model family whose tokens it reads."""
        return self._model.family

    def score(self, episode: Episode) -> Values:
        """See ``ProgressScorer.score``."""
        if not episode.turns:
            return (0.0,)
        read = passages(episode, self._model.tokenizer, self._spec.max_tokens)
        with torch.no_grad():
            (gains,) = self._gains([read], [len(episode.turns)])
        return tuple(accumulate(gains.tolist(), initial=0.0))

    def fit(self, episodes: Sequence[Episode]) -> FitReport:
        """See ``ProgressScorer.fit``; where nothing is learned, the report says how well it ranks.

        Raises:
            UsageError: nothing can be learned from them.
            DivergedError: a loss is not finite.
        """
        of = lesson(self._readable(episodes), self.outcome)
        self._learn(of.taught, self._spec.epochs)
        by_outcome = self._spec.learn == "outcome"
        self._fit = report(self.backend, of, self._end, self._foretold if by_outcome else None)
        return self._fit

    def update(self, episodes: Sequence[Episode]) -> None:
        """See ``ProgressScorer.update``: one pass, which is PRIME's online step."""
        self._learn(usable(self._readable(episodes), self.outcome), epochs=1)

    def save(self, folder: Path) -> None:
        """See ``ProgressScorer.save``."""
        with writing(folder):
            self._model.save(folder / MODEL)
            if self._reference is not None:
                self._reference.save(folder / REFERENCE)
            write_card(
                folder, card_of(self.backend, self.family, self.outcome, self._spec, self._fit)
            )

    def memory(self) -> dict[str, Any]:
        """Return the learned model's weights as text: a checkpoint grows by its size."""
        return memory_of(self.family, self._model.model)

    def restore(self, memory: Mapping[str, Any]) -> None:
        """See ``ProgressScorer.restore``.

        Raises:
            UsageError: the memory is one of another model family.
            CheckpointError: it does not fit.
        """
        take_memory(self.family, self._model.model, memory)

    def _end(self, episode: Episode) -> float:
        return self.score(episode)[-1]

    def _foretold(self, episode: Episode) -> float:
        return float(torch.tensor(self._end(episode), dtype=torch.float64).sigmoid())

    def _readable(self, episodes: Sequence[Episode]) -> list[Episode]:
        return readable(episodes, self._model.tokenizer, self._spec.max_tokens)

    def _gains(self, episodes: Sequence[Sequence[Passage]], turns: Sequence[int]) -> list[Tensor]:
        beta, autocast = self._spec.beta, self._spec.autocast
        likely = turn_logprobs(self._model.model, episodes, turns, autocast)
        if self._reference is None:
            return [beta * one for one in likely]
        with torch.no_grad():
            usual = turn_logprobs(self._reference.model, episodes, turns, autocast)
        return [beta * (one - other) for one, other in zip(likely, usual, strict=True)]

    def _totals(self, examples: Sequence[Example]) -> Tensor:
        gains = self._gains([e.passages for e in examples], [e.turns for e in examples])
        return torch.stack([one.sum() for one in gains])

    def _learn(self, episodes: Sequence[Episode], epochs: int) -> None:
        match self._spec.learn:
            case "outcome":
                self._learn_outcomes(episodes, epochs)
            case "pairs":
                self._learn_pairs(episodes, epochs)
            case "none":
                return

    def _learn_outcomes(self, episodes: Sequence[Episode], epochs: int) -> None:
        examples = [self._example(e) for e in episodes]
        for episode, one in zip(episodes, examples, strict=True):
            if not 0 <= one.outcome <= 1:
                raise UsageError(
                    f"episode {episode.id!r} has {self.outcome} = {one.outcome:g}; a log-ratio is "
                    f"fitted to outcomes from 0 to 1: take one such as 'success', or learn: pairs"
                )

        def loss(chosen: Sequence[int]) -> Tensor:
            own = [examples[i] for i in chosen]
            return outcome_loss(self._totals(own), [e.outcome for e in own])

        self._run([e.tokens for e in examples], loss, epochs)

    def _learn_pairs(self, episodes: Sequence[Episode], epochs: int) -> None:
        pairs = [
            (self._example(better), self._example(worse))
            for better, worse in pairs_of(episodes, self.outcome, self._spec.pairs)
        ]

        def loss(chosen: Sequence[int]) -> Tensor:
            own = [example for i in chosen for example in pairs[i]]
            return pair_loss(self._totals(own))

        self._run([sum(e.tokens for e in pair) for pair in pairs], loss, epochs)

    def _run(
        self, sizes: Sequence[int], loss: Callable[[Sequence[int]], Tensor], epochs: int
    ) -> None:
        spec = self._spec
        weights = list(self._model.model.parameters())
        Course(spec.lr, spec.batch, epochs, seed=spec.seed).run(weights, sizes, loss)

    def _example(self, episode: Episode) -> Example:
        return example(episode, self.outcome, self._model.tokenizer, self._spec.max_tokens)


def outcome_loss(totals: Tensor, outcomes: Sequence[float]) -> Tensor:
    """Return PRIME's loss (arXiv 2502.01456), summed: the cross-entropy of ``sigmoid(total)``
    against each outcome, a number from 0 to 1."""
    truth = torch.tensor(outcomes, dtype=totals.dtype, device=totals.device)
    return functional.binary_cross_entropy_with_logits(totals, truth, reduction="sum")


def pair_loss(totals: Tensor) -> Tensor:
    """Return DPO's loss (arXiv 2305.18290), summed: ``-log sigmoid(better - worse)``.

    Args:
        totals: of a better episode and a worse one in turn, ``[2 * pairs]``.
    """
    return -functional.logsigmoid(totals[0::2] - totals[1::2]).sum()


def build(
    spec: LogRatioSpec, checkpoint: Path, outcome: str, device: str = "auto"
) -> LogRatioScorer:
    """Return a scorer that has not learned yet.

    Args:
        spec: which models, and how one learns.
        checkpoint: the agent's model, which it begins with unless the spec names another.
        outcome: the result that it is to learn from.
        device: as ``TransformersSpec.device``.

    Raises:
        CheckpointError: there is no such checkpoint.
        UsageError: the models are of different families, or a model is compared with itself.
    """
    chosen = spec.checkpoint or str(checkpoint)
    if spec.reference == "same" and spec.learn == "none":
        raise UsageError(
            "a log-ratio of a model to itself is 0: give log_ratio a 'reference', or let it 'learn'"
        )
    other = None
    if spec.reference is not None:
        other = load_backbone(chosen if spec.reference == "same" else spec.reference, device)
    return LogRatioScorer(load_backbone(chosen, device), other, spec, outcome)
