"""From recorded facts to rewards: one pure function of the spec, the group and the state.

The order is fixed: terms, transforms, gates, costs, combination. Who drew the group, when, and in
which order its episodes stand makes no difference.
"""

import math
from collections.abc import Mapping, Sequence
from dataclasses import replace

from agentrl.episode import Episode, Turn
from agentrl.errors import RewardError
from agentrl.rewards.combine import combined
from agentrl.rewards.cost import charged
from agentrl.rewards.facts import Row, total
from agentrl.rewards.gates import Weighed, gated
from agentrl.rewards.memory import advanced, observed, scored_of
from agentrl.rewards.state import RewardState
from agentrl.rewards.terms import not_finite, term_rows
from agentrl.rewards.transforms import Context, transformed
from agentrl.suite.reward.spec import RewardSpec

FRESH = RewardState()

Composed = tuple[Weighed, list[dict[str, float]]]
"""An episode behind its gates, and by turn what each named part adds to the reward."""


def compose(
    spec: RewardSpec, group: Sequence[Episode], state: RewardState = FRESH
) -> list[tuple[float, ...]]:
    """Return the reward of every turn of every episode of a group.

    An episode that is not scored (``Status.scored``) has no rewards, not zero ones: its tuple is
    empty.

    Args:
        spec: what counts.
        group: episodes of one task, drawn together; at least one.
        state: what is remembered; where it knows nothing yet, the group itself stands in.

    Raises:
        RewardError: the group is empty, holds an episode twice, or a term is not finite.
    """
    rewards = {
        one.episode.id: tuple([sum(terms.values()) for terms in parts])
        for one, parts in _composed(spec, group, state)
    }
    return [rewards.get(episode.id, ()) for episode in group]


def annotate(
    spec: RewardSpec, group: Sequence[Episode], state: RewardState = FRESH
) -> list[Episode]:
    """Return the episodes of a group with every part of their rewards stored on the turns.

    A turn's ``terms`` sum to its reward; ``gates`` say what each gate did, and why. An episode that
    is not scored comes back with neither.

    Args:
        spec: what counts.
        group: episodes of one task, drawn together; at least one.
        state: what is remembered.

    Raises:
        RewardError: the group is empty, holds an episode twice, or a term is not finite.
    """
    return _annotated(group, _composed(spec, group, state))


def _annotated(group: Sequence[Episode], composed: Sequence[Composed]) -> list[Episode]:
    rewarded = {
        one.episode.id: replace(
            one.episode, turns=tuple(map(_with_terms, one.episode.turns, parts)), gates=one.gates
        )
        for one, parts in composed
    }
    return [rewarded.get(episode.id) or _bare(episode) for episode in group]


def _composed(spec: RewardSpec, group: Sequence[Episode], state: RewardState) -> list[Composed]:
    """Return the scored episodes of a group with what each part adds to each turn's reward."""
    _check(group)
    scored = scored_of(group)
    if not scored:
        return []
    weighed = weigh(spec, scored, state)
    charges = charged(spec.cost, weighed, state)
    parts = [
        combined(spec, one, charge, state) for one, charge in zip(weighed, charges, strict=True)
    ]
    for one, turns in zip(weighed, parts, strict=True):
        _check_finite(one.episode, turns)
    return list(zip(weighed, parts, strict=True))


def _check_finite(episode: Episode, parts: Sequence[Mapping[str, float]]) -> None:
    for turn, terms in enumerate(parts):
        if not math.isfinite(sum(terms.values())):
            raise RewardError(
                f"the reward of turn {turn + 1} of episode {episode.id!r} is not finite ({terms}); "
                f"expected numbers: bound the terms, or take smaller weights"
            )


def _with_terms(turn: Turn, terms: Mapping[str, float]) -> Turn:
    """Return a turn with its terms; written out, as ``replace`` takes several times as long."""
    return Turn(
        turn.observation,
        turn.action,
        turn.generations,
        turn.signals,
        turn.env_reward,
        terms,
        turn.duration_s,
        turn.calls,
    )


def annotate_batch(
    spec: RewardSpec, groups: Sequence[Sequence[Episode]], state: RewardState = FRESH
) -> tuple[list[list[Episode]], RewardState]:
    """Return the groups of a batch with their rewards, and the state for the next batch.

    What the batch tells (costs, references, success rates) is noted before its rewards are
    composed; what is learnt from its rewards (multipliers, weights) is for the next one.

    Args:
        spec: what counts.
        groups: of episodes drawn together; a group without episodes is passed over.
        state: what is remembered.

    Raises:
        RewardError: a group holds an episode twice, or a term is not finite.
    """
    state = observed(spec, [group for group in groups if group], state)
    composed = [_composed(spec, group, state) if group else [] for group in groups]
    done = [_annotated(group, parts) for group, parts in zip(groups, composed, strict=True)]
    weighed = [[one for one, _ in parts] for parts in composed if parts]
    return done, advanced(spec, weighed, state)


def weigh(spec: RewardSpec, scored: Sequence[Episode], state: RewardState = FRESH) -> list[Weighed]:
    """Return the scored episodes of a group with their terms behind transforms and gates."""
    table = {name: _final_rows(spec, name, scored, state) for name in spec.terms}
    weighed = [
        Weighed(episode, {name: rows[number] for name, rows in table.items()})
        for number, episode in enumerate(scored)
    ]
    for name, gate in spec.gates.items():
        rates = state.group_success.get(name, ())
        weighed = gated(name, gate, spec.governed(gate), weighed, rates)
    return weighed


def _final_rows(
    spec: RewardSpec, name: str, scored: Sequence[Episode], state: RewardState
) -> list[Row]:
    term = spec.terms[name]
    rows = term_rows(name, term, scored, state)
    for number, transform in enumerate(term.transforms):
        rows = transformed(transform, rows, Context(f"{name}/{number}", scored, state))
    if term.transforms:
        for episode, row in zip(scored, rows, strict=True):
            if total(row) - total(row) != 0:
                raise not_finite(name, episode, row)
    return rows


def _bare(episode: Episode) -> Episode:
    """Return the episode without rewards."""
    if not episode.gates and not any(turn.terms for turn in episode.turns):
        return episode
    turns = tuple([_with_terms(turn, {}) for turn in episode.turns])
    return replace(episode, turns=turns, gates=())


def _check(group: Sequence[Episode]) -> None:
    if not group:
        raise RewardError("a group without episodes has no rewards: give at least one episode")
    ids = [episode.id for episode in group]
    if len(set(ids)) < len(ids):
        twice = next(name for name in ids if ids.count(name) > 1)
        raise RewardError(f"episode {twice!r} stands twice in its group; give each once")
