"""Small episodes for tests of rewards."""

from collections.abc import Mapping, Sequence
from typing import Any

from agentrl.episode import Episode, Generation, Sampling, Status, StopReason, Turn, Usage
from agentrl.suite.reward.spec import RewardSpec


def spec(data: Mapping[str, Any]) -> RewardSpec:
    """Return the reward that a suite's section says."""
    return RewardSpec.model_validate(dict(data))


def episode(
    name: str = "a",
    signals: Sequence[Mapping[str, float]] = ({},),
    *,
    task: str = "t",
    tokens: Sequence[int] = (),
    status: Status = Status.OK,
    outcome: Mapping[str, float] | None = None,
    **results: float,
) -> Episode:
    """Return an episode with a turn for each of ``signals``; ``tokens`` are its answers' sizes,
    ``outcome`` and the other keywords its results."""
    turns = []
    for number, facts in enumerate(signals):
        said = tokens[number] if number < len(tokens) else 0
        answer = Generation("", "stop", "m", Sampling(), Usage(10, said))
        turns.append(Turn("seen", "done", (answer,) if said else (), dict(facts)))
    return Episode(
        id=name,
        task_id=task,
        group_id=task,
        seed=0,
        agent="m",
        status=status,
        stop_reason=StopReason.TERMINATED,
        turns=tuple(turns),
        outcome={**(outcome or {}), **results},
    )
