"""Playing and training choice policies on a table of recorded answers, many episodes at a time.

It is ``agentrl/Choice-v0`` without the environment: the same actions, the same facts of each (a
test compares them row by row), the same network, and REINFORCE with the leave-one-out baseline. As
nothing is asked of anybody, a training takes seconds, and a curve over many prices of money can be
drawn. What comes out is a policy that ``agent.choice.checkpoint`` takes.
"""

from dataclasses import dataclass, replace

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
_NEVER = 1_000


@dataclass(frozen=True, slots=True)
class Settings:
    """How a policy is trained."""

    steps: int = 250
    tasks: int = 48
    """Items of a step; each is played ``group`` times."""
    group: int = 8
    hidden: int = 32
    lr: float = 5e-3
    entropy: float = 0.1
    """Weight of the entropy at first; it falls to a twentieth."""
    decay: float = 1e-3
    """Weight decay."""
    members: int = 1
    """Networks trained apart whose mean score is the policy: one network as wide as all."""
    asks: int = 5


class Game:
    """The decisions of a table: whom to ask next, and whose answer to hand in.

    Actions are numbered: ask model 0, 1, ...; hand in the vote; hand in the answer of model 0, 1,
    and so on.
    """

    def __init__(self, table: Table, skills: Numbers, asks: int = 5) -> None:
        """
        Args:
            table: the recorded answers.
            skills: how well each model does, as a share, known from other items.
            asks: how many may be asked.
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
        usd = (given[:, None] * prices[:, 0] + ANSWER_TOKENS * prices[:, 1]) / 1e6
        self._length = np.log(chars + 1) - 6.5
        self._price = np.log10(1000 * usd + 1e-3)
        self._room = np.minimum(np.log10(1_000_000 / (given + ANSWER_TOKENS)), 1.0)

    def facts(self, items: Whole, order: Whole, spent: Numbers) -> tuple[Rows, Flags, Whole]:
        """Return the facts of every action.

        Args:
            items: the rows of the table that are played, ``[episodes]``.
            order: when each model was asked, ``[episodes, models]``; ``_NEVER`` where it was not.
            spent: USD so far, for a thousand such episodes.

        Returns:
            ``[episodes, actions, facts]``; which actions are legal, ``[episodes, actions]``; and
            whose answer a vote hands in.
        """
        models, asks = self.models, self.asks
        asked = order < _NEVER
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
        when = np.where((count == largest[:, None]) & asked & (party > 0), order, 2 * _NEVER)
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

    def play(
        self, policy: ChoicePolicy, items: Whole, chance: np.random.Generator | None = None
    ) -> "Played":
        """Play an episode of each of some items, greedily or by chance."""
        order = np.full((len(items), self.models), _NEVER)
        spent, right = np.zeros(len(items)), np.zeros(len(items))
        live = np.arange(len(items))
        decisions = []
        for turn in range(self.asks + 1):
            rows, legal, voted = self.facts(items[live], order[live], spent[live])
            scores = policy.scores(rows.reshape(-1, rows.shape[-1])).reshape(legal.shape)
            scores = np.where(legal, scores, -np.inf)
            if chance is None:
                taken = scores.argmax(1)
            else:
                likely = np.exp(scores - scores.max(1, keepdims=True))
                points = chance.random(len(live)) * likely.sum(1)
                taken = np.minimum((likely.cumsum(1) <= points[:, None]).sum(1), self.actions - 1)
                decisions.append(Decided(live, rows, legal, taken))
            asks = taken < self.models
            one, model = live[asks], taken[asks]
            order[one, model] = turn
            spent[one] += self.table.usd[items[one], model]
            done, how = live[~asks], taken[~asks]
            backed = np.where(how == self.models, voted[~asks], how - self.models - 1)
            right[done] = self.table.correct[items[done], backed]
            live = one
            if not len(live):
                break
        return Played(right, spent, tuple(decisions))


@dataclass(frozen=True, slots=True)
class Decided:
    """The decisions of one turn."""

    episodes: Whole
    rows: Rows
    legal: Flags
    taken: Whole


@dataclass(frozen=True, slots=True)
class Played:
    """What became of episodes."""

    right: Numbers
    usd: Numbers
    """For a thousand such episodes."""
    decisions: tuple[Decided, ...]

    def value(self, alpha: float) -> float:
        """Return the mean reward: a right answer less what it cost."""
        return float((self.right - alpha * self.usd).mean())


def train(game: Game, alpha: float, seed: int, settings: Settings) -> ChoicePolicy:
    """Return a policy that was trained on a table.

    Args:
        game: the items to learn from.
        alpha: what one USD for a thousand items costs of a right answer.
        seed: decides weights and draws.
        settings: how.
    """
    members = [_member(game, alpha, 100 * seed + n, settings) for n in range(settings.members)]
    return together(members)


def together(members: list[ChoicePolicy]) -> ChoicePolicy:
    """Return the policy whose scores are the mean of some others'."""
    if len(members) == 1:
        return members[0]
    share = np.float32(1 / len(members))
    return replace(
        members[0],
        hidden=np.concatenate([member.hidden for member in members], 1),
        bias=np.concatenate([member.bias for member in members]),
        score=np.concatenate([member.score for member in members]) * share,
    )


def _member(game: Game, alpha: float, seed: int, settings: Settings) -> ChoicePolicy:
    torch.set_num_threads(1)
    chance = np.random.default_rng([seed, 3])
    policy = scratch_policy(Layout(CHOICE_FACTS), settings.hidden, seed)
    network = ChoiceNetwork(policy)
    optimiser = torch.optim.AdamW(
        network.parameters(), lr=settings.lr, betas=(0.9, 0.99), weight_decay=settings.decay
    )
    for step in range(settings.steps):
        left = 1 - step / settings.steps
        for group in optimiser.param_groups:
            group["lr"] = settings.lr * (0.1 + 0.9 * left)
        drawn = chance.choice(len(game.table), min(settings.tasks, len(game.table)), replace=False)
        played = game.play(policy, np.repeat(drawn, settings.group), chance)
        advantage = _leave_one_out(played.right - alpha * played.usd, settings.group)
        optimiser.zero_grad()
        _loss(network, played, advantage, settings.entropy * (0.05 + 0.95 * left)).backward()  # type: ignore[no-untyped-call]
        torch.nn.utils.clip_grad_norm_(network.parameters(), 1.0)
        optimiser.step()
        policy = _as_policy(policy, network)
    return policy


def _leave_one_out(rewards: Numbers, group: int) -> Numbers:
    by_item = rewards.reshape(-1, group)
    advantage = (by_item - by_item.mean(1, keepdims=True)) * group / (group - 1)
    scaled: Numbers = (advantage / (advantage.std() + 1e-6)).ravel()
    return scaled


def _loss(
    network: ChoiceNetwork, played: Played, advantage: Numbers, entropy: float
) -> torch.Tensor:
    loss = torch.zeros(())
    for decided in played.decisions:
        legal = torch.from_numpy(decided.legal)
        scores = network(torch.from_numpy(decided.rows[decided.legal]))
        blank = torch.full(legal.shape, -1e9)
        likely = blank.masked_scatter(legal, scores).log_softmax(1)
        taken = likely.gather(1, torch.from_numpy(decided.taken)[:, None])[:, 0]
        weight = torch.from_numpy(advantage[decided.episodes]).float()
        spread = -(likely.exp() * likely).masked_fill(~legal, 0.0).sum(1)
        loss = loss - (weight * taken + entropy * spread).sum()
    return loss / len(advantage)


def _as_policy(policy: ChoicePolicy, network: ChoiceNetwork) -> ChoicePolicy:
    parts = (network.hidden, network.bias, network.score)
    hidden, bias, score = (part.detach().numpy().copy() for part in parts)
    return ChoicePolicy(policy.layout, hidden, bias, score, policy.version + 1)


def question_of(text: str) -> str:
    """Return what an environment of recorded questions asks: no rules, then the question."""
    return f"\n\n{text.strip()}"


def _logit(share: Numbers) -> Numbers:
    kept = np.clip(share, 0.005, 0.995)
    third: Numbers = np.log(kept / (1 - kept)) / 3
    return third
