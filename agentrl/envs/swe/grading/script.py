"""Runs an instance's own script, for families whose tests run no other way.

A script runs as root, as the images of these families expect, so that it shares everything with
the code that is graded. Where it runs pytest, our plugin joins that session, and what it records
counts; the log is then only read by people. Everything else is known from the log alone, which
graded code can forge: see docs/swe/grading.md.
"""

import json
import random
import re
import secrets
from collections.abc import Sequence

from agentrl.envs.swe.grading.canaries import Canaries, make_canaries
from agentrl.envs.swe.grading.logs import parse_log, suite_ran
from agentrl.envs.swe.grading.run import (
    MESSAGE_CHARACTERS,
    OUTPUT_BYTES,
    canary_folder,
    cut_log,
    judge_records,
    runner_files,
    test_files,
)
from agentrl.envs.swe.grading.verdict import Status, TestRun
from agentrl.envs.swe.instance import Instance, TestPlan
from agentrl.sandboxes.base import File, RunResult, Sandbox

REWARD_FILE = "reward-file"
REWARDS = ("/logs/verifier/reward.json", "/logs/verifier/reward.txt")
"""Where Harbor's scripts leave their verdict; the first that is there counts."""

_PYTEST = re.compile(r"\b(?:pytest|py\.test)\b")
_ISOLATED = re.compile(r"\b(?:tox|nox|xdist)\b|\s-n\s*(?:auto|[1-9])")

# Descriptor 200 is the channel, for whoever knows its key; everything printed is the log.
_JOINED = (
    'exec 200>&1 1>&2; export PYTHONPATH="$3${PYTHONPATH:+:$PYTHONPATH}"; cd "$1" && exec bash "$2"'
)
_ALONE = (
    'cd "$1" || exit; printf "%s\\n" "$3"; bash "$2" 2>&1; code=$?; '
    'printf "\\n%s %s\\n" "$3" "$code"; exit "$code"'
)
_NO_REWARDS = "rm -rf /logs/verifier && mkdir -p /logs && mkdir -m 700 /logs/verifier"


def run_script(
    sandbox: Sandbox, instance: Instance, *, ids: Sequence[str] = (), timeout_s: float | None = None
) -> TestRun:
    """Run the instance's script; see ``run_tests``."""
    limit = timeout_s or instance.tests.timeout_s
    place = f"/run/agentrl/{secrets.token_hex(8)}"
    script = {f"{place}/run.sh": File(instance.tests.script.encode(), 0o700)}
    if instance.tests.log_parser == REWARD_FILE:
        sandbox.write_files(script)
        return _for_reward(sandbox, instance, place, limit)
    if runs_pytest(instance.tests):
        return _Joined(sandbox, instance, ids, place, script).run(limit)
    sandbox.write_files(script)
    return _from_log(sandbox, instance, place, limit)


def runs_pytest(tests: TestPlan) -> bool:
    """Return whether our plugin can join the session that a script starts."""
    return bool(_PYTEST.search(tests.script)) and not _ISOLATED.search(tests.script)


class _Joined:
    """A script whose pytest session our plugin takes part in."""

    def __init__(
        self,
        sandbox: Sandbox,
        instance: Instance,
        ids: Sequence[str],
        place: str,
        script: dict[str, File],
    ) -> None:
        self._sandbox = sandbox
        self._instance = instance
        self._ids = ids
        self._place = place
        self._script = script
        self._key = secrets.token_bytes(32)
        chance = random.Random(secrets.token_bytes(16))
        folder = canary_folder(test_files(instance, ids))
        self._canaries: Canaries = make_canaries("pytest", folder, chance)
        self._plugin = f"session_{secrets.token_hex(8)}"

    def run(self, timeout_s: float) -> TestRun:
        self._sandbox.write_files({**self._script, **self._files()})
        paths = [f"{self._place}/run.sh", f"{self._place}/plugin"]
        result = self._sandbox.run(
            ["bash", "-c", _JOINED, "run", self._instance.workdir, *paths],
            env={"PYTEST_ADDOPTS": f"-p {self._plugin}"},
            timeout_s=timeout_s,
            output_bytes=OUTPUT_BYTES,
        )
        canaries = [f"{self._instance.workdir}/{path}" for path in self._canaries.files]
        self._sandbox.run(["rm", "-rf", self._place, *canaries], timeout_s=60.0)
        return judge_records(result, self._key, self._canaries, self._ids, timeout_s)

    def _files(self) -> dict[str, File]:
        place, workdir = self._place, self._instance.workdir
        first, last = (f"{workdir}/{path}" for path in self._canaries.files)
        settings = {
            "key": self._key.hex(),
            "workdir": workdir,
            "first": [first],
            "last": [last],
            "message": MESSAGE_CHARACTERS,
            "joined": True,
        }
        shim = _SHIM.format(root=f"{place}/runner", settings=f"{place}/settings.json")
        return {
            **{f"{place}/runner/{path}": File(data) for path, data in runner_files().items()},
            **{f"{workdir}/{path}": File(t.encode()) for path, t in self._canaries.files.items()},
            f"{place}/plugin/{self._plugin}.py": File(shim.encode()),
            f"{place}/settings.json": File(json.dumps(settings).encode(), 0o600),
        }


_SHIM = """\
import sys


def pytest_addoption(parser, pluginmanager):
    sys.path.insert(0, {root!r})
    try:
        from agentrl.envs.swe.grading.runner.shim import join
    finally:
        sys.path.remove({root!r})
    join(parser, pluginmanager, {settings!r})
"""


def _from_log(sandbox: Sandbox, instance: Instance, place: str, timeout_s: float) -> TestRun:
    mark = secrets.token_hex(16)
    result = sandbox.run(
        ["bash", "-c", _ALONE, "run", instance.workdir, f"{place}/run.sh", mark],
        timeout_s=timeout_s,
        output_bytes=OUTPUT_BYTES,
    )
    _, begun, rest = result.stdout.partition(f"{mark}\n".encode())
    log, ended, _ = rest.rpartition(f"\n{mark} ".encode())
    if not ended:
        log = rest
    text = log.decode("utf-8", errors="replace")
    statuses = parse_log(instance.tests.log_parser, text)
    problem = _no_log(instance.tests, result, statuses, text, timeout_s, bool(begun and ended))
    return TestRun(
        statuses=statuses,
        problem=problem,
        exit_code=result.exit_code,
        timed_out=result.timed_out,
        log=cut_log(log),
        duration_s=result.duration_s,
    )


def _no_log(
    tests: TestPlan,
    result: RunResult,
    statuses: dict[str, Status],
    log: str,
    timeout_s: float,
    whole: bool,
) -> str:
    """Return why a log counts for nothing."""
    if result.timed_out:
        return f"the tests took longer than {timeout_s:g} s and were ended"
    if not whole:
        return f"the script ended early, with exit code {result.exit_code}"
    if not statuses and not (tests.fail_only and suite_ran(log)):
        return f"the log names no test; the script ended with exit code {result.exit_code}"
    failed = {Status.FAILED, Status.ERROR} & set(statuses.values())
    if result.exit_code != 0 and not failed:
        return f"no test failed, and yet the script ended with exit code {result.exit_code}"
    return ""


def _for_reward(sandbox: Sandbox, instance: Instance, place: str, timeout_s: float) -> TestRun:
    sandbox.run(["sh", "-c", _NO_REWARDS], timeout_s=60.0)
    result = sandbox.run(
        ["bash", f"{place}/run.sh"],
        cwd=instance.workdir,
        timeout_s=timeout_s,
        output_bytes=OUTPUT_BYTES,
    )
    statuses = parse_log(REWARD_FILE, _reward(sandbox))
    problem = "" if statuses else "the script left no reward that is a number"
    if result.timed_out:
        problem = f"the tests took longer than {timeout_s:g} s and were ended"
    return TestRun(
        statuses=statuses,
        problem=problem,
        exit_code=result.exit_code,
        timed_out=result.timed_out,
        log=cut_log(result.stdout + result.stderr),
        duration_s=result.duration_s,
    )


def _reward(sandbox: Sandbox) -> str:
    for path in REWARDS:
        try:
            return sandbox.read_file(path, max_bytes=1 << 16).decode("utf-8", errors="replace")
        except FileNotFoundError:
            continue
    return ""
