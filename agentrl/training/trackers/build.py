"""Building the trackers that a suite names."""

from collections.abc import Callable, Iterable, Mapping
from contextlib import ExitStack
from pathlib import Path
from typing import Any

from agentrl.errors import InfrastructureError, UsageError, boundary, nearest
from agentrl.training.trackers.base import HarmlessTracker, TrackedRun, Tracker, Trackers
from agentrl.training.trackers.mlflow import MlflowTracker
from agentrl.training.trackers.tensorboard import TensorBoardTracker
from agentrl.training.trackers.wandb import WandbTracker

TRACKERS: dict[str, Callable[[TrackedRun], Tracker]] = {
    "tensorboard": TensorBoardTracker,
    "wandb": WandbTracker,
    "mlflow": MlflowTracker,
}


def build_trackers(
    names: Iterable[str],
    folder: Path,
    run_name: str,
    config: Mapping[str, Any],
    *,
    after_step: int = 0,
) -> Tracker:
    """Start trackers and return them as one, which never raises once it is there.

    Args:
        names: of ``TRACKERS``; none is fine.
        folder: the run folder.
        run_name: what the run is called there.
        config: the resolved suite, as plain JSON.
        after_step: steps that are behind a resumed run.

    Raises:
        MissingDependencyError: one is not installed.
        UsageError: there is none of that name, or one cannot be started.
    """
    run = TrackedRun(folder, run_name, config, after_step)
    with ExitStack() as started:
        trackers = []
        for name in dict.fromkeys(names):
            trackers.append(HarmlessTracker(name, _start(name, run)))
            started.callback(trackers[-1].close)
        started.pop_all()
    return Trackers(trackers)


def _start(name: str, run: TrackedRun) -> Tracker:
    if name not in TRACKERS:
        raise UsageError(
            f"train.trackers: {name!r} is unknown{nearest(name, TRACKERS)}; known: "
            f"{', '.join(TRACKERS)}"
        )
    try:
        with boundary(InfrastructureError, f"train.trackers: {name!r} cannot be started"):
            return TRACKERS[name](run)
    except InfrastructureError as exc:
        said = " ".join(str(exc).split())  # some libraries answer with a page
        raise UsageError(f"{said}; mend that, or remove it from train.trackers") from exc
