"""The beginning of a recorded episode, played again so that another attempt goes on from there."""

from dataclasses import dataclass

from agentrl.envs.base import TextEnv
from agentrl.episode import Episode, Turn
from agentrl.errors import UnscoredError

_OF_PARSERS = {"format_ok", "constrained"}
"""Signals of a turn in which no environment was asked."""


@dataclass(frozen=True, slots=True)
class Prefix:
    """The first turns of an episode, and what was shown after them."""

    episode_id: str
    turns: tuple[Turn, ...]
    shown: str

    @classmethod
    def of(cls, episode: Episode, turns: int) -> "Prefix":
        """Return the first ``turns`` turns of an episode."""
        seen = [*(turn.observation for turn in episode.turns), episode.final_observation]
        return cls(episode.id, episode.turns[:turns], seen[turns])

    def play_again(self, env: TextEnv, observation: str) -> str:
        """Bring a freshly reset environment to where the prefix ends.

        What it shows is compared with what was recorded, so an environment that does not repeat
        itself is found out. An answer in which the parser found no action never reached the
        environment, and does not now.

        Args:
            env: was reset for the episode's task with the episode's seed.
            observation: what it showed.

        Returns:
            What it shows at the prefix's end.

        Raises:
            UnscoredError: it does not show what it showed before, or ends earlier.
        """
        recorded = [*(turn.observation for turn in self.turns[1:]), self.shown]
        self._compare(0, self.turns[0].observation if self.turns else self.shown, observation)
        for number, turn in enumerate(self.turns):
            if _was_no_action(turn):
                observation = recorded[number]
                continue
            observation, _, terminated, truncated, _ = env.step(turn.action)
            self._compare(number + 1, recorded[number], observation)
            if terminated or truncated:
                raise UnscoredError(
                    f"episode {self.episode_id!r} cannot be played again: the environment ends "
                    f"after turn {number + 1}, where it went on before"
                )
        return observation

    def _compare(self, turns: int, recorded: str, shown: str) -> None:
        if recorded != shown:
            raise UnscoredError(
                f"episode {self.episode_id!r} cannot be played again: before turn {turns + 1} the "
                f"environment shows {shown[:80]!r}, and showed {recorded[:80]!r}; an environment "
                f"whose seed does not decide everything has no value of a prefix by replay"
            )


def _was_no_action(turn: Turn) -> bool:
    """Return whether a parser turned the model's answer away.

    A turn that the environment itself refused without further signals looks the same; it changed
    nothing in the world, so leaving it out changes nothing either.
    """
    refused = turn.signals.get("format_ok", 1.0) < 1.0
    answered = bool(turn.generations) and turn.action == turn.generations[-1].text
    return refused and answered and turn.signals.keys() <= _OF_PARSERS
