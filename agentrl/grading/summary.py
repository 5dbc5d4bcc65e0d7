"""What a grading amounts to, model by model."""

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any

from agentrl.grading.result import Result
from agentrl.runs.estimate import Estimate
from agentrl.runs.stats import wilson_interval


@dataclass(frozen=True, slots=True)
class ModelSummary:
    """How one model's patches fared."""

    model: str
    submitted: int
    graded: int
    """Patches with a verdict."""
    resolved: int
    empty: int
    not_applied: int
    failed: int
    """Patches without a verdict because infrastructure, or the instance itself, failed."""
    timed_out: int
    unsound: int
    """Patches whose tests' results do not count: they ended early or were tampered with."""

    @property
    def rate(self) -> Estimate:
        """Share of the graded patches that resolve their instance, with its Wilson interval."""
        if not self.graded:
            return Estimate()
        low, high = wilson_interval(self.resolved, self.graded)
        return Estimate(self.resolved / self.graded, low, high, self.graded, "wilson")


def summarise_model(model: str, results: Sequence[Result]) -> ModelSummary:
    """Count one model's results."""
    verdicts = [result.verdict for result in results if result.verdict is not None]
    applied = [verdict for verdict in verdicts if verdict.patch_applied]
    return ModelSummary(
        model,
        submitted=len(results),
        graded=len(verdicts),
        resolved=sum(verdict.resolved for verdict in verdicts),
        empty=sum(not verdict.patch_exists for verdict in verdicts),
        not_applied=sum(v.patch_exists and not v.patch_applied for v in verdicts),
        failed=len(results) - len(verdicts),
        timed_out=sum(verdict.timed_out for verdict in applied),
        unsound=sum(bool(verdict.problem) and not verdict.timed_out for verdict in applied),
    )


def by_model(results: Sequence[Result]) -> dict[str, list[Result]]:
    """Return the results of each model, in order of first appearance."""
    groups: dict[str, list[Result]] = {}
    for result in results:
        groups.setdefault(result.model, []).append(result)
    return groups


def summary_json(
    run: str, models: Sequence[ModelSummary], instances: int, duration_s: float | None
) -> dict[str, Any]:
    """Return what stands in ``summary.json``."""
    return {
        "run": run,
        "instances": instances,
        "duration_s": None if duration_s is None else round(duration_s, 3),
        "models": {summary.model: _model_json(summary) for summary in models},
    }


def _model_json(summary: ModelSummary) -> dict[str, Any]:
    rate = summary.rate
    return {
        "submitted": summary.submitted,
        "graded": summary.graded,
        "resolved": summary.resolved,
        "rate": rate.mean,
        "rate_low": rate.low,
        "rate_high": rate.high,
        "empty": summary.empty,
        "not_applied": summary.not_applied,
        "timed_out": summary.timed_out,
        "unsound": summary.unsound,
        "infra_failed": summary.failed,
    }
