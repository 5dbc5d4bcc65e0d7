"""VeRPO's weights for unit tests (arXiv 2601.03525) against the plain share of tests that pass.

A policy writes programs for a few problems on agentrl/Code-v0, part by part, up to three an
episode, each answered with how many tests pass. Most tests of a problem are about the usual case,
one or two about each corner. Claims: weights by inverse pass rate and density learn the corners
sooner and so solve more than equal weights do; comparing each turn by itself (VeRPO's split of the
advantage) is better than one number an episode; fewer groups are without a signal than with
success alone.

"Summed over turns" pays each program of an episode, so that failing again pays too.

    python benchmarks/verpo_weights.py [--seeds 0 1 2] [--quick]

The programs run in the real sandbox, each once: what the tests said of it is remembered for as long
as the benchmark runs. Runs of a table differ in the reward and in how turns are credited with it.
"""

import argparse
import statistics
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, replace
from itertools import chain
from typing import Any

from agentrl.agents.base import Action, View
from agentrl.envs.base import Step, TextEnv
from agentrl.envs.code.env import CodeEnv
from agentrl.episode import Episode
from agentrl.suite.algorithm import AdvantageSpec
from agentrl.suite.reward.spec import RewardSpec
from agentrl.task import Task
from benchmarks.small_policy import Draw, Setting, play, spread, success_of, train

ATTEMPTS = 3


# --- problems, and the programs that are written for them ----------------------------------------


@dataclass(frozen=True)
class Puzzle:
    """A problem, and the parts of which a program for it can be put together."""

    name: str
    statement: str
    template: str
    """The program, with a place for each part."""
    parts: Mapping[str, tuple[str, ...]]
    """What may stand in each place; the first is right."""
    tests: tuple[str, ...]
    """Calls with what must come out."""

    def program(self, chosen: Mapping[str, str]) -> str:
        """Return the program of these parts."""
        return self.template.format(**chosen)

    @property
    def task(self) -> Task:
        """The problem as Code-v0 takes it."""
        data = {
            "statement": self.statement,
            "entry_point": self.name,
            "tests": [f"assert {test}" for test in self.tests],
            "solution": self.program({name: texts[0] for name, texts in self.parts.items()}),
        }
        return Task(self.name, data=data)


PUZZLES = (
    Puzzle(
        "middle",
        "Write middle(numbers): the median; of an even count the mean of both; of nothing None.",
        "def middle(numbers):\n"
        "    if not numbers:\n        {empty}\n"
        "    row = {row}\n"
        "    half = len(row) // 2\n"
        "    if len(row) % 2 == 0:\n        return {even}\n"
        "    return row[half]\n",
        {
            "empty": ("return None", "return 0", "return []", "raise ValueError"),
            "row": ("sorted(numbers)", "numbers", "numbers[::-1]", "sorted(set(numbers))"),
            "even": ("(row[half - 1] + row[half]) / 2", "row[half]", "row[half - 1]", "half"),
        },
        (
            "middle([3]) == 3",
            "middle([1, 2, 3]) == 2",
            "middle([2, 4, 9]) == 4",
            "middle([1, 5, 6, 7, 8]) == 6",
            "middle([0, 1, 2, 3, 4]) == 2",
            "middle([5, 6, 7]) == 6",
            "middle([10, 20, 30]) == 20",
            "middle([-3, -2, -1]) == -2",
            "middle([1, 9, 2]) == 2",
            "middle([4, 4, 9]) == 4",
            "middle([1, 2, 3, 4]) == 2.5",
            "middle([]) is None",
        ),
    ),
    Puzzle(
        "slug",
        "Write slug(text): lower case, words joined by single hyphens, no other punctuation; "
        "of nothing 'none'.",
        "import re\n\ndef slug(text):\n"
        "    text = {case}\n"
        "    text = {clean}\n"
        "    text = {join}\n"
        "    return {empty}\n",
        {
            "case": ("text.lower()", "text", "text.upper()"),
            "clean": (
                're.sub(r"[^\\w\\s-]", "", text)',
                "text",
                'text.replace("!", "")',
                'text.replace(".", "")',
            ),
            "join": (
                '"-".join(re.split(r"[\\s-]+", text.strip()))',
                '"-".join(text.split(" "))',
                '"_".join(text.split())',
                'text.replace(" ", "-")',
            ),
            "empty": ('text or "none"', "text", 'text or "empty"'),
        },
        (
            "slug('hello world') == 'hello-world'",
            "slug('one') == 'one'",
            "slug('one two three') == 'one-two-three'",
            "slug('a b') == 'a-b'",
            "slug('red green blue') == 'red-green-blue'",
            "slug('Hello World') == 'hello-world'",
            "slug('New York City') == 'new-york-city'",
            "slug('some more words here') == 'some-more-words-here'",
            "slug('wait, what?') == 'wait-what'",
            "slug(' a   b ') == 'a-b'",
            "slug('') == 'none'",
        ),
    ),
    Puzzle(
        "caesar",
        "Write caesar(text, shift): each letter moved on in the alphabet, round its end; case and "
        "all else stay.",
        "def caesar(text, shift):\n    out = []\n    for c in text:\n"
        "        if {letter}:\n            base = {base}\n"
        "            c = chr({move})\n"
        "        out.append(c)\n    return ''.join(out)\n",
        {
            "letter": ("c.isalpha()", "True", "c.isalnum()", "c != ' '"),
            "base": ("ord('A') if c.isupper() else ord('a')", "ord('a')", "ord('A')", "0"),
            "move": (
                "base + (ord(c) - base + shift) % 26",
                "ord(c) + shift",
                "ord(c) - shift",
                "base + (ord(c) - base - shift) % 26",
            ),
        },
        (
            "caesar('abc', 1) == 'bcd'",
            "caesar('hello', 3) == 'khoor'",
            "caesar('a', 2) == 'c'",
            "caesar('test', 4) == 'xiwx'",
            "caesar('cat', 5) == 'hfy'",
            "caesar('fig', 6) == 'lom'",
            "caesar('dog', 0) == 'dog'",
            "caesar('big', 1) == 'cjh'",
            "caesar('a b', 1) == 'b c'",
            "caesar('xyz', 3) == 'abc'",
            "caesar('Zoo 7', 1) == 'App 7'",
        ),
    ),
    Puzzle(
        "price",
        "Write price(count, each): the cost of some things; a tenth less from 10 on, nothing below "
        "0 things, rounded to cents, at most 1000.",
        "def price(count, each):\n"
        "    if {none}:\n        return 0\n"
        "    total = count * each\n"
        "    if {many}:\n        total *= 0.9\n"
        "    total = {rounded}\n"
        "    return {limit}\n",
        {
            "none": ("count <= 0", "count is None", "each == 0", "count == 0"),
            "many": ("count >= 10", "count > 10", "total > 10", "False"),
            "rounded": ("round(total, 2)", "total", "int(total)"),
            "limit": ("min(total, 1000)", "total", "max(total, 1000)"),
        },
        (
            "price(1, 5) == 5",
            "price(2, 4) == 8",
            "price(3, 3) == 9",
            "price(4, 2) == 8",
            "price(0, 7) == 0",
            "price(9, 5) == 45",
            "price(20, 2) == 36",
            "price(6, 4) == 24",
            "price(3, 1.111) == 3.33",
            "price(10, 5) == 45",
            "price(500, 5) == 1000",
            "price(-2, 5) == 0",
        ),
    ),
)


class Remembered(TextEnv):
    """Code-v0 for programs that come again and again: each runs once, in the real sandbox.

    Every attempt is judged by itself there, so what is said of a program does not depend on those
    before it, and its signals and results can be given again.
    """

    max_turns = ATTEMPTS
    facts = CodeEnv.facts

    def __init__(self) -> None:
        super().__init__()
        self.known: dict[tuple[str, str], Step] = {}
        """What Code-v0 answered, by task and program."""
        self._code = CodeEnv(attempts=1, feedback="count")

    @property
    def instructions(self) -> str:
        return "Write Python for the statement. Hidden tests decide."

    def begin(self, task: Task, seed: int) -> str:
        self._task, self._tried = task, 0
        self._last: Step | None = None
        return str(task.data["statement"])

    def act(self, action: str) -> Step:
        key = (self._task.id, action)
        if key not in self.known:
            self._code.reset(seed=0, options={"task": self._task})
            observation, reward, *_, info = self._code.step(action)
            self.known[key] = Step(observation, info["signals"], float(reward))
        self._last = self.known[key]
        self._tried += 1
        over = self._last.reward == 1 or self._tried == ATTEMPTS
        return replace(self._last, terminated=over)

    def outcome(self) -> dict[str, float]:
        assert self._last is not None, "an episode has at least one program"
        return {
            **self._last.signals,
            "success": self._last.reward,
            "attempts": float(self._tried),
        }

    def close(self) -> None:
        """Nothing: the episode after this one needs what is known, too."""

    def shut(self) -> None:
        """Give the sandbox back."""
        self._code.close()


class Writer:
    """Writes a program part by part, knowing what it wrote last and how many tests that passed."""

    def __init__(self, task: Task) -> None:
        self._puzzle = next(puzzle for puzzle in PUZZLES if puzzle.name == task.id)
        self._wrote: dict[str, str] = {}

    def act(self, view: View, draw: Draw) -> Action:
        """Return a program."""
        chosen = {}
        for name, texts in self._puzzle.parts.items():
            place = f"{self._puzzle.name} {name}"
            last = self._wrote.get(name)
            seen = (place,) if last is None else (place, f"{place} {last} {view.observation}")
            chosen[name] = texts[draw(seen, texts)]
        self._wrote = chosen
        return Action(self._puzzle.program(chosen))


# --- rewards -------------------------------------------------------------------------------------

SUCCESS = {"fact": "success", "discount": 0.9}
"""gamma of the paper is not known; ours."""
EQUAL: Mapping[str, Any] = {"kind": "equal"}
VERPO: Mapping[str, Any] = {"kind": "inverse_rate"}
EPISODE = AdvantageSpec(baseline="group_mean")
SPLIT = AdvantageSpec(baseline="group_mean", credit="split", turn_terms=("tests",))


@dataclass(frozen=True)
class Way:
    """A reward, and how turns are credited with it."""

    reward: RewardSpec
    advantage: AdvantageSpec


def way(advantage: AdvantageSpec, **tests: Any) -> Way:
    """Return success and, if given, a term for the tests."""
    terms: dict[str, Any] = {"success": SUCCESS}
    if tests:
        terms["tests"] = {"kind": "checks", "checks": "test_*", **tests}
    return Way(RewardSpec.model_validate({"terms": terms}), advantage)


WAYS = {
    "success alone": way(EPISODE),
    "share of tests, last program": way(EPISODE, of="episode", weighting=EQUAL),
    "VeRPO's weights, last program": way(EPISODE, of="episode", weighting=VERPO),
    "share of tests, summed over turns": way(EPISODE, weighting=EQUAL),
    "VeRPO's weights, summed over turns": way(EPISODE, weighting=VERPO),
    "share of tests, turn by turn": way(SPLIT, weighting=EQUAL),
    "VeRPO's weights, turn by turn": way(SPLIT, weighting=VERPO),
}


# --- the study -----------------------------------------------------------------------------------


@dataclass(frozen=True)
class Result:
    """One training."""

    first: float
    """Success of the first program of an episode, at the end."""
    within: float
    """Success of the episode, at the end."""
    on_the_way: float
    """Mean success of the episodes of the whole training: how soon it learnt."""
    silent: float
    """Share of groups in which every episode earned the same."""


@dataclass(frozen=True)
class Size:
    """How much is trained and looked at."""

    puzzles: Sequence[Puzzle] = PUZZLES
    steps: int = 60
    attempts: int = 8
    """Episodes of each problem a step."""
    looked_at: int = 50
    """Episodes of each problem at the end."""


QUICK = Size(PUZZLES[:1], steps=1, attempts=2, looked_at=2)


def trained(chosen: Way, env: Remembered, size: Size, rate: float, seed: int) -> Result:
    """Train from nothing and return the figures."""
    silent: list[float] = []

    def watch(groups: Sequence[Sequence[Episode]]) -> None:
        silent.extend(float(_is_silent(group)) for group in groups)

    setting = Setting(
        lambda: env,
        Writer,
        chosen.advantage,
        steps=size.steps,
        tasks=len(size.puzzles),
        attempts=size.attempts,
        rate=rate,
        watch=watch,
    )
    tasks = [puzzle.task for puzzle in size.puzzles]
    policy, successes = train(setting, chosen.reward, tasks, seed)
    groups, _ = play(setting, policy, tasks, size.looked_at, seed + 500)
    episodes = list(chain.from_iterable(groups))
    return Result(
        first=statistics.fmean(e.outcome["success"] * (len(e.turns) == 1) for e in episodes),
        within=success_of(groups),
        on_the_way=statistics.fmean(successes),
        silent=statistics.fmean(silent),
    )


def _is_silent(group: Sequence[Episode]) -> bool:
    rewards = [episode.rewards for episode in group]
    return all(turns == rewards[0] for turns in rewards)


def study(env: Remembered, seeds: Sequence[int], size: Size, rate: float) -> None:
    """Print the table for one length of the steps, and the verdict."""
    print(f"| reward, rate {rate:g} | first program, % | within 3, % | {LEARNING} | {SILENT} |")
    print("|---|---|---|---|---|", flush=True)
    table = {}
    for name, chosen in WAYS.items():
        table[name] = [trained(chosen, env, size, rate, seed) for seed in seeds]
        print(f"| {name} | {_cells(table[name])} |", flush=True)
    print("\nVerdict, points of success while learning and of the first program at the end:")
    for what, better, worse in CLAIMS:
        gained = " and ".join(
            f"{100 * (_mean(table[better], of) - _mean(table[worse], of)):+.0f}"
            for of in (lambda one: one.on_the_way, lambda one: one.first)
        )
        print(f"- {what}: {gained}")
    print(flush=True)


LEARNING = "while learning, %"
SILENT = "silent groups, %"
CLAIMS = (
    *(
        (
            f"its weights against equal ones, {how}",
            f"VeRPO's weights, {how}",
            f"share of tests, {how}",
        )
        for how in ("last program", "summed over turns", "turn by turn")
    ),
    *(
        (f"turn by turn against {how}", "VeRPO's weights, turn by turn", f"VeRPO's weights, {how}")
        for how in ("last program", "summed over turns")
    ),
    ("VeRPO against success alone", "VeRPO's weights, turn by turn", "success alone"),
)
"""What is compared: a claim, what should be better, and what worse."""


def _mean(results: Sequence[Result], of: Callable[[Result], float]) -> float:
    return statistics.fmean(of(one) for one in results)


def _cells(results: Sequence[Result]) -> str:
    columns: Sequence[Callable[[Result], float]] = (
        lambda one: one.first,
        lambda one: one.within,
        lambda one: one.on_the_way,
        lambda one: one.silent,
    )
    return " | ".join(spread([of(one) for one in results]) for of in columns)


def main() -> None:
    """Run the study for each length of the steps."""
    arguments = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    arguments.add_argument("--seeds", type=int, nargs="+", default=[0, 1, 2])
    arguments.add_argument("--steps", type=int, default=60)
    arguments.add_argument("--rates", type=float, nargs="+", default=[0.3, 1.0, 3.0])
    arguments.add_argument("--quick", action="store_true", help="for a smoke test: one problem")
    given = arguments.parse_args()
    seeds = given.seeds[:1] if given.quick else given.seeds
    size = QUICK if given.quick else Size(steps=given.steps)
    episodes = size.attempts * len(size.puzzles)
    print(f"{len(seeds)} seeds, mean ± standard deviation; {size.steps} steps of {episodes} each\n")
    env = Remembered()
    try:
        for rate in given.rates[:1] if given.quick else given.rates:
            study(env, seeds, size, rate)
    finally:
        env.shut()
    print(f"{len(env.known)} different programs ran in the sandbox.")


if __name__ == "__main__":
    main()
