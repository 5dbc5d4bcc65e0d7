"""Bringing an environment back to where an episode was, by doing again what was done."""

from collections.abc import Callable, Sequence
from contextlib import suppress
from dataclasses import dataclass

from agentrl.agents.base import Needs, View
from agentrl.envs.base import TextEnv
from agentrl.episode import Episode, Turn
from agentrl.errors import AgentrlError, UnscoredError
from agentrl.task import Task

Build = Callable[[], TextEnv]
"""Returns a new environment."""

_OF_PARSERS = {"format_ok", "constrained"}
"""Signals of a turn in which no environment was asked."""


@dataclass(frozen=True, slots=True)
class Place:
    """An environment in the middle of an episode."""

    env: TextEnv
    view: View
    ended: bool = False


def replayed(
    build: Build,
    task: Task,
    episode: Episode,
    turns: int,
    needs: Needs = Needs.LEGAL_ACTIONS,
) -> Place:
    """Return an environment in which the first turns of an episode were played again.

    What it shows is compared with what was recorded, so an environment that does not repeat
    itself is found out. An answer in which the parser found no action never reached the
    environment, and does not now. The caller closes it.

    Args:
        build: returns a new environment.
        task: the episode's.
        episode: what was recorded.
        turns: how many of its turns to play.
        needs: what the view at its end must hold.

    Raises:
        UnscoredError: the environment does not show what it showed before.
    """
    env = build()
    try:
        observation, _ = env.reset(seed=episode.seed, options={"task": task})
        ended = False
        seen = [*(turn.observation for turn in episode.turns), episode.final_observation]
        for number, turn in enumerate(episode.turns[:turns]):
            _compare(episode, number, seen[number], observation)
            if _was_no_action(turn):
                observation = seen[number + 1]
                continue
            observation, _, terminated, truncated, _ = env.step(turn.action)
            ended = terminated or truncated
        _compare(episode, turns, seen[turns], observation)
    except BaseException:
        with suppress(AgentrlError):
            env.close()
        raise
    return Place(env, View(observation) if ended else view_of(env, observation, needs), ended)


def view_of(env: TextEnv, observation: str, needs: Needs) -> View:
    """Return what an agent is shown; what it does not need is not computed, as it may cost time."""
    return View(
        observation,
        env.legal_actions() if Needs.LEGAL_ACTIONS in needs else None,
        env.expert_action() if Needs.EXPERT_ACTION in needs else None,
    )


def _was_no_action(turn: Turn) -> bool:
    """Return whether a parser turned the model's answer away.

    A turn that the environment itself refused without further signals looks the same; it changed
    nothing in the world, so leaving it out changes nothing either.
    """
    refused = turn.signals.get("format_ok", 1.0) < 1.0
    answered = bool(turn.generations) and turn.action == turn.generations[-1].text
    return refused and answered and turn.signals.keys() <= _OF_PARSERS


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
