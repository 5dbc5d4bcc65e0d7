import random

from agentrl.episode import Episode, Status, StopReason, Turn

WORDS = ("lamp", "door", "key", "hall", "cellar", "attic")


def attempt(
    *actions: str,
    name: str = "e",
    task: str = "t",
    status: Status = Status.OK,
    **outcome: float,
) -> Episode:
    """Return an attempt that did these actions, always seeing a hall."""
    return Episode(
        id=name,
        task_id=task,
        group_id=task,
        seed=1,
        agent="a",
        status=status,
        stop_reason=StopReason.TERMINATED,
        turns=tuple(Turn("a hall", action) for action in actions),
        outcome=outcome,
    )


def decided(index: int, seed: int = 0) -> tuple[Episode, int]:
    """Return an attempt in which one action decides the outcome, and which turn that is."""
    draw = random.Random(f"{seed}:{index}")
    turns, good = draw.randint(3, 6), index % 2 == 0
    actions = [f"go {draw.choice(WORDS)}" for _ in range(turns)]
    at = draw.randrange(turns)
    actions[at] = "take sword" if good else "take stone"
    return attempt(*actions, name=f"e{index}", task=f"t{index // 2 % 10}", success=float(good)), at
