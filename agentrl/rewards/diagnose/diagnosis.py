"""All that can be told of a reward from recorded episodes."""

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import asdict, dataclass
from itertools import combinations
from typing import Any

from agentrl.episode import Episode
from agentrl.errors import RewardError, nearest
from agentrl.rewards.diagnose.balance import WANTED, Balance, balance
from agentrl.rewards.diagnose.correlation import Correlation, correlation
from agentrl.rewards.diagnose.distance import starc_distance
from agentrl.rewards.diagnose.farming import Axis, Farming, farming
from agentrl.rewards.diagnose.lacking import notes, refuse_unstated
from agentrl.rewards.diagnose.named import NamedSpec
from agentrl.rewards.diagnose.opening import Opening, openings
from agentrl.rewards.diagnose.recorded import (
    Batch,
    Scored,
    composed,
    episodes_of,
    recorded,
    scored,
)
from agentrl.rewards.diagnose.signal import Silence, silence
from agentrl.rewards.diagnose.terms import TermStatistics, statistics_of, term_totals


@dataclass(frozen=True, slots=True)
class TermDiagnosis:
    """One part of a reward, or their sum."""

    statistics: TermStatistics
    correlation: Correlation
    """With the outcome."""


@dataclass(frozen=True, slots=True)
class Diagnosis:
    """What a reward does on recorded episodes."""

    name: str
    """What the reward is called."""
    reward: TermDiagnosis
    """The sum of all parts: an episode's return."""
    terms: Mapping[str, TermDiagnosis]
    """What each part adds, behind transforms, gates and weights, in order of appearance."""
    gates: Mapping[str, Opening]
    silence: Silence
    farming: Farming
    balance: Balance | None
    """None: no task was attempted twice."""
    notes: tuple[str, ...]
    """What to know about the facts behind the figures."""
    episodes: tuple[Scored, ...]
    """Every episode that counts, group by group."""

    def to_json(self) -> dict[str, Any]:
        """Return the figures as JSON values, without the single episodes."""
        data = {
            "spec": self.name,
            "reward": asdict(self.reward),
            "terms": {name: asdict(term) for name, term in self.terms.items()},
            "gates": {name: asdict(gate) for name, gate in self.gates.items()},
            "without_signal": asdict(self.silence),
            "farming": asdict(self.farming),
            "balance": None,
            "notes": list(self.notes),
        }
        if self.balance is not None:
            derived = {
                "exploration": self.balance.exploration,
                "exploitation": self.balance.exploitation,
            }
            data["balance"] = asdict(self.balance) | derived
        return data


@dataclass(frozen=True, slots=True)
class Distance:
    """How far apart two rewards are, 0 to 1; None where nothing can be compared."""

    first: str
    second: str
    starc: float | None


@dataclass(frozen=True, slots=True)
class Report:
    """What some rewards do on one run."""

    run: str
    outcome: str
    """The result that counts."""
    versions: int
    """How many versions of the weights played."""
    groups: int
    diagnoses: tuple[Diagnosis, ...]
    distances: tuple[Distance, ...]
    """Of each pair of rewards."""

    def to_json(self) -> dict[str, Any]:
        """Return the report as JSON values."""
        return {
            "run": self.run,
            "outcome": self.outcome,
            "versions": self.versions,
            "groups": self.groups,
            "episodes": len(self.diagnoses[0].episodes),
            "specs": [diagnosis.to_json() for diagnosis in self.diagnoses],
            "distances": [asdict(distance) for distance in self.distances],
        }


@dataclass(frozen=True, slots=True)
class Options:
    """How a run is looked at."""

    outcome: str = "success"
    """The result that counts."""
    by: Axis = "version"
    """What the farming alarm takes for time."""
    wanted: int = WANTED
    """Correct and different attempts that the balance score wants of each group."""


def diagnose(
    run: str,
    episodes: Iterable[Episode],
    specs: Sequence[NamedSpec],
    options: Options | None = None,
    *,
    strict: bool = True,
    declared: Iterable[str] = (),
) -> Report:
    """Return what rewards do on recorded episodes.

    Args:
        run: the run's name.
        episodes: its record, in order.
        specs: the rewards, at least one.
        options: how to look at it.
        strict: refuse a reward that asks for a fact that nobody states; else note it.
        declared: what the environment says that it may state, beside what the record holds.

    Raises:
        RewardError: no episode is scored, none states the outcome, a reward asks for a fact that
            nobody states, or a term is not finite.
    """
    options = options or Options()
    batches = recorded(episodes)
    every = episodes_of(batches)
    _check_outcome(options.outcome, every, run)
    if strict:
        known = tuple(declared)
        for named in specs:
            refuse_unstated(named.spec, named.name, every, known)
    diagnoses = tuple(_diagnosis(named, batches, options) for named in specs)
    return Report(
        run,
        options.outcome,
        len(batches),
        sum(len(batch.groups) for batch in batches),
        diagnoses,
        tuple(_distance(a, b) for a, b in combinations(diagnoses, 2)),
    )


def _diagnosis(named: NamedSpec, batches: Sequence[Batch], options: Options) -> Diagnosis:
    done = composed(named.spec, batches)
    every = episodes_of(done)
    rows = [scored(episode, options.outcome) for episode in every]
    by_id = {(row.group, row.id): row for row in rows}
    groups = [
        [(episode, by_id[episode.group_id, episode.id]) for episode in group]
        for batch in done
        for group in batch.groups
    ]
    steps = [
        (batch.version, [by_id[e.group_id, e.id] for group in batch.groups for e in group])
        for batch in done
    ]
    terms = {n: _term(values, rows) for n, values in term_totals(every).items()}
    total = _term([row.reward for row in rows], rows)
    assert total is not None
    return Diagnosis(
        named.name,
        total,
        {name: term for name, term in terms.items() if term is not None},
        openings(every),
        silence([one for _, one in group] for group in groups),
        farming(steps, options.by),
        balance(groups, options.wanted),
        notes(named.spec, every),
        tuple(rows),
    )


def _term(values: Sequence[float | None], rows: Sequence[Scored]) -> TermDiagnosis | None:
    found = statistics_of(values)
    if found is None:
        return None
    pairs = ((row.group, value, row.outcome) for row, value in zip(rows, values, strict=True))
    return TermDiagnosis(found, correlation(pairs))


def _distance(first: Diagnosis, second: Diagnosis) -> Distance:
    other = {(row.group, row.id): row.reward for row in second.episodes}
    return Distance(
        first.name,
        second.name,
        starc_distance(
            [row.reward for row in first.episodes],
            [other[row.group, row.id] for row in first.episodes],
            [row.start for row in first.episodes],
        ),
    )


def _check_outcome(outcome: str, episodes: Sequence[Episode], run: str) -> None:
    known = dict.fromkeys(name for episode in episodes for name in episode.outcome)
    if outcome not in known:
        hint = nearest(outcome, known) or ""
        raise RewardError(
            f"no scored episode of {run} states the outcome {outcome!r}{hint}; stated are "
            f"{', '.join(known) or 'none'}"
        )
