"""Tests of workers that need a sandbox: the Python runner, and an agent on a repository."""

import asyncio
from typing import Any

import pytest

from agentrl.models.base import Message
from agentrl.orchestrator.pool import build_pool
from agentrl.orchestrator.worker import Answer, Request, Seen
from agentrl.suite.orchestrator import PoolSpec
from agentrl.suite.sandbox import SandboxSpec
from agentrl.task import Task


def ask(worker: dict[str, Any], instruction: str, *sees: Seen, task: Task | None = None) -> Answer:
    pool = build_pool(PoolSpec.model_validate({"workers": {"w": worker}}))
    request = Request(
        task or Task("t"), (Message("user", instruction),), instruction, "n1", 0, sees
    )

    async def once() -> Answer:
        try:
            return await pool["w"].answer(request)
        finally:
            await pool.close()

    return asyncio.run(once())


def runner(sandbox: SandboxSpec, **options: Any) -> dict[str, Any]:
    more = {"sandbox": sandbox.model_dump(), **options}
    return {"kind": "program", "function": "python", "options": more}


def test_a_program_runs_and_what_it_prints_is_the_answer(any_sandbox: SandboxSpec) -> None:
    answer = ask(runner(any_sandbox), "Run this:\n```python\nprint(sum(range(10)))\n```")

    assert answer.text == "45"


def test_a_program_reads_what_the_node_sees(sandbox: SandboxSpec) -> None:
    seen = Seen("first", "count", "three\nlines\nhere")
    text = "```python\nprint(len(open('first.txt').readlines()))\n```"

    assert ask(runner(sandbox), text, seen).text == "3"


def test_a_program_that_fails_or_hangs_says_so(sandbox: SandboxSpec) -> None:
    failed = ask(runner(sandbox), "```python\n1 / 0\n```").text
    hung = ask(runner(sandbox, seconds=1), "```python\nwhile True: pass\n```").text
    silent = ask(runner(sandbox), "```python\npass\n```").text

    assert "ZeroDivisionError" in failed
    assert failed.endswith("[exit code 1]")
    assert hung == "[ended: it took longer than 1 s]"
    assert silent == "[it printed nothing]"


def test_a_program_has_no_network_and_nothing_of_ours(
    sandbox: SandboxSpec, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("A_KEY_OF_OURS", "secret")
    code = (
        "import os, socket\n"
        f"print(os.path.exists({__file__!r}), 'A_KEY_OF_OURS' in os.environ)\n"
        "try:\n    socket.create_connection(('192.0.2.1', 53), 2)\nexcept OSError as exc:\n"
        "    print('unreachable' in str(exc))"
    )

    assert ask(runner(sandbox), f"```python\n{code}\n```").text == "False False\nTrue"


def test_an_agent_on_a_repository_answers_with_its_patch(sandbox: SandboxSpec) -> None:
    worker = {
        "kind": "agent",
        "agent": {"kind": "expert"},
        "env": {"id": "agentrl/SWE-v0"},
        "sandbox": sandbox.model_dump(),
    }

    answer = ask(worker, "Repair it.", task=Task("swe", seed=0))

    assert answer.text.startswith("diff --git ")
    assert "\n+" in answer.text
    assert answer.note == "2 turns"
