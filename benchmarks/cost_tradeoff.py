"""What a cost in the reward buys, and what it may ruin.

1. Router-R1's linear cost (arXiv 2506.09033): a router learns which of three workers answers a sum.
   The longer the sum, the dearer the worker it needs. Claim: with a larger alpha the same router
   costs less, at first at little loss of accuracy, in the end at much.
2. GRPO-lambda (arXiv 2505.18086) against plain length penalties: a policy learns to work through
   instructions, whose meaning it has to find out, step by step. It may look again at any step,
   which mends the slips of some and wastes words after others, and it may answer at any time.
   Claims: a plain penalty collapses to short wrong answers; counting length only in the groups
   that succeed most shortens the answers and keeps them right.

    python benchmarks/cost_tradeoff.py [--seeds 0 1 2] [--quick]

Both play agentrl/QA-v0; what an answer costs is read off the record (words written, and their
price). Within a table runs differ in nothing but the reward. Figures are of held-out questions.
"""

import argparse
import random
import statistics
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, replace
from typing import Any

from agentrl.agents.base import Action, View
from agentrl.envs.qa.env import QAEnv
from agentrl.episode import Episode, Generation, Sampling, Usage
from agentrl.rewards.cost import spent_on
from agentrl.suite.algorithm import AdvantageSpec
from agentrl.suite.reward.spec import RewardSpec
from agentrl.task import Task
from benchmarks.small_policy import Actor, Draw, Setting, mean_of, play, spread, success_of, train

GRPO = AdvantageSpec(baseline="group_mean", scale="group_std")
ESTIMATORS = {
    "GRPO": (GRPO, 1.0),
    "GRPO without division by the deviation": (AdvantageSpec(baseline="group_mean"), 3.0),
}
"""By name how advantages are made, and the length of a step: these are smaller undivided."""
HELD_OUT = 1_000_000
"""Questions from this seed on are never trained on."""


def _reward(**parts: Any) -> RewardSpec:
    return RewardSpec.model_validate({"terms": {"success": 1.0}, **parts})


def answered(text: str, usd_a_million: float = 0.0, model: str = "small-policy") -> Action:
    """Return an answer whose words are its tokens, as a record has it."""
    words = len(text.split())
    generation = Generation(
        text=text,
        finish_reason="stop",
        model=model,
        sampling=Sampling(),
        usage=Usage(completion_tokens=words),
        cost_usd=words * usd_a_million / 1e6,
    )
    return Action(text, (generation,))


# --- 1. workers with prices ---------------------------------------------------------------------


@dataclass(frozen=True)
class Worker:
    """Adds numbers one after the other, and slips where they become too many for it."""

    name: str
    usd: float
    """Dollars for a million words: output prices of Router-R1's pool."""
    span: int
    """Numbers that it adds without a slip."""
    slip: float
    """How often it slips at each further number."""
    passes: int
    """How often it writes the work down: not at all, or again to check it."""

    def answer(self, numbers: Sequence[int], rng: random.Random) -> Action:
        """Return its answer with the work that leads there."""
        total, work = numbers[0], []
        for place, number in enumerate(numbers[1:], 2):
            slipped = place > self.span and rng.random() < self.slip
            total += number + (rng.choice((-10, -1, 1, 10)) if slipped else 0)
            work.append(f"plus {number} is {total}.")
        return answered(" ".join([*work * self.passes, f"\n#### {total}"]), self.usd, self.name)


POOL = (
    Worker("small", 0.18, span=2, slip=0.4, passes=0),
    Worker("middle", 0.30, span=4, slip=0.3, passes=1),
    Worker("large", 0.88, span=1, slip=0.02, passes=2),
)


def sums(count: int, first: int) -> list[Task]:
    """Return questions for the sum of two to eight numbers."""
    tasks = []
    for seed in range(first, first + count):
        rng = random.Random(seed)
        numbers = [rng.randrange(2, 100) for _ in range(rng.randrange(2, 9))]
        question = f"What is {' + '.join(map(str, numbers))} ?"
        tasks.append(Task(f"sum-{seed}", data={"question": question, "answer": sum(numbers)}))
    return tasks


class Router:
    """Hands the question to a worker of the pool."""

    def act(self, view: View, draw: Draw) -> Action:
        """Return the answer of the worker that is drawn."""
        words = view.observation.split()
        seen = (f"{len(words)} words",)
        worker = POOL[draw(seen, [worker.name for worker in POOL])]
        numbers = [int(word) for word in words if word.isdigit()]
        return worker.answer(numbers, random.Random(int(draw.rng.integers(2**31))))


class Fixed(Router):
    """Asks one worker always."""

    def __init__(self, worker: Worker) -> None:
        self._worker = worker

    def act(self, view: View, draw: Draw) -> Action:
        """Return that worker's answer."""
        numbers = [int(word) for word in view.observation.split() if word.isdigit()]
        return self._worker.answer(numbers, random.Random(int(draw.rng.integers(2**31))))


def router_reward(alpha: float) -> RewardSpec:
    """Return success, with a share of alpha for being cheap where it is right."""
    cost = {"kind": "linear", "meter": "meter/usd", "alpha": alpha}
    return _reward(cost={"price": cost} if alpha else {})


# --- 2. steps of one's own ----------------------------------------------------------------------

STEPS = ("plus", "minus", "double", "wait", "answer")
MOST_STEPS = 24
SLIPS = {"plus": 0.0, "minus": 0.0, "double": 0.3}
"""How often a step comes out wrong; to wait and look again mends the last one."""


def instructions(count: int, first: int) -> list[Task]:
    """Return questions that say what to do with a number, in one to six steps."""
    tasks = []
    for seed in range(first, first + count):
        rng = random.Random(seed)
        value = rng.randrange(2, 20)
        told = [f"Begin with {value}."]
        for _ in range(rng.randrange(1, 7)):
            kind, number = rng.choice(("Add", "Take", "Twice")), rng.randrange(2, 20)
            value = {"Add": value + number, "Take": value - number, "Twice": 2 * value}[kind]
            told.append("Twice that." if kind == "Twice" else f"{kind} {number}.")
        data = {"question": " ".join(told), "answer": value}
        tasks.append(Task(f"steps-{seed}", group=f"{len(told) - 1} steps", data=data))
    return tasks


class Reasoner:
    """Writes one step after the other until it answers; what a step does it has to find out."""

    def act(self, view: View, draw: Draw) -> Action:
        """Return the whole chain of steps, or what there is of it at the limit."""
        told = view.observation.split(". ")
        value = meant = int(told[0].split()[-1])
        left = [line.rstrip(".").split() for line in told[1:]]
        work: list[str] = []
        last = "begin"
        for _ in range(MOST_STEPS):
            asked = left[0][0] if left else "nothing"
            seen = (f"asked {asked}", f"asked {asked} after {last}")
            last = STEPS[draw(seen, STEPS)]
            if last == "answer":
                return answered(" ".join([*work, f"#### {value}"]))
            if last == "wait":
                value = meant
                work.append(f"Wait, that is {value}.")
                continue
            word = left.pop(0)[-1] if left else "0"
            number = int(word) if word.isdigit() else 0
            meant = {"plus": value + number, "minus": value - number, "double": 2 * value}[last]
            value = meant + (1 if draw.rng.random() < SLIPS[last] else 0)
            work.append(f"{last} {number} is {value}.")
        cut = answered(" ".join(work))
        return replace(cut, refusal="The answer was cut off at the limit.")


LENGTH = {"kind": "deviation", "meter": "meter/tokens_out", "alpha": 0.6}
BEST_GROUPS = {"best": {"mode": "group", "share": 0.2, "closes": ["length"]}}


def plain(weight: float) -> RewardSpec:
    """Return success less a price for every word."""
    cost = {"kind": "plain", "meter": "meter/tokens_out", "weight": weight, "only_if": "always"}
    return _reward(cost={"length": cost})


PENALTIES: Mapping[str, RewardSpec] = {
    "none": _reward(),
    "plain, 0.002 a word": plain(0.002),
    "plain, 0.01 a word": plain(0.01),
    "plain, 0.05 a word": plain(0.05),
    "if right, in all groups": _reward(cost={"length": LENGTH}),
    "GRPO-lambda: if right, in the best 20 % of groups": _reward(
        cost={"length": LENGTH}, gates=BEST_GROUPS
    ),
}


# --- the study ----------------------------------------------------------------------------------


@dataclass(frozen=True)
class Size:
    """How much is trained and looked at."""

    steps: int
    questions: int
    """Held-out questions, each asked twice."""


@dataclass(frozen=True)
class Result:
    """What a policy does with held-out questions."""

    accuracy: float
    micro_usd: float
    """Millionths of a dollar a question."""
    words: float
    """Words an answer."""
    workers: tuple[float, ...] = ()
    """Share of each worker of the pool."""


def look(groups: Sequence[Sequence[Episode]]) -> Result:
    """Return the figures of some episodes."""
    asked = [e.turns[0].generations[0].model for g in groups for e in g]
    return Result(
        accuracy=success_of(groups),
        micro_usd=1e6 * mean_of(groups, lambda episode: spent_on("meter/usd", episode)),
        words=mean_of(groups, lambda episode: spent_on("meter/tokens_out", episode)),
        workers=tuple(asked.count(worker.name) / len(asked) for worker in POOL),
    )


def trained(
    setting: Setting,
    reward: RewardSpec,
    make: Callable[[int, int], list[Task]],
    size: Size,
    seed: int,
) -> Result:
    """Train on questions of a kind and return the figures of others of that kind."""
    policy, _ = train(setting, reward, make(2000, 10_000 * seed), seed)
    groups, _ = play(setting, policy, make(size.questions, HELD_OUT), 2, seed)
    return look(groups)


def setting_for(
    actor: Callable[[Task], Actor], size: Size, advantage: AdvantageSpec = GRPO, rate: float = 1.0
) -> Setting:
    """Return everything but the reward."""
    env = QAEnv()
    return Setting(lambda: env, actor, advantage, max_turns=1, steps=size.steps, rate=rate)


def figure(results: Sequence[Result], of: Callable[[Result], float]) -> str:
    """Return a figure over the seeds."""
    return spread([of(one) for one in results], 1, factor=1.0)


def percent(results: Sequence[Result]) -> str:
    """Return the accuracy over the seeds, in percent."""
    return spread([one.accuracy for one in results], 1)


def mean(results: Sequence[Result], of: Callable[[Result], float]) -> float:
    """Return a figure's mean over the seeds."""
    return statistics.fmean(of(one) for one in results)


def trade_off(alphas: Sequence[float], seeds: Sequence[int], size: Size) -> None:
    """Print the curve over alpha."""
    print("| reward | accuracy, % | micro-dollars a question | small / middle / large, % |")
    print("|---|---|---|---|", flush=True)
    for worker in POOL:
        alone = setting_for(_always(worker), replace(size, steps=0))
        row = [trained(alone, router_reward(0), sums, size, seed) for seed in seeds]
        _curve_row(f"always {worker.name}", row)
    setting = setting_for(lambda task: Router(), size)
    curve = {}
    for alpha in alphas:
        curve[alpha] = [trained(setting, router_reward(alpha), sums, size, s) for s in seeds]
        _curve_row(f"alpha {alpha:g}", curve[alpha])
    _judge_curve(curve)


def _always(worker: Worker) -> Callable[[Task], Actor]:
    return lambda task: Fixed(worker)


def _curve_row(name: str, results: Sequence[Result]) -> None:
    columns = zip(*[one.workers for one in results], strict=True)
    shares = " / ".join(f"{100 * statistics.fmean(column):.0f}" for column in columns)
    dollars = figure(results, lambda one: one.micro_usd)
    print(f"| {name} | {percent(results)} | {dollars} | {shares} |", flush=True)


def _judge_curve(curve: Mapping[float, Sequence[Result]]) -> None:
    base, *others = [
        (alpha, mean(results, lambda one: one.accuracy), mean(results, lambda one: one.micro_usd))
        for alpha, results in curve.items()
    ]
    parts = [
        f"{alpha:g} saves {1 - usd / base[2]:.0%} for {100 * (base[1] - accuracy):.1f} points"
        for alpha, accuracy, usd in others
    ]
    print(f"Verdict, against alpha {base[0]:g}: {'; '.join(parts)}.\n", flush=True)


def penalties(seeds: Sequence[int], size: Size) -> None:
    """Print what length penalties do."""
    for title, (advantage, rate) in ESTIMATORS.items():
        print(f"| length penalty, {title} | accuracy, % | words an answer |")
        print("|---|---|---|", flush=True)
        setting = setting_for(lambda task: Reasoner(), size, advantage, rate)
        table = {}
        for name, reward in PENALTIES.items():
            table[name] = [trained(setting, reward, instructions, size, seed) for seed in seeds]
            words = figure(table[name], lambda one: one.words)
            print(f"| {name} | {percent(table[name])} | {words} |", flush=True)
        _judge_penalties(table)


def _judge_penalties(table: Mapping[str, Sequence[Result]]) -> None:
    free = table["none"]
    base, words = mean(free, lambda one: one.accuracy), mean(free, lambda one: one.words)
    print("Verdict, against none:")
    for name, results in list(table.items())[1:]:
        left = mean(results, lambda one: one.accuracy) / base
        what = "holds" if left > 0.95 else "loses" if left > 0.5 else "collapses"
        shorter = 1 - mean(results, lambda one: one.words) / words
        print(f"- {name}: {what}, {left:.0%} of its accuracy with {shorter:.0%} fewer words")
    print(flush=True)


def main() -> None:
    """Run both studies and print their tables."""
    arguments = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    arguments.add_argument("--seeds", type=int, nargs="+", default=[0, 1, 2])
    arguments.add_argument("--alphas", type=float, nargs="+", default=[0, 0.2, 0.4, 0.6, 0.8, 0.9])
    arguments.add_argument("--quick", action="store_true", help="a few seconds, for a smoke test")
    given = arguments.parse_args()
    size = Size(steps=3, questions=20) if given.quick else Size(steps=150, questions=500)
    seeds = given.seeds[:1] if given.quick else given.seeds
    print(f"{len(seeds)} seeds, mean ± standard deviation; {size.steps} steps of 128 episodes\n")
    trade_off(given.alphas, seeds, size)
    penalties(seeds, size)


if __name__ == "__main__":
    main()
