"""What a turn is judged by: rows of numbers, one for each episode, and the groups they form."""

import math
from collections.abc import Iterable, Mapping, Sequence

from agentrl.errors import UsageError
from agentrl.training.sample import Trajectory

Rows = dict[str, tuple[float, ...]]
"""By episode id one number a turn, or a single number where the turns of an episode share it."""

EQUAL = 1e-9
"""Rewards and standard deviations that differ by no more than this are the same."""


def episode_scores(trajectories: Iterable[Trajectory]) -> Rows:
    """Return the reward of each episode, without what credit ``split`` compares turn by turn."""
    return {
        one.episode_id: (math.fsum(one.rewards) - math.fsum(one.turn_rewards),)
        for one in trajectories
    }


def turn_scores(trajectories: Iterable[Trajectory], gamma: float) -> Rows:
    """Return for each turn its reward-to-go: what was earned from it on.

    A reward that comes ``k`` turns later counts ``gamma ** k``.
    """
    return {one.episode_id: _to_go(one.rewards, gamma) for one in trajectories}


def with_turns(
    rows: Rows,
    trajectories: Iterable[Trajectory],
    groups: Mapping[str, Sequence[str]],
    weight: float,
) -> Rows:
    """Return for each turn its episode's number plus how good the turn itself was.

    That is ``weight`` times how far its own rewards are above the mean over all turns of the
    group, as in VeRPO (arXiv 2601.03525), which does not divide by a deviation.

    Args:
        rows: one number an episode.
        trajectories: the episodes.
        groups: episode ids by group id.
        weight: beta of the paper.
    """
    own = {one.episode_id: one.turn_rewards for one in trajectories}
    result: Rows = {}
    for members in groups.values():
        values = [value for member in members for value in own[member]]
        centre = mean(values) if values else 0.0
        for member in members:
            (shared,) = rows[member]
            result[member] = tuple(shared + weight * (value - centre) for value in own[member])
    return result


def by_group(trajectories: Iterable[Trajectory]) -> dict[str, tuple[str, ...]]:
    """Return the episode ids of each group."""
    groups: dict[str, list[str]] = {}
    for one in trajectories:
        groups.setdefault(one.group_id, []).append(one.episode_id)
    return {group: tuple(members) for group, members in groups.items()}


def columns(rows: Rows, members: Sequence[str]) -> list[list[float]]:
    """Return for each turn the numbers of all members; 0 where an episode had ended.

    An ended episode earns nothing more, so 0 is its reward-to-go. Leaving it out instead would make
    the divisor of the group's mean depend on each episode's own length, which is a bias.
    """
    turns = max(len(rows[member]) for member in members)
    return [
        [rows[member][turn] if turn < len(rows[member]) else 0.0 for member in members]
        for turn in range(turns)
    ]


def mean(values: Sequence[float]) -> float:
    """Return the mean; that of equal numbers is exactly their value."""
    first = values[0]
    return first + math.fsum(value - first for value in values) / len(values)


def deviation(values: Sequence[float]) -> float:
    """Return the standard deviation with n - 1, as ``torch.std`` does; of one number: 0."""
    if len(values) < 2:
        return 0.0
    centre = mean(values)
    return math.sqrt(math.fsum((value - centre) ** 2 for value in values) / (len(values) - 1))


def check_rewards(trajectories: Iterable[Trajectory]) -> None:
    """Refuse episodes that appear twice and rewards that are not finite.

    Raises:
        UsageError: there is one.
    """
    seen: set[str] = set()
    for one in trajectories:
        if one.episode_id in seen:
            raise UsageError(
                f"episode {one.episode_id!r} is in the batch twice, and would count twice in its "
                f"group's mean; give each episode once"
            )
        seen.add(one.episode_id)
        for turn, reward in enumerate(one.rewards):
            _check_finite(reward, f"episode {one.episode_id!r}, turn {turn}")


def check_greedy(groups: Iterable[str], greedy: Mapping[str, float] | None) -> Mapping[str, float]:
    """Return the greedy rewards if every group has one.

    Raises:
        UsageError: a group has none, or one that is not finite.
    """
    known = {} if greedy is None else greedy
    for group in groups:
        if group not in known:
            raise UsageError(
                f"baseline 'greedy' compares with a greedy episode of the same task, and group "
                f"{group!r} has none; play one at temperature 0, leave the group out, or choose "
                f"another train.advantage.baseline"
            )
        _check_finite(known[group], f"greedy episode of group {group!r}")
    return known


def _check_finite(reward: float, where: str) -> None:
    if not math.isfinite(reward):
        raise UsageError(
            f"{where}: the reward is {reward}, expected a finite number; correct the reward term "
            f"that gave it, or leave the episode out as unscored"
        )


def _to_go(rewards: Sequence[float], gamma: float) -> tuple[float, ...]:
    following = 0.0
    result = []
    for reward in reversed(rewards):
        following = reward + gamma * following
        result.append(following)
    return tuple(reversed(result))
