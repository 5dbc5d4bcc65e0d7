"""A game in TextWorld's interpreter, inside the process that hosts it."""

from typing import Any

from agentrl.envs.text.textworld.cleaning import clean_feedback, tidy, was_accepted
from agentrl.envs.text.textworld.turn import Opening, Turn


class Interpreter:
    """Plays one game at a time; loading the next one keeps the C library that is loaded."""

    def __init__(self) -> None:
        self._env: Any = None
        self._state: Any = None
        self._commands: Any = None

    def load(self, path: str, legal: bool) -> Opening:
        """Begin the game at ``path``; ``legal`` asks for the legal commands with it."""
        import textworld
        from textworld.generator.inform7 import Inform7Game

        if self._env is None:
            # The intermediate reward is not asked for: TextWorld fails to compute it where a
            # quest has become impossible, and the plans tell as much.
            infos = textworld.EnvInfos(description=True, inventory=True, policy_commands=True)
            self._env = textworld.start(path, infos)
        else:
            self._env.load(path)
        self._state = self._env.reset()
        self._commands = Inform7Game(self._state["game"])
        return Opening(
            turn=self._turn("", accepted=False, legal=legal),
            objective=tidy(self._state["objective"] or ""),
            max_score=float(self._state["max_score"]),
            walkthrough=tuple(self._state.get("extra.walkthrough") or ()),
        )

    def step(self, command: str, legal: bool) -> Turn:
        """Type ``command``; ``legal`` asks for the legal commands that follow."""
        self._state, _, _ = self._env.step(command)
        feedback = clean_feedback(self._state["feedback"])
        return self._turn(feedback, accepted=was_accepted(self._state["raw"]), legal=legal)

    def legal(self) -> tuple[str, ...]:
        """Return every command that makes sense now, in alphabetical order."""
        actions = self._state["_valid_actions"]
        return tuple(sorted(set(self._commands.gen_commands_from_actions(actions))))

    def _turn(self, feedback: str, accepted: bool, legal: bool) -> Turn:
        state = self._state
        return Turn(
            feedback=feedback,
            room=tidy(state["description"] or ""),
            inventory=tidy(state["inventory"] or ""),
            accepted=accepted,
            score=int(state["score"] or 0),
            won=bool(state["won"]),
            lost=bool(state["lost"]),
            plan=tuple(state["policy_commands"]) or None,
            legal=self.legal() if legal else None,
        )
