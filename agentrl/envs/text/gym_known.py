"""What we know about the environments of Gymnasium's toy text: rules, names, success, solutions."""

from collections.abc import Callable
from dataclasses import dataclass
from typing import Any

from agentrl.envs.text.gym_minigrid import describe_minigrid


@dataclass(frozen=True, slots=True)
class Ending:
    """How an episode of a wrapped environment ended."""

    env: Any
    """The wrapped environment itself, without wrappers."""
    terminated: bool
    last_reward: float
    total_reward: float


@dataclass(frozen=True, slots=True)
class Known:
    """What makes a well-known environment playable in words."""

    actions: tuple[str, ...]
    """Their names, in the order of the action space."""
    rules: str
    describe: Callable[[Any, Any], str]
    """Writes an observation as text, given the environment and the observation."""
    succeeded: Callable[[Ending], bool]
    expert: Callable[[Any, Any], int] | None = None
    """Chooses an action, given the environment and the observation; None: by the table, if any."""


def known(env: Any) -> Known | None:
    """Return what we know about an environment, or about the class it derives from."""
    for ancestor in type(env).__mro__:
        found = _KNOWN.get(f"{ancestor.__module__}:{ancestor.__qualname__}")
        if found is not None:
            return found
    return None


def _grid(rows: list[list[str]], row: int, column: int) -> str:
    rows[row][column] = "P"
    return "\n".join("".join(cells) for cells in rows)


def _frozen_lake(env: Any, observation: Any) -> str:
    row, column = divmod(int(observation), env.ncol)
    cells = [[cell.decode() for cell in line] for line in env.desc]
    ground = {"S": "the start", "F": "ice", "H": "a hole", "G": "the goal"}[cells[row][column]]
    return f"{_grid(cells, row, column)}\nYou (P) are on {ground}, row {row}, column {column}."


def _on_goal(ending: Ending) -> bool:
    return bool(ending.env.desc.flat[int(ending.env.s)] == b"G")


def _cliff_walking(env: Any, observation: Any) -> str:
    height, width = env.shape
    row, column = divmod(int(observation), width)
    cells = [["C" if cliff else "." for cliff in line] for line in env._cliff]
    cells[height - 1][0], cells[height - 1][width - 1] = "S", "G"
    return f"{_grid(cells, row, column)}\nYou (P) are in row {row}, column {column}."


def _taxi(env: Any, observation: Any) -> str:
    row, column, passenger, destination = env.decode(int(observation))
    cells = [[cell.decode() for cell in line] for line in env.desc]
    cells[row + 1][2 * column + 1] = "T"
    stands = ("R", "G", "Y", "B")
    places = [
        f"{name} (row {r}, column {c})" for name, (r, c) in zip(stands, env.locs, strict=True)
    ]
    rider = "in the taxi" if passenger == 4 else f"at {places[passenger]}"
    board = "\n".join("".join(line) for line in cells)
    return (
        f"{board}\nThe taxi (T) is in row {row}, column {column}. "
        f"The passenger is {rider} and wants to go to {places[destination]}."
    )


def _blackjack(env: Any, observation: Any) -> str:
    total, dealer, usable_ace = observation
    ace = ", with an ace that counts 11" if usable_ace else ""
    shown = "an ace" if dealer == 1 else f"a {dealer}"
    return f"Your cards add up to {total}{ace}. The dealer shows {shown}."


def _basic_strategy(env: Any, observation: Any) -> int:
    """Return 1 to hit and 0 to stick, by the basic strategy where one can only hit or stick."""
    total, dealer, usable_ace = observation
    if usable_ace:
        return int(total < 18 or (total == 18 and dealer in (1, 9, 10)))
    if total == 12:
        return int(dealer not in (4, 5, 6))
    return int(total < 12 or (total < 17 and dealer not in (2, 3, 4, 5, 6)))


_KNOWN = {
    "gymnasium.envs.toy_text.frozen_lake:FrozenLakeEnv": Known(
        actions=("left", "down", "right", "up"),
        rules="Cross the frozen lake from the start (S) to the goal (G) over ice (F) without "
        "falling into a hole (H). The ice may be slippery: then a move may lead to one side.",
        describe=_frozen_lake,
        succeeded=_on_goal,
    ),
    "gymnasium.envs.toy_text.cliffwalking:CliffWalkingEnv": Known(
        actions=("up", "right", "down", "left"),
        rules="Walk from the start (S) to the goal (G). Stepping into the cliff (C) takes you back "
        "to the start. It may be slippery: then a move may lead to one side.",
        describe=_cliff_walking,
        succeeded=lambda ending: ending.terminated,
    ),
    "gymnasium.envs.toy_text.taxi:TaxiEnv": Known(
        actions=("south", "north", "east", "west", "pickup", "dropoff"),
        rules="Drive the taxi to the passenger, pick the passenger up, drive to the destination "
        "and drop the passenger off there. Walls are | and cannot be crossed; : can be.",
        describe=_taxi,
        succeeded=lambda ending: ending.terminated,
    ),
    "gymnasium.envs.toy_text.blackjack:BlackjackEnv": Known(
        actions=("stick", "hit"),
        rules="Beat the dealer: get a higher sum of cards without going over 21. An ace counts 1 "
        "or 11, pictures count 10. The dealer draws up to 17.",
        describe=_blackjack,
        succeeded=lambda ending: ending.last_reward > 0,
        expert=_basic_strategy,
    ),
    "minigrid.minigrid_env:MiniGridEnv": Known(
        actions=("turn left", "turn right", "forward", "pick up", "drop", "toggle", "done"),
        rules="Carry out the mission in a world of squares. You see only what lies before you. "
        "'toggle' opens a door or a box in front of you; a locked door needs the key of its "
        "colour in your hands.",
        describe=describe_minigrid,
        succeeded=lambda ending: ending.terminated and ending.last_reward > 0,
    ),
}
"""By ``module:class``, so that nothing is imported before it is used."""
