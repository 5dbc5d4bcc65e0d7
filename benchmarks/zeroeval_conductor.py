"""A policy that learned whom to ask, when to stop and whom to believe, against every fixed one.

    python benchmarks/zeroeval_conductor.py [--recording FOLDER] [--seeds 0 1 2] [--plot FILE.svg]

It takes recorded answers of real models with their prices (ZeroEval's by default; see
docs/orchestrator/replay.md), deals the items of a task out to two halves by seed, trains a choice
policy on one half for each of several prices of money (reward: a right answer less alpha times its
cost), and measures on the other half: the curve over alpha, every fixed policy, and the oracle.

Claims, for each task and seed:

1. For every fixed policy the curve has a point with no less accuracy (0.3 points of sampling noise
   allowed) at no more cost.
2. It is better than the best fixed policy by 1 point at no more cost, or 25% cheaper at no less
   accuracy.

Each is looked at twice: for the points alone, and with what lies between two neighbors, where a
coin decides question by question which of two policies is followed.

Fixed policies are chosen in hindsight, on the held-out half: which models are cheap, which is best,
and which pair makes the best cascade. Of the learned policy nothing is: it knows of the models
their prices and how often each was right on the training half.

Steps, size and learning rate of the network were chosen on parts of training halves.
"""

import argparse
import json
import statistics
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass, replace
from itertools import pairwise
from pathlib import Path

import numpy as np

from agentrl.agents.choice.layout import Layout
from agentrl.agents.choice.policy import ChoicePolicy, scratch_policy
from agentrl.envs.build import build_env
from agentrl.orchestrator.replay.baselines import (
    Result,
    best_model,
    fixed_policies,
    oracle,
    undominated,
)
from agentrl.orchestrator.replay.read import read_recording
from agentrl.orchestrator.replay.recording import Recording
from agentrl.orchestrator.replay.table import Numbers, Table, read_table
from agentrl.orchestrator.standing import CHOICE_FACTS
from agentrl.orchestrator.vote import KINDS
from agentrl.suite.agent import EnvSpec
from agentrl.suite.orchestrator import OrchestratorSpec
from agentrl.suite.sandbox import SandboxSpec
from agentrl.task import Task
from benchmarks.zeroeval_plot import Panel, draw
from benchmarks.zeroeval_policy import Game, Lattice, Played, Settings, train, trained
from benchmarks.zeroeval_rules import Rule, best_rule, imitated

DATA = Path(__file__).parents[2] / "shared/data/zeroeval"
MODELS = (
    "claude-3-5-sonnet-20241022",
    "gpt-4o-2024-08-06",
    "gpt-4o-mini-2024-07-18",
    "gemini-1.5-flash",
    "deepseek-v2.5-0908",
    "Meta-Llama-3.1-8B-Instruct",
    "Qwen2-72B-Instruct",
    "claude-3-haiku-20240307",
)
SHARES = (*(float(share) for share in np.geomspace(0.006, 0.3, 12)), 1.0, 3.0, 10.0, 30.0)
"""Prices of money: what the best single model's cost counts, as a share of a right answer."""
NOISE = 0.3
GAIN, CHEAPER = 1.0, 0.75
MIXES = 20


@dataclass(frozen=True, slots=True)
class Half:
    """A task's items, dealt out to two halves."""

    training: Table
    held_out: Table

    @property
    def skills(self) -> Numbers:
        """How often each model is right on the training half, counted as if it had also been
        right once and wrong once."""
        right = self.training.correct.sum(0)
        skills: Numbers = (right + 1) / (len(self.training) + 2)
        return skills

    @property
    def lengths(self) -> Numbers:
        """Tokens that each model's answers have on average on the training half."""
        lengths: Numbers = self.training.tokens_out.mean(0)
        return lengths


@dataclass(frozen=True, slots=True)
class Outcome:
    """What one task and seed come to on the held-out half."""

    curve: tuple[Result, ...]
    fixed: tuple[Result, ...]
    oracle: Result

    @property
    def best(self) -> Result:
        """The fixed policy that is right most often; of several the cheapest."""
        return min(self.fixed, key=lambda one: (-round(one.accuracy, 6), one.usd))

    @property
    def line(self) -> tuple[Result, ...]:
        """The curve with what lies between neighbors: a coin decides, question by question, which
        of two policies is followed."""
        found = list(self.curve[:1])
        for one, other in pairwise(self.curve):
            for part in np.linspace(0, 1, MIXES + 1)[1:]:
                accuracy = (1 - part) * one.accuracy + part * other.accuracy
                usd = (1 - part) * one.usd + part * other.usd
                found.append(Result(other.name, float(accuracy), float(usd)))
        return tuple(found)

    def unmatched(self, curve: Sequence[Result]) -> list[Result]:
        """Fixed policies for which a curve has no point as good at no more cost."""
        return [one for one in self.fixed if not matched(one, curve)]

    def gain(self, curve: Sequence[Result]) -> float:
        """Points above the best fixed policy at no more cost; -inf where nothing is as cheap."""
        points = (one.accuracy for one in curve if one.usd <= self.best.usd + 1e-9)
        return max(points, default=-np.inf) - self.best.accuracy

    def share(self, curve: Sequence[Result]) -> float:
        """Least cost at no less accuracy than the best fixed policy, as a share of its cost."""
        costs = (one.usd for one in curve if one.accuracy >= self.best.accuracy - 1e-9)
        return min(costs, default=np.inf) / self.best.usd

    def wins(self, curve: Sequence[Result]) -> bool:
        """Whether the second claim holds."""
        return self.gain(curve) >= GAIN - 1e-9 or self.share(curve) <= CHEAPER


def matched(one: Result, curve: Sequence[Result]) -> bool:
    """Return whether a curve has a point that is as good at no more cost."""
    return any(p.accuracy >= one.accuracy - NOISE and p.usd <= one.usd + 1e-9 for p in curve)


def tables(
    recording: Recording, names: Sequence[str], table: Table, together: bool
) -> Iterator[tuple[str, Table]]:
    """Yield the items of each task: those of a group, or all of them at once."""
    groups = [item.group for item in table.items]
    if together:
        yield Path(recording.source).stem, table
        return
    for name in names or dict.fromkeys(groups):
        yield name, table.of([row for row, group in enumerate(groups) if group == name])


def halves(table: Table, seed: int) -> Half:
    """Deal the items out to two halves."""
    order = np.random.default_rng([seed, 7]).permutation(len(table))
    middle = (len(table) + 1) // 2
    return Half(table.of(np.sort(order[:middle])), table.of(np.sort(order[middle:])))


def measured(
    half: Half, seed: int, shares: Sequence[float], settings: Settings
) -> tuple[Outcome, list[ChoicePolicy]]:
    """Train for every price of money and measure on the held-out half.

    A training can end in a bad place, so there are several: one that goes from a price to the
    next, and for each price one that begins by imitating the rule that earns most at it on the
    training half. Of all policies the one counts for a price that earns most at it on that half.
    """
    learning = Game(half.training, half.skills, settings.asks, half.lengths)
    testing = Game(half.held_out, half.skills, settings.asks, half.lengths)
    usd = float(half.training.usd[:, best_model(half.training)].mean())
    alphas = [share / usd for share in sorted(shares)]
    lattice = Lattice(learning)
    made = train(lattice, alphas, seed, settings)
    made += [*_from_rules(lattice, half.training, alphas, seed, settings)]
    known = [(policy, learning.play(policy)) for policy in made]
    policies = [max(known, key=lambda one: one[1].value(alpha))[0] for alpha in alphas]
    curve = [
        _played(f"alpha {alpha:.4g}", testing.play(policy))
        for alpha, policy in zip(alphas, policies, strict=True)
    ]
    fixed = tuple(fixed_policies(half.held_out, half.held_out))
    return Outcome(tuple(curve), fixed, oracle(half.held_out)), policies


def _from_rules(
    lattice: Lattice, table: Table, alphas: Sequence[float], seed: int, settings: Settings
) -> Iterator[ChoicePolicy]:
    """Yield policies that imitate the best rules, and what the gradient makes of each."""
    chance = np.random.default_rng([seed, 6])
    begun: dict[Rule, ChoicePolicy] = {}
    for alpha in alphas:
        rule = best_rule(table, alpha)
        if rule not in begun:
            policy = scratch_policy(Layout(CHOICE_FACTS), settings.hidden, seed)
            begun[rule] = imitated(lattice, table, rule, policy, settings, seed)
            yield begun[rule]
        slow = replace(settings, lr=settings.lr / 5, entropy=settings.entropy / 5)
        yield trained(lattice, begun[rule], alpha, settings.steps, chance, slow)


def _played(name: str, played: Played) -> Result:
    return Result(name, 100 * float(played.right.mean()), float(played.usd.mean()))


def played_by_env(
    file: str, form: str, half: Half, table: Table, policy: ChoicePolicy, asks: int
) -> tuple[float, float]:
    """Play a policy greedily in ``agentrl/Choice-v0`` with replay workers; see ``Game.play``.

    Returns:
        Accuracy in per cent, and USD for a thousand items.
    """
    groups = {item.group for item in table.items}
    workers = {
        model: {
            "kind": "replay",
            "file": file,
            "format": form,
            "tasks": sorted(groups) if form == "zeroeval" else [],
            "says": "graded",
            "performance": {group: float(skill) for group in groups},
            "answer_tokens": float(length),
            "price_in": table.prices[model][0],
            "price_out": table.prices[model][1],
        }
        for model, skill, length in zip(table.models, half.skills, half.lengths, strict=True)
    }
    inner = {"id": "agentrl.orchestrator.replay.env:Recorded-v0"}
    env = build_env(
        EnvSpec(id="agentrl/Choice-v0", options={"env": inner, "asks": asks, "compare": "exact"}),
        SandboxSpec(),
        OrchestratorSpec.model_validate({"pool": {"workers": workers}, "cache": False}),
    )
    right = usd = 0.0
    for item in table.items:
        data = {"question": item.question, "answer": item.answer or "right", "item": item.id}
        env.reset(seed=0, options={"task": Task(item.id, group=item.group, data=data)})
        done = False
        while not done:
            choices = env.choices()
            assert choices is not None
            scores = policy.scores(policy.layout.rows(choices))
            *_, done, _, _ = env.step(choices.actions[int(scores.argmax())])
        right, usd = right + env.outcome()["success"], usd + env.outcome()["usd"]
    env.close()
    return 100 * right / len(table), 1000 * usd / len(table)


def show(name: str, seed: int, outcome: Outcome) -> None:
    """Print one task and seed."""
    best = outcome.best
    print(f"\n{name}, seed {seed}: accuracy / USD per 1000")
    for one in undominated(outcome.fixed):
        mark = "" if matched(one, outcome.curve) else "   no point of the curve is as good"
        print(f"  fixed    {one.accuracy:6.2f} / {one.usd:6.3f}  {one.name}{mark}")
    for one in undominated(outcome.curve):
        print(f"  learned  {one.accuracy:6.2f} / {one.usd:6.3f}  {one.name}")
    print(f"  oracle   {outcome.oracle.accuracy:6.2f} / {outcome.oracle.usd:6.3f}")
    print(f"  best fixed: {best.accuracy:.2f} / {best.usd:.3f}  {best.name}")
    for kind, curve in (("points", outcome.curve), ("with a coin", outcome.line)):
        missing = outcome.unmatched(curve)
        print(
            f"  {kind}: claim 1 {_holds(not missing)} ({_count(outcome, curve)}), "
            f"claim 2 {_holds(outcome.wins(curve))} ({_told(outcome, curve)})"
        )
        for one in missing:
            print(f"    not matched: {one.accuracy:.2f} / {one.usd:.3f}  {one.name}")


def summary(found: Mapping[str, Sequence[Outcome]]) -> None:
    """Print which claims hold, seed by seed and on the mean over seeds."""
    print("\nclaims that hold, and the mean over seeds")
    for name, outcomes in found.items():
        whole = mean(outcomes)
        print(
            f"  {name}: best fixed {whole.best.accuracy:.2f} / {whole.best.usd:.3f} "
            f"({whole.best.name})"
        )
        for kind in ("points", "with a coin"):
            curves = [o.curve if kind == "points" else o.line for o in outcomes]
            pairs = list(zip(outcomes, curves, strict=True))
            first = sum(not one.unmatched(curve) for one, curve in pairs)
            second = sum(one.wins(curve) for one, curve in pairs)
            curve = whole.curve if kind == "points" else whole.line
            print(
                f"    {kind:11} claim 1 in {first} of {len(pairs)} seeds, on the mean "
                f"{_holds(not whole.unmatched(curve))} ({_count(whole, curve)}); claim 2 in "
                f"{second} of {len(pairs)} seeds, on the mean {_holds(whole.wins(curve))} "
                f"({_told(whole, curve)})"
            )


def _count(outcome: Outcome, curve: Sequence[Result]) -> str:
    total = len(outcome.fixed)
    return f"{total - len(outcome.unmatched(curve))} of {total} fixed policies are matched"


def _told(outcome: Outcome, curve: Sequence[Result]) -> str:
    return (
        f"{outcome.gain(curve):+.2f} points at no more cost, "
        f"{outcome.share(curve):.2f} of the cost at no less accuracy"
    )


def mean(outcomes: Sequence[Outcome]) -> Outcome:
    """Return the mean over seeds of every point of the curve, and of every fixed policy that was
    chosen for all of them."""
    curves = zip(*(outcome.curve for outcome in outcomes), strict=True)
    names = [one.name for one in outcomes[0].fixed]
    by_name = [{one.name: one for one in outcome.fixed} for outcome in outcomes]
    shared = [name for name in names if all(name in known for known in by_name)]
    return Outcome(
        tuple(_mean(points) for points in curves),
        tuple(_mean([known[name] for known in by_name]) for name in shared),
        _mean([outcome.oracle for outcome in outcomes]),
    )


def _mean(results: Sequence[Result]) -> Result:
    return Result(
        results[0].name,
        statistics.mean(one.accuracy for one in results),
        statistics.mean(one.usd for one in results),
    )


def _holds(claim: bool) -> str:
    return "holds" if claim else "fails"


def _chosen_models(
    recording: Recording, asked: Sequence[str], prices: Mapping[str, object]
) -> list[str]:
    """Return the models that are asked for: by default the eight, else all that have a price."""
    if asked:
        return list(asked)
    if set(MODELS) <= set(recording.models):
        return list(MODELS)
    return [name for name in recording.models if name in recording.prices or name in prices]


def _arguments() -> argparse.Namespace:
    parser = argparse.ArgumentParser(description=__doc__.partition("\n")[0])
    parser.add_argument("--recording", type=Path, default=DATA, help="file or folder")
    parser.add_argument("--format", choices=("zeroeval", "jsonl", "routellm"), default="zeroeval")
    parser.add_argument("--tasks", nargs="*", default=[], help="default: all of the recording")
    parser.add_argument("--together", action="store_true", help="all groups are one task")
    parser.add_argument("--models", nargs="*", default=[])
    parser.add_argument("--prices", type=Path, help='JSON: {"model": [USD per 1M in, out]}')
    parser.add_argument("--compare", choices=KINDS, default="exact", help="how answers agree")
    parser.add_argument("--seeds", type=int, nargs="*", default=[0, 1, 2])
    parser.add_argument("--shares", type=float, nargs="*", default=list(SHARES))
    parser.add_argument("--steps", type=int, default=Settings().steps, help="for each price")
    parser.add_argument("--plot", type=Path, help="where to draw curve, fixed policies and oracle")
    parser.add_argument("--keep", type=Path, help="folder to keep the policies in")
    parser.add_argument("--checked", type=int, default=40, help="items to play in the environment")
    return parser.parse_args()


def main() -> None:
    """Measure and print."""
    asked = _arguments()
    if not asked.recording.exists() and asked.recording == DATA:
        print(f"no recording at {DATA}: give yours with --recording")
        return
    prices = _prices(asked.prices)
    source = str(asked.recording)
    scout = read_recording(asked.format, source, tuple(asked.tasks), frozenset(), texts=False)
    models = _chosen_models(scout, asked.models, prices)
    recording = read_recording(
        asked.format, source, tuple(asked.tasks), frozenset(models), texts=False
    )
    whole = read_table(recording, models, asked.compare, prices)
    settings = Settings(steps=asked.steps)
    found: dict[str, list[Outcome]] = {}
    for name, table in tables(recording, asked.tasks, whole, asked.together):
        print(f"\n{name}: {len(table)} items, {len(models)} models")
        for number, seed in enumerate(asked.seeds):
            half = halves(table, seed)
            outcome, policies = measured(half, seed, asked.shares, settings)
            found.setdefault(name, []).append(outcome)
            show(name, seed, outcome)
            _keep(asked.keep, f"{name}-{seed}", policies)
            if not number and asked.checked and asked.compare == "exact":
                _check(source, asked.format, half, policies, settings, asked.checked)
    summary(found)
    if asked.plot:
        panels = [Panel(name, o.curve, o.fixed, o.oracle) for name, o in _means(found)]
        asked.plot.write_text(draw(panels), encoding="utf-8")


def _means(found: Mapping[str, Sequence[Outcome]]) -> Iterator[tuple[str, Outcome]]:
    return ((name, mean(outcomes)) for name, outcomes in found.items())


def _prices(file: Path | None) -> dict[str, tuple[float, float]]:
    if file is None:
        return {}
    read = json.loads(file.read_text(encoding="utf-8"))
    return {model: (float(given), float(answered)) for model, (given, answered) in read.items()}


def _keep(folder: Path | None, name: str, policies: Sequence[ChoicePolicy]) -> None:
    for number, policy in enumerate(policies if folder else ()):
        assert folder is not None
        place = folder / f"{name}-{number}"
        place.mkdir(parents=True, exist_ok=True)
        policy.save(place)


def _check(
    file: str,
    form: str,
    half: Half,
    policies: Sequence[ChoicePolicy],
    settings: Settings,
    items: int,
) -> None:
    """Compare the table's figures with those of the environment, for the middle of the curve."""
    some, policy = (
        half.held_out.of(range(min(items, len(half.held_out)))),
        policies[len(policies) // 2],
    )
    played = Game(some, half.skills, settings.asks, half.lengths).play(policy)
    right, usd = played_by_env(file, form, half, some, policy, settings.asks)
    same = np.isclose(right, 100 * played.right.mean()) and np.isclose(usd, played.usd.mean())
    print(
        f"  played in agentrl/Choice-v0, {len(some)} items: {right:.2f} / {usd:.4f}, "
        f"{'the same' if same else 'NOT the same'} as looked up"
    )


if __name__ == "__main__":
    main()
