"""What a run or a training keeps of its rewards: the labelers, and what they and the state know."""

import asyncio
from collections.abc import Iterable, Mapping, Sequence
from typing import Any

from agentrl.episode import Episode
from agentrl.rewards.build import Rollouts, build_labelers
from agentrl.rewards.compose import annotate_batch
from agentrl.rewards.labeling import Labeler
from agentrl.rewards.state import RewardState
from agentrl.suite.reward.spec import RewardSpec
from agentrl.task import Task

Group = Sequence[Episode]


class Appraiser:
    """Labels groups as they end, and composes the rewards of a batch when it is drawn."""

    def __init__(self, labelers: Mapping[str, Labeler] | None = None) -> None:
        """
        Args:
            labelers: by name, in the order in which they label; they are closed with it.
        """
        self.state = RewardState()
        """What composing remembers."""
        self._labelers = dict(labelers or {})

    async def label(self, group: Group) -> list[Episode]:
        """Return the episodes of a group with the facts of every labeler.

        A later labeler sees the facts of those before it. An episode that one of them leaves
        unscored passes the others untouched.
        """
        labelled = list(group)
        for labeler in self._labelers.values():
            labelled = await labeler.label(labelled)
        return labelled

    async def label_all(self, groups: Sequence[Group]) -> list[list[Episode]]:
        """Return groups with the facts of every labeler, each of which labels all at the same time.

        One that remembers sees the groups in their order.
        """
        labelled = [list(group) for group in groups]
        for labeler in self._labelers.values():
            labelled = await asyncio.gather(*(labeler.label(group) for group in labelled))
        return labelled

    def preview(self, spec: RewardSpec, groups: Sequence[Group]) -> list[list[Episode]]:
        """Return groups with the rewards that they would have as a batch; nothing is remembered.

        Raises:
            RewardError: a term is not finite, or an episode stands twice in a group.
        """
        return annotate_batch(spec, groups, self.state)[0]

    def appraise(self, spec: RewardSpec, groups: Sequence[Group]) -> list[list[Episode]]:
        """Return the groups of a batch with their rewards, and remember what it taught.

        Raises:
            RewardError: a term is not finite, or an episode stands twice in a group.
        """
        appraised, self.state = annotate_batch(spec, groups, self.state)
        return appraised

    def memory(self) -> dict[str, Any]:
        """Return what a checkpoint must hold."""
        labels = {name: labeler.memory() for name, labeler in self._labelers.items()}
        return {"state": self.state.to_data(), "labels": labels}

    def restore(self, memory: Mapping[str, Any]) -> None:
        """Take up what ``memory`` returned; a label that it does not know begins afresh."""
        self.state = RewardState.from_data(memory["state"])
        for name, labeler in self._labelers.items():
            if name in memory["labels"]:
                labeler.restore(memory["labels"][name])

    async def close(self) -> None:
        """Close the labelers."""
        for labeler in self._labelers.values():
            await labeler.close()


def build_appraiser(
    spec: RewardSpec, tasks: Iterable[Task] = (), rollouts: Rollouts | None = None
) -> Appraiser:
    """Return the appraiser of a suite's reward; models and sandboxes start with the first label.

    Args:
        spec: the suite's ``reward``.
        tasks: for labels that read a task's data.
        rollouts: for labels that play on from a turn; None: nobody plays here.

    Raises:
        UsageError: a label's model, file or library is not there, or nobody plays.
    """
    return Appraiser(build_labelers(spec.labels, tasks, rollouts))
