"""Programs are judged in a sandbox, by tests that they cannot see, reach or impersonate."""

import os
import shutil
import subprocess
import sys
import tempfile
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any

import pytest

from agentrl.envs.code.env import CodeEnv
from agentrl.errors import SandboxError, TaskError
from agentrl.suite.sandbox import SandboxSpec
from agentrl.task import Task

DOUBLE = {
    "statement": "Write double(x).",
    "entry_point": "double",
    "tests": ["assert double(2) == 4", "assert double('a') == 'aa'", "assert double(5) == 10"],
    "solution": "def double(x):\n    return x * 2\n",
}
ECHO = {
    "statement": "Print twice the number on standard input.",
    "tests": [{"stdin": "2\n", "stdout": "4\n"}, {"stdin": "5\n", "stdout": "10"}],
    "solution": "print(2 * int(input()))\n",
}
Answer = Callable[..., tuple[str, dict[str, Any]]]


@pytest.fixture
def answer(sandbox: SandboxSpec) -> Iterator[Answer]:
    """Give one answer to a problem; return what is said and ``info``."""
    yield from _answering(sandbox)


@pytest.fixture
def answer_anywhere(any_sandbox: SandboxSpec) -> Iterator[Answer]:
    """The same in each kind of sandbox."""
    yield from _answering(any_sandbox)


def _answering(sandbox: SandboxSpec) -> Iterator[Answer]:
    env = CodeEnv(attempts=1, test_s=0.5, total_s=10.0, sandbox=sandbox)

    def give(row: dict[str, Any], text: str) -> tuple[str, dict[str, Any]]:
        env.reset(seed=1, options={"task": Task("t", data=row)})
        said, _, ended, _, info = env.step(text)
        assert ended
        return said, info

    yield give
    env.close()


@pytest.mark.parametrize("row", [DOUBLE, ECHO])
def test_the_solution_passes_every_test(answer_anywhere: Answer, row: dict[str, Any]) -> None:
    said, info = answer_anywhere(row, f"Here:\n```python\n{row['solution']}```")

    assert said == "All tests pass."
    assert info["outcome"]["success"] == info["outcome"]["score"] == 1.0


def test_each_test_is_told_apart(answer: Answer) -> None:
    said, info = answer(
        DOUBLE, "def double(x):\n    return x + 2 if x == 2 else x + x + 0 * len(x)"
    )

    signals = info["signals"]
    assert [signals[f"test_{n}"] for n in (1, 2, 3)] == [1.0, 0.0, 0.0]
    assert signals["tests_passed"] == pytest.approx(1 / 3)
    assert said.startswith("1 of 3 tests pass.")
    assert "TypeError" in said


def test_a_wrong_value_is_shown_beside_the_right_one(answer: Answer) -> None:
    said, _ = answer(DOUBLE, "def double(x):\n    return x")

    assert "double(2) is 2, expected 4" in said


def test_what_a_program_prints_is_compared_line_by_line(answer: Answer) -> None:
    said, info = answer(ECHO, "print(4)")

    assert [info["outcome"][name] for name in ("test_1", "test_2", "success")] == [1.0, 0.0, 0.0]
    assert "printed '4\\n', expected '10' on the input '5\\n'" in said


@pytest.mark.parametrize(
    ("program", "message"),
    [
        ("def double(x:", "SyntaxError"),
        ("def triple(x): return x", "the program defines no double"),
        ("raise ValueError('at import')", "ValueError: at import"),
        ("import time\ntime.sleep(60)", "took longer than 0.5 s"),
        ("def double(x):\n    while True: pass", "took longer than 0.5 s: assert double(2) == 4"),
        ("import sys\nsys.exit(0)", "SystemExit"),
        ("import os\nos._exit(0)", "ended early, with exit code 0"),
        ("def double(x):\n    import os\n    os._exit(0)", "ended early, with exit code 0"),
        ("def double(x): return double(x)", "RecursionError"),
        ("double = 7", "not callable"),
    ],
)
def test_a_program_that_fails_is_told_why(answer: Answer, program: str, message: str) -> None:
    said, info = answer(DOUBLE, program)

    assert info["outcome"]["success"] == info["outcome"]["score"] == 0.0
    assert message in said


CHEATS = {
    "prints its results": "print('{\"passed\": true}\\n' * 9)\nraise SystemExit(0)",
    "writes to every descriptor": (
        "import os\n"
        "for fd in range(1, 64):\n"
        '    try: os.write(fd, b\'{"passed": true, "message": ""}\\n\' * 9)\n'
        "    except OSError: pass\n"
        "def double(x): return None"
    ),
    "equals everything": (
        "class Any:\n"
        "    def __eq__(self, other): return True\n"
        "    def __hash__(self): return 0\n"
        "def double(x): return Any()"
    ),
    "is a number that equals everything": (
        "class Num(int):\n    def __eq__(self, other): return True\n    __hash__ = int.__hash__\n"
        "def double(x): return Num(0)"
    ),
    "changes the builtins": (
        "import builtins\n"
        "class E(Exception): pass\n"
        "builtins.AssertionError = E\nbuiltins.eval = lambda *a: 0\n"
        "def double(x): return 0"
    ),
    "looks for the tests on the stack": (
        "import sys\n"
        "def double(x):\n"
        "    frame = sys._getframe()\n"
        "    while frame:\n"
        "        for value in list(frame.f_locals.values()) + list(frame.f_globals.values()):\n"
        "            if '== 4' in str(value): return 4\n"
        "        frame = frame.f_back\n"
    ),
    "looks for the tests in its parent": (
        "import os\n"
        "def double(x):\n"
        "    for name in ('mem', 'environ', 'fd/0', 'fd/1'):\n"
        "        with open(f'/proc/{os.getppid()}/{name}', 'r+b') as file: file.read(100)\n"
    ),
    "kills the judge": (
        "import os, signal\n"
        "try: os.kill(os.getppid(), signal.SIGKILL)\n"
        "except OSError: pass\n"
        "def double(x): return 0"
    ),
    "stops the judge": "import os\nos.system('kill -STOP -1; kill -9 -1')\ndef double(x): return 0",
    "hands over a module of its own": (
        "import types, sys\n"
        "math = types.ModuleType('math')\nsys.modules['math'] = math\ndef double(x): return 0"
    ),
    "raises a failure of the tests' imports": "def double(x): raise ImportError('numpy')",
    "looks for the tests on the disk": (
        "import os, subprocess\n"
        "def double(x):\n"
        "    out = subprocess.run('grep -rl \"== 10\" /tmp /opt/agentrl /home /dev/shm',\n"
        "        shell=True, capture_output=True, text=True).stdout\n"
        "    return 4 if out else 0\n"
    ),
}


@pytest.mark.parametrize("name", CHEATS)
def test_a_cheat_passes_nothing(answer_anywhere: Answer, name: str) -> None:
    _, info = answer_anywhere(DOUBLE, CHEATS[name])

    assert info["outcome"]["success"] == info["outcome"]["score"] == 0.0


def test_a_test_that_hangs_does_not_hold_the_others_up(answer: Answer) -> None:
    program = "def double(x):\n    while x == 2: pass\n    return x * 2"

    _, info = answer(DOUBLE, program)

    assert [info["outcome"][f"test_{n}"] for n in (1, 2, 3)] == [0.0, 1.0, 1.0]


def test_memory_that_gives_out_is_the_programs_failure(answer_anywhere: Answer) -> None:
    program = "def double(x):\n    return len(bytearray(8 * 2**30)) if x == 2 else x * 2"

    _, info = answer_anywhere(DOUBLE, program)

    assert info["outcome"]["test_1"] == info["outcome"]["success"] == 0.0


def test_an_endless_output_is_cut_short(answer: Answer) -> None:
    said, info = answer(ECHO, "while True: print('y' * 1000)")

    assert info["outcome"]["score"] == 0.0
    assert "took longer than 0.5 s" in said


def test_an_argument_that_the_program_changes_is_changed_for_the_tests(answer: Answer) -> None:
    row = {
        "statement": "Sort in place.",
        "entry_point": "order",
        "tests": ["values = [3, 1, 2]\norder(values)\nassert values == [1, 2, 3]"],
    }

    assert answer(row, "def order(values): values.sort()")[1]["outcome"]["success"] == 1.0
    assert answer(row, "def order(values): sorted(values)")[1]["outcome"]["success"] == 0.0


def test_objects_of_the_programs_own_classes_can_be_built_by_tests(answer: Answer) -> None:
    row = {
        "text": "Write a function to find the height of a tree.",
        "code": "def height(node): ...",
        "task_id": 1,
        "test_setup_code": "root = Node(1)\nroot.left = Node(2)\nroot.left.right = Node(3)",
        "test_list": ["assert height(root) == 3", "assert height(root.left.right) == 1"],
    }
    program = (
        "class Node:\n    def __init__(self, data):\n        self.data = data\n"
        "        self.left = self.right = None\n"
        "def height(n):\n    return 1 + max(height(n.left), height(n.right)) if n else 0\n"
    )

    assert answer(row, program)[1]["outcome"]["success"] == 1.0
    assert answer(row, program.replace("1 + max", "max"))[1]["outcome"]["success"] == 0.0


def test_inputs_of_evalplus_are_compared_with_the_reference(answer: Answer) -> None:
    row = {
        "task_id": "HumanEval/0",
        "prompt": 'def third(x):\n    """A third of x."""\n',
        "entry_point": "third",
        "canonical_solution": "    return x / 3\n",
        "base_input": [[1], [2]],
        "plus_input": [[10**6]],
        "atol": 1e-6,
    }

    assert answer(row, "    return x * (1 / 3)")[1]["outcome"]["success"] == 1.0
    assert answer(row, "    return x // 3")[1]["outcome"]["success"] == 0.0


def test_tests_that_need_what_the_image_lacks_are_no_failure_of_the_program(
    answer: Answer,
) -> None:
    row = DOUBLE | {"setup": "import no_such_module"}

    with pytest.raises(TaskError, match="what the image lacks: No module named 'no_such_module'"):
        answer(row, DOUBLE["solution"])


@pytest.mark.parametrize(
    ("feedback", "said"),
    [
        ("full", "0 of 3 tests pass.\n- NameError: the program defines no double"),
        ("count", "0 of 3 tests pass."),
        ("none", "Not all tests pass."),
    ],
)
def test_feedback_says_as_much_as_it_is_told_to(
    sandbox: SandboxSpec, feedback: Any, said: str
) -> None:
    env = CodeEnv(feedback=feedback, sandbox=sandbox)
    env.reset(seed=1, options={"task": Task("t", data=DOUBLE)})

    assert env.step("x = 1")[0] == said
    env.close()


def test_a_later_attempt_may_succeed(sandbox: SandboxSpec) -> None:
    env = CodeEnv(attempts=2, examples=1, sandbox=sandbox)
    first, _ = env.reset(seed=1, options={"task": Task("t", data=DOUBLE)})

    assert first.endswith("It must pass:\nassert double(2) == 4")
    assert env.step("```\n```")[4]["signals"]["format_ok"] == 0.0
    assert env.step("def double(x): return x")[2:4] == (False, False)
    _, reward, ended, _, info = env.step(str(env.expert_action()))
    assert (reward, ended) == (1.0, True)
    assert (info["outcome"]["success"], info["outcome"]["attempts"]) == (1.0, 2.0)
    env.close()


def test_a_sandbox_that_dies_is_no_verdict(sandbox: SandboxSpec) -> None:
    env = CodeEnv(sandbox=sandbox)
    env.reset(seed=1, options={"task": Task("t", data=DOUBLE)})
    assert env._sandbox is not None
    env._sandbox.close()

    with pytest.raises(SandboxError):
        env.step(str(DOUBLE["solution"]))
    env.close()


ORDINARY = """
import os, sys
from agentrl.envs.code.env import CodeEnv
from agentrl.suite.sandbox import SandboxSpec
from agentrl.task import Task
import agentrl.sandboxes.bubblewrap.backend

os.chdir("/")
os.setgroups([])
os.setresgid(*3 * [UID])
os.setresuid(*3 * [UID])
env = CodeEnv(sandbox=SandboxSpec(backend="bubblewrap"))
for program in PROGRAMS:
    env.reset(seed=1, options={"task": Task("t", data=DOUBLE)})
    print(env.step(program)[4]["signals"]["tests_passed"])
env.close()
"""


@pytest.mark.skipif(os.geteuid() != 0, reason="only root can become another user")
def test_the_judge_is_out_of_reach_where_root_and_agent_are_one_user() -> None:
    uid = 31_234
    folder = Path(tempfile.mkdtemp(prefix="agentrl-test-"))
    os.chown(folder, uid, uid)
    parent = CHEATS["looks for the tests in its parent"]
    programs = [DOUBLE["solution"], parent + "    return x * 2\n", CHEATS["kills the judge"]]
    given = f"UID, DOUBLE, PROGRAMS = {uid}, {DOUBLE!r}, {programs!r}\n"
    env = {**os.environ, "AGENTRL_CACHE": str(folder), "HOME": str(folder)}
    try:
        argv = [sys.executable, "-c", given + ORDINARY]
        ran = subprocess.run(argv, env=env, capture_output=True, text=True, check=False)
    finally:
        shutil.rmtree(folder, ignore_errors=True)

    if "UsageError" in ran.stderr:
        pytest.skip(f"an ordinary user has no sandbox here: {ran.stderr[-200:]}")
    assert ran.stdout.split() == ["1.0", "0.0", "0.0"], ran.stderr
