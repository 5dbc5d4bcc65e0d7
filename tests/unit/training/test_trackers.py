import logging
import sys
import time
from collections.abc import Mapping
from pathlib import Path
from typing import Any

import pytest

from agentrl.errors import MissingDependencyError, UsageError
from agentrl.training.trackers import Tracker, build_trackers
from agentrl.training.trackers.base import HarmlessTracker, Trackers
from agentrl.training.trackers.identity import identity_of, remember_identity

CONFIG = {"name": "demo", "train": {"steps": 3, "loss": {"kl": "none"}}}


class Recording:
    """Keeps what it is given; refuses the calls whose numbers it is told, as a network does."""

    def __init__(self, *refused: int) -> None:
        self.refused = refused
        self.calls = 0
        self.steps: list[int] = []
        self.closed = 0

    def log(self, step: int, metrics: Mapping[str, float]) -> None:
        self.calls += 1
        if self.calls in self.refused:
            raise ConnectionError("no route to host")
        self.steps.append(step)

    def close(self) -> None:
        self.closed += 1


def tensorboard(folder: Path, *, after_step: int = 0) -> Tracker:
    return build_trackers(["tensorboard"], folder, "demo", CONFIG, after_step=after_step)


def events(folder: Path) -> Any:
    module = pytest.importorskip("tensorboard.backend.event_processing.event_accumulator")
    accumulator = module.EventAccumulator(str(folder / "tensorboard"))
    accumulator.Reload()
    return accumulator


def curve(folder: Path, name: str) -> list[tuple[int, float]]:
    return [(event.step, event.value) for event in events(folder).Scalars(name)]


def test_tensorboard_reads_what_was_logged(tmp_path: Path) -> None:
    tracker = tensorboard(tmp_path)
    tracker.log(1, {"reward/mean": 0.25, "schedule/limits.max_turns": 8.0})
    tracker.log(2, {"reward/mean": 0.5})
    tracker.close()

    assert set(events(tmp_path).Tags()["scalars"]) == {"reward/mean", "schedule/limits.max_turns"}
    assert curve(tmp_path, "reward/mean") == [(1, 0.25), (2, 0.5)]


def test_tensorboard_shows_the_suite(tmp_path: Path) -> None:
    tensorboard(tmp_path).close()

    (text,) = events(tmp_path).Tensors("suite/text_summary")
    assert '"kl": "none"' in text.tensor_proto.string_val[0].decode()


def test_what_was_logged_can_be_read_before_the_run_ends(tmp_path: Path) -> None:
    tracker = tensorboard(tmp_path)
    tracker.log(1, {"reward/mean": 0.25})

    assert curve(tmp_path, "reward/mean") == [(1, 0.25)]
    tracker.close()


def test_steps_that_a_resumed_run_does_again_are_shown_once(tmp_path: Path) -> None:
    killed = tensorboard(tmp_path)
    for step in (1, 2, 3):
        killed.log(step, {"reward/mean": 0.0})
    killed.close()
    time.sleep(1.1)  # an event file is named by its second, and files are read by name

    resumed = tensorboard(tmp_path, after_step=1)
    for step in (2, 3, 4):
        resumed.log(step, {"reward/mean": 1.0})
    resumed.close()

    assert curve(tmp_path, "reward/mean") == [(1, 0.0), (2, 1.0), (3, 1.0), (4, 1.0)]


def test_without_trackers_nothing_is_written(tmp_path: Path) -> None:
    tracker = build_trackers([], tmp_path, "demo", CONFIG)
    tracker.log(1, {"reward/mean": 1.0})
    tracker.close()

    assert list(tmp_path.iterdir()) == []


def test_a_tracker_that_is_named_twice_logs_once(tmp_path: Path) -> None:
    tracker = build_trackers(["tensorboard", "tensorboard"], tmp_path, "demo", CONFIG)
    tracker.log(1, {"reward/mean": 1.0})
    tracker.close()

    assert len(list((tmp_path / "tensorboard").iterdir())) == 1


def test_an_unknown_tracker_is_refused_and_the_known_ones_named(tmp_path: Path) -> None:
    with pytest.raises(UsageError, match=r"'tensorbord' is unknown \(did you mean tensorboard\?\)"):
        build_trackers(["tensorbord"], tmp_path, "demo", CONFIG)


@pytest.mark.parametrize(
    ("name", "module", "install"),
    [
        ("tensorboard", "torch.utils.tensorboard", "pip install 'agentrl[train]'"),
        ("wandb", "wandb", "pip install wandb"),
        ("mlflow", "mlflow", "pip install mlflow"),
    ],
)
def test_a_tracker_that_is_not_installed_says_what_to_install(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, name: str, module: str, install: str
) -> None:
    monkeypatch.setitem(sys.modules, module, None)

    with pytest.raises(MissingDependencyError) as caught:
        build_trackers([name], tmp_path, "demo", CONFIG)

    assert f"{install}, or remove it from train.trackers" in str(caught.value)


def test_a_tracker_that_cannot_be_started_is_refused(tmp_path: Path) -> None:
    (tmp_path / "tensorboard").write_text("in the way")

    with pytest.raises(UsageError, match=r"'tensorboard' cannot be started: .*mend that, or remo"):
        tensorboard(tmp_path)


def test_a_tracker_that_fails_is_told_once_and_tried_again(
    caplog: pytest.LogCaptureFixture,
) -> None:
    failing, working = Recording(2, 4), Recording()
    trackers = Trackers([HarmlessTracker("far", failing), HarmlessTracker("near", working)])

    with caplog.at_level(logging.WARNING, "agentrl"):
        for step in range(1, 6):
            trackers.log(step, {"reward/mean": 0.0})
        trackers.close()

    assert [record.getMessage() for record in caplog.records] == [
        "tracker far: ConnectionError: no route to host; the run goes on, and metrics.jsonl has "
        "every metric"
    ]
    assert (failing.steps, working.steps) == ([1, 3, 5], [1, 2, 3, 4, 5])
    assert (failing.closed, working.closed) == (1, 1)


def test_a_tracker_that_keeps_failing_is_asked_no_more() -> None:
    dead = Recording(*range(2, 100))
    tracker = HarmlessTracker("dead", dead)
    for step in range(20):
        tracker.log(step, {})

    assert dead.calls == 4


def test_the_end_of_a_tracker_that_fails_does_not_stop_the_run(tmp_path: Path) -> None:
    class Ending(Recording):
        def close(self) -> None:
            raise TimeoutError("upload")

    last = Recording()
    Trackers([HarmlessTracker("a", Ending()), HarmlessTracker("b", last)]).close()

    assert last.closed == 1


def test_which_run_of_a_service_it_was_is_remembered(tmp_path: Path) -> None:
    assert identity_of(tmp_path, "wandb") is None
    remember_identity(tmp_path, "wandb", "abc")
    remember_identity(tmp_path, "mlflow", "def")

    assert (identity_of(tmp_path, "wandb"), identity_of(tmp_path, "mlflow")) == ("abc", "def")


def test_wandb_keeps_a_run_offline_and_goes_on_with_it(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    pytest.importorskip("wandb", reason="wandb is not installed")
    monkeypatch.setenv("WANDB_MODE", "offline")
    for after_step in (0, 1):
        tracker = build_trackers(["wandb"], tmp_path, "demo", CONFIG, after_step=after_step)
        tracker.log(after_step + 1, {"reward/mean": 0.25})
        tracker.close()

    files = list((tmp_path / "wandb").glob("offline-run-*/*.wandb"))
    assert {file.name for file in files} == {f"run-{identity_of(tmp_path, 'wandb')}.wandb"}
    assert any(b"reward/mean" in file.read_bytes() for file in files)


@pytest.mark.parametrize("uri", ["", "file"], ids=["its-own-file", "a-file-store"])
def test_mlflow_reads_what_was_logged_before_and_after_a_resume(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, uri: str
) -> None:
    mlflow: Any = pytest.importorskip("mlflow", reason="mlflow is not installed")
    own = f"sqlite:///{tmp_path / 'mlflow.db'}"
    store = (tmp_path / "store").as_uri() if uri else own
    monkeypatch.setenv("MLFLOW_TRACKING_URI", store if uri else "")
    monkeypatch.setenv("MLFLOW_ALLOW_FILE_STORE", "true")
    for after_step in (0, 1):
        tracker = build_trackers(["mlflow"], tmp_path, "demo", CONFIG, after_step=after_step)
        tracker.log(after_step + 1, {"reward/mean": 0.25, "reward/term/a+b": 1.0})
        tracker.close()

    client = mlflow.MlflowClient(tracking_uri=store)
    (experiment,) = client.search_experiments(filter_string="name = 'agentrl'")
    (run,) = client.search_runs([experiment.experiment_id])
    assert (run.info.run_name, run.info.status) == ("demo", "FINISHED")
    assert run.data.params == {"name": "demo", "train.steps": "3", "train.loss.kl": "none"}
    history = client.get_metric_history(run.info.run_id, "reward/mean")
    assert sorted((metric.step, metric.value) for metric in history) == [(1, 0.25), (2, 0.25)]
    assert run.data.metrics["reward/term/a_b"] == 1.0


def test_an_mlflow_server_that_is_not_there_is_refused_at_the_start(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    pytest.importorskip("mlflow", reason="mlflow is not installed")
    monkeypatch.setenv("MLFLOW_TRACKING_URI", "http://127.0.0.1:9")
    monkeypatch.setenv("MLFLOW_HTTP_REQUEST_MAX_RETRIES", "0")

    with pytest.raises(UsageError, match="'mlflow' cannot be started"):
        build_trackers(["mlflow"], tmp_path, "demo", CONFIG)
