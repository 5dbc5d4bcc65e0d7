"""Labels of progress: ``<name>``, a reward a turn, and ``<name>/value``, what it rests on."""

import asyncio
from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import Any

from agentrl.episode import Episode
from agentrl.models.scorers.base import Values
from agentrl.rewards.labeling import unscored, with_signals
from agentrl.rewards.progress.convert import contribution, difference, potential, segment
from agentrl.rewards.progress.scorers import load_scorer
from agentrl.rewards.progress.source import Found, Scored, ValueSource
from agentrl.suite.reward.conversion import ConversionSpec
from agentrl.suite.reward.progress import ProgressLabelSpec


class ProgressLabeler:
    """States how far each turn brought its episode; see ``Labeler``.

    A group is labeled by what was known before it, and learnt from afterwards where the label is
    to ``update``. Groups are taken one at a time, in their order.

    Args:
        name: the facts' name.
        spec: how values become rewards.
        source: tells the values.
    """

    def __init__(self, name: str, spec: ConversionSpec, source: ValueSource) -> None:
        self._name = name
        self._spec = spec
        self._source = source
        self._turn = asyncio.Lock()

    async def label(self, group: Sequence[Episode]) -> list[Episode]:
        """See ``Labeler.label``."""
        async with self._turn:
            scored = [episode for episode in group if episode.status.scored]
            found = iter(await self._source.values(scored))
            labeled = [
                self._labeled(episode, next(found)) if episode.status.scored else episode
                for episode in group
            ]
            await self._source.learn(scored)
        return labeled

    def memory(self) -> dict[str, Any]:
        """See ``Labeler.memory``."""
        return self._source.memory()

    def restore(self, memory: Mapping[str, Any]) -> None:
        """See ``Labeler.restore``."""
        self._source.restore(memory)

    async def close(self) -> None:
        """See ``Labeler.close``."""
        await self._source.close()

    def _labeled(self, episode: Episode, found: Found) -> Episode:
        if not isinstance(found, tuple):
            return unscored(episode, type(found).__name__, f"{self._name}: {found}")
        if self._spec.convert == "contribution" and self._spec.outcome not in episode.outcome:
            stated = ", ".join(episode.outcome) or "nothing"
            why = f"{self._name}: its outcome states {stated}, not {self._spec.outcome!r}"
            return unscored(episode, "UnscoredError", why)
        rewards = self._converted(episode, found)
        per_turn = [
            {self._name: reward, f"{self._name}/value": value}
            for reward, value in zip(rewards, found[1:], strict=True)
        ]
        return with_signals(episode, per_turn)

    def _converted(self, episode: Episode, values: Values) -> tuple[float, ...]:
        spec = self._spec
        match spec.convert:
            case "contribution":
                return contribution(values, episode.outcome[spec.outcome], spec.residual)
            case "difference":
                return difference(values)
            case "potential":
                return potential(values, spec.gamma)
            case "segment":
                return segment(values, _segment_ends(episode, spec))


def build(name: str, spec: ProgressLabelSpec) -> ProgressLabeler:
    """Return the labeler that a suite describes.

    Args:
        name: the facts' name.
        spec: the suite's section.

    Raises:
        CheckpointError: the scorer's folder holds none, or a damaged one.
        UsageError: the scorer is of another model family, or foretells another result.
    """
    return ProgressLabeler(name, spec, _scored(spec))


def _scored(spec: ProgressLabelSpec) -> Scored:
    if spec.scorer is None:
        from agentrl.rewards.progress.text import TextScorer

        return Scored(TextScorer(outcome=spec.outcome), update=True)
    scorer = load_scorer(Path(spec.scorer).expanduser(), spec.backend, spec.outcome)
    return Scored(scorer, update=spec.update)


def _segment_ends(episode: Episode, spec: ConversionSpec) -> set[int]:
    """Return the turns that end a segment; the last turn always does."""
    turns = range(len(episode.turns))
    if spec.segment_at is None:
        ends = {turn for turn in turns if (turn + 1) % spec.segment_turns == 0}
    else:
        signal = spec.segment_at
        ends = {turn for turn in turns if episode.turns[turn].signals.get(signal, 0.0) > 0}
    return ends | set(turns[-1:])
