"""Playing and training choice policies on a table of recorded answers, many episodes at a time.

It is ``agentrl/Choice-v0`` without the environment: the same actions, the same facts of each (a
test compares them row by row), the same network. As nothing is asked of anybody, the policy's
gradient is computed over every way in which an episode can go instead of being estimated from a
few, a training takes seconds, and a curve over many prices of money can be drawn. What comes out is
a policy that ``agent.choice.checkpoint`` takes.
"""

from collections.abc import Sequence
from dataclasses import dataclass
from itertools import combinations

import numpy as np
import torch
from numpy.typing import NDArray

from agentrl.agents.choice.layout import Layout
from agentrl.agents.choice.policy import ChoicePolicy, scratch_policy
from agentrl.orchestrator.accounting import estimated_tokens
from agentrl.orchestrator.replay.table import Flags, Numbers, Table, Whole
from agentrl.orchestrator.standing import ANSWER_TOKENS, CHOICE_FACTS, WRONG_ANSWERS
from agentrl.training.choice.learning import ChoiceNetwork

Rows = NDArray[np.float32]
NEVER = 1_000
"""When a model is asked that is not."""


@dataclass(frozen=True, slots=True)
class Settings:
    """How a policy is trained."""

    first: int = 200
    """Steps for the first price of money."""
    steps: int = 60
    """Steps for each of the others."""
    tasks: int = 48
    """Items of a step."""
    hidden: int = 16
    lr: float = 0.05
    entropy: float = 0.05
    """Bonus for being undecided, in rewards; it falls to a hundredth."""
    decay: float = 1e-3
    """Weight decay."""
    asks: int = 5


class Game:
    """The decisions of a table: whom to ask next, and whose answer to hand in.

    Actions are numbered: ask model 0, 1, ...; hand in the vote; hand in the answer of model 0, 1,
    and so on.
    """

    def __init__(
        self, table: Table, skills: Numbers, asks: int = 5, lengths: Numbers | None = None
    ) -> None:
        """
        Args:
            table: the recorded answers.
            skills: how well each model does, as a share, known from other items.
            asks: how many may be asked.
            lengths: tokens that each model's answers have on average, known from other items;
                None: not known.
        """
        self.table, self.asks = table, asks
        self.models = len(table.models)
        self.actions = 2 * self.models + 1
        sure = np.clip(skills, 0.02, 0.98)
        self._weight = np.log(WRONG_ANSWERS * sure / (1 - sure))
        self._skill = skills
        chars = np.array([len(question_of(item.question)) for item in table.items])
        given = np.array([estimated_tokens(int(count)) for count in chars])
        prices = np.array([table.prices[model] for model in table.models])
        answered = np.full(self.models, ANSWER_TOKENS) if lengths is None else lengths
        usd = (given[:, None] * prices[:, 0] + answered * prices[:, 1]) / 1e6
        self._length = np.log(chars + 1) - 6.5
        self._price = np.log10(1000 * usd + 1e-3)
        self._room = np.minimum(np.log10(1_000_000 / (given + ANSWER_TOKENS)), 1.0)

    def facts(self, items: Whole, order: Whole, spent: Numbers) -> tuple[Rows, Flags, Whole]:
        """Return the facts of every action.

        Args:
            items: the rows of the table that are played, ``[episodes]``.
            order: when each model was asked, ``[episodes, models]``; ``NEVER`` where it was not.
            spent: USD so far, for a thousand such episodes.

        Returns:
            ``[episodes, actions, facts]``; which actions are legal, ``[episodes, actions]``; and
            whose answer a vote hands in.
        """
        models, asks = self.models, self.asks
        asked = order < NEVER
        party = np.where(asked, self.table.party[items], 0)
        same = (party[:, :, None] == party[:, None, :]) & (party > 0)[:, :, None]
        count = same.sum(2)
        first = (same.argmax(2) == np.arange(models)) & (party > 0)
        odds = np.exp(np.clip((same * self._weight).sum(2), -20.0, 20.0))
        belief = np.where(party > 0, odds, 0.0) / (1 + np.where(first, odds, 0.0).sum(1))[:, None]
        ranked = np.sort(np.where(first, belief, 0.0), 1)
        leader, second = ranked[:, -1], ranked[:, -2] if models > 1 else 0 * ranked[:, -1]
        tried, cast = asked.sum(1), (party > 0).sum(1)
        largest = count.max(1)
        when = np.where((count == largest[:, None]) & asked & (party > 0), order, 2 * NEVER)
        voted = np.where(cast > 0, when.argmin(1), order.argmin(1))
        rows = np.zeros((len(items), self.actions, len(CHOICE_FACTS)), np.float32)
        shared = (
            self._length[items],
            tried / asks,
            tried == 0,
            first.sum(1) / asks,
            largest / np.maximum(cast, 1),
            _logit(leader),
            _logit(second),
            np.log10(spent + 0.02),
        )
        rows[:, :, :8] = np.stack(shared, 1)[:, None]
        ask = rows[:, :models]
        ask[:, :, 8] = 1
        ask[:, :, 9] = _logit(self._skill)
        ask[:, :, 10] = self._price[items]
        ask[:, :, 11] = self._skill * (1 - np.maximum(leader, 0.005))[:, None]
        ask[:, :, 12] = _logit(self._skill) - _logit(leader)[:, None]
        ask[:, :, 14] = self._room[items][:, None]
        ask[:, :, 16] = asked
        each = np.arange(len(items))
        for place, backed in (
            (slice(models, models + 1), voted[:, None]),
            (slice(models + 1, None), np.tile(np.arange(models), (len(items), 1))),
        ):
            hand_in = rows[:, place]
            trust = belief[each[:, None], backed]
            hand_in[:, :, 17 if place.stop == models + 1 else 18] = 1
            hand_in[:, :, 19] = _logit(trust)
            hand_in[:, :, 20] = (trust > 0) & (trust >= leader[:, None] - 1e-9)
            hand_in[:, :, 21] = count[each[:, None], backed] / asks
        may_ask = ~asked & (tried < asks)[:, None]
        legal = np.concatenate([may_ask, (tried > 0)[:, None], asked], 1)
        return rows, legal, voted

    def play(self, policy: ChoicePolicy) -> "Played":
        """Play an episode of every item, always with the action of the highest score."""
        items = np.arange(len(self.table))
        order = np.full((len(items), self.models), NEVER)
        spent, right = np.zeros(len(items)), np.zeros(len(items))
        live = items
        for turn in range(self.asks + 1):
            rows, legal, voted = self.facts(live, order[live], spent[live])
            scores = policy.scores(rows.reshape(-1, rows.shape[-1])).reshape(legal.shape)
            taken = np.where(legal, scores, -np.inf).argmax(1)
            asks = taken < self.models
            one, model = live[asks], taken[asks]
            order[one, model] = turn
            spent[one] += self.table.usd[one, model]
            done, how = live[~asks], taken[~asks]
            backed = np.where(how == self.models, voted[~asks], how - self.models - 1)
            right[done] = self.table.correct[done, backed]
            live = one
            if not len(live):
                break
        return Played(right, spent)


@dataclass(frozen=True, slots=True)
class Played:
    """What became of the episodes of a table."""

    right: Numbers
    usd: Numbers
    """For a thousand such episodes."""

    def value(self, alpha: float) -> float:
        """Return the mean reward: a right answer less what it cost."""
        return float((self.right - alpha * self.usd).mean())


class Lattice:
    """Every way in which the episodes of a table can go, so that their value is exact.

    What is known depends on who was asked and hardly on the order (which a vote goes by where
    parties are of one size; here it is that of the table's columns). With 8 models, of whom 5 may
    be asked, there are 219 states of an item, each with at most 9 actions.
    """

    def __init__(self, game: Game) -> None:
        """
        Args:
            game: the items to learn from.
        """
        self.items = len(game.table)
        self._usd = torch.from_numpy(1.0 * game.table.usd).float()
        models, most = range(game.models), min(game.asks, game.models)
        self._sets = [list(combinations(models, size)) for size in range(most + 1)]
        self._models = game.models
        self.levels = [_level(game, self._sets, size) for size in range(most + 1)]

    def place(self, asked: Sequence[int]) -> int:
        """Return the number of the state in which these models were asked, in its level."""
        return self._sets[len(asked)].index(tuple(sorted(asked)))

    def action(self, asked: Sequence[int], model: int, *, asks: bool) -> int:
        """Return the number of an action in a state: ask a model, or hand in its answer."""
        state = sorted(asked)
        left = [m for m in range(self._models) if m not in state]
        if asks:
            return left.index(model)
        onward = len(left) if len(state) + 1 < len(self._sets) else 0
        return onward + 1 + state.index(model)

    def value(
        self, network: ChoiceNetwork, items: torch.Tensor, alpha: float, entropy: float
    ) -> torch.Tensor:
        """Return the mean reward of some items' episodes, with a bonus for being undecided.

        It is what REINFORCE estimates from a few episodes, over all of them: the sum over every
        action of its probability times what it leads to.
        """
        value = torch.zeros(())
        for level in reversed(self.levels):
            scores = network(level.rows[items].flatten(0, 2)).view(len(items), *level.models.shape)
            likely = scores.log_softmax(2)
            worth = level.right[items]
            if level.asks:
                asked = self._usd[items][:, level.models[:, : level.asks]]
                onward = value[:, level.next] - alpha * asked
                worth = torch.cat([onward, worth], 2)
            value = (likely.exp() * (worth - entropy * likely)).sum(2)
        return value.mean()


@dataclass(frozen=True, slots=True)
class Level:
    """The states in which equally many models were asked; first the actions that ask."""

    rows: torch.Tensor
    """Facts, ``[items, states, actions, facts]``."""
    models: torch.Tensor
    """Whom an action asks or believes, ``[states, actions]``."""
    asks: int
    """How many of the actions ask."""
    next: torch.Tensor
    """The state of the next level that asking leads to, ``[states, asks]``."""
    right: torch.Tensor
    """Whether what is handed in is right, ``[items, states, actions - asks]``."""


def _level(game: Game, sets: list[list[tuple[int, ...]]], size: int) -> Level:
    models, last = range(game.models), size + 1 == len(sets)
    places = {} if last else {one: number for number, one in enumerate(sets[size + 1])}
    items = np.arange(len(game.table))
    rows, whom, onward, right = [], [], [], []
    for state in sets[size]:
        asks = [] if last else [model for model in models if model not in state]
        order = np.full((len(items), game.models), NEVER)
        order[:, list(state)] = state
        facts, _, voted = game.facts(items, order, game.table.usd[:, list(state)].sum(1))
        votes = [game.models] if state else []
        takes = [game.models + 1 + model for model in state]
        rows.append(facts[:, [*asks, *votes, *takes]])
        whom.append([*asks, *(0 for _ in votes), *state])
        onward.append([places[tuple(sorted((*state, model)))] for model in asks])
        backed = [*(voted for _ in votes), *(np.full(len(items), model) for model in state)]
        right.append([game.table.correct[items, model] for model in backed])
    known = np.asarray(right, np.float32).reshape(len(sets[size]), -1, len(items))
    return Level(
        torch.from_numpy(np.stack(rows, 1)),
        torch.tensor(whom),
        len(onward[0]),
        torch.tensor(onward),
        torch.from_numpy(known.transpose(2, 0, 1).copy()),
    )


def train(
    lattice: Lattice, alphas: Sequence[float], seed: int, settings: Settings
) -> list[ChoicePolicy]:
    """Return a policy for each price of money, trained on a table.

    The first begins from nothing, and each of the others from the one before.

    Args:
        lattice: the items to learn from.
        alphas: what one USD for a thousand items costs of a right answer; rising or falling.
        seed: decides weights, and which items a step sees.
        settings: how.
    """
    torch.set_num_threads(1)
    chance = np.random.default_rng([seed, 3])
    policy = scratch_policy(Layout(CHOICE_FACTS), settings.hidden, seed)
    policies = []
    for number, alpha in enumerate(alphas):
        steps = settings.steps if number else settings.first
        policy = trained(lattice, policy, alpha, steps, chance, settings)
        policies.append(policy)
    return policies


def trained(
    lattice: Lattice,
    policy: ChoicePolicy,
    alpha: float,
    steps: int,
    chance: np.random.Generator,
    settings: Settings,
) -> ChoicePolicy:
    """Return what a policy becomes in some steps at one price of money."""
    network = ChoiceNetwork(policy)
    optimiser = torch.optim.AdamW(
        network.parameters(), lr=settings.lr, betas=(0.9, 0.99), weight_decay=settings.decay
    )
    for step in range(steps):
        left = 1 - step / steps
        for group in optimiser.param_groups:
            group["lr"] = settings.lr * (0.1 + 0.9 * left)
        items = chance.choice(lattice.items, min(settings.tasks, lattice.items), replace=False)
        optimiser.zero_grad()
        entropy = settings.entropy * 100 ** (left - 1)
        loss = -lattice.value(network, torch.from_numpy(items), alpha, entropy)
        loss.backward()  # type: ignore[no-untyped-call]
        torch.nn.utils.clip_grad_norm_(network.parameters(), 1.0)
        optimiser.step()
    return taken(network, policy, steps)


def taken(network: ChoiceNetwork, policy: ChoicePolicy, steps: int) -> ChoicePolicy:
    """Return what a network became in some steps from a policy."""
    parts = (network.hidden, network.bias, network.score)
    hidden, bias, score = (part.detach().numpy().copy() for part in parts)
    return ChoicePolicy(policy.layout, hidden, bias, score, policy.version + steps)


def question_of(text: str) -> str:
    """Return what an environment of recorded questions asks: no rules, then the question."""
    return f"\n\n{text.strip()}"


def _logit(share: Numbers) -> Numbers:
    kept = np.clip(share, 0.005, 0.995)
    third: Numbers = np.log(kept / (1 - kept)) / 3
    return third
