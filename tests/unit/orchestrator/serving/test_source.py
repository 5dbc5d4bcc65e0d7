"""Tests of what can be served: suites, run folders, checkpoints."""

import json
from pathlib import Path
from typing import Any

import pytest
import yaml

from agentrl.agents.choice.layout import Layout
from agentrl.agents.choice.policy import scratch_policy
from agentrl.errors import AgentrlError, SuiteError, UsageError
from agentrl.orchestrator.choice import ChoiceEnv
from agentrl.orchestrator.serving.source import read_source
from agentrl.runs.folder import SUITE

WORKER = {"kind": "model", "model": {"backend": "scripted", "answers": ["42"]}}
CHOICE = {"env": {"id": "agentrl/Choice-v0"}, "agent": {"kind": "choice"}}


def write(file: Path, **more: Any) -> Path:
    suite: dict[str, Any] = {
        "name": "team",
        "env": {"id": "agentrl/Conductor-v0"},
        "tasks": {"generate": {"count": 2, "seed": 1}},
        "agent": {"kind": "expert"},
        "orchestrator": {"pool": {"workers": {"one": WORKER}}},
        **more,
    }
    if suite["env"]["id"] != "agentrl/QA-v0":
        suite["env"].setdefault("options", {"env": {"id": "agentrl/QA-v0"}})
    file.parent.mkdir(parents=True, exist_ok=True)
    file.write_text(yaml.safe_dump(suite), encoding="utf-8")
    return file


@pytest.fixture
def run(tmp_path: Path) -> Path:
    """The folder of a choice policy's training with two checkpoints, the first the best."""
    folder = tmp_path / "run"
    write(folder / SUITE, **json.loads(json.dumps(CHOICE)))
    for step in (1, 2):
        made = folder / "checkpoints" / f"step-{step:06d}"
        made.mkdir(parents=True)
        scratch_policy(Layout(ChoiceEnv.choice_facts, 4, 4), 4).save(made)
        (made / "checkpoint.json").write_text("{}")
    (folder / "checkpoints/latest").symlink_to("step-000002")
    (folder / "checkpoints/best").symlink_to("step-000001")
    return folder


def test_a_run_folder_is_served_with_its_best_weights(run: Path) -> None:
    served = read_source(run)
    assert served.spec.agent.choice.checkpoint == str(run / "checkpoints/step-000001")
    assert served.checkpoint == run / "checkpoints/step-000001"


def test_a_checkpoint_of_a_run_is_served_with_the_runs_suite(run: Path) -> None:
    served = read_source(run / "checkpoints/latest")
    assert served.spec.agent.choice.checkpoint == str(run / "checkpoints/step-000002")


def test_without_links_the_newest_weights_are_taken(run: Path) -> None:
    for name in ("latest", "best"):
        (run / "checkpoints" / name).unlink()
    assert read_source(run).checkpoint == run / "checkpoints/step-000002"


def test_a_policy_is_sampled_as_it_was_evaluated(run: Path) -> None:
    tasks = {"generate": {"count": 1, "seed": 5}}
    train = {"algorithm": "rloo", "steps": 1, "evaluation": {"tasks": tasks, "temperature": 0}}
    write(run / SUITE, **json.loads(json.dumps(CHOICE)), train=train)
    assert read_source(run).spec.agent.sampling.temperature == 0
    warmer = read_source(run, overrides=["train.evaluation.temperature=0.5"])
    assert warmer.spec.agent.sampling.temperature == 0.5


def test_questions_are_of_the_group_and_under_the_rules_of_the_tasks(run: Path) -> None:
    served = read_source(run)
    assert served.group == "sums"
    rules = served.spec.env.options["env"]["options"]["rules"]
    assert rules.startswith("Answer the question.")


def test_what_is_not_there_is_said(tmp_path: Path) -> None:
    with pytest.raises(UsageError, match="no such file or folder"):
        read_source(tmp_path / "none")
    with pytest.raises(UsageError, match="neither the folder of a run"):
        read_source(tmp_path)


@pytest.mark.parametrize(
    ("more", "says"),
    [
        ({"env": {"id": "agentrl/QA-v0"}, "orchestrator": None}, "asks no workers"),
        ({"agent": {"kind": "random"}}, "is not served"),
        (json.loads(json.dumps(CHOICE)), "random weights"),
        (
            {"agent": {"model": {"backend": "transformers", "scratch": {}}}},
            "random weights",
        ),
    ],
)
def test_what_cannot_be_served_is_said(tmp_path: Path, more: dict[str, Any], says: str) -> None:
    suite = write(tmp_path / "suite.yaml", **more)
    with pytest.raises(AgentrlError, match=says):
        read_source(suite)


def test_weights_for_an_agent_without_any_are_refused(tmp_path: Path) -> None:
    with pytest.raises(AgentrlError, match="no weights of its own"):
        read_source(write(tmp_path / "suite.yaml"), tmp_path)


def test_recordings_alone_answer_nothing(tmp_path: Path) -> None:
    worker = {"kind": "replay", "file": str(tmp_path / "said.jsonl")}
    suite = write(tmp_path / "suite.yaml", orchestrator={"pool": {"workers": {"w": worker}}})
    with pytest.raises(UsageError, match="recordings know no new question"):
        read_source(suite)


def test_tasks_that_are_gone_are_not_needed(run: Path, caplog: pytest.LogCaptureFixture) -> None:
    write(run / SUITE, **json.loads(json.dumps(CHOICE)), tasks={"file": "/nowhere.jsonl"})
    assert read_source(run).group == ""
    assert "cannot be read" in caplog.text


def test_settings_are_set(run: Path) -> None:
    served = read_source(run, overrides=["orchestrator.retries=7"])
    assert served.spec.orchestrator is not None
    assert served.spec.orchestrator.retries == 7
    with pytest.raises(SuiteError, match="retrys"):
        read_source(run, overrides=["orchestrator.retrys=7"])
