"""A small policy over the commands of ``gated_worlds``, and its updates."""

from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np
import torch
from numpy.typing import NDArray

from agentrl.episode import Episode
from agentrl.rewards.compose import annotate
from agentrl.suite.reward.spec import RewardSpec
from agentrl.suite.train import TrainSpec
from agentrl.training.advantages.estimate import turn_advantages
from agentrl.training.loss import LossInputs, Totals, policy_loss
from agentrl.training.optimiser import Optimiser
from agentrl.training.sample import Trajectory
from benchmarks.gated_worlds import INSTANCES, Playing, World

Floats = NDArray[np.float64]


STARTS = {"chance": (0.0, 0.0), "weak": (-3.3, -1.3)}
"""Log-odds of each edit, and of ``submit``, before training: every command alike; or such that
48% of episodes hand in and 20% change something, as the paper's model does before training."""


@dataclass(frozen=True, slots=True)
class Setting:
    """One training."""

    arm: str
    seed: int
    weight: float = 0.1
    """What each of the two stepwise checks of a turn earns."""
    turns: int = 16
    """Most turns of an episode."""
    algorithm: str = "grpo"
    counts: bool = False
    """Whether the policy sees which turn it is, and so can learn when the last one comes."""
    start: str = "chance"
    """The policy before training: a key of ``STARTS``."""
    steps: int = 150
    group: int = 16
    """Episodes of each instance in a step."""
    lr: float = 0.05


def features(one: Playing, counts: int) -> Floats:
    """Return what the policy sees: the last command and how it went, and what was changed.

    They stand there once for all instances and once for each, so that it can learn both what is
    good everywhere and which edit is right where.
    """
    names = one.world.commands
    own = np.zeros(2 + 2 * len(names) + counts)
    own[0] = 1.0
    if one.last is not None:
        own[1] = one.turns[-1].signals.get("tool_ok", 0.0)
        own[2 + one.last] = 1.0
    for command in one.state:
        own[2 + len(names) + names.index(command)] = 1.0
    if counts:
        own[2 + 2 * len(names) + len(one.turns)] = 1.0
    seen = np.zeros((1 + INSTANCES, len(own)))
    seen[0] = seen[1 + one.number] = own
    return seen.ravel()


@dataclass(frozen=True, slots=True)
class Sampled:
    """Episodes of one policy, and what it chose on their turns, one episode after the other."""

    groups: tuple[tuple[Episode, ...], ...]
    """Each episode with its rewards."""
    seen: Floats
    """``[turns, features]``"""
    chosen: NDArray[np.int64]
    """``[turns]``"""
    logprobs: Floats
    """``[turns]``"""


def sample(
    worlds: Sequence[World],
    weights: Floats,
    setting: Setting,
    spec: RewardSpec,
    each: int,
    chance: np.random.Generator,
) -> Sampled:
    """Play ``each`` episodes in every world and compose their rewards, group by group."""
    playing = [
        Playing(world, number, f"{world.task.id}#{attempt}", setting.turns)
        for number, world in enumerate(worlds)
        for attempt in range(each)
    ]
    counts = setting.turns if setting.counts else 0
    rows: dict[str, list[tuple[Floats, int, float]]] = {one.key: [] for one in playing}
    while under_way := [one for one in playing if not one.over]:
        seen = np.stack([features(one, counts) for one in under_way])
        scores = seen @ weights
        scores -= scores.max(axis=1, keepdims=True)
        logprobs = scores - np.log(np.exp(scores).sum(axis=1, keepdims=True))
        drawn = chance.random((len(under_way), 1))
        chosen = (np.exp(logprobs).cumsum(axis=1) < drawn).sum(axis=1)
        chosen = chosen.clip(max=weights.shape[1] - 1)
        for one, own, place, row in zip(under_way, seen, chosen, logprobs, strict=True):
            one.act(int(place))
            rows[one.key].append((own, int(place), float(row[place])))
    groups = tuple(
        tuple(annotate(spec, [one.episode(world.task.id) for one in playing if one.number == n]))
        for n, world in enumerate(worlds)
    )
    flat = [row for group in groups for episode in group for row in rows[episode.id]]
    return Sampled(
        groups,
        np.stack([row[0] for row in flat]),
        np.array([row[1] for row in flat]),
        np.array([row[2] for row in flat]),
    )


class Learner:
    """The policy's weights, and the updates of ``agentrl train`` on them."""

    def __init__(self, inputs: int, commands: int, setting: Setting) -> None:
        self._spec = TrainSpec.model_validate(
            {
                "algorithm": setting.algorithm,
                "steps": setting.steps,
                "group_size": setting.group,
                "optimiser": {"lr": setting.lr},
            }
        )
        first = torch.zeros(inputs, commands, dtype=torch.float64)
        first[0, 4:8], first[0, -1] = STARTS[setting.start]
        self._weights = torch.nn.Parameter(first)
        self._optimiser = Optimiser([([self._weights], setting.lr)], self._spec.optimiser)

    @property
    def weights(self) -> Floats:
        """``[features, commands]``"""
        return self._weights.detach().numpy().copy()

    def learn(self, sampled: Sampled, step: int) -> None:
        """Take one update."""
        episodes = [episode for group in sampled.groups for episode in group]
        by_episode = turn_advantages(self._spec.advantage, [_trajectory(one) for one in episodes])
        numbers = [number for one in episodes for number in by_episode[one.id]]
        lengths = torch.tensor([len(one.turns) for one in episodes])
        every = (torch.from_numpy(sampled.seen) @ self._weights).log_softmax(-1)
        logprobs = every.gather(1, torch.from_numpy(sampled.chosen)[:, None]).squeeze(1)
        old = torch.from_numpy(sampled.logprobs)
        inputs = LossInputs(
            logprobs=logprobs,
            old_logprobs=old,
            sampler_logprobs=old,
            advantages=torch.tensor(numbers, dtype=torch.float64),
            entropies=-(every.exp() * every).sum(-1),
            episodes=torch.repeat_interleave(torch.arange(len(episodes)), lengths),
            lengths=lengths,
        )
        loss = policy_loss(self._spec.loss, inputs, Totals(len(numbers), len(episodes))).loss
        loss.backward()  # type: ignore[no-untyped-call]
        self._optimiser.step(self._spec.optimiser, step, self._spec.steps)


def _trajectory(episode: Episode) -> Trajectory:
    success = episode.outcome["success"] >= 1
    return Trajectory(episode.id, episode.group_id, episode.rewards, success=success)
