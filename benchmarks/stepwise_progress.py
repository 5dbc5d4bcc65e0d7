"""Stepwise progress (SPA, arXiv 2505.20732) against the outcome alone, on TextWorld and mazes.

SPA fits an estimator on exploration episodes: what each turn contributed, so that an episode's
contributions sum to its outcome. A turn is then rewarded with alpha (1) times its contribution and
beta times whether the world carried its action out. Claims: more success and a larger share of
grounded actions than with the outcome alone, and than with a leave-one-out baseline of outcomes
(which is what the paper's released code trains with).

    python benchmarks/stepwise_progress.py [--seeds 0 1 2] [--jobs 2] [--worlds maze textworld]

Real are the worlds, their facts, the estimator (backend ``text``), rewards and advantages; the
policy is a table of what was seen. It chooses among fixed commands, most of which the world refuses
at a given time. Every way has the same number of episodes: those that SPA explores with are taken
off its training. Ways differ in the reward; the leave-one-out way in its baseline.

TextWorld is quick because its answers are remembered: a command in a state that was reached before
is not carried out again. That this gives the same record is tested first, on random episodes.
"""

import argparse
import random
import re
import statistics
from collections.abc import Callable, Mapping, Sequence
from concurrent.futures import ProcessPoolExecutor
from dataclasses import dataclass, replace
from functools import cache
from itertools import product
from typing import Any

from agentrl.agents.base import Action, View
from agentrl.envs.base import Step, TextEnv
from agentrl.envs.text.maze import MazeEnv
from agentrl.envs.text.maze_plan import MOVES
from agentrl.envs.text.textworld import TextWorldEnv
from agentrl.episode import Episode
from agentrl.rewards.progress.labeler import build
from agentrl.rewards.progress.source import Scored
from agentrl.rewards.progress.text import TextScorer
from agentrl.suite.algorithm import AdvantageSpec
from agentrl.suite.reward.progress import ProgressLabelSpec, TextScorerSpec
from agentrl.suite.reward.spec import RewardSpec
from agentrl.task import Task
from benchmarks.small_policy import (
    Draw,
    Setting,
    SmallPolicy,
    mean_of,
    play,
    spread,
    success_of,
    train,
)

# --- TextWorld, remembered -----------------------------------------------------------------------

PRESET = "w2-o3-q3"
WALKS = 6
"""Random walks on which the commands of a game are collected."""
ROOM = re.compile(r"-= (.+) =-")
NO_CHANGE = ("examine ", "look", "inventory")
UNDOES = {
    "go north": "go south",
    "go south": "go north",
    "go east": "go west",
    "go west": "go east",
}
State = tuple[str, ...]
"""The commands that led there and were not undone at once."""


@dataclass(frozen=True)
class Answer:
    """What TextWorld-v0 said to a command, and the results if the game ended there."""

    step: Step
    outcome: Mapping[str, float]


class Remembered(TextEnv):
    """TextWorld-v0 that carries each command out once in each state."""

    facts = TextWorldEnv.facts
    max_turns = 12

    def __init__(self) -> None:
        super().__init__()
        self._world = TextWorldEnv(preset=PRESET)
        self._openings: dict[int, tuple[str, Mapping[str, float]]] = {}
        self._answers: dict[tuple[int, State, str], Answer] = {}
        self._live: tuple[int, State] | None = None
        """Where the real game stands."""

    @property
    def instructions(self) -> str:
        return "Reach the goal that the first message states."

    def begin(self, task: Task, seed: int) -> str:
        self._game: int = task.seed or 0
        self._state: State = ()
        if self._game not in self._openings:
            observation, _ = self._world.reset(seed=self._game)
            self._live = (self._game, ())
            self._openings[self._game] = (observation, self._world.outcome())
        observation, self._outcome = self._openings[self._game]
        return observation

    def act(self, action: str) -> Step:
        key = (self._game, self._state, action)
        if key not in self._answers:
            self._answers[key] = self._asked(action)
        answer = self._answers[key]
        self._outcome = answer.outcome
        self._state = after(self._state, action, answer.step)
        return answer.step

    def outcome(self) -> dict[str, float]:
        return dict(self._outcome)

    def _asked(self, action: str) -> Answer:
        """Carry a command out, in the real game brought to where this one stands."""
        if self._live != (self._game, self._state):
            self._world.reset(seed=self._game)
            for command in self._state:
                self._world.step(command)
        observation, reward, terminated, truncated, info = self._world.step(action)
        step = Step(observation, info["signals"], reward, terminated, truncated)
        self._live = None if terminated else (self._game, after(self._state, action, step))
        return Answer(step, self._world.outcome())


def after(state: State, command: str, step: Step) -> State:
    """Return the state behind a command: the same where nothing changed or a change was undone."""
    if not step.signals["grounded"] or command.startswith(NO_CHANGE):
        return state
    if state and undoes(command, state[-1]):
        return state[:-1]
    return (*state, command)


def undoes(command: str, last: str) -> bool:
    """Return whether a command takes back the one before it, for certain."""
    verb, _, thing = command.partition(" ")
    opposite = {"open": "close", "close": "open"}.get(verb)
    return UNDOES.get(command) == last or (opposite is not None and last == f"{opposite} {thing}")


def commands_of(game: int) -> tuple[str, ...]:
    """Return the commands that made sense somewhere on a few random walks and on the plan."""
    world = TextWorldEnv(preset=PRESET, admissible=True)
    found: set[str] = set()
    for walk in range(WALKS + 1):
        world.reset(seed=game)
        rng = random.Random(walk)
        for _ in range(10):
            legal = world.legal_actions() or ()
            found.update(legal)
            command = rng.choice(legal) if walk else world.expert_action() or "look"
            if world.step(command)[2]:
                break
    world.close()
    return tuple(sorted(name for name in found if not name.startswith(NO_CHANGE)))


def check_memory(games: Sequence[int], episodes: int = 5) -> None:
    """Compare what is remembered with the real game, on random episodes.

    Raises:
        SystemExit: they differ.
    """
    remembered, real = Remembered(), TextWorldEnv(preset=PRESET)
    for game, number in product(games, range(episodes)):
        rng, task = random.Random(number), Task(f"game-{game}", seed=game)
        heard = [env.reset(seed=game, options={"task": task})[0] for env in (remembered, real)]
        for _ in range(remembered.max_turns):
            command = rng.choice(textworld_commands(game))
            first, second = remembered.step(command), real.step(command)
            if heard[0] != heard[1] or first != second:
                raise SystemExit(f"game {game}: {command!r} is remembered as {first}, not {second}")
            if first[2]:
                break
    real.close()


@cache
def textworld_commands(game: int) -> tuple[str, ...]:
    """Return the commands of a game; they are collected once."""
    return commands_of(game)


# --- what the policy sees ------------------------------------------------------------------------


class Adventurer:
    """Chooses a command by the room, what is carried, and all that was told."""

    def __init__(self, task: Task) -> None:
        self._task = task.id
        self._commands = textworld_commands(task.seed or 0)

    def act(self, view: View, draw: Draw) -> Action:
        """Return a command."""
        text = view.observation
        found = ROOM.search(text)
        here = text[found.start() :] if found else text  # without what the last command led to
        room = found.group(1) if found else ""
        seen = (f"{self._task} {room}", f"{self._task} {here}")
        return Action(self._commands[draw(seen, self._commands)])


class Walker:
    """Chooses a direction by the map."""

    def __init__(self, task: Task) -> None:
        self._directions = tuple(MOVES)

    def act(self, view: View, draw: Draw) -> Action:
        """Return a direction."""
        lines = [line for line in view.observation.splitlines() if line.startswith("#")]
        return Action(self._directions[draw(("\n".join(lines),), self._directions)])


@dataclass(frozen=True)
class World:
    """Where is trained, with what the policy is and how progress is read."""

    env: Callable[[], TextEnv]
    actor: Callable[[Task], Any]
    tasks: tuple[Task, ...]
    max_turns: int
    steps: int
    rate: float
    scorer: TextScorerSpec


@cache
def world_of(name: str) -> World:
    """Return a world by its name; in one process it is built once."""
    if name == "maze":
        maze = MazeEnv(size=7)
        return World(
            env=lambda: maze,
            actor=Walker,
            tasks=tuple(Task(f"maze-{seed}", seed=seed) for seed in mazes(4)),
            max_turns=30,
            steps=100,
            rate=2.0,
            scorer=TextScorerSpec(unit="char", longest=5),
        )
    remembered = Remembered()
    return World(
        env=lambda: remembered,
        actor=Adventurer,
        tasks=tuple(Task(f"game-{seed}", seed=seed) for seed in range(1, 5)),
        max_turns=12,
        steps=100,
        rate=2.0,
        scorer=TextScorerSpec(),
    )


def mazes(count: int) -> list[int]:
    """Return seeds of mazes with ways of 6 to 10 steps, which chance seldom walks in 30."""
    found, seed = [], 0
    env = MazeEnv(size=7)
    while len(found) < count:
        env.reset(seed=seed)
        if 6 <= env.outcome()["shortest"] <= 10:
            found.append(seed)
        seed += 1
    return found


# --- ways to reward ------------------------------------------------------------------------------

EXPLORATION = 10
"""Steps' worth of episodes that SPA's estimator is fitted on."""
ATTEMPTS = 8


@dataclass(frozen=True)
class Way:
    """What a turn earns, and what it is compared with."""

    terms: Mapping[str, float]
    baseline: str = "batch_mean"

    @property
    def reward(self) -> RewardSpec:
        """The terms as a reward."""
        return RewardSpec.model_validate({"terms": dict(self.terms)})

    def advantage(self, gamma: float) -> AdvantageSpec:
        """Return how advantages are made: by rewards-to-go, divided by the batch's deviation."""
        return AdvantageSpec.model_validate(
            {"baseline": self.baseline, "credit": "turn", "scale": "batch_std", "gamma": gamma}
        )


WAYS = {
    "outcome only": Way({"success": 1.0}),
    "outcome, leave-one-out": Way({"success": 1.0}, "leave_one_out"),
    "outcome + 0.05 grounding": Way({"success": 1.0, "grounded": 0.05}),
    "SPA without grounding": Way({"progress": 1.0}),
    "SPA, beta 0.05": Way({"progress": 1.0, "grounded": 0.05}),
    "SPA, beta 0.5 (the paper's)": Way({"progress": 1.0, "grounded": 0.5}),
}


@dataclass(frozen=True)
class Run:
    """One training."""

    world: str
    way: str
    gamma: float
    seed: int
    quick: bool = False


@dataclass(frozen=True)
class Result:
    """What a training led to."""

    success: float
    grounded: float
    """Share of the turns, at the end."""
    on_the_way: float
    """Mean success of all episodes, those of exploration too."""
    turns: float


def trained(run: Run) -> Result:
    """Train from nothing and return the figures."""
    world, way = world_of(run.world), WAYS[run.way]
    tasks = list(world.tasks[:2] if run.quick else world.tasks)
    steps, explored = (9, 8) if run.quick else (world.steps, EXPLORATION)
    setting = Setting(
        world.env,
        world.actor,
        way.advantage(run.gamma),
        max_turns=world.max_turns,
        steps=steps,
        tasks=len(tasks),
        attempts=ATTEMPTS,
        rate=world.rate,
    )
    before: list[float] = []
    if "progress" in way.terms:
        groups, _ = play(setting, SmallPolicy(), tasks, explored * ATTEMPTS, 77 + run.seed)
        before = [success_of(groups)] * explored
        setting = replace(setting, steps=steps - explored, label=labels(world, groups))
    policy, successes = train(setting, way.reward, tasks, run.seed)
    groups, _ = play(setting, policy, tasks, 25, 500 + run.seed)
    return Result(
        success=success_of(groups),
        grounded=mean_of(groups, _grounded),
        on_the_way=statistics.fmean([*before, *successes]),
        turns=mean_of(groups, lambda episode: float(len(episode.turns))),
    )


def labels(world: World, groups: Sequence[Sequence[Episode]]) -> Any:
    """Return what labels contributions, by an estimator that is fitted and then left as it is."""
    scorer = TextScorer(world.scorer)
    scorer.fit([episode for group in groups for episode in group])
    spec = ProgressLabelSpec(kind="progress", update=True)  # of no effect beside a source
    return build("progress", spec, Scored(scorer, update=False)).label


def _grounded(episode: Episode) -> float:
    return statistics.fmean(turn.signals["grounded"] for turn in episode.turns)


# --- the study -----------------------------------------------------------------------------------


def main() -> None:
    """Run the study and print a table for each world."""
    arguments = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    arguments.add_argument("--seeds", type=int, nargs="+", default=[0, 1, 2])
    arguments.add_argument("--worlds", nargs="+", default=["maze", "textworld"])
    arguments.add_argument("--gammas", type=float, nargs="+", default=[1.0, 0.9])
    arguments.add_argument("--jobs", type=int, default=2, help="processes")
    arguments.add_argument("--quick", action="store_true", help="a few seconds, for a smoke test")
    given = arguments.parse_args()
    seeds = given.seeds[:1] if given.quick else given.seeds
    if "textworld" in given.worlds:
        check_memory([1] if given.quick else [1, 2, 3, 4])
    print(f"{len(seeds)} seeds, mean ± standard deviation")
    with ProcessPoolExecutor(given.jobs) as pool:
        for world, gamma in product(given.worlds, given.gammas[: 1 if given.quick else None]):
            runs = [Run(world, way, gamma, seed, given.quick) for way in WAYS for seed in seeds]
            results = list(pool.map(trained, runs))
            table = {
                way: [found for run, found in zip(runs, results, strict=True) if run.way == way]
                for way in WAYS
            }
            report(world, gamma, table)


def report(world: str, gamma: float, table: Mapping[str, Sequence[Result]]) -> None:
    """Print a world's table and what it says about the claims."""
    print(f"\n| {world}, gamma {gamma:g} | success, % | grounded, % | while learning, % | turns |")
    print("|---|---|---|---|---|")
    for way, results in table.items():
        cells = [spread([of(one) for one in results]) for of in (_success, _share, _on_the_way)]
        turns = spread([one.turns for one in results], 1, factor=1.0)
        print(f"| {way} | {' | '.join(cells)} | {turns} |")
    for base in ("outcome only", "outcome, leave-one-out"):
        gains = [
            f"{way}: {_gain(table[way], table[base], _success):+.0f} and "
            f"{_gain(table[way], table[base], _share):+.0f}"
            for way in table
            if way.startswith("SPA")
        ]
        print(f"Against {base}, points of success and of grounded turns: {'; '.join(gains)}.")
    print(end="", flush=True)


def _success(result: Result) -> float:
    return result.success


def _share(result: Result) -> float:
    return result.grounded


def _on_the_way(result: Result) -> float:
    return result.on_the_way


def _gain(
    results: Sequence[Result], base: Sequence[Result], of: Callable[[Result], float]
) -> float:
    return 100 * (statistics.fmean(map(of, results)) - statistics.fmean(map(of, base)))


if __name__ == "__main__":
    main()
