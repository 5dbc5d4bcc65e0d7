"""Facts that a reward asks for and a record does not hold."""

from collections.abc import Iterable, Iterator, Sequence

from agentrl.episode import Episode
from agentrl.errors import RewardError
from agentrl.rewards.check import asked_facts, check_facts, is_stated_as_pattern
from agentrl.rewards.facts import is_stated, stated_by
from agentrl.suite.reward.spec import RewardSpec


def refuse_unstated(
    spec: RewardSpec, name: str, episodes: Sequence[Episode], declared: Iterable[str] = ()
) -> None:
    """Refuse a reward that asks for a fact that neither the record nor a label states.

    Args:
        spec: the reward.
        name: what it is called.
        episodes: the record.
        declared: what the environment says that it may state, such as a mishap that never happened.

    Raises:
        RewardError: the first such fact, with those that there are.
    """
    stated = tuple(dict.fromkeys((*stated_by(episodes), *declared)))
    patterns = {fact for _, fact in asked_facts(spec) if is_stated_as_pattern(fact, stated)}
    try:
        check_facts(spec, (*stated, *sorted(patterns - set(stated))), "the run")
    except RewardError as exc:
        raise RewardError(f"spec {name!r}: {exc}") from None


def notes(spec: RewardSpec, episodes: Sequence[Episode]) -> tuple[str, ...]:
    """Return what to know about the facts behind a reward's figures.

    Args:
        spec: the reward.
        episodes: the record; what its labels stated while it was made is used as it stands.
    """
    stated = tuple(stated_by(episodes))
    return (*_of_labels(spec, stated), *_of_facts(spec, stated))


def _of_labels(spec: RewardSpec, stated: Sequence[str]) -> Iterator[str]:
    for name, label in spec.labels.items():
        if any(_by_label(fact, name) for fact in stated):
            yield f"label {name!r} ({label.kind}): its facts in the record are used as they stand"
        else:
            yield (
                f"label {name!r} ({label.kind}) is missing in the record, which was made without "
                f"it: what rests on it counts nothing here"
            )


def _of_facts(spec: RewardSpec, stated: Sequence[str]) -> Iterator[str]:
    missing: dict[str, list[str]] = {}
    for place, fact in asked_facts(spec):
        labelled = any(_by_label(fact, name) for name in spec.labels)
        if not labelled and not is_stated(fact, stated) and not is_stated_as_pattern(fact, stated):
            missing.setdefault(fact, []).append(place)
    for fact, places in missing.items():
        yield f"no episode states {fact!r}, for which {', '.join(places)} asks"


def _by_label(fact: str, label: str) -> bool:
    return fact == label or fact.startswith(f"{label}/")
