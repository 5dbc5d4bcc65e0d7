from collections.abc import Mapping, Sequence

from agentrl.episode import Episode, Failure, Generation, Sampling, Status, StopReason, Turn


def episode(
    name: str,
    actions: Sequence[str],
    success: float = 0.0,
    *,
    status: Status = Status.OK,
    signals: Mapping[str, float] | None = None,
) -> Episode:
    """Return an episode whose every text and number is of its own, so that a leak shows."""
    return Episode(
        id=name,
        task_id="task-1",
        group_id="group-1",
        seed=77,
        agent="agent-name",
        status=status,
        stop_reason=StopReason.TERMINATED,
        turns=tuple(
            Turn(
                f"room {index}",
                action,
                generations=(Generation("said", "stop", "model-name", Sampling()),),
                signals=dict(signals or {"moved": 1.0}),
                env_reward=0.125,
                terms={"earlier": 0.375},
                duration_s=9.5,
            )
            for index, action in enumerate(actions)
        ),
        final_observation=f"room {len(actions)}",
        outcome={"success": success},
        error=None if status.scored else Failure("X", "broken"),
        cost_usd=0.625,
    )
