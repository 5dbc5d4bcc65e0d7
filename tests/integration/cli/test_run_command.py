import json
import os
import resource
import signal
import subprocess
import sys
import time
from collections import Counter
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest

from agentrl.codec import without_timings
from agentrl.episode import Episode, Status
from agentrl.runs.folder import read_episodes
from agentrl.testing.server import FakeServer, fails, garbage, hangs, json_answer, says
from tests.commands import agentrl

COUNTER = """\
name: counter
env: {id: "agentrl.testing.worlds:agentrl-testing/Counter-v0"}
tasks:
  generate: {count: 60, seed: 0}
agent:
  model: {backend: scripted, answers: [up, down, up, up, up, up], latency_s: 0.02}
rollouts: {concurrency: 4}
"""


@pytest.fixture
def suite(tmp_path: Path) -> Path:
    path = tmp_path / "counter.yaml"
    path.write_text(COUNTER)
    return path


def in_a_process(
    *arguments: object, cwd: Path, preexec: Callable[[], None] | None = None
) -> subprocess.CompletedProcess[str]:
    return subprocess.run(
        [sys.executable, "-m", "agentrl.cli", *map(str, arguments)],
        cwd=cwd,
        capture_output=True,
        text=True,
        timeout=240,
        preexec_fn=preexec,
        check=False,
    )


def start(*arguments: object, cwd: Path) -> "subprocess.Popen[str]":
    return subprocess.Popen(
        [sys.executable, "-m", "agentrl.cli", *map(str, arguments)],
        cwd=cwd,
        stdout=subprocess.PIPE,
        stderr=subprocess.PIPE,
        text=True,
        start_new_session=True,
    )


def wait_for_episodes(run: Path, count: int) -> None:
    deadline = time.monotonic() + 120
    while time.monotonic() < deadline:
        path = run / "episodes.jsonl"
        if path.exists() and path.read_bytes().count(b"\n") >= count:
            return
        time.sleep(0.01)
    raise AssertionError(f"{run} did not come to {count} episodes")


def episodes(run: Path) -> dict[str, Episode]:
    return {episode.id: without_timings(episode) for episode in read_episodes(run)}


def test_the_summary_is_one_line_of_json_and_stands_in_the_folder(
    suite: Path, tmp_path: Path
) -> None:
    done = agentrl("run", suite, "--agent", "expert", "--json", "--out", "run", cwd=tmp_path)

    assert done.returncode == 0, done.stderr
    (line,) = done.stdout.splitlines()
    summary = json.loads(line)
    assert summary["success"]["mean"] == 1.0
    assert json.loads((tmp_path / "run" / "summary.json").read_text()) == summary
    left = {file.name for file in (tmp_path / "run").iterdir()}
    assert {"suite.yaml", "episodes.jsonl", "report.html", "log.txt"} <= left


def test_a_run_without_json_prints_a_table(suite: Path, tmp_path: Path) -> None:
    done = agentrl("run", suite, "--agent", "expert", cwd=tmp_path)

    assert done.returncode == 0, done.stderr
    assert "success" in done.stdout
    assert "report: runs/counter-" in done.stdout


def test_a_killed_run_resumes_exactly_once(suite: Path, tmp_path: Path) -> None:
    process = start("run", suite, "--out", "run", cwd=tmp_path)
    wait_for_episodes(tmp_path / "run", 10)
    process.kill()
    process.communicate()
    before = len(list(read_episodes(tmp_path / "run")))

    done = agentrl("run", suite, "--resume", "run", "--json", cwd=tmp_path)

    assert done.returncode == 0, done.stderr
    assert 10 <= before < 60
    ids = Counter(episode.id for episode in read_episodes(tmp_path / "run"))
    assert len(ids) == 60
    assert set(ids.values()) == {1}
    assert json.loads(done.stdout)["episodes"]["ok"] == 60


def test_a_killed_run_with_workers_leaves_no_process_behind(suite: Path, tmp_path: Path) -> None:
    process = start("run", suite, "--out", "run", "--workers", "2", cwd=tmp_path)
    wait_for_episodes(tmp_path / "run", 5)
    workers = subprocess.run(
        ["pgrep", "-P", str(process.pid)], capture_output=True, text=True, check=True
    ).stdout.split()
    process.kill()
    process.communicate()

    deadline = time.monotonic() + 30
    while time.monotonic() < deadline and any(Path(f"/proc/{pid}").exists() for pid in workers):
        time.sleep(0.05)

    assert len(workers) == 2
    assert [pid for pid in workers if Path(f"/proc/{pid}").exists()] == []


@pytest.mark.parametrize("workers", [1, 2])
def test_an_interrupt_records_what_was_under_way_and_a_resume_finishes(
    suite: Path, tmp_path: Path, workers: int
) -> None:
    process = start("run", suite, "--out", "run", "--workers", workers, cwd=tmp_path)
    wait_for_episodes(tmp_path / "run", 5)
    os.killpg(process.pid, signal.SIGINT)
    _, errors = process.communicate(timeout=60)

    statuses = Counter(episode.status for episode in read_episodes(tmp_path / "run"))
    assert process.returncode == 130
    assert "continue with: agentrl run --resume run" in errors
    assert 1 <= statuses[Status.CANCELLED] <= 4

    done = agentrl("run", "--resume", "run", cwd=tmp_path)

    assert done.returncode == 0, done.stderr
    assert {e.status for e in episodes(tmp_path / "run").values()} == {Status.OK}
    assert len(episodes(tmp_path / "run")) == 60


def test_a_second_interrupt_ends_a_run_that_does_not_stop(tmp_path: Path) -> None:
    suite = tmp_path / "hangs.yaml"
    head, tail = COUNTER.split("  generate: {count: 60, seed: 0}\n")
    suite.write_text(f"{head}  inline: [{{id: good}}, {{id: bad, hang_at: 0}}]\n{tail}")
    process = start("run", suite, "--out", "run", cwd=tmp_path)
    wait_for_episodes(tmp_path / "run", 1)

    os.killpg(process.pid, signal.SIGINT)
    time.sleep(0.5)
    still_closing = process.poll() is None
    os.killpg(process.pid, signal.SIGINT)
    process.communicate(timeout=5)

    assert still_closing
    assert process.returncode == 130
    assert [episode.id for episode in read_episodes(tmp_path / "run")] == ["good#0"]


def test_one_and_two_workers_play_the_same_episodes(suite: Path, tmp_path: Path) -> None:
    for workers in (1, 2):
        done = agentrl("run", suite, "--workers", workers, "--out", f"run{workers}", cwd=tmp_path)
        assert done.returncode == 0, done.stderr

    one, two = episodes(tmp_path / "run1"), episodes(tmp_path / "run2")
    assert len(one) == 60
    assert one == two


def test_the_resolved_suite_repeats_the_run(suite: Path, tmp_path: Path) -> None:
    agentrl("run", suite, "--set", "tasks.limit=5", "--out", "first", cwd=tmp_path)

    done = agentrl("run", "first/suite.yaml", "--out", "second", cwd=tmp_path)

    assert done.returncode == 0, done.stderr
    assert episodes(tmp_path / "first") == episodes(tmp_path / "second")


def test_a_worker_that_dies_costs_one_try_of_its_episodes(tmp_path: Path) -> None:
    suite = tmp_path / "dies.yaml"
    tasks = "".join(f"    - {{id: t{i}}}\n" for i in range(5))
    trouble = f"    - {{id: bad, die_at: 1, once: {tmp_path}/struck}}\n"
    head, tail = COUNTER.split("  generate: {count: 60, seed: 0}\n")
    suite.write_text(f"{head}  inline:\n{tasks}{trouble}{tail}")

    done = agentrl("run", suite, "--workers", "2", "--json", "--out", "run", cwd=tmp_path)

    assert done.returncode == 0, done.stderr
    played = episodes(tmp_path / "run")
    assert {e.status for e in played.values()} == {Status.OK}
    assert played["bad#0"].tries == 2


def test_infrastructure_that_keeps_failing_is_told_and_never_a_zero(tmp_path: Path) -> None:
    suite = tmp_path / "crash.yaml"
    head, tail = COUNTER.split("  generate: {count: 60, seed: 0}\n")
    suite.write_text(f"{head}  inline: [{{id: good}}, {{id: bad, crash_at: 0}}]\n{tail}")

    done = agentrl(
        *("run", suite, "--json", "--out", "run", "--set", "rollouts.retries=1"), cwd=tmp_path
    )

    summary = json.loads(done.stdout)
    assert done.returncode == 2
    assert "infrastructure failed 1 of 2 episodes" in done.stderr
    assert "the counter broke" in done.stderr
    assert summary["success"]["mean"] == 1.0
    assert summary["success"]["n"] == 1


def with_server(tmp_path: Path, server: FakeServer, **settings: Any) -> Path:
    model = {"backend": "openai", "model": "fake", "base_url": server.base_url, **settings}
    suite = tmp_path / "server.yaml"
    head = COUNTER[: COUNTER.index("agent:")].replace("count: 60", "count: 3")
    suite.write_text(f"{head}agent: {json.dumps({'model': model})}\nrollouts: {{retries: 1}}\n")
    return suite


def test_an_openai_compatible_server_plays_and_its_price_is_counted(tmp_path: Path) -> None:
    usage = {"prompt_tokens": 100, "completion_tokens": 10}
    with FakeServer([says("up", usage=usage)]) as server:
        suite = with_server(tmp_path, server, prices={"input": 1.0, "output": 5.0})
        done = agentrl("run", suite, "--json", cwd=tmp_path)

    summary = json.loads(done.stdout)
    turns = 3 + 4 + 3  # the odd seed begins one below zero
    assert done.returncode == 0, done.stderr
    assert summary["cost_usd"] == pytest.approx(turns * (100 * 1.0 + 10 * 5.0) / 1e6)


BAD_SERVERS = {
    "answers 500": (fails(500, "out of memory"), "out of memory"),
    "answers garbage": (garbage(), "unreadable answer"),
    "answers nothing": (json_answer({"choices": []}), "no choices"),
    "hangs": (hangs(), "no answer within 0.3 s"),
}


@pytest.mark.parametrize("trouble", BAD_SERVERS)
def test_a_server_in_trouble_fails_episodes_with_its_own_words(
    tmp_path: Path, trouble: str
) -> None:
    answer, words = BAD_SERVERS[trouble]
    with FakeServer([answer]) as server:
        suite = with_server(tmp_path, server, max_retries=1, timeout_s=0.3)
        done = agentrl("run", suite, "--out", "run", cwd=tmp_path)

    assert done.returncode == 2
    assert words in done.stderr
    assert "Traceback" not in done.stderr
    assert {e.status for e in episodes(tmp_path / "run").values()} == {Status.INFRA_FAILED}


def test_a_full_disk_stops_the_run_and_keeps_what_was_written(suite: Path, tmp_path: Path) -> None:
    def small_files_only() -> None:
        resource.setrlimit(resource.RLIMIT_FSIZE, (20_000, resource.RLIM_INFINITY))

    done = in_a_process("run", suite, "--out", "run", cwd=tmp_path, preexec=small_files_only)

    assert done.returncode == 2
    assert "every episode written before this is kept" in done.stderr
    assert "Traceback" not in done.stderr
    assert (tmp_path / "run" / "episodes.jsonl").read_bytes().endswith(b"\n")
    kept = len(episodes(tmp_path / "run"))
    assert kept > 0

    resumed = agentrl("run", "--resume", "run", cwd=tmp_path)

    assert resumed.returncode == 0, resumed.stderr
    assert len(episodes(tmp_path / "run")) == 60


BAD_INPUTS = {
    "an unknown key": (COUNTER + "limits: {max_trns: 3}\n", "max_turns?"),
    "the issue's own typo": (
        COUNTER.replace("rollouts: {concurrency: 4}", "rollouts: {concurency: 8}"),
        "bad.yaml:7: rollouts.concurency: unknown key (did you mean concurrency?)",
    ),
    "a wrong type": (COUNTER.replace("count: 60", "count: many"), "tasks.generate.count"),
    "an unknown environment": (COUNTER.replace("Counter-v0", "Conter-v0"), "Conter-v0"),
    "an unknown option": (COUNTER.replace('v0"}', 'v0", options: {targt: 4}}'), "target?"),
    "a missing file of tasks": (
        COUNTER.replace("generate: {count: 60, seed: 0}", "file: none.jsonl"),
        "none.jsonl",
    ),
    "a task that comes twice": (
        COUNTER.replace("generate: {count: 60, seed: 0}", "inline: [{id: a}, {id: a}]"),
        "'a'",
    ),
    "a server that is not there": (
        COUNTER.replace(
            "{backend: scripted, answers: [up, down, up, up, up, up], latency_s: 0.02}",
            "{backend: openai, model: x, base_url: 'http://127.0.0.1:9/v1', max_retries: 1}",
        ),
        "127.0.0.1:9",
    ),
    "a checkpoint that is none": (
        COUNTER.replace(
            "{backend: scripted, answers: [up, down, up, up, up, up], latency_s: 0.02}",
            "{backend: transformers, checkpoint: ./nowhere}",
        ),
        "nowhere",
    ),
    "a recording that is none": (
        COUNTER.replace(
            "{backend: scripted, answers: [up, down, up, up, up, up], latency_s: 0.02}",
            "{backend: replay, run: ./nowhere}",
        ),
        "nowhere",
    ),
}


@pytest.mark.parametrize("what", BAD_INPUTS)
def test_bad_input_gets_one_message_and_leaves_nothing_behind(what: str, tmp_path: Path) -> None:
    text, expected = BAD_INPUTS[what]
    (tmp_path / "bad.yaml").write_text(text)

    done = agentrl("run", "bad.yaml", "--json", cwd=tmp_path)

    assert done.returncode == 2
    assert expected in done.stderr
    assert "Traceback" not in done.stderr
    assert done.stdout == ""
    assert not list(tmp_path.glob("runs/*"))


BROKEN_MODULES = {
    "no Python": ("def f(:", "cannot be imported: SyntaxError"),
    "an error at import": ("raise RuntimeError('boom')", "cannot be imported: RuntimeError: boom"),
    "an import of what is not there": ("import nowhere", "no module named 'nowhere'"),
    "no environment": ("x = 1", "no environment 'mine:Mine-v0' is registered"),
    "an environment that breaks": (
        "import gymnasium\n"
        "from agentrl.testing.worlds import CounterEnv\n"
        "class Mine(CounterEnv):\n"
        "    def __init__(self) -> None:\n"
        "        raise RuntimeError('boom')\n"
        "gymnasium.register('Mine-v0', entry_point=Mine)\n",
        "cannot be built with its env.options: RuntimeError: boom",
    ),
}


@pytest.mark.parametrize("what", BROKEN_MODULES)
def test_a_users_module_that_is_broken_is_said_in_one_message(what: str, tmp_path: Path) -> None:
    module, expected = BROKEN_MODULES[what]
    (tmp_path / "mine.py").write_text(module)
    suite = COUNTER.replace("agentrl.testing.worlds:agentrl-testing/Counter-v0", "mine:Mine-v0")
    (tmp_path / "mine.yaml").write_text(suite)

    done = in_a_process("run", "mine.yaml", cwd=tmp_path)

    assert done.returncode == 2
    assert expected in done.stderr
    assert "Traceback" not in done.stderr


def test_debug_shows_the_traceback(tmp_path: Path) -> None:
    done = in_a_process("run", "none.yaml", "--debug", cwd=tmp_path)

    assert "Traceback" in done.stderr


def test_a_corrupt_episodes_file_is_named_with_its_line(suite: Path, tmp_path: Path) -> None:
    agentrl("run", suite, "--set", "tasks.limit=3", "--out", "run", cwd=tmp_path)
    path = tmp_path / "run" / "episodes.jsonl"
    path.write_text("garbage\n" + path.read_text())

    for command in (("run", "--resume", "run"), ("report", "run")):
        done = agentrl(*command, cwd=tmp_path)
        assert done.returncode == 2
        assert "episodes.jsonl:1: not a line of JSON" in done.stderr


def test_another_suite_does_not_continue_a_run(suite: Path, tmp_path: Path) -> None:
    agentrl("run", suite, "--set", "tasks.limit=3", "--out", "run", cwd=tmp_path)

    done = agentrl("run", suite, "--resume", "run", cwd=tmp_path)

    assert done.returncode == 2
    assert "tasks.limit: 3 -> None" in done.stderr


def test_two_runs_are_compared_task_by_task(suite: Path, tmp_path: Path) -> None:
    for agent in ("random", "expert"):
        agentrl("run", suite, "--agent", agent, "--out", agent, cwd=tmp_path)

    done = agentrl("report", "random", "expert", "--json", cwd=tmp_path)

    comparison = json.loads(done.stdout)
    assert comparison["baseline"] == "random"
    assert comparison["runs"][1]["difference"]["common_tasks"] == 60


def test_several_attempts_give_pass_at_k(suite: Path, tmp_path: Path) -> None:
    done = agentrl(
        *("run", suite, "--agent", "random", "--json"),
        *("--set", "tasks.limit=5", "--set", "rollouts.attempts=3"),
        *("--set", "limits.max_turns=4"),
        cwd=tmp_path,
    )

    summary = json.loads(done.stdout)
    assert summary["success"]["n"] == 15
    assert summary["pass_at_k"]["3"]["mean"] >= summary["pass_at_k"]["1"]["mean"]
    assert summary["pass_hat_k"]["3"]["mean"] <= summary["pass_hat_k"]["1"]["mean"]


def test_a_person_plays_in_the_terminal(suite: Path, tmp_path: Path) -> None:
    done = subprocess.run(
        [
            *(sys.executable, "-m", "agentrl.cli", "run", suite, "--agent", "human"),
            *("--set", "tasks.limit=1", "--out", "run"),
        ],
        cwd=tmp_path,
        input="up\nup\nup\n",
        capture_output=True,
        text=True,
        timeout=60,
        check=False,
    )

    assert done.returncode == 0, done.stderr
    assert episodes(tmp_path / "run")["seed-0#0"].outcome["success"] == 1.0


def test_envs_lists_options_as_the_code_has_them(tmp_path: Path) -> None:
    done = agentrl("envs", "agentrl/Maze-v0", cwd=tmp_path)

    assert done.returncode == 0, done.stderr
    assert "difficulty" in done.stdout


def test_doctor_says_what_a_suite_lacks(tmp_path: Path) -> None:
    (tmp_path / "bad.yaml").write_text(COUNTER.replace("count: 60", "count: many"))

    done = agentrl("doctor", "bad.yaml", cwd=tmp_path)

    assert done.returncode == 2
    assert "tasks.generate.count" in done.stdout.replace("\n", "")


def test_a_typo_in_a_reward_term_is_told_before_anything_is_written(
    suite: Path, tmp_path: Path
) -> None:
    done = agentrl(
        *("run", suite, "--agent", "expert", "--set", "reward.terms={sucess: 1}"), cwd=tmp_path
    )

    assert done.returncode == 2
    assert "nothing states 'sucess' (did you mean success?)" in done.stderr
    assert not (tmp_path / "runs").exists()
