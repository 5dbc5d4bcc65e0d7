"""A judge that runs programs in a real sandbox before it answers."""

import asyncio
import json
from pathlib import Path
from typing import Any

import pytest

from agentrl.episode import Episode, Status, StopReason, Turn
from agentrl.errors import SandboxError
from agentrl.models.base import Request
from agentrl.models.scripted import ScriptedModel
from agentrl.rewards.judge.cache import VoteCache
from agentrl.rewards.judge.error import JudgeError
from agentrl.rewards.judge.interviewer import Interviewer
from agentrl.rewards.judge.judge import Judge, Score, build_judge
from agentrl.rewards.judge.pace import Pace
from agentrl.rewards.judge.question import Asking
from agentrl.rewards.judge.rubric import Rubrics
from agentrl.rewards.judge.workbench import Tools, Workbench, open_sandbox
from agentrl.sandboxes.base import Sandbox
from agentrl.suite.reward.judge import JudgeSpec, RubricSpec
from agentrl.suite.sandbox import SandboxSpec

RUBRIC = {"items": [{"name": "right", "text": "Is the number a prime?"}]}
PRIME = """I check.
```python
import re, pathlib
text = pathlib.Path("record.txt").read_text()
n = int(re.search(r"answer: (\\d+)", text)[1])
print("prime" if n > 1 and all(n % d for d in range(2, n)) else "not prime")
```"""
NETWORK = """```python
import socket
try:
    socket.create_connection(("1.1.1.1", 53), 2)
    print("reached")
except OSError as exc:
    print("no network", type(exc).__name__)
```"""


def verdict(right: int) -> str:
    return json.dumps({"scores": {"right": right}})


def checks_first(program: str, seen: list[str]) -> ScriptedModel:
    """Run a program, then give a point if its output says so."""

    def answer(request: Request) -> str:
        if len(request.messages) == 2:
            return program
        seen.append(request.messages[-1].content)
        return verdict(int("\nprime" in seen[-1]))

    return ScriptedModel(answer)


def judge(
    model: ScriptedModel, sandbox: SandboxSpec, cache: VoteCache | None = None, **keys: Any
) -> Judge:
    section = {
        "model": {"backend": "scripted", "answers": ["unused"]},
        "rubric": RUBRIC,
        "tools": ["python"],
        "sandbox": sandbox.model_dump(),
        "cache": cache is not None,
        **keys,
    }
    return build_judge(JudgeSpec.model_validate(section), model=model, cache=cache)


def episode(answer: str) -> Episode:
    turns = (Turn("Name a prime.", answer),)
    return Episode("e", "t", "g", 0, "agent", Status.OK, StopReason.TERMINATED, turns)


def score(judge: Judge, answer: str) -> Score:
    async def main() -> Score:
        try:
            return await judge.score(episode(answer))
        finally:
            await judge.close()

    return asyncio.run(main())


@pytest.mark.parametrize(("answer", "points"), [("answer: 97", 1.0), ("answer: 91", 0.0)])
def test_a_judge_checks_with_a_program_what_the_agent_said(
    any_sandbox: SandboxSpec, answer: str, points: float
) -> None:
    seen: list[str] = []
    asker = judge(checks_first(PRIME, seen), any_sandbox)

    assert score(asker, answer).total == points
    assert "exit code 0" in seen[0]
    assert asker.bill.programs == 1


def test_a_judges_program_has_no_network(any_sandbox: SandboxSpec) -> None:
    seen: list[str] = []
    score(judge(checks_first(NETWORK, seen), any_sandbox), "answer: 2")

    assert "no network" in seen[0]


def test_a_program_that_never_ends_is_ended_and_the_judge_is_told(sandbox: SandboxSpec) -> None:
    seen: list[str] = []
    loop = "```python\nwhile True: pass\n```"

    score(judge(checks_first(loop, seen), sandbox, tool_s=1), "answer: 2")

    assert "ended after 1 s, its time was over" in seen[0]


def test_a_program_that_fails_shows_the_judge_its_error(sandbox: SandboxSpec) -> None:
    seen: list[str] = []
    score(judge(checks_first("```python\n1 / 0\n```", seen), sandbox), "answer: 2")

    assert "exit code 1" in seen[0]
    assert "ZeroDivisionError" in seen[0]


def test_a_program_that_floods_is_shown_in_part(sandbox: SandboxSpec) -> None:
    seen: list[str] = []
    score(judge(checks_first("```python\nprint('x' * 10**6)\n```", seen), sandbox), "answer: 2")

    assert len(seen[0]) < 10_000
    assert "characters are left out here" in seen[0]


def test_a_judge_that_only_runs_programs_gives_no_score(sandbox: SandboxSpec) -> None:
    asker = judge(ScriptedModel(["```python\nprint(1)\n```"]), sandbox, max_tool_calls=2, retries=1)

    with pytest.raises(JudgeError, match="gave no readable answer"):
        score(asker, "answer: 2")
    assert asker.bill.programs == 2


def test_a_vote_that_took_a_program_is_kept_like_any_other(
    sandbox: SandboxSpec, tmp_path: Path
) -> None:
    seen: list[str] = []
    cache = VoteCache(tmp_path)
    for _ in range(2):
        assert score(judge(checks_first(PRIME, seen), sandbox, cache), "answer: 97").total == 1.0

    assert len(seen) == 1


def test_a_judge_that_is_cancelled_while_its_program_runs_leaves_no_sandbox(
    sandbox: SandboxSpec,
) -> None:
    opened: list[Sandbox] = []

    def opens(spec: SandboxSpec) -> Sandbox:
        opened.append(open_sandbox(spec))
        return opened[-1]

    async def main() -> None:
        bench = Workbench(Tools(sandbox, seconds=2, open=opens), ())
        try:
            await asyncio.wait_for(bench.run("while True: pass"), 0.5)
        except TimeoutError:
            pass
        finally:
            await bench.close()
        with pytest.raises(SandboxError, match="closed already"):
            await bench.run("print(1)")

    asyncio.run(main())

    (one,) = opened
    with pytest.raises(SandboxError):
        one.exec("true")


def test_a_judge_without_tools_runs_nothing() -> None:
    spec = JudgeSpec.model_validate(
        {
            "model": {"backend": "scripted", "answers": ["unused"]},
            "rubric": RUBRIC,
            "cache": False,
        }
    )
    asker = build_judge(spec, model=ScriptedModel([PRIME, verdict(1)]))

    assert score(asker, "answer: 97").total == 1.0
    assert asker.bill.programs == 0


def test_a_sandbox_that_cannot_be_started_gives_no_score() -> None:
    from agentrl.episode import Sampling

    def broken(_: SandboxSpec) -> Sandbox:
        raise SandboxError("the engine is gone")

    interviewer = Interviewer(
        ScriptedModel([PRIME]), "scripted", Pace(1), tools=Tools(SandboxSpec(), open=broken)
    )
    rubric = Rubrics(RubricSpec.model_validate(RUBRIC), {}).of("t")
    question = Asking().about_episode(rubric, episode("answer: 97"))

    with pytest.raises(JudgeError, match="the engine is gone"):
        asyncio.run(interviewer.vote(question, Sampling()))
