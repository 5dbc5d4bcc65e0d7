"""The tools of SWE-v0 narrowed to a few commands, with every answer looked up."""

import asyncio
import random
import time
from collections.abc import Mapping, Sequence
from concurrent.futures import ThreadPoolExecutor
from contextlib import closing
from dataclasses import dataclass, replace
from functools import partial

from agentrl.agents.base import Action, Needs, View
from agentrl.envs.swe.env import SWEEnv
from agentrl.envs.swe.example import example_instance
from agentrl.envs.swe.instance import Instance
from agentrl.episode import Episode, Status, StopReason, Turn
from agentrl.rollout.job import Job
from agentrl.rollout.local import LocalPlayer
from agentrl.rollout.rollout import Rollout
from agentrl.suite import SuiteSpec
from agentrl.suite.sandbox import SandboxSpec
from agentrl.task import Task

Commands = tuple[str, ...]
State = Commands
"""The commands that changed the repository, in order; nothing else leaves a trace."""

ENV = "agentrl/SWE-v0"
INSTANCES = 6


def commands_of(instance: Instance) -> Commands:
    """Return twelve commands: four that look, four edits, three mistakes, and ``submit``.

    The order of the three edits of code differs from instance to instance, so that which of them
    is right must be learnt for each.
    """
    wrong, right, following = _lines_of(instance.patch)
    module = instance.repo.rpartition("/")[2]
    indent = wrong[: len(wrong) - len(wrong.lstrip())]
    respaced = indent + wrong.strip().replace(" ", "  ")
    edits = [right, respaced, f"{indent}raise NotImplementedError"]
    random.Random(instance.id).shuffle(edits)
    old = f"{wrong}\n{following}"
    return (
        f"view {module}.py",
        f"view tests/test_{module}.py",
        "search 'def '",
        "python -m unittest 2>&1 | tail -n 1",
        *(_replace(f"{module}.py", old, f"{edit}\n{following}") for edit in edits),
        "edit create NOTES.md <<'EOF'\nThe problem is understood.\nEOF",
        _replace(f"{module}.py", "a line that is not there", right),
        "I will look at the code first.",
        "",
        "submit",
    )


def _lines_of(patch: str) -> tuple[str, str, str]:
    """Return of a patch that changes one line the line before and after, and the one below."""
    lines = patch.splitlines()
    (at,) = (n for n, line in enumerate(lines) if line.startswith("-") and line[:3] != "---")
    return lines[at][1:], lines[at + 1][1:], lines[at + 2][1:]


def _replace(path: str, old: str, new: str) -> str:
    block = f"<<<<<<< SEARCH\n{old}\n=======\n{new}\n>>>>>>> REPLACE"
    return f"edit replace {path} <<'EOF'\n{block}\nEOF"


# --- The world: each command once in each state of the sandbox, then looked up ------------------


@dataclass(frozen=True, slots=True)
class Answer:
    """What SWE-v0 answered to a command."""

    observation: str
    signals: Mapping[str, float]
    after: State
    outcome: Mapping[str, float] | None
    """Where the command ended the episode: what the hidden tests said."""


@dataclass(frozen=True, slots=True)
class World:
    """One instance, and everything that the commands can make of it."""

    task: Task
    commands: Commands
    opening: str
    answers: Mapping[tuple[State, str], Answer]
    unfinished: Mapping[State, Mapping[str, float]]
    """The outcome where the turns run out, by state."""


def explore(task: Task, commands: Commands, env: SWEEnv) -> World:
    """Carry out every command in every state that the commands can reach."""
    opening, answers, unfinished = "", {}, {}
    waiting: list[State] = [()]
    while waiting:
        state = waiting.pop()
        opening = _put_into(env, task, state)
        unfinished[state] = env.outcome()
        for command in commands:
            observation, _, _, _, info = env.step(command)
            edited = info["signals"].get("edited", 0.0) == 1
            after = (*state, command) if edited else state
            answers[state, command] = Answer(
                observation, info["signals"], after, info.get("outcome")
            )
            if edited:
                assert len(after) < len(commands), f"{after} never comes to an end"
                waiting.append(after)
                _put_into(env, task, state)
    return World(task, commands, opening, answers, unfinished)


def _put_into(env: SWEEnv, task: Task, state: State) -> str:
    opening, _ = env.reset(seed=task.seed, options={"task": task})
    for command in state:
        env.step(command)
    return opening


class Playing:
    """An episode under way in a world."""

    def __init__(self, world: World, number: int, key: str, turns: int) -> None:
        self.world = world
        self.number = number
        """The instance's."""
        self.state: State = ()
        self.last: int | None = None
        """The last command, by its place."""
        self.turns: list[Turn] = []
        self.key = key
        self._left = turns
        self._seen = world.opening
        self._outcome: Mapping[str, float] | None = None

    @property
    def over(self) -> bool:
        """Whether it was handed in, or its turns have run out."""
        return self._outcome is not None or not self._left

    def act(self, place: int) -> None:
        """Take one of the world's commands."""
        command = self.world.commands[place]
        answer = self.world.answers[self.state, command]
        self.turns.append(Turn(self._seen, command, signals=answer.signals))
        self._seen, self.state, self.last = answer.observation, answer.after, place
        self._left, self._outcome = self._left - 1, answer.outcome

    def episode(self, group: str) -> Episode:
        """Return the record, as the player of ``agentrl run`` would have written it."""
        ended = self._outcome is not None
        return Episode(
            id=self.key,
            task_id=self.world.task.id,
            group_id=group,
            seed=self.world.task.seed or 0,
            agent="commands",
            status=Status.OK if ended else Status.TRUNCATED,
            stop_reason=StopReason.TERMINATED if ended else StopReason.MAX_TURNS,
            turns=tuple(self.turns),
            final_observation=self._seen,
            outcome=self._outcome or self.world.unfinished[self.state],
        )


# --- The proof that looking up changes nothing --------------------------------------------------


class Scripted:
    """An agent that takes the commands that it was given for each episode."""

    name = "commands"
    needs = Needs.NOTHING

    def __init__(self, scripts: Mapping[str, Commands]) -> None:
        self._scripts = scripts

    async def start(self) -> None:
        """Nothing to make ready."""

    def session(self, episode_id: str, instructions: str, seed: int) -> "ScriptedSession":
        """Open an episode."""
        return ScriptedSession(self._scripts[episode_id])

    async def close(self) -> None:
        """Nothing to give back."""


class ScriptedSession:
    """One episode's commands."""

    def __init__(self, script: Commands) -> None:
        self._rest = iter(script)

    async def act(self, view: View) -> Action | None:
        """Return the next command."""
        return Action(next(self._rest))


async def replayed(
    worlds: Sequence[World], turns: int, each: int, sandbox: SandboxSpec
) -> tuple[int, int]:
    """Play random episodes in the sandbox and return how many there were, and how many turns.

    Raises:
        AssertionError: an episode differs from the one that is looked up.
    """
    chance, expected, scripts, jobs = random.Random(0), {}, {}, []
    for world in worlds:
        for number in range(each):
            one = Playing(world, 0, f"{world.task.id}#{number}", turns)
            while not one.over:
                one.act(chance.randrange(len(world.commands)))
            expected[one.key] = one.episode(world.task.id)
            scripts[one.key] = tuple(turn.action for turn in one.turns)
            jobs.append(Job(one.key, world.task, world.task.seed or 0, 0))
    spec = SuiteSpec.model_validate(
        {
            "name": "gated-rewards",
            "env": {"id": ENV, "options": {"grade": "submitted"}},
            "tasks": {"generate": {"count": INSTANCES}},
            "agent": {"kind": "random"},
            "sandbox": sandbox.model_dump(),
            "limits": {"max_turns": turns},
        }
    )
    player, episodes = LocalPlayer(spec, Scripted(scripts)), list[Episode]()
    await player.start()
    try:
        await Rollout(player, concurrency=2, retries=2).run(jobs, episodes.append)
    finally:
        await player.close()
    for episode in episodes:
        assert plain(episode) == plain(expected[episode.id]), f"{episode.id} differs"
    return len(episodes), sum(len(episode.turns) for episode in episodes)


def plain(episode: Episode) -> Episode:
    """Return an episode without what is no part of it: how long it took, and its rewards."""
    turns = tuple(replace(turn, duration_s=0.0, terms={}) for turn in episode.turns)
    return replace(episode, turns=turns, duration_s=0.0, tries=1, gates=())


def record(number: int, sandbox: SandboxSpec) -> World:
    """Explore one instance."""
    task = Task(id=f"seed-{number}", seed=number)
    with closing(SWEEnv(grade="submitted", sandbox=sandbox)) as env:
        return explore(task, commands_of(example_instance(number)), env)


def recorded_worlds(sandbox: SandboxSpec, turns: int) -> list[World]:
    """Explore every instance, and prove that looking up is as good as playing."""
    started = time.perf_counter()
    with ThreadPoolExecutor(2) as threads:
        worlds = list(threads.map(partial(record, sandbox=sandbox), range(INSTANCES)))
    states = sum(len(world.unfinished) for world in worlds)
    answers = sum(len(world.answers) for world in worlds)
    took = time.perf_counter() - started
    print(f"{INSTANCES} instances, {states} states, {answers} answers of {ENV}: {took:.0f} s")
    started = time.perf_counter()
    episodes, played = asyncio.run(replayed(worlds, turns, 4, sandbox))
    took = time.perf_counter() - started
    print(
        f"{episodes} random episodes ({played} turns) played in the sandbox: each equal to the "
        f"looked-up one in every observation, signal and outcome; {took:.0f} s\n",
        flush=True,
    )
    return worlds
