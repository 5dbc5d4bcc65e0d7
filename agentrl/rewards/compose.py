"""From recorded facts to rewards: one pure function of the spec, the group and the state.

The order is fixed: terms, transforms, gates, costs, combination. Who drew the group, when, and in
which order its episodes stand makes no difference.
"""

from collections.abc import Sequence
from dataclasses import replace

from agentrl.episode import Episode
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
    return [
        episode.rewards if episode.status.scored else () for episode in annotate(spec, group, state)
    ]


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
    _check(group)
    group = [_bare(episode) for episode in group]
    scored = scored_of(group)
    if not scored:
        return group
    weighed = weigh(spec, scored, state)
    charges = charged(spec.cost, weighed, state)
    done = {}
    for one, charge in zip(weighed, charges, strict=True):
        parts = combined(spec, one, charge, state)
        turns = zip(one.episode.turns, parts, strict=True)
        done[one.episode.id] = replace(
            one.episode,
            turns=tuple([replace(turn, terms=terms) for turn, terms in turns]),
            gates=one.gates,
        )
    return [done.get(episode.id, episode) for episode in group]


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
    known = [group for group in groups if group]
    state = observed(spec, known, state)
    done = [annotate(spec, group, state) if group else [] for group in groups]
    weighed = [weigh(spec, scored, state) for scored in map(scored_of, known) if scored]
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
    turns = tuple([replace(turn, terms={}) for turn in episode.turns])
    return replace(episode, turns=turns, gates=())


def _check(group: Sequence[Episode]) -> None:
    if not group:
        raise RewardError("a group without episodes has no rewards: give at least one episode")
    ids = [episode.id for episode in group]
    if len(set(ids)) < len(ids):
        twice = next(name for name in ids if ids.count(name) > 1)
        raise RewardError(f"episode {twice!r} stands twice in its group; give each once")
