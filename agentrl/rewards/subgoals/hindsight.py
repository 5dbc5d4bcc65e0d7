"""A second attempt that knows what the first one lacked (HeRL, arXiv 2603.20046)."""

from collections.abc import Sequence
from statistics import fmean

from agentrl.episode import Episode
from agentrl.errors import UsageError
from agentrl.models.base import Message
from agentrl.rewards.subgoals.subgoal import Subgoal

_HEAD = "You have attempted this task before and did not succeed. This is what you did:"
_TAIL = """\
That attempt did not meet these:
{unmet}
Attempt the task again from the start: do what was not done, and keep what worked."""


def hindsight_prompt(
    episode: Episode, unmet: Sequence[str], *, turns: int = 20, characters: int = 400
) -> str:
    """Return a failed attempt and what it lacked, as a text to put before a second attempt.

    Append it to the instructions of an agent. What the second attempt teaches was said under this
    text: train on it with the text in the context, or, where it is to be learned without, as
    off-policy samples (HeRL corrects the policy's ratio for that).

    Args:
        episode: the first attempt.
        unmet: what it lacked: texts of rubric items or of subgoals.
        turns: how many of its last turns are shown.
        characters: most of each text that is shown.

    Raises:
        UsageError: nothing was unmet, so that there is nothing to learn from hindsight.
    """
    if not unmet:
        raise UsageError(
            f"episode {episode.id}: give at least one unmet item; an attempt that met all of them "
            f"needs no second one"
        )
    shown = episode.turns[-turns:]
    left_out = len(episode.turns) - len(shown)
    lines = [f"[{left_out} earlier turns are left out]"] if left_out else []
    for turn in shown:
        lines.append(f"Saw: {_cut(turn.observation, characters)}")
        lines.append(f"Did: {_cut(turn.action, characters)}")
    if episode.final_observation:
        lines.append(f"Saw last: {_cut(episode.final_observation, characters)}")
    listed = "\n".join(f"- {item}" for item in unmet)
    return "\n".join([_HEAD, *lines, _TAIL.format(unmet=listed)])


def hindsight_messages(
    instructions: str, episode: Episode, unmet: Sequence[str], *, turns: int = 20
) -> tuple[Message, ...]:
    """Return the chat messages with which a second attempt begins; the first observation follows.

    Raises:
        UsageError: nothing was unmet.
    """
    text = hindsight_prompt(episode, unmet, turns=turns)
    return (Message("system", f"{instructions}\n\n{text}" if instructions else text),)


def unmet_subgoals(episode: Episode, name: str, subgoals: Sequence[Subgoal]) -> list[str]:
    """Return the texts (or names) of the subgoals that a labeled episode did not reach.

    Args:
        episode: labeled.
        name: the label's name.
        subgoals: all of its task.
    """
    return [
        goal.text or goal.name
        for goal in subgoals
        if not any(turn.signals.get(f"{name}/{goal.name}") for turn in episode.turns)
    ]


def improvement_bonus(
    first: float, guided: Sequence[float], *, weight: float = 0.5, solved: float = 1.0
) -> float:
    """Return a bonus for a first attempt from which a second one, with hindsight, did better.

    ``weight * max(0, mean(guided) - first)``; 0 for one that is solved, or has no second attempt.
    HeRL rewards responses with more potential for improvement under guidance; its formula is not
    known to us, this one is our choice. With a weight of at most 1 an attempt and its bonus are
    never worth more than what they led to.

    Args:
        first: score of the attempt.
        guided: scores of the attempts that knew it.
        weight: share of the improvement that is paid, 0 to 1.
        solved: score from which nothing is left to improve.

    Raises:
        UsageError: the weight is not between 0 and 1.

    >>> improvement_bonus(0.25, [0.5, 1.0])
    0.25
    """
    if not 0 <= weight <= 1:
        raise UsageError(f"weight {weight}: expected a share between 0 and 1")
    if first >= solved or not guided:
        return 0.0
    return weight * max(0.0, fmean(guided) - first)


def _cut(text: str, characters: int) -> str:
    text = " ".join(text.split())
    return text if len(text) <= characters else text[:characters] + " ..."
