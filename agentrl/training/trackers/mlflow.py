"""MLflow."""

import os
import re
import time
from collections.abc import Iterator, Mapping
from typing import Any

from agentrl.errors import MissingDependencyError
from agentrl.training.trackers.base import TrackedRun
from agentrl.training.trackers.identity import identity_of, remember_identity

_PARAMS = 100  # most that MLflow takes at a time
_LONGEST = 6000  # of a parameter's value
_REFUSED = re.compile(r"[^\w\-. :/]")


class MlflowTracker:
    """Logs to an MLflow run, the same one again when the run is resumed.

    ``MLFLOW_TRACKING_URI`` says where to; without it that is ``mlflow.db`` in the run folder.
    ``MLFLOW_EXPERIMENT_NAME`` names the experiment (default ``agentrl``).

    Raises:
        MissingDependencyError: mlflow is not installed.
    """

    def __init__(self, run: TrackedRun) -> None:
        # Its own defaults would wait for a dead server for minutes, every step.
        os.environ.setdefault("MLFLOW_HTTP_REQUEST_MAX_RETRIES", "2")
        os.environ.setdefault("MLFLOW_HTTP_REQUEST_TIMEOUT", "10")
        try:
            import mlflow
        except ImportError:
            raise MissingDependencyError(
                "train.trackers: 'mlflow' is not installed: pip install mlflow, or remove it from "
                "train.trackers"
            ) from None
        self._entities: Any = mlflow.entities
        local = f"sqlite:///{run.folder.resolve() / 'mlflow.db'}"
        uri = os.environ.get("MLFLOW_TRACKING_URI") or local
        self._client: Any = mlflow.MlflowClient(tracking_uri=uri)
        known = identity_of(run.folder, "mlflow")
        if known is None:
            self._id = self._begin(run)
            remember_identity(run.folder, "mlflow", self._id)
        else:
            self._id = known
            self._client.update_run(known, status="RUNNING")

    def log(self, step: int, metrics: Mapping[str, float]) -> None:
        """Show what was measured in a step."""
        now = int(time.time() * 1000)
        values = [
            self._entities.Metric(_REFUSED.sub("_", name), value, now, step)
            for name, value in metrics.items()
        ]
        self._client.log_batch(self._id, metrics=values)

    def close(self) -> None:
        """Mark the run as ended."""
        self._client.set_terminated(self._id)

    def _begin(self, run: TrackedRun) -> str:
        name = os.environ.get("MLFLOW_EXPERIMENT_NAME") or "agentrl"
        experiment = self._client.get_experiment_by_name(name)
        number = experiment.experiment_id if experiment else self._client.create_experiment(name)
        identity: str = self._client.create_run(number, run_name=run.name).info.run_id
        params = [
            self._entities.Param(_REFUSED.sub("_", key), str(value)[:_LONGEST])
            for key, value in _flat(run.config)
        ]
        for start in range(0, len(params), _PARAMS):
            self._client.log_batch(identity, params=params[start : start + _PARAMS])
        return identity


def _flat(config: Mapping[str, Any], path: str = "") -> Iterator[tuple[str, Any]]:
    """Yield every value that is no section, by its dotted key."""
    for key, value in config.items():
        if isinstance(value, Mapping):
            yield from _flat(value, f"{path}{key}.")
        else:
            yield f"{path}{key}", value
