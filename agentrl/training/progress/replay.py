"""Bringing an environment back to where an episode was, by doing again what was done."""

from collections.abc import Callable, Sequence
from contextlib import suppress
from dataclasses import dataclass

from agentrl.agents.base import View
from agentrl.envs.base import TextEnv
from agentrl.episode import Episode
from agentrl.errors import AgentrlError, UnscoredError
from agentrl.task import Task

Build = Callable[[], TextEnv]
"""Returns a new environment."""


@dataclass(frozen=True, slots=True)
class Place:
    """An environment in the middle of an episode."""

    env: TextEnv
    view: View
    ended: bool = False


def replayed(build: Build, task: Task, episode: Episode, turns: int) -> Place:
    """Return an environment in which the first turns of an episode were played again.

    What it shows is compared with what was recorded, so an environment that does not repeat
    itself is found out. The caller closes it.

    Args:
        build: returns a new environment.
        task: the episode's.
        episode: what was recorded.
        turns: how many of its turns to play.

    Raises:
        UnscoredError: the environment does not show what it showed before.
    """
    env = build()
    try:
        observation, _ = env.reset(seed=episode.seed, options={"task": task})
        ended = False
        for number, turn in enumerate(episode.turns[:turns]):
            _compare(episode, number, turn.observation, observation)
            if turn.signals.get("format_ok", 1.0) < 1.0 and not turn.action.strip():
                continue
            observation, _, terminated, truncated, _ = env.step(turn.action)
            ended = terminated or truncated
        following = [*(t.observation for t in episode.turns), episode.final_observation]
        _compare(episode, turns, following[turns], observation)
    except BaseException:
        with suppress(AgentrlError):
            env.close()
        raise
    return Place(env, View(observation, env.legal_actions(), env.expert_action()), ended)


def _compare(episode: Episode, number: int, recorded: str, shown: str) -> None:
    if recorded != shown:
        raise UnscoredError(
            f"episode {episode.id!r} cannot be played again: before turn {number + 1} the "
            f"environment shows {shown[:80]!r}, and showed {recorded[:80]!r}; an environment whose "
            f"seed does not decide everything has no value of a prefix by replay"
        )


def task_of(episode: Episode, tasks: Sequence[Task]) -> Task:
    """Return the task of an episode.

    Raises:
        UnscoredError: it is not among the tasks.
    """
    for task in tasks:
        if task.id == episode.task_id:
            return task
    raise UnscoredError(f"the task {episode.task_id!r} of episode {episode.id!r} is not known")
