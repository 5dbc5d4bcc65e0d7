"""Small records for the tests of the diagnosis."""

from collections.abc import Mapping, Sequence
from typing import Any

from agentrl.episode import Episode, Status, StopReason, Turn
from agentrl.rewards.diagnose.named import NamedSpec
from agentrl.rewards.diagnose.recorded import Scored
from agentrl.suite.reward.spec import RewardSpec


def spec(**section: Any) -> RewardSpec:
    return RewardSpec.model_validate(section)


def named(name: str, **section: Any) -> NamedSpec:
    return NamedSpec(name, spec(**section))


def episode(
    name: str,
    outcome: Mapping[str, float],
    signals: Sequence[Mapping[str, float]] = ({},),
    *,
    task: str = "task",
    group: str = "",
    version: int = 0,
    actions: Sequence[str] = (),
    status: Status = Status.OK,
) -> Episode:
    """Return an episode with a turn for each mapping of signals."""
    done = actions or [f"{name} {at}" for at in range(len(signals))]
    turns = tuple(
        Turn(f"view {at}", action, signals=dict(facts))
        for at, (action, facts) in enumerate(zip(done, signals, strict=True))
    )
    return Episode(
        id=name,
        task_id=task,
        group_id=group or task,
        seed=7,
        agent="agent",
        status=status,
        stop_reason=StopReason.TERMINATED,
        turns=turns,
        outcome=dict(outcome),
        weights_version=version,
    )


def scored(
    name: str, reward: float, outcome: float | None, task: str = "task", group: str = ""
) -> Scored:
    return Scored(name, (task, 7), group or task, reward, outcome)
