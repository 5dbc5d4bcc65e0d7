"""What ``agentrl rewards`` says and with which code it ends."""

import json
from pathlib import Path

import pytest
import yaml

from agentrl.episode import Episode
from agentrl.runs.folder import RunFolder
from agentrl.suite.reward.presets import preset_names, preset_yaml
from agentrl.suite.sandbox import SandboxSpec
from tests.commands import ROOT, Done, agentrl
from tests.unit.rewards.diagnose.episodes import episode
from tests.unit.rewards.diagnose.test_farming import farmed_record

SUITE = """\
name: farmed
env: {id: agentrl/Maze-v0}
tasks: {generate: {count: 2, seed: 1}}
agent: {kind: random}
reward:
  terms:
    success: 1.0
    format_ok: {weight: 0.5, level: 1}
"""
GATED = """\
reward:
  terms:
    success: 1.0
    format_ok: {weight: 0.5, level: 1}
  gates:
    solved: {mode: on_success, level: 1}
"""


def rewards(*arguments: object, cwd: Path = ROOT) -> Done:
    return agentrl("rewards", *arguments, cwd=cwd)


def recorded(folder: Path, episodes: list[Episode], suite: str = SUITE) -> Path:
    with RunFolder.create(folder, suite) as run:
        for each in episodes:
            run.append(each)
    return folder


@pytest.fixture(scope="module")
def run(tmp_path_factory: pytest.TempPathFactory) -> Path:
    return recorded(tmp_path_factory.mktemp("runs") / "farmed", farmed_record())


def test_the_presets_are_listed_with_purpose_and_paper() -> None:
    listed = json.loads(rewards("list", "--json").stdout)
    text = rewards("list").stdout

    assert [preset["name"] for preset in listed] == preset_names()
    assert next(p["papers"] for p in listed if p["name"] == "g-ra") == ["2508.10548"]
    assert all(name in text for name in preset_names())


def test_a_preset_is_shown_as_the_yaml_that_it_is_and_in_words_beside_it() -> None:
    shown = rewards("show", "g-ra")

    assert shown.stdout == preset_yaml("g-ra")
    assert "handed-in" in shown.stderr


def test_the_reward_of_a_suite_is_shown_with_its_preset_written_out(tmp_path: Path) -> None:
    suite = tmp_path / "suite.yaml"
    suite.write_text(SUITE.replace("reward:\n", "reward:\n  preset: posterior-grpo\n"))
    shown = yaml.safe_load(rewards("show", suite).stdout)["reward"]
    as_json = json.loads(rewards("show", suite, "--json").stdout)

    assert shown["terms"]["format_ok"]["weight"] == 0.5
    assert set(shown["terms"]) > {"success", "format_ok"}
    assert shown["gates"]
    assert as_json["terms"].keys() == shown["terms"].keys()


def test_what_is_shown_can_be_used_again(tmp_path: Path) -> None:
    for name in ("g-ra", "grpo-lambda"):
        file = tmp_path / f"{name}.yaml"
        file.write_text(rewards("show", name).stdout)
        again = rewards("show", file, "--json").stdout

        assert again == rewards("show", name, "--json").stdout


def test_a_reward_that_is_none_is_answered_with_the_nearest() -> None:
    done = rewards("show", "g-raa")

    assert done.returncode == 2
    assert "no such preset (did you mean g-ra?)" in done.stderr


def test_a_run_is_diagnosed_by_its_own_reward(run: Path) -> None:
    done = rewards("diagnose", run)

    assert done.returncode == 0, done.stderr
    assert "farmed: 384 scored episodes in 96 groups, 12 versions of the weights" in done.stdout
    assert "reward of the run" in done.stdout
    assert "farming alarm: FARMING: the return rises" in done.stdout


def test_two_rewards_are_diagnosed_beside_each_other(run: Path, tmp_path: Path) -> None:
    gated = tmp_path / "gated.yaml"
    gated.write_text(GATED)
    page = tmp_path / "page.html"
    done = rewards("diagnose", run, "--spec", run / "suite.yaml", "--spec", gated, "--json")
    (told,) = json.loads(done.stdout)["runs"]
    direct, closed = told["specs"]

    assert (direct["farming"]["verdict"], closed["farming"]["verdict"]) == ("farming", "clear")
    assert 0 < closed["gates"]["solved"]["open"] < 1
    assert 0 < told["distances"][0]["starc"] < 1
    assert closed["without_signal"]["after"] > direct["without_signal"]["after"]
    assert rewards("diagnose", run, run, "--spec", gated, "--out", page).returncode == 0
    assert page.read_text(encoding="utf-8").count("<h1>farmed</h1>") == 2


def test_a_diagnosis_asks_no_model_for_labels(run: Path, tmp_path: Path) -> None:
    judged = tmp_path / "judged.yaml"
    judge = (
        "{kind: judge, rubric: {principles: Be kind.},"
        " model: {backend: openai, model: m, base_url: 'http://127.0.0.1:9/v1'}}"
    )
    judged.write_text(f"labels: {{quality: {judge}}}\nterms: {{success: 1.0, quality: 0.5}}\n")
    done = rewards("diagnose", run, "--spec", judged)

    assert done.returncode == 0, done.stderr
    assert "label 'quality' (judge) is missing in the record" in done.stdout


def test_a_fact_that_the_environment_declares_may_be_missing_in_the_record(
    run: Path, tmp_path: Path
) -> None:
    file = tmp_path / "reward.yaml"
    file.write_text("terms: {success: 1.0, progress: 1.0}\n")
    done = rewards("diagnose", run, "--spec", file)

    assert done.returncode == 0, done.stderr
    assert "note: no episode states 'progress', for which terms.progress asks" in done.stdout


@pytest.mark.parametrize(
    ("arguments", "complaint"),
    [
        (["nowhere"], "nowhere: no such run; give a run folder or an episodes.jsonl"),
        (["RUN", "--spec", "grpo-lamda"], "did you mean grpo-lambda?"),
        (
            ["RUN", "--spec", "g-ra"],
            "spec 'g-ra': reward.terms.outcome: nothing states 'submitted'",
        ),
        (["RUN", "--outcome", "sucess"], "(did you mean success?)"),
        (["RUN", "--out", "no/folder/page.html"], "--out no/folder/page.html: expected a file in"),
        (["EPISODES"], "episodes.jsonl has no suite.yaml and so no reward of its own"),
    ],
)
def test_what_cannot_be_diagnosed_is_refused_with_the_way_out(
    arguments: list[str], complaint: str, run: Path
) -> None:
    known = {"RUN": str(run), "EPISODES": str(run / "episodes.jsonl")}
    done = rewards("diagnose", *[known.get(each, each) for each in arguments])

    assert done.returncode == 2
    assert complaint in done.stderr
    assert "Traceback" not in done.stderr
    assert done.stdout == ""


def test_a_run_without_a_scored_episode_is_refused(tmp_path: Path) -> None:
    done = rewards("diagnose", recorded(tmp_path / "empty", []))

    assert done.returncode == 2
    assert "none of 0 episodes is scored" in done.stderr


def test_the_doctor_prints_the_reward_of_a_suite_that_is_named(tmp_path: Path) -> None:
    suite = tmp_path / "suite.yaml"
    suite.write_text(SUITE)
    done = agentrl("doctor", suite)

    assert done.returncode == 0, done.stderr
    assert "0.5 x fact format_ok" in done.stdout


PROGRAM = """\
Because.
```python
def reward(episode):
    return [{"key": float("key" in turn["action"])} for turn in episode["turns"]]
```
"""


def test_a_model_writes_a_reward_program_from_the_command_line(
    tmp_path: Path, sandbox: SandboxSpec
) -> None:
    won = episode("won", {"success": 1.0}, [{}], actions=["take key"])
    lost = episode("lost", {"success": 0.0}, [{}], actions=["wait"])
    folder = recorded(tmp_path / "run", [won, lost])
    model = tmp_path / "model.yaml"
    model.write_text(yaml.safe_dump({"model": {"backend": "scripted", "answers": [PROGRAM]}}))
    out = tmp_path / "programs"
    options = ("--model", model, "--rounds", 1, "--candidates", 1, "--out", out)

    done = rewards("code", folder, *options)

    assert done.returncode == 0, done.stderr
    assert f"best: {out / 'best.py'}, fitness 1.000" in done.stdout
    assert "def reward(episode)" in (out / "best.py").read_text(encoding="utf-8")


def test_without_a_model_no_program_can_be_written(run: Path, tmp_path: Path) -> None:
    done = rewards("code", run, "--out", tmp_path / "out")

    assert done.returncode == 2
    assert "has no agent.model; give one with --model FILE.yaml" in done.stderr
