"""What an episode is worth: the outcome and a weighted sum of signals."""

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import replace

from agentrl.episode import Episode, Turn
from agentrl.suite.spec import RewardSpec


def compose(spec: RewardSpec, group: Sequence[Episode]) -> list[tuple[float, ...]]:
    """Return the reward of every turn of every episode of a group.

    An episode that is not scored (``Status.scored``) has no rewards, not zero ones: its tuple is
    empty.
    """
    return [
        tuple(sum(turn.terms.values()) for turn in annotate(spec, episode).turns)
        if episode.status.scored
        else ()
        for episode in group
    ]


def annotate(spec: RewardSpec, episode: Episode) -> Episode:
    """Return the episode with every named term of its reward stored on the turn that earned it.

    A signal earns its weight times its value on its own turn, a result of the outcome on the last
    turn. Where a signal and a result share a name the outcome counts, so nothing counts twice. An
    episode that is not scored is returned without terms.
    """
    if not episode.status.scored or not episode.turns:
        return replace(episode, turns=tuple(replace(turn, terms={}) for turn in episode.turns))
    per_turn = {k: w for k, w in spec.terms.items() if k not in episode.outcome}
    turns = [replace(turn, terms=_weighted(per_turn, turn.signals)) for turn in episode.turns]
    turns[-1] = _with_outcome(turns[-1], _weighted(spec.terms, episode.outcome))
    return replace(episode, turns=tuple(turns))


def unmet_terms(spec: RewardSpec, episodes: Iterable[Episode]) -> list[str]:
    """Return the terms that no scored episode has a signal or a result for: likely typos.

    Without a scored episode nothing can be said against any.
    """
    scored = (episode for episode in episodes if episode.status.scored)
    unmet = dict.fromkeys(spec.terms)
    episode = None
    for episode in scored:
        for facts in (episode.outcome, *(turn.signals for turn in episode.turns)):
            for name in facts:
                unmet.pop(name, None)
        if not unmet:
            break
    return [] if episode is None else list(unmet)


def _weighted(weights: Mapping[str, float], facts: Mapping[str, float]) -> dict[str, float]:
    return {name: weight * facts[name] for name, weight in weights.items() if name in facts}


def _with_outcome(turn: Turn, terms: Mapping[str, float]) -> Turn:
    return replace(turn, terms={**turn.terms, **terms})
