"""SPA's scorer (arXiv 2505.20732): a language model whose turns sum to the outcome."""

from collections.abc import Mapping, Sequence
from itertools import accumulate
from pathlib import Path
from typing import Any

import torch
from safetensors import SafetensorError
from safetensors.torch import load_file, save_file
from torch import Tensor

from agentrl.episode import Episode
from agentrl.errors import CheckpointError
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
from agentrl.models.scorers.passages import passages
from agentrl.models.scorers.turn_values import TurnValues
from agentrl.suite.reward.progress_models import LmScorerSpec

MODEL, HEAD = "model", "head.safetensors"


class LmScorer:
    """A language model with a head at the last token of each turn.

    Its loss is the squared error of the sum of an episode's turn values against the outcome; no
    turn has a target of its own. Before the first turn the value is 0, as in the paper.

    Args:
        backbone: the model, all of whose weights learn.
        spec: how.
        outcome: the result that it foretells.
    """

    backend = "lm"

    def __init__(
        self, backbone: Backbone, spec: LmScorerSpec | None = None, outcome: str = "success"
    ) -> None:
        self.outcome = outcome
        self._backbone = backbone
        self._spec = spec or LmScorerSpec()
        self._values = TurnValues(
            backbone.model, self._spec.reads, self._spec.seed, self._spec.autocast
        )
        self._fit: FitReport | None = None

    @classmethod
    def load(cls, folder: Path, card: Card, device: str = "auto") -> "LmScorer":
        """Return the scorer that ``save`` wrote.

        Raises:
            CheckpointError: something is missing or damaged.
            UsageError: its weights are those of another model family.
        """
        backbone = load_backbone(str(folder / MODEL), device)
        check_family(card, backbone.family, str(folder))
        scorer = cls(backbone, LmScorerSpec.model_validate(card.options), card.outcome)
        try:
            scorer._values.head.load_state_dict(load_file(folder / HEAD))
        except (OSError, RuntimeError, SafetensorError) as exc:
            reason = (str(exc) or type(exc).__name__).splitlines()[0]
            raise CheckpointError(
                f"{folder / HEAD}: cannot be read: {reason}; fit the scorer again"
            ) from None
        return scorer

    @property
    def family(self) -> str:
        """The model family whose tokens it reads."""
        return self._backbone.family

    def score(self, episode: Episode) -> Values:
        """See ``ProgressScorer.score``."""
        if not episode.turns:
            return (0.0,)
        read = passages(episode, self._backbone.tokenizer, self._spec.max_tokens)
        with torch.no_grad():
            (worth,) = self._values([read], [len(episode.turns)])
        return tuple(accumulate(worth.tolist(), initial=0.0))

    def fit(self, episodes: Sequence[Episode]) -> FitReport:
        """See ``ProgressScorer.fit``; goes on from the weights that it has.

        Raises:
            UsageError: nothing can be learned from them.
            DivergedError: a loss is not finite.
        """
        of = lesson(self._readable(episodes), self.outcome)
        self._learn(of.taught, self._spec.epochs, self._spec.warmup)
        self._fit = report(self.backend, of, self._end, self._end)
        return self._fit

    def update(self, episodes: Sequence[Episode]) -> None:
        """See ``ProgressScorer.update``: one pass."""
        known = usable(self._readable(episodes), self.outcome)
        if known:
            self._learn(known, epochs=1, warmup=0)

    def save(self, folder: Path) -> None:
        """See ``ProgressScorer.save``."""
        with writing(folder):
            self._backbone.save(folder / MODEL)
            save_file(self._values.head.state_dict(), folder / HEAD)
            write_card(
                folder, card_of(self.backend, self.family, self.outcome, self._spec, self._fit)
            )

    def memory(self) -> dict[str, Any]:
        """Return all its weights as text: a checkpoint grows by the size of the model."""
        return memory_of(self.family, self._values)

    def restore(self, memory: Mapping[str, Any]) -> None:
        """See ``ProgressScorer.restore``.

        Raises:
            UsageError: the memory is one of another model family.
            CheckpointError: it does not fit.
        """
        take_memory(self.family, self._values, memory)

    def _end(self, episode: Episode) -> float:
        return self.score(episode)[-1]

    def _readable(self, episodes: Sequence[Episode]) -> list[Episode]:
        return readable(episodes, self._backbone.tokenizer, self._spec.max_tokens)

    def _learn(self, episodes: Sequence[Episode], epochs: int, warmup: int) -> None:
        spec, tokenizer = self._spec, self._backbone.tokenizer
        examples = [example(e, self.outcome, tokenizer, spec.max_tokens) for e in episodes]
        course = Course(
            spec.lr, spec.batch, epochs, warmup, weight_decay=spec.weight_decay, seed=spec.seed
        )
        course.run(
            self._values.learning(),
            [one.tokens for one in examples],
            lambda chosen: squared_error(self._values, [examples[i] for i in chosen]),
        )


def squared_error(values: TurnValues, examples: Sequence[Example]) -> Tensor:
    """Return the sum over episodes of ``(sum of turn values - outcome)^2``."""
    worth = values([e.passages for e in examples], [e.turns for e in examples])
    totals = torch.stack([one.sum() for one in worth])
    truth = torch.tensor([e.outcome for e in examples], device=totals.device)
    return ((totals - truth) ** 2).sum()


def build(spec: LmScorerSpec, checkpoint: Path, outcome: str, device: str = "auto") -> LmScorer:
    """Return a scorer that is not fitted yet.

    Args:
        spec: how it learns.
        checkpoint: the agent's model, with which it begins unless the spec names another.
        outcome: the result that it is to foretell.
        device: as ``TransformersSpec.device``.

    Raises:
        CheckpointError: there is no such checkpoint.
    """
    return LmScorer(load_backbone(spec.checkpoint or str(checkpoint), device), spec, outcome)
