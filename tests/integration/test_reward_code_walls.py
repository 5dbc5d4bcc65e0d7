"""Hostile reward programs, past the static check: the sandbox is what holds them."""

import asyncio
import os
import socket
import time
from collections.abc import Iterator
from pathlib import Path

import pytest

from agentrl.errors import UsageError
from agentrl.rewards.coder.check import check
from agentrl.rewards.coder.runner import Runner
from agentrl.rewards.coder.scores import Fault, Scores
from agentrl.suite.reward.code import REWARD_SANDBOX
from agentrl.suite.sandbox import SandboxSpec
from tests.unit.rewards.coder.episodes import episode

EPISODES = [episode("e1", ["go", "stop"], 1.0), episode("e2", ["stop"], 0.0)]
PLAIN = 'def reward(episode):\n    return [{"t": 1.0} for turn in episode["turns"]]\n'
EXPECTED = [Scores(({"t": 1.0}, {"t": 1.0})), Scores(({"t": 1.0},))]


@pytest.fixture(scope="module")
def runner(any_sandbox: SandboxSpec) -> Iterator[Runner]:
    spec = REWARD_SANDBOX.model_copy(update={"backend": any_sandbox.backend})
    made = Runner(spec, timeout_s=2.0, memory_mb=128)
    yield made
    asyncio.run(made.close())


def run(runner: Runner, source: str) -> list[Scores | Fault]:
    return asyncio.run(runner.run(source, EPISODES))


def fault(runner: Runner, body: str) -> str:
    """Return how a program fails whose reward has this body; the runner must go on unharmed."""
    lines = "\n".join(f"    {line}" for line in body.splitlines())
    results = run(runner, f"def reward(episode):\n{lines}\n")
    assert all(isinstance(result, Fault) for result in results)
    assert run(runner, PLAIN) == EXPECTED, "the sandbox is not what it was"
    return " | ".join(result.message for result in results if isinstance(result, Fault))


def test_a_plain_program_is_run_on_each_episode(runner: Runner) -> None:
    assert run(runner, PLAIN) == EXPECTED


def test_files_of_this_machine_are_out_of_reach(runner: Runner, tmp_path: Path) -> None:
    secret = tmp_path / "secret"
    secret.write_text("of the host")

    assert "FileNotFoundError" in fault(runner, f"open({str(secret)!r}).read()")
    assert "FileNotFoundError" in fault(runner, f"open('/proc/{os.getpid()}/environ').read()")


def test_the_passwords_file_is_the_sandboxs_own_and_cannot_be_written(runner: Runner) -> None:
    body = "raise ValueError([line for line in open('/etc/passwd') if line[:6] == 'agent:'])"

    assert "agent:x:1000" in fault(runner, body)
    assert "PermissionError" in fault(runner, "open('/etc/passwd', 'a').write('x')")


def test_no_file_can_be_filled(runner: Runner) -> None:
    for place in ("/tmp/kept", "/dev/shm/kept"):
        body = f"with open({place!r}, 'w') as file:\n    file.write('x' * 100)"
        assert "File too large" in fault(runner, body)


def test_no_socket_leads_anywhere(runner: Runner) -> None:
    with socket.create_server(("0.0.0.0", 0)) as server:
        server.settimeout(0.1)
        port = server.getsockname()[1]
        said = fault(
            runner,
            f"import socket\nsocket.create_connection(('127.0.0.1', {port}), 2)",
        )
        assert "Error" in said
        said = fault(runner, "import socket\nsocket.create_connection(('198.51.100.1', 80), 2)")
        assert "Network is unreachable" in said
        with pytest.raises(TimeoutError):
            server.accept()


def test_no_process_can_be_started(runner: Runner) -> None:
    assert "BlockingIOError" in fault(runner, "import os\nos.fork()")
    assert "BlockingIOError" in fault(runner, "import subprocess\nsubprocess.run(['true'])")
    assert "can't start new thread" in fault(
        runner, "import threading\nthreading.Thread(target=print).start()"
    )


def test_the_limits_cannot_be_lifted(runner: Runner) -> None:
    for name in ("NPROC", "FSIZE", "AS", "CPU"):
        body = f"import resource\nresource.setrlimit(resource.RLIMIT_{name}, (-1, -1))"
        assert "not allowed to raise maximum limit" in fault(runner, body)


def test_memory_ends_at_the_limit(runner: Runner) -> None:
    assert "MemoryError" in fault(runner, "return [{'t': 1.0}] * 10 ** 10")
    assert "MemoryError" in fault(runner, "held = []\nwhile True:\n    held.append('x' * 2 ** 20)")


@pytest.mark.parametrize(
    "body",
    [
        "while True:\n    pass",
        "import time\ntime.sleep(600)",
        "import os\nos.setsid() if os.getpid() != os.getpgrp() else None\nwhile True:\n    pass",
        "import signal\nfor n in (1, 2, 15):\n    signal.signal(n, 1)\nwhile True:\n    pass",
    ],
)
def test_a_program_without_end_is_ended(runner: Runner, body: str) -> None:
    started = time.monotonic()

    assert "took longer than 2 s" in fault(runner, body)
    assert time.monotonic() - started < 20


def test_an_output_without_end_is_cut_off(runner: Runner) -> None:
    said = fault(
        runner,
        "import os\nwhile True:\n    for n in range(3, 20):\n        try:\n"
        "            os.write(n, b'x' * 65536)\n        except OSError:\n            pass",
    )

    assert "wrote more than" in said or "took longer than" in said


def test_printing_has_no_effect(runner: Runner) -> None:
    source = PLAIN.replace("return", "print('[{\"turns\": 1}]', flush=True)\n    return")

    assert run(runner, source) == EXPECTED


@pytest.mark.parametrize("ending", ["return []", "os._exit(0)"])
def test_a_forged_answer_on_the_channel_is_no_answer(runner: Runner, ending: str) -> None:
    forged = '[{"turns": [[["t", 9.0]], [["t", 9.0]]]}, {"turns": [[["t", 9.0]]]}]'
    said = fault(
        runner,
        f"import os\nfor n in range(3, 20):\n    try:\n        os.write(n, {forged.encode()!r})\n"
        f"    except OSError:\n        pass\n{ending}",
    )

    assert "wrote to the channel of its answer" in said


def test_a_forger_who_finds_the_nonce_says_no_more_than_a_program_may(runner: Runner) -> None:
    forged = (
        "import os, sys\nframe = sys._getframe()\n"
        "while 'request' not in frame.f_locals:\n    frame = frame.f_back\n"
        "data = frame.f_locals['request']['nonce'] + chr(10) + '[{\"turns\": [[[\"t\", NaN]]]}]'\n"
        "for n in range(3, 20):\n    try:\n        os.write(n, data.encode())\n"
        "    except OSError:\n        pass\nos._exit(0)"
    )

    assert "answered 1 times for 2 episodes" in fault(runner, forged)


def test_a_program_that_ends_its_process_has_no_answer(runner: Runner) -> None:
    assert "ended its process (code 0)" in fault(runner, "import os\nos._exit(0)")
    killed = fault(runner, "import os\nos.kill(os.getpid(), 9)")
    assert "before it had an answer" in killed
    assert "SystemExit" in fault(runner, "raise SystemExit")


def test_a_program_can_end_no_process_but_its_own(runner: Runner) -> None:
    assert "Error" in fault(runner, "import os\nos.kill(1, 9)\nraise ValueError")
    assert "Error" in fault(runner, f"import os\nos.kill({os.getpid()}, 9)\nraise ValueError")
    all_of_them = asyncio.run(runner.run(f"{PLAIN}\nimport os\nos.kill(-1, 9)\n", EPISODES))

    assert all(isinstance(result, Fault | Scores) for result in all_of_them)
    assert run(runner, PLAIN) == EXPECTED


def test_an_error_that_hides_what_it_says_is_told_all_the_same(runner: Runner) -> None:
    body = "class Sly(BaseException):\n    def __str__(self):\n        raise self\nraise Sly()"

    assert "an error that cannot be shown" in fault(runner, body)


@pytest.mark.parametrize(
    ("value", "said"),
    [
        ("float('nan')", "episode e1, turn 0: term 't' is nan"),
        ("10 ** 400", "term 't' is inf"),
        ("'high'", "term 't' is a str"),
        ("None", "term 't' is a NoneType"),
    ],
)
def test_a_value_that_is_no_finite_number_is_refused_by_name(
    runner: Runner, value: str, said: str
) -> None:
    assert said in fault(runner, f"return [{{'t': {value}}} for turn in episode['turns']]")


def test_an_episode_that_a_program_fails_on_leaves_the_others_scored(runner: Runner) -> None:
    body = PLAIN.replace("return", "assert len(episode['turns']) == 2\n    return")
    first, second = run(runner, body)

    assert first == EXPECTED[0]
    assert second == Fault("episode e2: line 2: AssertionError: ")


def test_nothing_is_remembered_between_episodes(runner: Runner) -> None:
    source = (
        "seen = []\ndef reward(episode):\n    seen.append(1)\n"
        "    episode['turns'][0]['signals']['moved'] = 5.0\n"
        "    return [{'n': len(seen)} for turn in episode['turns']]\n"
    )

    for _ in range(2):
        assert run(runner, source) == [Scores(({"n": 1.0}, {"n": 1.0})), Scores(({"n": 1.0},))]


def test_sets_have_the_same_order_in_every_process(runner: Runner) -> None:
    source = (
        "def reward(episode):\n    first = next(iter({'a', 'b', 'c', 'd', 'e'}))\n"
        "    return [{first: 1.0} for turn in episode['turns']]\n"
    )
    first = run(runner, source)

    assert all(run(runner, source) == first for _ in range(3))


def test_hidden_doors_pass_the_static_check_and_not_the_sandbox(runner: Runner) -> None:
    """What security rests on is the sandbox: this passes the check, and reaches nothing."""
    source = (
        "import json\n"
        "system = json.codecs.sys.modules['os']\n"
        "def reward(episode):\n"
        "    for name in ('fork', 'setsid'):\n"
        "        try:\n"
        "            system.fork()\n"
        "        except BlockingIOError:\n"
        "            pass\n"
        "    return system.listdir('/home/nobody-of-the-host')\n"
    )

    assert check(source) == ()
    results = run(runner, source)
    assert all(isinstance(r, Fault) and "FileNotFoundError" in r.message for r in results)
    assert run(runner, PLAIN) == EXPECTED


def test_a_batch_is_one_process_and_many_batches_are_one_answer(any_sandbox: SandboxSpec) -> None:
    spec = REWARD_SANDBOX.model_copy(update={"backend": any_sandbox.backend})
    runner = Runner(spec, batch=2)
    many = [episode(f"e{index}", ["go"] * index) for index in range(1, 6)]

    async def answer() -> list[Scores | Fault]:
        try:
            return await runner.run(PLAIN, many)
        finally:
            await runner.close()

    results = asyncio.run(answer())

    assert [r.total for r in results if isinstance(r, Scores)] == [1.0, 2.0, 3.0, 4.0, 5.0]


def test_a_sandbox_with_a_network_is_refused() -> None:
    with pytest.raises(UsageError, match="has no network, got network: full"):
        Runner(SandboxSpec(network="full"))
