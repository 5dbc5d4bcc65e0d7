"""Which plots a diagnosis shows."""

from collections.abc import Sequence

from agentrl.rewards.diagnose.balance import Balance
from agentrl.rewards.diagnose.correlation import Correlation
from agentrl.rewards.diagnose.diagnosis import Diagnosis, TermDiagnosis
from agentrl.rewards.diagnose.farming import Farming
from agentrl.rewards.diagnose.opening import Opening
from agentrl.rewards.diagnose.signal import Silence
from agentrl.view.numbers import NOTHING, decimal, percent
from agentrl.view.plots import reward_histogram
from agentrl.view.svg import Point, Track, bars, signed_bars, tracks

_SHARES = ["0%", "25%", "50%", "75%", "100%"]


def diagnosis_plots(diagnosis: Diagnosis, outcome: str) -> str:
    """Return every plot that there are numbers for, as HTML.

    Args:
        diagnosis: of one reward on one run.
        outcome: name of the result that counts.
    """
    parts = [*diagnosis.terms.items(), ("in all", diagnosis.reward)]
    rewards = [(one.reward, (one.outcome or 0.0) >= 0.5) for one in diagnosis.episodes]
    figures = [_means(parts), _correlations(parts, outcome), reward_histogram(rewards)]
    if diagnosis.gates:
        figures.append(_gates(list(diagnosis.gates.items())))
    figures.append(_silence(diagnosis.silence, outcome))
    if diagnosis.balance is not None:
        figures.append(_balance(diagnosis.balance))
    if len(diagnosis.farming.points) > 1:
        figures += _over_time(diagnosis.farming, outcome)
    return "".join(figures)


def _means(parts: Sequence[tuple[str, TermDiagnosis]]) -> str:
    means = [(name, term.statistics.mean) for name, term in parts]
    reach = max(abs(mean) for _, mean in means) or 1.0
    rows = [Point(name, mean, decimal(mean)) for name, mean in means]
    return signed_bars("What each term adds to an episode", "mean", rows, reach)


def _correlations(parts: Sequence[tuple[str, TermDiagnosis]], outcome: str) -> str:
    rows = [_correlation(name, term.correlation) for name, term in parts]
    return signed_bars(f"Correlation with {outcome}", "Spearman's rank correlation", rows)


def _correlation(name: str, found: Correlation) -> Point:
    text = NOTHING if found.spearman is None else decimal(found.spearman)
    return Point(name, found.spearman, text)


def _gates(gates: Sequence[tuple[str, Opening]]) -> str:
    rows = [Point(name, gate.open, percent(gate.open)) for name, gate in gates]
    return bars("How often each gate is open", "share of episodes", rows, 1.0, _SHARES)


def _silence(found: Silence, outcome: str) -> str:
    shares = ((f"by {outcome} alone", found.before), ("by this reward", found.after))
    rows = [Point(name, share, percent(share)) for name, share in shares]
    return bars("Groups without signal", "share of groups", rows, 1.0, _SHARES)


def _balance(found: Balance) -> str:
    shares = (
        ("one attempt", found.pass_1),
        ("the best by reward", found.best_of_n),
        ("any attempt", found.pass_n),
        ("attempts that differ", found.unique),
    )
    rows = [Point(name, share, percent(share)) for name, share in shares]
    return bars("Exploration and exploitation", "share", rows, 1.0, _SHARES)


def _over_time(found: Farming, outcome: str) -> list[str]:
    """Return the two curves that the farming alarm compares, one above the other."""
    axis = "version of the weights" if found.by == "version" else "block of episodes"
    rewards = Track("return", [(point.at, point.reward) for point in found.points])
    outcomes = Track(outcome, [(point.at, point.outcome) for point in found.points])
    share = all(0 <= point.outcome <= 1 for point in found.points)
    return [
        tracks("Return over time", axis, [rewards]),
        tracks(f"{outcome} over time", axis, [outcomes], percent=share),
    ]
