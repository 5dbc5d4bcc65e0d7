"""Gated against direct accumulation (G-RA, arXiv 2508.10548) on the tools of SWE-v0.

The paper's claim: where stepwise rewards for well-formed actions and working tools are added to an
ordered outcome without a gate, the return rises while the outcome falls, because talking to the
tools pays without ever handing in; with the gate, which counts them only once a patch that changes
something was handed in, it does not happen.

What is real: ``agentrl/SWE-v0`` with its sandbox, tools, hidden tests and facts; episodes, rewards
(``annotate``, the preset ``g-ra``), advantages (``turn_advantages``), ``policy_loss`` and the
optimiser are those of ``agentrl train``. What is small: six instances, twelve commands each, and a
policy that is a softmax over linear features of the history, so that it learns on a CPU. It is
trained and measured on the same six instances. Its loop is written here, because SWE-v0 lists no
legal actions that ``agentrl train`` could constrain a model to.

Thousands of episodes are quick because answers are looked up: each command is carried out once in
every state of the repository that the commands can reach. That this gives the very episodes of the
sandbox is proved first, by playing random ones through ``agentrl``'s own player.

    python benchmarks/gated_rewards.py [--seeds 0 1 2] [--jobs 1] [--sweep] [--backend docker]
"""

import argparse
import asyncio
import random
import statistics
import time
from collections.abc import Mapping, Sequence
from concurrent.futures import ProcessPoolExecutor, ThreadPoolExecutor
from contextlib import closing
from dataclasses import astuple, dataclass, replace
from functools import partial

import numpy as np
import torch
from numpy.typing import NDArray

from agentrl.agents.base import Action, Needs, View
from agentrl.envs.swe.env import SWEEnv
from agentrl.envs.swe.example import example_instance
from agentrl.envs.swe.instance import Instance
from agentrl.episode import Episode, Status, StopReason, Turn
from agentrl.rewards.compose import annotate
from agentrl.rewards.diagnose.farming import farming
from agentrl.rewards.diagnose.recorded import Scored
from agentrl.rollout.job import Job
from agentrl.rollout.local import LocalPlayer
from agentrl.rollout.rollout import Rollout
from agentrl.suite import SuiteSpec
from agentrl.suite.reward.spec import RewardSpec
from agentrl.suite.sandbox import SandboxSpec
from agentrl.suite.train import TrainSpec
from agentrl.task import Task
from agentrl.training.advantages.estimate import turn_advantages
from agentrl.training.loss import LossInputs, Totals, policy_loss
from agentrl.training.optimiser import Optimiser
from agentrl.training.sample import Trajectory

Floats = NDArray[np.float64]
Commands = tuple[str, ...]
State = Commands
"""The commands that changed the repository, in order; nothing else leaves a trace."""

ENV = "agentrl/SWE-v0"
INSTANCES = 6
FLAT = 0.05
"""A mean that changes by less is flat."""
EVALUATED = 64
"""Episodes of each instance after training."""

# --- Rewards: the same terms everywhere, and a gate or none --------------------------------------

LADDER = {"no submit": 0.0, "empty patch": 0.1, "fails tests": 0.3, "passes tests": 1.0}
"""The paper's levels; their values are those of the preset ``g-ra``, the paper's are not known."""
GATES: dict[str, str | None] = {
    "outcome only": None,
    "direct (D-RA)": None,
    "gate too low": "empty patch",
    "gated (G-RA)": "fails tests",
    "gate too high": "passes tests",
}
"""The least level at which stepwise rewards count; None: no gate."""
OUTCOME, DIRECT, GATED = "outcome only", "direct (D-RA)", "gated (G-RA)"


def reward(arm: str, weight: float) -> RewardSpec:
    """Return what an arm is trained on: the preset ``g-ra``, which differs in its gate alone.

    Args:
        arm: a key of ``GATES``.
        weight: what each of the two stepwise checks of a turn earns; the preset's is 0.01.
    """
    checks = dict.fromkeys(("format_ok", "tool_ok"), None if arm == OUTCOME else weight)
    level = GATES[arm]
    gate = level and {"when": {"term": "outcome", "at_least": LADDER[level]}}
    terms = {name: {"weight": value} if value else None for name, value in checks.items()}
    spec = {"preset": "g-ra", "terms": terms, "gates": {"handed-in": gate or None}}
    return RewardSpec.model_validate(spec)


# --- The narrowed commands ----------------------------------------------------------------------


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


# --- The policy ---------------------------------------------------------------------------------


STARTS = {"chance": (0.0, 0.0), "weak": (-3.3, -1.3)}
"""Log-odds of each edit, and of ``submit``, before training: every command alike; or such that
48% of episodes hand in and 20% change something, as the paper's model does before training."""


@dataclass(frozen=True, slots=True)
class Setting:
    """One training."""

    arm: str
    seed: int
    weight: float = 0.1
    """What each of the two stepwise checks of a turn earns."""
    turns: int = 16
    """Most turns of an episode."""
    algorithm: str = "grpo"
    counts: bool = False
    """Whether the policy sees which turn it is, and so can learn when the last one comes."""
    start: str = "chance"
    """The policy before training: a key of ``STARTS``."""
    steps: int = 150
    group: int = 16
    """Episodes of each instance in a step."""
    lr: float = 0.05


def features(one: Playing, counts: int) -> Floats:
    """Return what the policy sees: the last command and how it went, and what was changed.

    They stand there once for all instances and once for each, so that it can learn both what is
    good everywhere and which edit is right where.
    """
    names = one.world.commands
    own = np.zeros(2 + 2 * len(names) + counts)
    own[0] = 1.0
    if one.last is not None:
        own[1] = one.turns[-1].signals.get("tool_ok", 0.0)
        own[2 + one.last] = 1.0
    for command in one.state:
        own[2 + len(names) + names.index(command)] = 1.0
    if counts:
        own[2 + 2 * len(names) + len(one.turns)] = 1.0
    seen = np.zeros((1 + INSTANCES, len(own)))
    seen[0] = seen[1 + one.number] = own
    return seen.ravel()


@dataclass(frozen=True, slots=True)
class Sampled:
    """Episodes of one policy, and what it chose on their turns, one episode after the other."""

    groups: tuple[tuple[Episode, ...], ...]
    """Each episode with its rewards."""
    seen: Floats
    """``[turns, features]``"""
    chosen: NDArray[np.int64]
    """``[turns]``"""
    logprobs: Floats
    """``[turns]``"""


def sample(
    worlds: Sequence[World],
    weights: Floats,
    setting: Setting,
    spec: RewardSpec,
    each: int,
    chance: np.random.Generator,
) -> Sampled:
    """Play ``each`` episodes in every world and compose their rewards, group by group."""
    playing = [
        Playing(world, number, f"{world.task.id}#{attempt}", setting.turns)
        for number, world in enumerate(worlds)
        for attempt in range(each)
    ]
    counts = setting.turns if setting.counts else 0
    rows: dict[str, list[tuple[Floats, int, float]]] = {one.key: [] for one in playing}
    while under_way := [one for one in playing if not one.over]:
        seen = np.stack([features(one, counts) for one in under_way])
        scores = seen @ weights
        scores -= scores.max(axis=1, keepdims=True)
        logprobs = scores - np.log(np.exp(scores).sum(axis=1, keepdims=True))
        drawn = chance.random((len(under_way), 1))
        chosen = (np.exp(logprobs).cumsum(axis=1) < drawn).sum(axis=1)
        chosen = chosen.clip(max=weights.shape[1] - 1)
        for one, own, place, row in zip(under_way, seen, chosen, logprobs, strict=True):
            one.act(int(place))
            rows[one.key].append((own, int(place), float(row[place])))
    groups = tuple(
        tuple(annotate(spec, [one.episode(world.task.id) for one in playing if one.number == n]))
        for n, world in enumerate(worlds)
    )
    flat = [row for group in groups for episode in group for row in rows[episode.id]]
    return Sampled(
        groups,
        np.stack([row[0] for row in flat]),
        np.array([row[1] for row in flat]),
        np.array([row[2] for row in flat]),
    )


class Learner:
    """The policy's weights, and the updates of ``agentrl train`` on them."""

    def __init__(self, inputs: int, commands: int, setting: Setting) -> None:
        self._spec = TrainSpec.model_validate(
            {
                "algorithm": setting.algorithm,
                "steps": setting.steps,
                "group_size": setting.group,
                "optimiser": {"lr": setting.lr},
            }
        )
        first = torch.zeros(inputs, commands, dtype=torch.float64)
        first[0, 4:8], first[0, -1] = STARTS[setting.start]
        self._weights = torch.nn.Parameter(first)
        self._optimiser = Optimiser([([self._weights], setting.lr)], self._spec.optimiser)

    @property
    def weights(self) -> Floats:
        """``[features, commands]``"""
        return self._weights.detach().numpy().copy()

    def learn(self, sampled: Sampled, step: int) -> None:
        """Take one update."""
        episodes = [episode for group in sampled.groups for episode in group]
        by_episode = turn_advantages(self._spec.advantage, [_trajectory(one) for one in episodes])
        numbers = [number for one in episodes for number in by_episode[one.id]]
        lengths = torch.tensor([len(one.turns) for one in episodes])
        every = (torch.from_numpy(sampled.seen) @ self._weights).log_softmax(-1)
        logprobs = every.gather(1, torch.from_numpy(sampled.chosen)[:, None]).squeeze(1)
        old = torch.from_numpy(sampled.logprobs)
        inputs = LossInputs(
            logprobs=logprobs,
            old_logprobs=old,
            sampler_logprobs=old,
            advantages=torch.tensor(numbers, dtype=torch.float64),
            entropies=-(every.exp() * every).sum(-1),
            episodes=torch.repeat_interleave(torch.arange(len(episodes)), lengths),
            lengths=lengths,
        )
        loss = policy_loss(self._spec.loss, inputs, Totals(len(numbers), len(episodes))).loss
        loss.backward()  # type: ignore[no-untyped-call]
        self._optimiser.step(self._spec.optimiser, step, self._spec.steps)


def _trajectory(episode: Episode) -> Trajectory:
    success = episode.outcome["success"] >= 1
    return Trajectory(episode.id, episode.group_id, episode.rewards, success=success)


# --- Measuring ----------------------------------------------------------------------------------


@dataclass(frozen=True, slots=True)
class Point:
    """Means over the episodes of one policy."""

    reward: float
    """The return that is trained on."""
    outcome: float
    """The ladder's part of it."""
    completed: float
    """CR: share of episodes that handed in."""
    modified: float
    """MR: share whose repository is another at the end."""
    resolved: float
    """RR: share that the hidden tests pass."""
    turns: float


@dataclass(frozen=True, slots=True)
class Result:
    """One training, from its first step to the policy that came of it."""

    setting: Setting
    curve: tuple[Point, ...]
    """A point a step, each before its update."""
    end: Point
    """Of fresh episodes of the last policy."""
    alarm: str
    """What the alarm of ``agentrl rewards diagnose`` says of the steps: return against outcome."""

    @property
    def failed(self) -> bool:
        """Whether it shows the paper's failure: the return up, the outcome down or flat."""
        rise = self.end.reward - self.curve[0].reward
        return rise > FLAT and self.end.outcome - self.curve[0].outcome < FLAT


def measured(episodes: Sequence[Episode]) -> Point:
    """Return the means over some episodes."""

    def mean(values: Sequence[float]) -> float:
        return statistics.fmean(values)

    return Point(
        reward=mean([one.reward for one in episodes]),
        outcome=mean([sum(t.terms.get("outcome", 0.0) for t in one.turns) for one in episodes]),
        completed=mean([one.outcome["submitted"] for one in episodes]),
        modified=mean([one.outcome["patch_nonempty"] for one in episodes]),
        resolved=mean([one.outcome["resolved"] for one in episodes]),
        turns=mean([float(len(one.turns)) for one in episodes]),
    )


def train(setting: Setting, worlds: Sequence[World]) -> Result:
    """Train one policy."""
    torch.set_num_threads(1)
    spec, chance = reward(setting.arm, setting.weight), np.random.default_rng(setting.seed)
    inputs = len(features(Playing(worlds[0], 0, "", 1), setting.turns if setting.counts else 0))
    learner = Learner(inputs, len(worlds[0].commands), setting)
    curve = []
    for step in range(1, setting.steps + 1):
        sampled = sample(worlds, learner.weights, setting, spec, setting.group, chance)
        curve.append(measured([one for group in sampled.groups for one in group]))
        learner.learn(sampled, step)
    last = sample(worlds, learner.weights, setting, spec, EVALUATED, chance)
    end = measured([one for group in last.groups for one in group])
    steps = [
        (number, [Scored(f"step-{number}", ("", 0), "", point.reward, point.outcome)])
        for number, point in enumerate(curve)
    ]
    return Result(setting, tuple(curve), end, farming(steps).verdict)


# --- What is printed ----------------------------------------------------------------------------

COLUMNS = ("return", "outcome", "CR %", "MR %", "RR %", "turns")
SWEEP: dict[str, dict[str, object]] = {
    "0.01 a check": {"weight": 0.01},
    "0.02 a check": {"weight": 0.02},
    "0.03 a check": {"weight": 0.03},
    "0.05 a check": {"weight": 0.05},
    "0.1 a check (as above)": {},
    "0.2 a check": {"weight": 0.2},
    "8 turns": {"turns": 8},
    "32 turns": {"turns": 32},
    "50 turns": {"turns": 50},
    "rloo": {"algorithm": "rloo"},
    "dr_grpo": {"algorithm": "dr_grpo"},
    "reinforce_pp": {"algorithm": "reinforce_pp"},
    "turn_rloo": {"algorithm": "turn_rloo"},
    "policy counts turns": {"counts": True},
    "counts turns, 600 steps": {"counts": True, "steps": 600},
    "counts turns, turn_rloo": {"counts": True, "algorithm": "turn_rloo"},
}
"""What is changed, one thing at a time."""


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


def cell(values: Sequence[float], percent: bool = False) -> str:
    """Return the mean over seeds and its standard deviation."""
    scale, digits = (100, 0) if percent else (1, 2)
    spread = statistics.stdev(values) if len(values) > 1 else 0.0
    return f"{scale * statistics.fmean(values):.{digits}f} ± {scale * spread:.{digits}f}"


def cells(points: Sequence[Point]) -> str:
    """Return the columns of a table's row, of one point a seed."""
    columns = zip(COLUMNS, zip(*map(astuple, points), strict=True), strict=True)
    return " | ".join(cell(values, name.endswith("%")) for name, values in columns)


def print_curves(by_arm: Mapping[str, Sequence[Result]]) -> None:
    """Print return, outcome and CR over the steps, means over seeds."""
    steps = len(next(iter(by_arm.values()))[0].curve)
    shown = sorted({*range(0, min(steps, 50), 10), *range(0, steps, max(1, steps // 5)), steps - 1})
    print("| return, outcome, CR at step | " + " | ".join(str(step + 1) for step in shown) + " |")
    print("|---" * (len(shown) + 1) + "|")
    for arm, results in by_arm.items():
        points = [[result.curve[step] for result in results] for step in shown]
        texts = (
            f"{statistics.fmean(p.reward for p in at):.2f}, "
            f"{statistics.fmean(p.outcome for p in at):.2f}, "
            f"{statistics.fmean(p.completed for p in at):.0%}"
            for at in points
        )
        print(f"| {arm} | " + " | ".join(texts) + " |")


def print_table(by_arm: Mapping[str, Sequence[Result]]) -> None:
    """Print where each arm ended, mean and standard deviation over seeds."""
    print("\n| after training | " + " | ".join(COLUMNS) + " | failed | alarm |")
    print("|---" * (len(COLUMNS) + 3) + "|")
    before = [result.curve[0] for result in by_arm[OUTCOME]]
    print(f"| before training, in outcome only | {cells(before)} | | |")
    for arm, results in by_arm.items():
        alarms = ", ".join(sorted({result.alarm for result in results}))
        failed = f"{sum(result.failed for result in results)} of {len(results)}"
        print(f"| {arm} | {cells([result.end for result in results])} | {failed} | {alarms} |")


def verdict(by_arm: Mapping[str, Sequence[Result]]) -> str:
    """Return in words whether the paper's claim was seen."""
    direct, gated = by_arm[DIRECT], by_arm[GATED]
    held = all(result.failed for result in direct) and not any(result.failed for result in gated)
    told = {
        arm: f"{sum(result.failed for result in by_arm[arm])} of {len(by_arm[arm])} seeds"
        for arm in (DIRECT, GATED)
    }
    return (
        f"VERDICT: return up with outcome down or flat in {told[DIRECT]} without a gate and in "
        f"{told[GATED]} with it: the paper's claim {'holds' if held else 'does not hold'} here"
    )


def print_sweep(worlds: Sequence[World], seeds: Sequence[int], jobs: int) -> None:
    """Print at which settings direct accumulation fails, and what the gate makes of them."""
    columns = ("outcome", "CR %", "RR %", "failed")
    titles = (f"{arm}: {column}" for arm in ("direct", "gated") for column in columns)
    print("| changed | " + " | ".join(titles) + " |")
    print("|---" * (2 * len(columns) + 1) + "|")
    for name, changed in SWEEP.items():
        settings = [
            Setting(arm, seed, **changed)  # type: ignore[arg-type]
            for arm in (DIRECT, GATED)
            for seed in seeds
        ]
        results = all_trained(settings, worlds, jobs)
        row = []
        for own in (results[: len(seeds)], results[len(seeds) :]):
            row += [
                cell([one.end.outcome for one in own]),
                cell([one.end.completed for one in own], percent=True),
                cell([one.end.resolved for one in own], percent=True),
                f"{sum(one.failed for one in own)} of {len(own)}",
            ]
        print(f"| {name} | " + " | ".join(row) + " |", flush=True)


def all_trained(settings: Sequence[Setting], worlds: Sequence[World], jobs: int) -> list[Result]:
    """Train every setting, several at a time."""
    if jobs == 1:
        return [train(setting, worlds) for setting in settings]
    with ProcessPoolExecutor(jobs) as pool:
        return list(pool.map(partial(train, worlds=worlds), settings))


def main() -> None:
    """Train every arm on the same seeds, and print what came of it."""
    arguments = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    arguments.add_argument("--seeds", type=int, nargs="+", default=[0, 1, 2])
    arguments.add_argument("--steps", type=int, default=150)
    arguments.add_argument("--turns", type=int, default=16)
    arguments.add_argument("--weight", type=float, default=0.1, help="of a stepwise check")
    arguments.add_argument("--jobs", type=int, default=1, help="trainings at a time")
    arguments.add_argument("--sweep", action="store_true", help="change one thing at a time, too")
    arguments.add_argument("--backend", choices=("auto", "docker", "bubblewrap"), default="auto")
    given = arguments.parse_args()
    worlds = recorded_worlds(SandboxSpec(backend=given.backend), given.turns)
    for start in STARTS:
        started = time.perf_counter()
        settings = [
            Setting(arm, seed, given.weight, given.turns, start=start, steps=given.steps)
            for arm in GATES
            for seed in given.seeds
        ]
        results = all_trained(settings, worlds, given.jobs)
        by_arm = {arm: [one for one in results if one.setting.arm == arm] for arm in GATES}
        took = time.perf_counter() - started
        print(
            f"start: {start}; {len(results)} trainings of {given.steps} steps of "
            f"{INSTANCES * settings[0].group} episodes, at most {given.turns} turns, "
            f"{given.weight:g} a check: {took:.0f} s"
        )
        print_curves(by_arm)
        print_table(by_arm)
        print(f"\n{verdict(by_arm)}\n", flush=True)
    if given.sweep:
        print_sweep(worlds, given.seeds, given.jobs)


if __name__ == "__main__":
    main()
