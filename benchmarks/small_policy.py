"""A policy of a few thousand numbers that learns on a laptop: what the reward benchmarks train.

It is log-linear: a softmax over listed options, each described by hashed pairs of what the agent
sees and what the option is. Everything else is agentrl's own: ``Attempt`` plays it through real
environments, ``annotate_batch`` makes rewards of what these state, ``turn_advantages`` says how
good each turn was, and one step of policy gradient follows.
"""

import asyncio
import statistics
import zlib
from collections.abc import Awaitable, Callable, Sequence
from dataclasses import dataclass
from typing import Protocol, TypeVar

import numpy as np
from numpy.typing import NDArray

from agentrl.agents.base import Action, Needs, View
from agentrl.envs.base import TextEnv
from agentrl.episode import Episode
from agentrl.rewards.compose import annotate_batch
from agentrl.rewards.state import RewardState
from agentrl.rollout.attempt import Attempt
from agentrl.rollout.job import Job
from agentrl.rollout.lane import Lane
from agentrl.rollout.world import World
from agentrl.suite.algorithm import AdvantageSpec
from agentrl.suite.reward.spec import RewardSpec
from agentrl.suite.spec import LimitsSpec
from agentrl.task import Task
from agentrl.training.advantages.estimate import turn_advantages
from agentrl.training.sample import Trajectory

T = TypeVar("T")
Numbers = NDArray[np.float64]
Indices = NDArray[np.int64]


@dataclass(frozen=True, slots=True)
class Decision:
    """One draw: what there was to choose from, and what was chosen."""

    features: Indices
    """``[options, features]``: places in the weights."""
    probabilities: Numbers
    """``[options]``"""
    taken: int


class SmallPolicy:
    """Weights, and how to choose and to learn with them.

    Args:
        size: how many weights there are; hashes of features are taken modulo this.
    """

    def __init__(self, size: int = 1 << 16) -> None:
        self.weights: Numbers = np.zeros(size)
        self._known: dict[tuple[tuple[str, ...], tuple[str, ...]], Indices] = {}

    def decide(
        self, seen: tuple[str, ...], options: tuple[str, ...], rng: np.random.Generator
    ) -> Decision:
        """Draw one of the options.

        Args:
            seen: what the choice may depend on, as texts; each option also has a weight of its own.
            options: at least one.
            rng: what decides.
        """
        features = self._features(seen, options)
        scores = self.weights[features].sum(axis=1)
        odds = np.exp(scores - scores.max())
        probabilities = odds / odds.sum()
        taken = int(np.searchsorted(probabilities.cumsum(), rng.random()))
        return Decision(features, probabilities, min(taken, len(options) - 1))

    def learn(self, weighed: Sequence[tuple[Decision, float]], rate: float, episodes: int) -> None:
        """Take one step of policy gradient.

        Args:
            weighed: each decision with its advantage.
            rate: length of the step.
            episodes: that the decisions are of; the gradient is their mean.
        """
        if not weighed:
            return
        places, pulls = [], []
        for decision, advantage in weighed:
            pull = -advantage * decision.probabilities
            pull[decision.taken] += advantage
            places.append(decision.features.ravel())
            pulls.append(np.repeat(pull, decision.features.shape[1]))
        gradient = np.bincount(
            np.concatenate(places), np.concatenate(pulls), minlength=len(self.weights)
        )
        self.weights += rate / episodes * gradient

    def _features(self, seen: tuple[str, ...], options: tuple[str, ...]) -> Indices:
        key = (seen, options)
        found = self._known.get(key)
        if found is None:
            rows = [
                [zlib.crc32(f"{text}\x00{option}".encode()) for text in ("", *seen)]
                for option in options
            ]
            found = self._known[key] = np.array(rows, dtype=np.int64) % len(self.weights)
        return found


class Draw:
    """What an actor draws its choices from, each of which is noted."""

    def __init__(self, policy: SmallPolicy, seed: int) -> None:
        self.rng = np.random.default_rng(seed)
        self.turns: list[list[Decision]] = []
        """By turn what was drawn."""
        self._policy = policy

    def __call__(self, seen: Sequence[str], options: Sequence[str]) -> int:
        """Return the place of the option that is drawn."""
        decision = self._policy.decide(tuple(seen), tuple(options), self.rng)
        self.turns[-1].append(decision)
        return decision.taken


class Actor(Protocol):
    """What makes an action of a view, in one episode."""

    def act(self, view: View, draw: Draw) -> Action:
        """Return what to do, choosing with ``draw`` where there is a choice."""


class PolicyAgent:
    """A small policy as an agent of agentrl, which notes its decisions by episode."""

    name = "small-policy"
    needs = Needs.NOTHING

    def __init__(self, policy: SmallPolicy, actor: Callable[[Task], Actor], task: Task) -> None:
        self.draws: dict[str, Draw] = {}
        self._policy = policy
        self._actor = actor
        self._task = task

    async def start(self) -> None:
        """Nothing to make ready."""

    def session(self, episode_id: str, instructions: str, seed: int) -> "PolicySession":
        """Open an episode."""
        draw = self.draws[episode_id] = Draw(self._policy, seed)
        return PolicySession(self._actor(self._task), draw)

    async def close(self) -> None:
        """Nothing to give back."""


class PolicySession:
    """An episode of a small policy."""

    def __init__(self, actor: Actor, draw: Draw) -> None:
        self._actor = actor
        self._draw = draw

    async def act(self, view: View) -> Action | None:
        """Return what the actor does."""
        self._draw.turns.append([])
        return self._actor.act(view, self._draw)


class InlineLane(Lane):
    """A lane without a thread: a benchmark plays one episode after the other."""

    def __init__(self) -> None:
        self.load = 0

    async def call(self, function: Callable[[], T]) -> T:
        """Run the function at once."""
        return function()


@dataclass(frozen=True, slots=True)
class Setting:
    """What is trained, with everything but the reward."""

    env: Callable[[], TextEnv]
    """Builds an environment, or returns one that is used again."""
    actor: Callable[[Task], Actor]
    """What acts in one episode of a task."""
    advantage: AdvantageSpec
    max_turns: int | None = None
    steps: int = 100
    tasks: int = 16
    """Tasks drawn a step."""
    attempts: int = 8
    """Episodes a task."""
    rate: float = 1.0
    """Length of a step."""
    label: Callable[[Sequence[Episode]], Awaitable[list[Episode]]] | None = None
    """Adds facts to a group before its rewards are composed."""
    watch: Callable[[Sequence[Sequence[Episode]]], None] | None = None
    """Is shown the groups of each step, with their rewards."""


def play(
    setting: Setting, policy: SmallPolicy, tasks: Sequence[Task], attempts: int, seed: int
) -> tuple[list[list[Episode]], dict[str, Draw]]:
    """Return a group of episodes for each task, and what was drawn in each episode."""
    groups: list[list[Episode]] = []
    draws: dict[str, Draw] = {}

    async def play_all() -> None:
        limits = LimitsSpec(max_turns=setting.max_turns)
        for number, task in enumerate(tasks):
            agent = PolicyAgent(policy, setting.actor, task)
            group = []
            for attempt in range(attempts):
                job = Job(
                    key=f"{task.id}/{number}#{attempt}",
                    task=task,
                    seed=task.seed or 0,
                    agent_seed=zlib.crc32(f"{seed}/{number}/{attempt}".encode()),
                    attempt=attempt,
                    group=f"{task.id}/{number}",
                )
                world = World("benchmark", setting.env, agent.needs)
                episode = await Attempt(job, world, agent, InlineLane(), limits).play()
                if not episode.status.scored:
                    raise SystemExit(f"{episode.id} ended as {episode.status}: {episode.error}")
                group.append(episode)
            groups.append(group)
            draws.update(agent.draws)

    asyncio.run(play_all())
    return groups, draws


def train(
    setting: Setting, reward: RewardSpec, tasks: Sequence[Task], seed: int
) -> tuple[SmallPolicy, list[float]]:
    """Return a policy trained from nothing, and its success step by step.

    Args:
        setting: everything but the reward.
        reward: what counts.
        tasks: what it is trained on.
        seed: decides which tasks are drawn and what the policy draws.
    """
    policy, state, successes = SmallPolicy(), RewardState(), []
    rng = np.random.default_rng(seed)
    for step in range(setting.steps):
        drawn = rng.choice(len(tasks), setting.tasks, replace=setting.tasks > len(tasks))
        groups, draws = play(
            setting, policy, [tasks[i] for i in drawn], setting.attempts, 1000 * seed + step
        )
        successes.append(success_of(groups))
        if setting.label is not None:
            groups = asyncio.run(_labeled(setting.label, groups))
        groups, state = annotate_batch(reward, groups, state)
        if setting.watch is not None:
            setting.watch(groups)
        improve(policy, setting, groups, draws)
    return policy, successes


async def _labeled(
    label: Callable[[Sequence[Episode]], Awaitable[list[Episode]]],
    groups: Sequence[Sequence[Episode]],
) -> list[list[Episode]]:
    return [await label(group) for group in groups]


def improve(
    policy: SmallPolicy,
    setting: Setting,
    groups: Sequence[Sequence[Episode]],
    draws: dict[str, Draw],
) -> None:
    """Take one step of policy gradient on groups whose rewards are composed."""
    scored = [episode for group in groups for episode in group if episode.status.scored]
    trajectories = [_trajectory(episode, setting.advantage) for episode in scored]
    advantages = turn_advantages(setting.advantage, trajectories)
    weighed = [
        (decision, advantage)
        for episode in scored
        for turn, advantage in zip(draws[episode.id].turns, advantages[episode.id], strict=True)
        for decision in turn
        if advantage
    ]
    policy.learn(weighed, setting.rate, len(scored))


def _trajectory(episode: Episode, advantage: AdvantageSpec) -> Trajectory:
    names = advantage.turn_terms
    by_turn = [sum([turn.terms.get(name, 0.0) for name in names]) for turn in episode.turns]
    return Trajectory(
        episode.id, episode.group_id, episode.rewards, tuple(by_turn) if names else ()
    )


def success_of(groups: Sequence[Sequence[Episode]]) -> float:
    """Return the share of the scored episodes that succeeded."""
    return mean_of(groups, lambda episode: episode.outcome["success"])


def mean_of(groups: Sequence[Sequence[Episode]], fact: Callable[[Episode], float | None]) -> float:
    """Return the mean of a number over the scored episodes that have it; without any, NaN."""
    found = [fact(episode) for group in groups for episode in group if episode.status.scored]
    values = [value for value in found if value is not None]
    return statistics.fmean(values) if values else float("nan")


def spread(values: Sequence[float], digits: int = 0, factor: float = 100.0) -> str:
    """Return the mean over seeds and the standard deviation between them.

    >>> spread([0.5, 0.7])
    '60 ± 14'
    """
    mean = factor * statistics.fmean(values)
    deviation = factor * statistics.stdev(values) if len(values) > 1 else 0.0
    return f"{mean:.{digits}f} ± {deviation:.{digits}f}"
