"""Hand-made ways to ask models, as what a choice policy may begin with.

A rule asks one model, or two, and where these disagree a third. Which rule earns most on the
training half depends on the price of money; a policy that imitates it is a better beginning for the
gradient than chance is, because from chance "ask two, compare, ask a third" is far away.
"""

from collections.abc import Iterator
from dataclasses import dataclass
from itertools import permutations

import numpy as np
import torch
from torch.nn.functional import cross_entropy

from agentrl.agents.choice.policy import ChoicePolicy
from agentrl.orchestrator.replay.baselines import agreeing, cascade, single
from agentrl.orchestrator.replay.table import Table
from agentrl.training.choice.learning import ChoiceNetwork
from benchmarks.zeroeval_policy import Lattice, Settings, taken


@dataclass(frozen=True, slots=True)
class Rule:
    """Ask the first; if there is a second, ask it too; if they disagree, ask the third."""

    asked: tuple[int, ...]
    """One model, or three different ones."""

    def value(self, table: Table, alpha: float) -> float:
        """Return the mean reward on a table: a right answer less ``alpha`` times its cost."""
        first, *others = self.asked
        found = single(table, first)
        if others:
            second, expert = others
            found = cascade(table, (first, second), expert)
        return found.accuracy / 100 - alpha * found.usd


def rules(models: int) -> Iterator[Rule]:
    """Yield every rule for so many models."""
    for model in range(models):
        yield Rule((model,))
    for first, second, expert in permutations(range(models), 3):
        yield Rule((first, second, expert))


def best_rule(table: Table, alpha: float) -> Rule:
    """Return the rule that earns most on a table at a price of money."""
    return max(rules(len(table.models)), key=lambda rule: rule.value(table, alpha))


def imitated(
    lattice: Lattice, table: Table, rule: Rule, policy: ChoicePolicy, settings: Settings, seed: int
) -> ChoicePolicy:
    """Return a policy that was trained to do what a rule does, in every state that it comes to.

    Args:
        lattice: the items to learn from.
        table: the same items.
        rule: what to imitate.
        policy: what to begin with.
        settings: of the network and the steps.
        seed: decides which items a step sees.
    """
    torch.set_num_threads(1)
    network = ChoiceNetwork(policy)
    optimiser = torch.optim.AdamW(network.parameters(), lr=settings.lr / 2, betas=(0.9, 0.99))
    states = list(_states(lattice, table, rule))
    chance = np.random.default_rng([seed, 5])
    for step in range(settings.first):
        for group in optimiser.param_groups:
            group["lr"] = settings.lr / 2 * (1 - 0.9 * step / settings.first)
        items = torch.from_numpy(chance.choice(lattice.items, min(settings.tasks, lattice.items)))
        loss = torch.zeros(())
        for size, place, actions in states:
            rows = lattice.levels[size].rows[items][:, place]
            scores = network(rows.flatten(0, 1)).view(len(items), -1)
            loss = loss + cross_entropy(scores, actions[items])
        optimiser.zero_grad()
        loss.backward()  # type: ignore[no-untyped-call]
        optimiser.step()
    return taken(network, policy, settings.first)


def _states(lattice: Lattice, table: Table, rule: Rule) -> Iterator[tuple[int, int, torch.Tensor]]:
    """Yield how many were asked, which state that is, and each item's action there."""
    everywhere = torch.ones(len(table), dtype=torch.long)
    done: tuple[int, ...] = ()
    for model in rule.asked[:2]:
        ask = lattice.action(done, model, asks=True)
        yield len(done), lattice.place(done), everywhere * ask
        done = (*done, model)
    if len(rule.asked) == 1:
        take = lattice.action(done, rule.asked[0], asks=False)
        yield len(done), lattice.place(done), everywhere * take
        return
    first, second, expert = rule.asked
    agree = torch.from_numpy(agreeing(table, first, second))
    take = lattice.action(done, first, asks=False)
    ask = lattice.action(done, expert, asks=True)
    yield 2, lattice.place(done), torch.where(agree, everywhere * take, everywhere * ask)
    done = (*done, expert)
    yield 3, lattice.place(done), everywhere * lattice.action(done, expert, asks=False)
