"""What a run's episodes are worth once all of them are there."""

import logging
from collections.abc import Iterable, Sequence

from agentrl.episode import Episode
from agentrl.rewards.appraiser import build_appraiser
from agentrl.rewards.build import Rollouts
from agentrl.rewards.scope import needs_batch
from agentrl.runs.folder import RunFolder
from agentrl.suite.reward.spec import RewardSpec
from agentrl.task import Task

logger = logging.getLogger(__name__)


async def appraise_run(
    spec: RewardSpec,
    tasks: Sequence[Task],
    folder: RunFolder,
    rollouts: Rollouts | None = None,
) -> None:
    """Write down the rewards of a run's episodes where they depend on more than each episode.

    All groups together are one batch. Doing it again begins with what the episodes state, so a
    resumed run ends as if it had never stopped.

    Args:
        spec: what counts.
        tasks: of the run, for labels that read a task's data.
        folder: with every episode.
        rollouts: for labels that play on from a turn.

    Raises:
        UsageError: a label's model, file or library is not there, or a term is not finite.
        RunStopped: the disk does not take the rewards.
    """
    if not needs_batch(spec):
        return
    groups = by_group(folder.recorded())
    logger.info("composing the rewards of %d groups", len(groups))
    appraiser = build_appraiser(spec, tasks, rollouts)
    try:
        labelled = await appraiser.label_all(groups)
    finally:
        await appraiser.close()
    appraised = appraiser.appraise(spec, labelled)
    folder.write_appraisals(episode for group in appraised for episode in group)


def by_group(episodes: Iterable[Episode]) -> list[list[Episode]]:
    """Return episodes by their group, in the order in which groups first appear."""
    groups: dict[str, list[Episode]] = {}
    for episode in episodes:
        groups.setdefault(episode.group_id, []).append(episode)
    return list(groups.values())
