"""From the ``reward.labels`` of a suite to labelers."""

from collections.abc import Callable, Iterable, Mapping

from agentrl.errors import UsageError
from agentrl.rewards.labeling import Labeler
from agentrl.rewards.progress.source import ValueSource
from agentrl.suite.reward.code import CodeLabelSpec
from agentrl.suite.reward.intrinsic import IntrinsicLabelSpec
from agentrl.suite.reward.judge import JudgeLabelSpec
from agentrl.suite.reward.labels import LabelSpec
from agentrl.suite.reward.novelty import NoveltyLabelSpec
from agentrl.suite.reward.progress import ProgressLabelSpec
from agentrl.suite.reward.rollouts import RolloutsLabelSpec
from agentrl.suite.reward.subgoals import SubgoalsLabelSpec
from agentrl.suite.reward.tournament import TournamentLabelSpec
from agentrl.task import Task

Rollouts = Callable[[RolloutsLabelSpec], ValueSource]
"""Returns what values prefixes by playing on, where somebody can play."""


def build_labelers(
    labels: Mapping[str, LabelSpec],
    tasks: Iterable[Task] = (),
    rollouts: Rollouts | None = None,
) -> dict[str, Labeler]:
    """Return the labelers of a suite by name; models and sandboxes start with the first label.

    Args:
        labels: the suite's ``reward.labels``.
        tasks: for labels that read a task's data.
        rollouts: for labels that play on from a turn; None: nobody plays here.

    Raises:
        UsageError: a label's model, file or library is not there, or nobody plays.
    """
    by_id = {task.id: task for task in tasks}
    return {name: _build(name, spec, by_id, rollouts) for name, spec in labels.items()}


def _build(
    name: str, spec: LabelSpec, tasks: Mapping[str, Task], rollouts: Rollouts | None
) -> Labeler:
    """Return one labeler. Each kind is imported when it is used: some bring large libraries."""
    match spec:
        case JudgeLabelSpec():
            from agentrl.rewards.judge.labeler import build as build_judge

            return build_judge(name, spec, tasks=tasks)
        case TournamentLabelSpec():
            from agentrl.rewards.tournament.labeler import build as build_tournament

            return build_tournament(name, spec, tasks=tasks)
        case NoveltyLabelSpec():
            from agentrl.rewards.novelty.labeler import build as build_novelty

            return build_novelty(name, spec)
        case ProgressLabelSpec():
            from agentrl.rewards.progress.labeler import build as build_progress

            return build_progress(name, spec)
        case RolloutsLabelSpec():
            from agentrl.rewards.progress.labeler import ProgressLabeler

            if rollouts is None:
                raise UsageError(
                    f"label {name!r} plays on from the turns of an episode, and nobody plays here; "
                    f"'agentrl run' and 'agentrl train' can compute it"
                )
            return ProgressLabeler(name, spec, rollouts(spec))
        case CodeLabelSpec():
            from agentrl.rewards.coder.labeler import build as build_code

            return build_code(name, spec)
        case SubgoalsLabelSpec():
            from agentrl.rewards.subgoals.labeler import build as build_subgoals

            return build_subgoals(name, spec)
        case IntrinsicLabelSpec():
            from agentrl.rewards.novelty.oni.labeler import build as build_intrinsic

            return build_intrinsic(name, spec)
