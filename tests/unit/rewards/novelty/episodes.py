from collections.abc import Sequence

from agentrl.episode import Episode, Failure, Status, StopReason, Turn


def walk(
    *seen: str, actions: Sequence[str] = (), name: str = "e", status: Status = Status.OK
) -> Episode:
    """Return an episode that saw these texts, one more than it has turns."""
    taken = [*actions, *["go"] * len(seen)]
    return Episode(
        id=name,
        task_id="t",
        group_id="g",
        seed=1,
        agent="a",
        status=status,
        stop_reason=StopReason.TERMINATED,
        turns=tuple(Turn(text, act) for text, act in zip(seen[:-1], taken, strict=False)),
        final_observation=seen[-1],
        error=None if status.scored else Failure("X", "lost"),
    )
