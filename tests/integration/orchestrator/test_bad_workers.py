"""Workers over HTTP that misbehave, in a whole run: what an episode comes to, and what is told."""

import json
import os
import resource
import signal
import subprocess
import sys
import time
from collections.abc import Callable, Sequence
from pathlib import Path
from typing import Any

import pytest
import yaml

from agentrl.episode import Episode, Status
from agentrl.runs.folder import read_episodes
from agentrl.testing.server import Answer, FakeServer, fails, garbage, hangs, resets, says
from tests.commands import Done, agentrl

USAGE = {"prompt_tokens": 30, "completion_tokens": 5}
EVENTS = b'data: {"choices": [{"delta": {"content": "4"}}]}\n\ndata: {"cho'
HALF = Answer(200, b'{"choices": [{"mess', {"Content-Type": "application/json"}, missing=500)


@pytest.fixture(autouse=True)
def own_cache(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("AGENTRL_CACHE", str(tmp_path / "cache"))


def suite(folder: Path, url: str, *, count: int = 1, **orchestrator: Any) -> Path:
    """A suite whose one worker is a model behind ``url``; every plan asks it two times."""
    model = {"backend": "openai", "model": "fake", "base_url": url, "max_retries": 0}
    guard = {"timeout_s": 0.5, "break_after": 100, **orchestrator.pop("guard", {})}
    worker = {"kind": "model", "model": model, "price_in": 2, "price_out": 8, "guard": guard}
    env = {"env": {"id": "agentrl/QA-v0"}, "topology": {"topology": "chain", "workers": ["w"] * 2}}
    path = folder / "suite.yaml"
    path.write_text(
        yaml.safe_dump(
            {
                "name": "bad-workers",
                "env": {"id": "agentrl/Conductor-v0", "options": env},
                "tasks": {"generate": {"count": count, "seed": 0}},
                "agent": {"kind": "expert"},
                "rollouts": {"retries": 0},
                "orchestrator": {
                    "pool": {"workers": {"w": {**worker, **orchestrator.pop("worker", {})}}},
                    "retries": 0,
                    **orchestrator,
                },
            }
        )
    )
    return path


def run(path: Path, *options: object) -> tuple[Done, list[Episode]]:
    folder = path.parent / "run"
    done = agentrl("run", path, "--out", folder, *options, cwd=path.parent)
    return done, list(read_episodes(folder)) if folder.exists() else []


@pytest.mark.parametrize(
    ("answers", "why"),
    [
        ([hangs()], "no answer within 0.5 s"),
        ([garbage()], "unreadable answer"),
        ([garbage(EVENTS, "text/event-stream")], "unreadable answer"),
        ([HALF], "RemoteProtocolError"),
        ([resets()], "failed"),
        ([says("")], "answered nothing"),
        ([fails(500, "out of order")], "out of order"),
    ],
    ids=["hangs", "garbage", "streams", "half an answer", "cut", "nothing", "500"],
)
def test_a_worker_that_gives_no_answer_is_no_reward_of_zero(
    tmp_path: Path, answers: Sequence[Answer], why: str
) -> None:
    with FakeServer(answers) as server:
        done, (episode,) = run(suite(tmp_path, server.base_url))

    assert done.returncode == 2
    assert "Traceback" not in done.stderr
    assert episode.status is Status.INFRA_FAILED
    assert episode.error is not None
    assert why in episode.error.message


def test_a_node_that_fails_is_told_to_the_next_and_the_episode_counts(tmp_path: Path) -> None:
    with FakeServer([garbage(), says("4", usage=USAGE)]) as server:
        done, (episode,) = run(suite(tmp_path, server.base_url))
        told = server.requests[-1]["messages"]

    assert done.returncode == 0, done.stderr
    assert episode.status is Status.OK
    first, second = episode.turns[0].calls
    assert "unreadable answer" in first.error
    assert second.generation is not None
    assert episode.turns[0].signals["failed_nodes"] == 1
    assert any("no answer" in message["content"].lower() for message in told)


@pytest.mark.parametrize(
    "usage",
    [
        None,
        {"prompt_tokens": -3, "completion_tokens": 5},
        {"prompt_tokens": 9, "completion_tokens": 10**12},
    ],
    ids=["none", "negative", "huge"],
)
def test_who_lies_about_usage_is_paid_for_what_was_said(tmp_path: Path, usage: Any) -> None:
    with FakeServer([says("The answer is 4.", usage=usage)]) as server:
        done, (episode,) = run(suite(tmp_path, server.base_url))

    assert done.returncode == 0, done.stderr
    calls = episode.turns[0].calls
    answered = [call.generation for call in calls if call.generation]
    assert [answer.usage.completion_tokens for answer in answered] == [4, 4]
    paid = sum(a.usage.prompt_tokens * 2 + a.usage.completion_tokens * 8 for a in answered) / 1e6
    assert episode.outcome["usd"] == pytest.approx(paid)
    assert episode.cost_usd == pytest.approx(paid)


def test_a_budget_of_zero_asks_nobody_and_the_episode_counts(tmp_path: Path) -> None:
    with FakeServer([says("4", usage=USAGE)]) as server:
        path = suite(tmp_path, server.base_url, limits={"usd": 0})
        done, (episode,) = run(path)
        asked = len(server.requests)

    assert done.returncode == 0, done.stderr
    assert (asked, episode.status, episode.cost_usd) == (0, Status.OK, 0.0)
    assert episode.outcome["answered"] == 0


def test_a_budget_needs_prices_before_anything_is_written(tmp_path: Path) -> None:
    path = suite(tmp_path, "http://127.0.0.1:9/v1", limits={"usd": 1}, worker={"price_out": None})

    done, _ = run(path)

    assert done.returncode == 2
    assert "there is no price for w; give each a price_in and a price_out" in done.stderr
    assert not (tmp_path / "run").exists()


def started(path: Path, preexec: Callable[[], None] | None = None) -> "subprocess.Popen[str]":
    command = [sys.executable, "-m", "agentrl.cli", "run", str(path), "--out", "run"]
    return subprocess.Popen(
        command,
        cwd=path.parent,
        stdout=subprocess.PIPE,
        stderr=subprocess.PIPE,
        text=True,
        start_new_session=True,
        preexec_fn=preexec,
    )


def test_a_killed_run_goes_on_and_no_call_is_lost_or_counted_twice(tmp_path: Path) -> None:
    with FakeServer([says("4", usage=USAGE, delay_s=0.02)]) as server:
        path = suite(tmp_path, server.base_url, count=12, guard={"timeout_s": 20})
        process = started(path)
        record = tmp_path / "run" / "episodes.jsonl"
        deadline = time.monotonic() + 60
        while time.monotonic() < deadline and not (
            record.exists() and record.read_bytes().count(b"\n") >= 2
        ):
            time.sleep(0.01)
        os.killpg(process.pid, signal.SIGKILL)
        process.communicate()
        done = agentrl("run", "--resume", "run", cwd=tmp_path)

    assert done.returncode == 0, done.stderr
    found = list(read_episodes(tmp_path / "run"))
    assert len(found) == len({episode.id for episode in found}) == 12
    each = 2 * (30 * 2 + 5 * 8) / 1e6
    assert {round(e.cost_usd, 12) for e in found} == {round(each, 12)}
    assert {len(e.turns[0].calls) for e in found} == {2}


def test_a_disk_that_fills_up_with_calls_stops_the_run_and_it_goes_on(tmp_path: Path) -> None:
    def small_files_only() -> None:
        resource.setrlimit(resource.RLIMIT_FSIZE, (20_000, resource.RLIM_INFINITY))

    with FakeServer([says("4" * 4_000, usage={**USAGE, "completion_tokens": 1_000})]) as server:
        path = suite(tmp_path, server.base_url, count=6, guard={"timeout_s": 20})
        process = started(path, small_files_only)
        _, complaint = process.communicate(timeout=60)
        kept = (tmp_path / "run" / "episodes.jsonl").read_bytes()
        done = agentrl("run", "--resume", "run", cwd=tmp_path)

    assert process.returncode == 2
    assert "every episode written before this is kept" in complaint
    assert "Traceback" not in complaint
    assert kept.endswith(b"\n") or not kept
    assert done.returncode == 0, done.stderr
    assert len(list(read_episodes(tmp_path / "run"))) == 6


def test_a_run_twice_is_the_same_and_the_second_asks_nobody(tmp_path: Path) -> None:
    with FakeServer([says("4", usage=USAGE)]) as server:
        path = suite(tmp_path, server.base_url, count=2)
        _, first = run(path)
        asked = len(server.requests)
        agentrl("run", path, "--out", "again", cwd=tmp_path)
        again = list(read_episodes(tmp_path / "again"))

    first.sort(key=lambda episode: episode.id)
    again.sort(key=lambda episode: episode.id)
    assert asked == len(server.requests) == 4
    assert [e.turns[0].calls for e in again] == [e.turns[0].calls for e in first]
    assert json.dumps([e.outcome for e in again]) == json.dumps([e.outcome for e in first])
