"""What fixed ways of choosing among recorded answers come to, looked up in a table."""

from collections.abc import Iterator, Sequence
from dataclasses import dataclass, replace
from itertools import combinations

import numpy as np

from agentrl.orchestrator.replay.table import Flags, Numbers, Table, Whole


@dataclass(frozen=True, slots=True)
class Result:
    """What a way of choosing comes to."""

    name: str
    accuracy: float
    """Per cent of the items."""
    usd: float
    """For a thousand items."""


def single(table: Table, model: int) -> Result:
    """Ask always the same model."""
    return _result(table.models[model], table.correct[:, model], table.usd[:, model])


def at_random(table: Table) -> Result:
    """Ask a model drawn anew for each item: what that comes to on average."""
    return Result("random model", 100 * float(table.correct.mean()), float(table.usd.mean()))


def oracle(table: Table) -> Result:
    """Ask the cheapest of the models that are right; where none is, the cheapest of all."""
    cost = np.where(table.correct, table.usd, np.inf)
    nobody = ~table.correct.any(1)
    cost[nobody] = table.usd[nobody]
    chosen, rows = cost.argmin(1), np.arange(len(table))
    return _result("oracle", table.correct[rows, chosen], table.usd[rows, chosen])


def vote(table: Table, models: Sequence[int]) -> Result:
    """Ask some models and hand in what most say; of parties of one size, what was said first."""
    names = " + ".join(table.models[model] for model in models)
    return _result(
        f"vote of {len(models)}: {names}",
        table.correct[np.arange(len(table)), voted(table, models)],
        table.usd[:, list(models)].sum(1),
    )


def voted(table: Table, models: Sequence[int]) -> Whole:
    """Return by item the model whose answer a vote hands in."""
    order = list(models)
    party = table.party[:, order]
    count = (party[:, :, None] == party[:, None, :]).sum(2) * (party > 0)
    chosen: Whole = np.asarray(order)[count.argmax(1)]
    return chosen


def cascade(table: Table, cheap: tuple[int, int], expert: int) -> Result:
    """Ask two models, and where they do not agree hand in what a third says."""
    one, two = cheap
    agreed = agreeing(table, one, two)
    names = f"{table.models[one]} = {table.models[two]}, else {table.models[expert]}"
    return _result(
        names,
        np.where(agreed, table.correct[:, one], table.correct[:, expert]),
        table.usd[:, one] + table.usd[:, two] + np.where(agreed, 0.0, table.usd[:, expert]),
    )


def agreeing(table: Table, one: int, two: int) -> Flags:
    """Return by item whether two models say the same, and something."""
    agreed: Flags = (table.party[:, one] == table.party[:, two]) & (table.party[:, one] > 0)
    return agreed


def best_model(table: Table) -> int:
    """Return the model that is right most often; of several the cheapest."""
    right, cost = table.correct.mean(0), table.usd.mean(0)
    return min(range(len(table.models)), key=lambda model: (-right[model], cost[model]))


def cheapest(table: Table, number: int) -> list[int]:
    """Return the models that cost least, those that are right most often first."""
    low = np.argsort(table.usd.mean(0), kind="stable")[:number]
    return _by_accuracy(table, [int(model) for model in low])


def _by_accuracy(table: Table, models: Sequence[int]) -> list[int]:
    return sorted(models, key=lambda model: -float(table.correct[:, model].mean()))


def fixed_policies(table: Table, known: Table) -> Iterator[Result]:
    """Yield every fixed policy of the comparison.

    Every model alone; one at random; of three and of five models the vote of the cheapest and the
    vote that is right most often of all among cheap ones; and the cascade "two cheap agree, else
    best single" over all pairs of cheap models. Cheap is what costs less than half of what the best
    single model does.

    Args:
        table: where they are measured.
        known: where it is found which models are cheap, which is best and who should vote. The same
            table as ``table`` chooses them in hindsight, as generously as can be.
    """
    for model in range(len(table.models)):
        yield single(table, model)
    yield at_random(table)
    best = best_model(known)
    cost = known.usd.mean(0)
    order = sorted(range(len(table.models)), key=lambda model: float(cost[model]))
    cheap = [model for model in order if cost[model] < cost[best] / 2]
    for number in (3, 5):
        if number <= len(table.models):
            yield vote(table, cheapest(known, number))
        voters = [_by_accuracy(known, some) for some in combinations(cheap, number)]
        if voters:
            most = max(voters, key=lambda some: vote(known, some).accuracy)
            yield replace(vote(table, most), name=f"best vote of {number} cheap")
    for pair in combinations(cheap, 2):
        yield cascade(table, pair, best)


def undominated(results: Sequence[Result]) -> list[Result]:
    """Return those that no other beats in accuracy at no more cost, from the cheapest."""
    kept: list[Result] = []
    for result in sorted(results, key=lambda one: (one.usd, -one.accuracy)):
        if not kept or result.accuracy > kept[-1].accuracy:
            kept.append(result)
    return kept


def _result(name: str, correct: Flags, usd: Numbers) -> Result:
    return Result(name, 100 * float(np.mean(correct)), float(np.mean(usd)))
