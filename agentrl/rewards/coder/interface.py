"""What a reward program is given: an episode as plain lists, dicts, texts and numbers."""

from typing import Any

from agentrl.episode import Episode

_GIVEN = '''\
def reward(episode: dict) -> list[dict[str, float]]:
    """Return one mapping of named terms for each turn of the episode, in order.

    episode["task"]               str: which task was attempted
    episode["turns"]              list with one dict for each turn:
      turn["observation"]         str: what the agent saw before it acted
      turn["action"]              str: what it did
      turn["result"]              str: what it saw next, as an answer to the action
      turn["signals"]             dict[str, float]: facts that the environment states about the turn
'''

_OUTCOME = """\
    episode["outcome"]            dict[str, float]: named results of the whole episode
"""

_RULES = '''\
    """

Rules:
- A turn's reward is the sum of its terms. Name every term (letters, digits, "_"), at most 32.
- Values are finite numbers. The list has exactly as many mappings as there are turns.
- Allowed imports: collections, itertools, json, math, re, statistics.
- No files, network, processes, clock or random numbers. Printing has no effect.
- The program is started afresh for each episode: nothing is remembered between two.
'''


def interface(*, outcome: bool = False) -> str:
    """Return what a model is told about a reward program's input and rules.

    Args:
        outcome: whether the program is shown the outcome.
    """
    return _GIVEN + (_OUTCOME if outcome else "") + _RULES


def episode_view(episode: Episode, *, outcome: bool = False) -> dict[str, Any]:
    """Return what a reward program sees of an episode.

    It sees the task's name, and each turn's observation, action, result and signals. It does not
    see how the episode ended, what the environment itself rewarded, rewards that were given
    before, tokens, costs, seeds and names of agents, for a program could repeat these instead of
    judging what was done. Mind that signals are shown as the record has them: an environment that
    states its success as a signal shows it.

    Args:
        episode: what to show.
        outcome: whether to show the outcome too.
    """
    seen = [*(turn.observation for turn in episode.turns[1:]), episode.final_observation]
    view: dict[str, Any] = {
        "task": episode.task_id,
        "turns": [
            {
                "observation": turn.observation,
                "action": turn.action,
                "result": result,
                "signals": dict(turn.signals),
            }
            for turn, result in zip(episode.turns, seen, strict=False)
        ],
    }
    if outcome:
        view["outcome"] = dict(episode.outcome)
    return view
