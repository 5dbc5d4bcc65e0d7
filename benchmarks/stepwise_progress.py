"""Stepwise progress (SPA, arXiv 2505.20732) against the outcome alone, on two worlds.

A small policy (``small_policy``: a softmax over commands, with a weight for each command in each
observation) plays agentrl/Maze-v0 and agentrl/TextWorld-v0. It may choose among commands of which
many do nothing where it is. Claims: an estimator that was fitted to exploration episodes alone, and
whose contributions sum to the outcome, teaches the policy sooner than the outcome does, and the
grounding term makes it act in the world more often.

Three rewards, everything else the same:

- outcome: success, against the mean of the task's episodes (GRPO's baseline); ``to go`` judges each
  turn by what is earned from it on, against the same turn of the others, as SPA is below;
- leave one out: success, against the mean of the task's other episodes, for every turn, which is
  what SPA's released code computes in the place of its estimate;
- SPA: contribution + beta * grounded by turn, from a text scorer that was fitted to exploration
  episodes and goes on learning. A turn is judged by what is earned from it on, as in the paper's
  PPO. What contributions lack to the outcome is borne by the last turn, or spread over all. The
  paper's beta of 0.5 is many times what a turn of a long episode can contribute, so smaller ones
  are tried too, a gate that lets grounding count in solved episodes only, judging each turn by its
  own reward, and SPA's own estimator, a (tiny) language model that is fitted once.

Run it with ``python benchmarks/stepwise_progress.py``; ``--quick`` takes seconds and shows nothing.
"""

import argparse
import random
from collections.abc import Awaitable, Callable, Sequence
from dataclasses import dataclass, replace
from typing import Any

from agentrl.agents.base import Action, View
from agentrl.envs.base import TextEnv
from agentrl.envs.build import build_env
from agentrl.envs.tasks import world_seed
from agentrl.episode import Episode
from agentrl.models.scorers.base import FitReport, ProgressScorer
from agentrl.rewards.progress.labeler import ProgressLabeler
from agentrl.rewards.progress.source import Scored
from agentrl.rewards.progress.text import TextScorer
from agentrl.suite.algorithm import AdvantageSpec
from agentrl.suite.model import Scratch
from agentrl.suite.reward.progress import ProgressLabelSpec
from agentrl.suite.reward.progress_models import LmScorerSpec
from agentrl.suite.reward.spec import RewardSpec
from agentrl.suite.spec import EnvSpec
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

OUTCOME = RewardSpec.model_validate({"terms": {"success": 1.0}})


GATE = {"solved": {"mode": "on_success", "closes": ["grounded"]}}


def spa(beta: float, **more: Any) -> RewardSpec:
    """Return SPA's reward: contribution plus beta times grounding."""
    terms = {"contribution": 1.0, "grounded": {"weight": beta, "level": 1}}
    return RewardSpec.model_validate({"terms": terms, **more})


TO_GO = AdvantageSpec(baseline="group_mean", credit="turn")
EACH_TURN = AdvantageSpec(
    baseline="group_mean", credit="split", turn_terms=("contribution", "grounded")
)
SPA = {
    "SPA, beta 0.5, spread": spa(0.5),
    "SPA, beta 0.05, spread": spa(0.05),
    "SPA, beta 0.05, spread, gated": spa(0.05, gates=GATE),
    "SPA, beta 0, spread": spa(0.0),
    "SPA, beta 0, spread, turn by turn": spa(0.0),
    "SPA, beta 0.05, spread, turn by turn": spa(0.05),
    "success + SPA, beta 0, spread": RewardSpec.model_validate(
        {"terms": {"success": 1.0, "contribution": 1.0}}
    ),
    "SPA, beta 0": spa(0.0),
    "SPA, beta 0.01": spa(0.01),
    "SPA, beta 0.01, gated": spa(0.01, gates=GATE),
    "SPA, beta 0, language model": spa(0.0),
    "SPA, beta 0.01, language model": spa(0.01),
}
ADVANTAGE = {name: EACH_TURN for name in SPA if name.endswith("turn by turn")}
"""Where a turn is not judged by all that is earned from it on."""
SEEDS = (0, 1, 2)


@dataclass(frozen=True, slots=True)
class World:
    """A world to learn."""

    name: str
    env: EnvSpec
    tasks: int
    turns: int
    steps: int
    commands: int
    """Most commands to choose among."""


WORLDS = (
    World("Maze 5x5", EnvSpec(id="agentrl/Maze-v0", options={"size": 5}), 6, 20, 60, 4),
    World(
        "TextWorld w2-o3-q3",
        EnvSpec(id="agentrl/TextWorld-v0", options={"preset": "w2-o3-q3"}),
        3,
        12,
        60,
        24,
    ),
)


@dataclass(frozen=True, slots=True)
class Walker:
    """Chooses one of the same commands wherever it is."""

    commands: Sequence[str]

    def act(self, view: View, draw: Draw) -> Action:
        """Draw a command by what is seen."""
        return Action(self.commands[draw([view.observation], self.commands)])


@dataclass(frozen=True, slots=True)
class Learnt:
    """What a policy came to."""

    success: float
    grounded: float
    while_learning: float


def main() -> None:
    """Train every reward on every world and print what came of it."""
    parser = argparse.ArgumentParser(
        description=__doc__, formatter_class=argparse.RawTextHelpFormatter
    )
    parser.add_argument("--quick", action="store_true", help="a few steps of one seed")
    parser.add_argument("--world", default="", help="only worlds whose name begins so")
    parser.add_argument("--only", help="only this reward of SPA, such as 'SPA, beta 0.01'")
    given = parser.parse_args()
    quick = given.quick
    for world in (world for world in WORLDS if world.name.startswith(given.world)):
        _report(
            replace(world, steps=3, tasks=2) if quick else world,
            SEEDS[:1] if quick else SEEDS,
            given.only,
        )


def _report(world: World, seeds: Sequence[int], only: str | None) -> None:
    env = build_env(world.env)
    tasks = [Task(f"{world.name}-{n}", seed=100 + n) for n in range(world.tasks)]
    commands = {task.id: commands_of(env, task, world.commands) for task in tasks}
    plain = _setting(world, env, commands, AdvantageSpec(baseline="group_mean"))
    learnt: dict[str, list[Learnt]] = {}
    fits: list[FitReport] = []
    for seed in seeds:
        explored = _explored(plain, tasks, seed)
        scorer = TextScorer()
        fits.append(scorer.fit(explored))
        reader = _reader(explored) if _wants_reader(only) else None
        for name, reward, setting in (
            ("outcome", OUTCOME, plain),
            ("outcome, to go", OUTCOME, replace(plain, advantage=TO_GO)),
            (
                "leave one out",
                OUTCOME,
                replace(plain, advantage=AdvantageSpec(baseline="leave_one_out")),
            ),
            *(
                (
                    name,
                    reward,
                    replace(
                        plain,
                        label=_label(reader if reader and _reads(name) else scorer, name),
                        advantage=ADVANTAGE.get(name, TO_GO),
                    ),
                )
                for name, reward in SPA.items()
                if only in (None, name)
            ),
        ):
            learnt.setdefault(name, []).append(_learn(setting, reward, tasks, seed))
    env.close()
    _print(world, learnt, fits)


def _setting(
    world: World, env: TextEnv, commands: dict[str, list[str]], advantage: AdvantageSpec
) -> Setting:
    return Setting(
        env=lambda: env,
        actor=lambda task: Walker(commands[task.id]),
        advantage=advantage,
        max_turns=world.turns,
        steps=world.steps,
        tasks=world.tasks,
        attempts=8,
        rate=4.0,
    )


def _explored(setting: Setting, tasks: Sequence[Task], seed: int) -> list[Episode]:
    """Return what the untrained policy does; nobody tells an estimator more about the world."""
    groups, _ = play(setting, SmallPolicy(), tasks, 60, seed)
    return [episode for group in groups for episode in group]


def _reads(name: str) -> bool:
    return name.endswith("language model")


def _wants_reader(only: str | None) -> bool:
    return only is None or _reads(only)


def _reader(explored: Sequence[Episode]) -> ProgressScorer:
    """Return SPA's estimator on a language model with random weights."""
    from agentrl.models.scorers.lm import build
    from agentrl.models.scratch import scratch_checkpoint

    texts = {text for e in explored for turn in e.turns for text in (turn.observation, turn.action)}
    small = Scratch(hidden_size=32, layers=2, vocabulary=300, context=8192)
    checkpoint = scratch_checkpoint(sorted(texts), small)
    scorer = build(LmScorerSpec(lr=3e-3, epochs=10, warmup=10, batch=8), checkpoint, "success")
    fit = scorer.fit(explored)
    print(f"language model on held-out exploration: off by {fit.error:.2f}", flush=True)
    return scorer


def _label(
    fitted: ProgressScorer, name: str
) -> Callable[[Sequence[Episode]], Awaitable[list[Episode]]]:
    """Return a labeler that begins with what exploration taught; a text scorer goes on learning."""
    residual = "spread" if "spread" in name else "last"
    label = ProgressLabelSpec(kind="progress", update=True, residual=residual)
    if _reads(name):
        return ProgressLabeler("contribution", label, Scored(fitted, update=False)).label
    scorer = TextScorer()
    scorer.restore(fitted.memory())
    return ProgressLabeler("contribution", label, Scored(scorer, update=True)).label


def _learn(setting: Setting, reward: RewardSpec, tasks: Sequence[Task], seed: int) -> Learnt:
    policy, successes = train(setting, reward, tasks, seed)
    groups, _ = play(setting, policy, tasks, 16, 10_000 + seed)
    return Learnt(success_of(groups), mean_of(groups, _grounded), sum(successes) / len(successes))


def _grounded(episode: Episode) -> float:
    stated = [turn.signals.get("grounded", 0.0) for turn in episode.turns]
    return sum(stated) / len(stated) if stated else 0.0


def commands_of(env: TextEnv, task: Task, most: int) -> list[str]:
    """Return commands that make sense somewhere in a task's world, found by walking at random."""
    drawn = random.Random(task.id)
    found: dict[str, None] = {}
    env.reset(seed=world_seed(0, task), options={"task": task})
    while (action := env.expert_action()) is not None:
        found[action] = None
        if any(env.step(action)[2:4]):
            break
    for _ in range(10):
        env.reset(seed=world_seed(0, task), options={"task": task})
        for _ in range(20):
            legal = env.legal_actions() or ()
            if not legal or len(found) >= most:
                break
            found.update(dict.fromkeys(legal))
            if any(env.step(drawn.choice(legal))[2:4]):
                break
    return sorted(list(found)[:most])


def _print(world: World, learnt: dict[str, list[Learnt]], fits: Sequence[FitReport]) -> None:
    seeds = len(fits)
    print(f"\n{world.name}: {seeds} seeds, mean ± standard deviation; {world.steps} steps of")
    print(f"{8 * world.tasks} episodes of up to {world.turns} turns\n")
    errors = [fit.error for fit in fits if fit.error is not None]
    bases = [fit.base_error for fit in fits if fit.base_error is not None]
    if errors:
        print(
            f"estimator on held-out exploration: off by {spread(errors, 2, 1.0)}, guessing the "
            f"mean {spread(bases, 2, 1.0)}\n"
        )
    print("| reward | success, % | grounded, % | success while learning, % |\n|---|---|---|---|")
    for name, runs in learnt.items():
        cells = [spread([getattr(run, key) for run in runs], 1) for key in Learnt.__slots__]
        print(f"| {name} | {' | '.join(cells)} |")
    mean = {
        name: [sum(getattr(run, key) for run in runs) / len(runs) for key in Learnt.__slots__]
        for name, runs in learnt.items()
    }
    best = [max(mean["outcome"][k], mean["leave one out"][k]) for k in range(3)]
    for name in SPA.keys() & mean.keys():
        gains = [100 * (mean[name][k] - best[k]) for k in range(3)]
        print(
            f"Verdict, {name} against the better of the first two: success {gains[0]:+.1f}, "
            f"grounded {gains[1]:+.1f}, success while learning {gains[2]:+.1f} points."
        )


if __name__ == "__main__":
    main()
