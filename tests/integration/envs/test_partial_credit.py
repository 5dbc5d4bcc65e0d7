"""Partial credit of the code environment, measured in a sandbox; and the suites that show it."""

import json
import subprocess
import sys
from collections.abc import Iterator, Mapping
from functools import partial
from pathlib import Path
from typing import Any

import pytest

from agentrl.envs.build import build_env
from agentrl.envs.code.env import CodeEnv
from agentrl.envs.tasks import load_tasks
from agentrl.errors import TaskError, UsageError
from agentrl.suite import load_suite
from agentrl.suite.sandbox import SandboxSpec
from agentrl.task import Task
from agentrl.testing.envs import check_text_env

TASKS = Path(__file__).parents[3] / "tasks"
SLOW = "def total(n):\n    return sum(sum(range(i)) for i in range(n))\n"
FAST = "def total(n):\n    return n * (n - 1) * (n - 2) // 6\n"
TOTAL = {
    "statement": "Write total(n).",
    "entry_point": "total",
    "tests": ["assert total(3) == 1", "assert total(3000) == 4495501000"],
    "solution": SLOW,
}
ECHO = {
    "statement": "Print twice the number on standard input.",
    "tests": [{"stdin": "2\n", "stdout": "4\n"}],
    "solution": "print(2 * int(input()))\n",
}


@pytest.fixture
def envs() -> Iterator[list[CodeEnv]]:
    """Environments to be closed."""
    made: list[CodeEnv] = []
    yield made
    for env in made:
        env.close()


def begun(
    envs: list[CodeEnv], sandbox: SandboxSpec, row: Mapping[str, Any], **options: Any
) -> CodeEnv:
    env = CodeEnv(sandbox=sandbox, **options)
    envs.append(env)
    env.reset(seed=1, options={"task": Task("t", data=row)})
    return env


def test_a_faster_program_has_the_larger_speedup(
    envs: list[CodeEnv], any_sandbox: SandboxSpec
) -> None:
    env = begun(envs, any_sandbox, TOTAL, speedup=True, repeats=3)

    info = env.step(FAST)[4]

    assert info["outcome"]["success"] == info["outcome"]["faster"] == 1.0
    assert info["outcome"]["speedup"] == info["signals"]["speedup"] == 10.0


def test_a_wrong_program_has_no_speedup(envs: list[CodeEnv], sandbox: SandboxSpec) -> None:
    env = begun(envs, sandbox, TOTAL, speedup=True)
    assert env.outcome()["speedup"] == env.outcome()["faster"] == 0.0

    info = env.step("def total(n):\n    return 1\n")[4]

    assert (info["signals"]["tests_passed"], info["signals"]["speedup"]) == (0.5, 0.0)


KEEPS_RESULTS = (
    "import json, os\n"
    "def total(n):\n"
    "    for folder in ('/tmp', '/var/tmp', '/dev/shm', os.path.expanduser('~')):\n"
    "        path = f'{folder}/kept-{n}'\n"
    "        if os.path.exists(path): return json.load(open(path))\n"
    "    result = sum(sum(range(i)) for i in range(n))\n"
    "    for folder in ('/tmp', '/var/tmp', '/dev/shm', os.path.expanduser('~')):\n"
    "        try: json.dump(result, open(f'{folder}/kept-{n}', 'w'))\n"
    "        except OSError: pass\n"
    "    return result\n"
)


def test_a_program_is_no_faster_by_results_that_it_kept(
    envs: list[CodeEnv], any_sandbox: SandboxSpec
) -> None:
    env = begun(envs, any_sandbox, TOTAL, speedup=True, repeats=3)

    info = env.step(KEEPS_RESULTS)[4]

    assert info["signals"]["tests_passed"] == 1.0
    assert info["signals"]["speedup"] < 2.0


MEETS_OTHERS = (  # of its own earlier runs, and then fails
    "import os, time\n"
    "def is_other(pid):\n"
    "    try: return b'runner.subject' in open(f'/proc/{pid}/cmdline', 'rb').read()\n"
    "    except OSError: return False\n"
    "mine = str(os.getpid())\n"
    "assert not any(is_other(p) for p in os.listdir('/proc') if p.isdigit() and p != mine)\n"
    "if os.fork() == 0:\n"
    "    os.setsid()\n"
    "    time.sleep(60)\n"
    "    os._exit(0)\n" + SLOW
)


def test_what_a_program_leaves_running_is_ended_before_the_next_is_timed(
    envs: list[CodeEnv], any_sandbox: SandboxSpec
) -> None:
    env = begun(envs, any_sandbox, TOTAL, speedup=True, repeats=3)

    signals = env.step(MEETS_OTHERS)[4]["signals"]

    assert signals["tests_passed"] == 1.0
    assert signals["speedup"] > 0


def test_a_solution_that_fails_its_own_tests_is_the_tasks_fault(
    envs: list[CodeEnv], sandbox: SandboxSpec
) -> None:
    env = begun(envs, sandbox, TOTAL | {"solution": "def total(n): return 0"}, speedup=True)

    with pytest.raises(TaskError, match="fails the task's own tests"):
        env.step(FAST)
    with pytest.raises(TaskError, match="has no solution, which 'speedup' compares with"):
        begun(envs, sandbox, TOTAL | {"solution": ""}, speedup=True)


def test_a_milestone_counts_on_the_turn_that_reaches_it_first(
    envs: list[CodeEnv], sandbox: SandboxSpec
) -> None:
    env = begun(
        envs, sandbox, ECHO, attempts=3, milestones={"read": r"^got \d+$", "done": "finished"}
    )
    assert env.outcome()["milestones"] == env.outcome()["milestone_read"] == 0.0

    one = env.step("n = int(input())\nprint('got', n)\nraise SystemExit(3)")[4]["signals"]
    two = env.step("n = int(input())\nprint('got', n)\nprint('finished')")[4]["signals"]
    last = env.step("print(2 * int(input()))")[4]

    assert (one["milestone_read"], one["milestone_done"], one["milestones"]) == (1.0, 0.0, 0.5)
    assert (two["milestone_read"], two["milestone_done"], two["milestones"]) == (0.0, 1.0, 0.5)
    assert last["signals"]["milestones"] == 0.0
    assert last["outcome"]["milestones"] == last["outcome"]["success"] == 1.0
    assert "instrumented" not in last["outcome"]


def test_a_program_that_hangs_has_reached_what_it_has_said(
    envs: list[CodeEnv], sandbox: SandboxSpec
) -> None:
    env = begun(
        envs, sandbox, ECHO, attempts=1, test_s=0.5, total_s=1.0, milestones={"read": "got"}
    )

    info = env.step("print('got', input(), flush=True)\nwhile True: pass")[4]

    assert (info["outcome"]["milestone_read"], info["outcome"]["success"]) == (1.0, 0.0)


MARKED = "n = int(input())\nprint('read the number')\nprint(2 * n)\n"
SCRIPTED = {"backend": "scripted", "answers": [f"```python\n{MARKED}```"]}
TEXTS = {"read": "read the number"}


def test_marks_of_a_model_are_milestones_and_change_no_result(
    envs: list[CodeEnv], any_sandbox: SandboxSpec
) -> None:
    env = begun(envs, any_sandbox, ECHO, instrument=TEXTS, instrument_model=SCRIPTED)

    info = env.step("n = int(input())\nprint(2 * n)")[4]

    assert info["outcome"]["success"] == 1.0
    assert info["outcome"]["milestone_read"] == info["outcome"]["instrumented"] == 1.0


@pytest.mark.parametrize(
    "program",
    [
        "print('read the number')\nprint(2 * int(input()))",
        "n = int(input())\nprint(2 * n, open(__file__).read()[:0])",
        MARKED,
        "n = int(input())\nprint(3 * n)",
    ],
)
def test_an_agent_cannot_make_marks_itself(
    envs: list[CodeEnv], sandbox: SandboxSpec, program: str
) -> None:
    env = begun(envs, sandbox, ECHO, instrument=TEXTS, instrument_model=SCRIPTED)

    signals = env.step(program)[4]["signals"]

    assert signals["milestone_read"] == 0.0


@pytest.mark.parametrize(
    ("options", "message"),
    [
        ({"instrument": TEXTS}, "go together"),
        ({"instrument_model": SCRIPTED}, "go together"),
        ({"instrument": TEXTS, "instrument_model": {"backend": "x"}}, "instrument_model: .*tag"),
        ({"instrument": {}, "instrument_model": SCRIPTED}, "at least one"),
        ({"milestones": {"a": "("}}, "no regular expression"),
        (
            {"milestones": {"read": "x"}, "instrument": TEXTS, "instrument_model": SCRIPTED},
            "the milestones read are given twice",
        ),
        ({"repeats": 0}, "repeats is 0"),
        ({"most_speedup": 0.5}, "most_speedup is 0.5"),
    ],
)
def test_options_that_cannot_be_used_are_refused(options: dict[str, Any], message: str) -> None:
    with pytest.raises(UsageError, match=message):
        CodeEnv(**options)


@pytest.mark.parametrize("number", range(12))
def test_questions_with_partial_credit_keep_their_promises(number: int) -> None:
    pytest.importorskip("sqlglot")
    pytest.importorskip("sacrebleu")
    suite = load_suite(TASKS / "qa" / "partial.yaml")

    check_text_env(partial(build_env, suite.spec.env), load_tasks(suite)[number], bad_action=" ")


def test_programs_with_milestones_keep_their_promises(sandbox: SandboxSpec) -> None:
    suite = load_suite(TASKS / "code" / "milestones.yaml")

    check_text_env(
        partial(build_env, suite.spec.env, sandbox), load_tasks(suite)[0], bad_action=" "
    )


def run_suite(name: str, agent: str, out: Path) -> list[dict[str, Any]]:
    arguments = ["run", str(TASKS / f"{name}.yaml"), "--agent", agent, "--out", str(out)]
    done = subprocess.run(
        [sys.executable, "-m", "agentrl.cli", *arguments],
        capture_output=True,
        text=True,
        timeout=240,
        check=False,
    )
    assert done.returncode == 0, done.stderr
    lines = (out / "episodes.jsonl").read_text(encoding="utf-8").splitlines()
    return [json.loads(line) for line in lines]


@pytest.mark.parametrize("agent", ["expert", "random"])
def test_the_suite_of_questions_with_partial_credit_runs(agent: str, tmp_path: Path) -> None:
    pytest.importorskip("sqlglot")
    pytest.importorskip("sacrebleu")

    episodes = run_suite("qa/partial", agent, tmp_path / "run")

    assert len(episodes) == 12
    assert {e["status"] for e in episodes} <= {"ok", "truncated"}
    if agent == "expert":
        assert all(e["outcome"]["success"] == 1.0 for e in episodes)


@pytest.mark.parametrize("agent", ["expert", "random"])
@pytest.mark.parametrize("name", ["code/speedup", "code/milestones"])
def test_the_suites_of_programs_with_partial_credit_run(
    name: str, agent: str, tmp_path: Path, sandbox: SandboxSpec
) -> None:
    episodes = run_suite(name, agent, tmp_path / "run")

    assert {e["status"] for e in episodes} == {"ok"}
    if agent == "expert":
        assert all(e["outcome"]["success"] == 1.0 for e in episodes)
        assert all(e["outcome"].get("milestones", 1.0) == 1.0 for e in episodes)
        assert all(0.4 < e["outcome"].get("speedup", 1.0) < 2.5 for e in episodes)
