"""Whether the facts that a reward asks for are stated by anybody."""

from collections.abc import Collection, Iterable, Iterator

from agentrl.episode import Episode
from agentrl.errors import RewardError, nearest
from agentrl.rewards.facts import METERS, is_stated, stated_by
from agentrl.suite.reward.condition import ConditionSpec
from agentrl.suite.reward.cost import RatioCost
from agentrl.suite.reward.gates import GroupGate, MultiplyGate
from agentrl.suite.reward.spec import RewardSpec
from agentrl.suite.reward.terms import (
    ChecksTerm,
    EnsembleTerm,
    FactTerm,
    LadderTerm,
    PatternTerm,
    TermSpec,
)

Ask = tuple[str, str]
"""Where in the ``reward`` section a fact is asked for, and the fact."""


def asked_facts(spec: RewardSpec) -> Iterator[Ask]:
    """Yield every fact that a reward asks for, with the dotted place that does."""
    for name, term in spec.terms.items():
        for fact in _facts_of(name, term):
            yield f"terms.{name}", fact
    for name, gate in spec.gates.items():
        if isinstance(gate, GroupGate):
            yield f"gates.{name}", gate.fact
        elif isinstance(gate, MultiplyGate):
            for fact in (*gate.penalties, *((gate.by,) if gate.by else ())):
                yield f"gates.{name}", fact
        else:
            yield from _of_condition(f"gates.{name}", getattr(gate, "when", None))
    for name, cost in spec.cost.items():
        yield f"cost.{name}", cost.effective if isinstance(cost, RatioCost) else cost.meter
        if cost.only_if != "always":
            yield from _of_condition(f"cost.{name}", cost.only_if)


def unstated(spec: RewardSpec, stated: Iterable[str]) -> Iterator[Ask]:
    """Yield what a reward asks for and neither an environment nor a label states.

    Args:
        spec: the reward.
        stated: what the environment states; a name may be a pattern such as ``test_*``.
    """
    labels = [name for label in spec.labels for name in (label, f"{label}/*")]
    known = (*stated, *labels)
    for place, fact in asked_facts(spec):
        if not is_stated(fact, known) and not is_stated_as_pattern(fact, known):
            yield place, fact


def check_facts(spec: RewardSpec, stated: Iterable[str], who: str) -> None:
    """Refuse a reward that asks for a fact that nobody states.

    Args:
        spec: the reward.
        stated: what the environment states; a name may be a pattern such as ``test_*``.
        who: names the environment in the message.

    Raises:
        RewardError: the first such fact, with those that there are.
    """
    known = list(stated)
    for place, fact in unstated(spec, known):
        raise RewardError(f"reward.{place}: {nobody_states(fact, spec, known, who)}")


def nobody_states(fact: str, spec: RewardSpec, stated: Collection[str], who: str) -> str:
    """Return what to say of a fact that nobody states: the nearest name, and all that there are."""
    hint = nearest(fact, (*stated, *spec.labels)) or ""
    return (
        f"nothing states {fact!r}{hint}; {who} states {', '.join(stated)}; reward.labels states "
        f"{', '.join(spec.labels) or 'nothing'}; meters are {', '.join(METERS)}"
    )


def unmet_terms(spec: RewardSpec, episodes: Iterable[Episode]) -> list[str]:
    """Return the terms that no scored episode has a fact for: likely typos.

    Without a scored episode nothing can be said against any.
    """
    waiting = {name: list(_facts_of(name, term)) for name, term in spec.terms.items()}
    waiting = {name: facts for name, facts in waiting.items() if facts}
    scored = 0
    for episode in episodes:
        if not episode.status.scored:
            continue
        scored += 1
        stated = stated_by([episode])
        for name in [n for n, facts in waiting.items() if _any_stated(facts, stated)]:
            del waiting[name]
        if not waiting:
            break
    return list(waiting) if scored else []


def _any_stated(facts: Iterable[str], stated: Iterable[str]) -> bool:
    names = list(stated)
    return any(is_stated(fact, names) or is_stated_as_pattern(fact, names) for fact in facts)


def is_stated_as_pattern(pattern: str, stated: Iterable[str]) -> bool:
    """Return whether any stated fact matches a pattern that is asked for."""
    return any(is_stated(name, [pattern]) for name in stated)


def _facts_of(name: str, term: TermSpec) -> tuple[str, ...]:
    match term:
        case FactTerm():
            return (term.fact or name,)
        case LadderTerm():
            return term.rungs
        case ChecksTerm():
            return (term.checks,)
        case EnsembleTerm():
            return term.facts
        case PatternTerm():
            return ()


def _of_condition(place: str, condition: ConditionSpec | None) -> Iterator[Ask]:
    if condition is not None and condition.fact is not None:
        yield place, condition.fact
