"""The numbers of a training step: added up under documented names.

``python -m agentrl.training.metrics > docs/training/metrics.md`` writes the page that lists them.
"""

import math
import sys
from collections.abc import Iterator, Mapping
from functools import cache

from agentrl.errors import nearest
from agentrl.training.metric_names import GROUPS, METRIC_NAMES, NONFINITE, MetricName

HEAD = """\
# Metrics

This page is written from the code: `python -m agentrl.training.metrics > docs/training/metrics.md`.

Every line of a training run's `metrics.jsonl` is one JSON object with these names, beside its
`time` (seconds since 1970), its `phase` (`sft`, `rl` or `evaluation`) and which step or update it
is of. TensorBoard, W&B and MLflow get the steps of `rl`.

A metric that a step has no value for is left out of its line: there is no `critic/loss` without a
critic. Where a step has several values of one, the column "of several" says what the line holds.
NaN and infinity are never written: the values that are numbers count, and `nonfinite/<metric>` says
how many were not.

```python
import pandas as pd

lines = pd.read_json("runs/my-run/metrics.jsonl", lines=True)
lines[lines["phase"] == "rl"].plot(x="step", y="success/mean")
```
"""


class Metrics:
    """Adds up the metrics of one step; each value goes where its name is documented.

    A value that is NaN or infinite is left out of its metric and counted in
    ``nonfinite/<metric>``, so that it is seen and what is written stays JSON.
    """

    def __init__(self) -> None:
        self._sums: dict[str, tuple[float, float]] = {}
        self._totals: dict[str, float] = {}

    def add(self, name: str, value: float, weight: float = 1.0) -> None:
        """Add one value.

        Args:
            name: a name of ``METRIC_NAMES``.
            value: combined with earlier ones as the name says.
            weight: how much it counts in a mean, such as a number of tokens; 0: not at all.

        Raises:
            ValueError: the name is not documented, or the weight is negative or no number.
        """
        combine = described(name).combine
        _check_weight(name, weight)
        if not math.isfinite(value):
            self._add_nonfinite(name)
        elif combine == "mean":
            self._add_sum(name, value * weight, weight)
        else:
            self._add_other(name, value, combine)

    def add_total(self, name: str, value: float) -> None:
        """Add to a sum, such as a count.

        Raises:
            ValueError: the name is not documented or no sum.
        """
        _check(name, "sum")
        self.add(name, value)

    def add_sums(self, sums: Mapping[str, tuple[float, float]]) -> None:
        """Add to means what was summed elsewhere: of each the weighted sum and the weight.

        Raises:
            ValueError: a name is not documented or no mean, or a weight is negative or no number.
        """
        for name, (total, weight) in sums.items():
            _check(name, "mean")
            _check_weight(name, weight)
            if not math.isfinite(total) or (weight == 0 and total != 0):
                self._add_nonfinite(name)
            else:
                self._add_sum(name, total, weight)

    def add_maxima(self, maxima: Mapping[str, float]) -> None:
        """Raise maxima to those seen elsewhere.

        Raises:
            ValueError: a name is not documented or no maximum.
        """
        for name, value in maxima.items():
            _check(name, "max")
            self.add(name, value)

    def merge(self, other: "Metrics") -> None:
        """Add what another has, such as another rank's."""
        for name, (total, weight) in other._sums.items():
            self._add_sum(name, total, weight)
        for name, value in other._totals.items():
            self._add_other(name, value, _combine(name))

    def result(self) -> dict[str, float]:
        """Return every metric that has a value, sorted by name; all are finite."""
        means = {name: total / weight for name, (total, weight) in self._sums.items() if weight}
        values = {**means, **self._totals}
        for name in [name for name, value in values.items() if not math.isfinite(value)]:
            del values[name]  # finite values whose sum is not
            lost = f"{NONFINITE}{name}"
            values[lost] = values.get(lost, 0.0) + 1.0
        return dict(sorted(values.items()))

    def _add_nonfinite(self, name: str) -> None:
        self._add_other(f"{NONFINITE}{name}", 1.0, "sum")

    def _add_sum(self, name: str, total: float, weight: float) -> None:
        totals, weights = self._sums.get(name, (0.0, 0.0))
        self._sums[name] = totals + total, weights + weight

    def _add_other(self, name: str, value: float, combine: str) -> None:
        if name not in self._totals:
            self._totals[name] = float(value)
        elif combine == "sum":
            self._totals[name] += value
        else:
            pick = max if combine == "max" else min
            self._totals[name] = pick(self._totals[name], float(value))


def _combine(name: str) -> str:
    return "sum" if name.startswith(NONFINITE) else described(name).combine


@cache
def described(name: str) -> MetricName:
    """Return what is documented of a metric.

    Raises:
        ValueError: nothing is.
    """
    for metric in METRIC_NAMES:
        if metric.matches(name):
            return metric
    known = [metric.name for metric in METRIC_NAMES]
    raise ValueError(
        f"metric {name!r} is not documented{nearest(name, known)}; add it to "
        f"agentrl/training/metric_names.py"
    )


def reference() -> str:
    """Return the page of all metrics as Markdown."""
    return "\n".join([HEAD, *(line for group in GROUPS for line in _section(group))])


def _check(name: str, combine: str) -> None:
    if (own := described(name).combine) != combine:
        raise ValueError(f"{name} is a {own}, not a {combine}: use add()")


def _check_weight(name: str, weight: float) -> None:
    if not 0 <= weight < math.inf:
        raise ValueError(f"{name}: weight must be a number from 0, got {weight}")


def _section(group: str) -> Iterator[str]:
    yield f"## {GROUPS[group]}\n"
    yield "| metric | unit | of several | meaning |\n|---|---|---|---|"
    for metric in METRIC_NAMES:
        if metric.name.startswith(f"{group}/"):
            cells = (f"`{metric.name}`", metric.unit, metric.combine, metric.meaning)
            yield f"| {' | '.join(cells)} |"
    yield ""


if __name__ == "__main__":
    sys.stdout.write(reference())
