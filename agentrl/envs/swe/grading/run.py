"""Runs an instance's tests in a sandbox, and believes only what the runner itself says of them."""

import json
import random
import secrets
from collections.abc import Iterable, Sequence
from dataclasses import dataclass, replace
from functools import cache
from importlib.resources import files
from pathlib import PurePosixPath

from agentrl.envs.swe.grading.canaries import Canaries, make_canaries, wrong_answer
from agentrl.envs.swe.grading.records import Records, read_records
from agentrl.envs.swe.grading.verdict import Status, TestRun
from agentrl.envs.swe.instance import Instance
from agentrl.errors import SandboxError
from agentrl.sandboxes.base import AGENT_UID, File, RunResult, Sandbox

PACKAGE = "agentrl.envs.swe.grading.runner"
_PLACE = "agentrl/envs/swe/grading/runner"
LOG_BYTES = 1_000_000
"""Most that is kept of what the tests print: the beginning and the end."""
_GUARD = 'python=$(command -v python3) || python=$1; shift; exec "$python" -I -S "$@"'
_UNCHANGED = (  # what the guard would find out, quicker where nothing has changed
    'xargs -0 stat -c %.9Z <"$3" 2>/dev/null | cmp -s - "$3.times" && exit 0; '
)
OUTPUT_BYTES = 32 * 2**20
MESSAGE_CHARACTERS = 2_000
"""Most that is kept of what a failing test says: the end of it."""


def run_tests(
    sandbox: Sandbox,
    instance: Instance,
    *,
    ids: Sequence[str] = (),
    timeout_s: float | None = None,
    leave: bool = False,
) -> TestRun:
    """Run tests as they lie in the sandbox's repository.

    Args:
        sandbox: holds the repository, ready at the instance's ``workdir``.
        instance: says what runs the tests, and where they are.
        ids: tests that are asked about; where the instance names no paths, the files that they
            name are run. Empty: whatever stands in the instance's paths.
        timeout_s: most time for them; None: what the instance gives.
        leave: whether what the run needed may stay, as nobody uses the sandbox again.

    Raises:
        SandboxError: the sandbox failed; what the tests do to themselves is a result.
    """
    if instance.tests.framework == "script":
        from agentrl.envs.swe.grading.script import run_script

        return run_script(sandbox, instance, ids=ids, timeout_s=timeout_s)
    session = _Session(sandbox, instance, ids)
    run = session.run(timeout_s or instance.tests.timeout_s)
    if not leave:
        session.remove()
    return run


@cache
def runner_files() -> dict[str, bytes]:
    """Return the sources that travel into the sandbox, by path relative to where they lie."""
    sources = {"agentrl/__init__.py": b""}
    package = PurePosixPath(_PLACE)
    for folder in list(package.parents)[:-2]:
        sources[f"{folder}/__init__.py"] = b""
    for source in files(PACKAGE).iterdir():
        if source.name.endswith(".py"):
            sources[f"{package}/{source.name}"] = source.read_bytes()
    return sources


@dataclass(frozen=True, slots=True)
class _Facts:
    """What the guard found in the sandbox."""

    python: str
    """Path of the interpreter."""
    python_path: str
    """The image's ``PYTHONPATH``."""
    data: int
    """How many files of test data there are."""
    there: list[str]
    """Which arguments name something that is there."""


class _Session:
    """One run of the tests: its secret, its canaries and its folder."""

    def __init__(self, sandbox: Sandbox, instance: Instance, ids: Sequence[str]) -> None:
        self._sandbox = sandbox
        self._instance = instance
        self._ids = ids
        self._arguments = instance.tests.paths or test_files(instance, ids)
        self._key = secrets.token_bytes(32)
        token = secrets.token_hex(8)
        self._folder, self._scratch = f"/run/agentrl/{token}", f"/tmp/agentrl-{token}"
        self._notes = f"{self._folder}/data"
        chance = random.Random(secrets.token_bytes(16))
        framework = instance.tests.framework
        folder = canary_folder(self._arguments) if framework == "pytest" else "."
        self._canaries = make_canaries(framework, folder, chance)

    def run(self, timeout_s: float) -> TestRun:
        self._write()
        facts = self._guard()
        settings = self._settings(facts)
        result = self._sandbox.run(
            [facts.python, "-S", f"{self._folder}/{_PLACE}/main.py"],
            user="agent",
            stdin=json.dumps(settings).encode(),
            cwd=self._instance.workdir,
            env={
                "PYTHONPATH": "",
                "AGENTRL_PYTHONPATH": facts.python_path,
                "PYTHONHASHSEED": "0",  # no verdict may hang on the order of a set
            },
            timeout_s=timeout_s,
            output_bytes=OUTPUT_BYTES,
        )
        run = judge_records(result, self._key, self._canaries, self._ids, timeout_s)
        changed = self._changed_data() if facts.data and not run.problem else ""
        if changed:
            return replace(run, problem=f"the tests' data was changed while they ran: {changed}")
        return run

    def _changed_data(self) -> str:
        guard = [self._instance.python, f"{self._folder}/{_PLACE}/guard.py", self._notes]
        result = self._sandbox.run(["sh", "-c", _UNCHANGED + _GUARD, "sh", *guard], timeout_s=300.0)
        if result.exit_code != 0:
            raise SandboxError(f"{self._instance.id}: the tests' data cannot be looked at again")
        return result.stdout.decode("utf-8", errors="replace")

    def _write(self) -> None:
        sources = {f"{self._folder}/{path}": File(text) for path, text in runner_files().items()}
        for path, text in self._canaries.files.items():
            sources[f"{self._instance.workdir}/{path}"] = File(text.encode())
        self._sandbox.write_files(sources)

    def _guard(self) -> _Facts:
        workdir, python = self._instance.workdir, self._instance.python
        names = [*self._canaries.files, *self._arguments]
        script = ["sh", "-c", _GUARD, "sh", python, f"{self._folder}/{_PLACE}/guard.py"]
        result = self._sandbox.run(
            [*script, workdir, self._scratch, str(AGENT_UID), python, self._notes],
            stdin="".join(f"{name}\0" for name in names).encode("utf-8", "surrogateescape"),
            timeout_s=300.0,
        )
        if result.exit_code != 0:
            raise SandboxError(
                f"{self._instance.id}: the repository at {workdir} cannot be prepared for its "
                f"tests: {result.stderr.decode(errors='replace')[-500:]}"
            )
        found, path, count, *there = result.stdout.decode("utf-8", "surrogateescape").split("\0")[
            :-1
        ]
        if not found:
            raise SandboxError(
                f"{self._instance.id}: the image has no {python}, which is to run the tests"
            )
        there = [name for name in there if name in self._arguments]
        return _Facts(found, path, int(count), there)

    def _settings(self, facts: _Facts) -> dict[str, object]:
        source, framework = self._instance.source, self._instance.tests.framework
        first, last = (f"{self._instance.workdir}/{path}" for path in self._canaries.files)
        return {
            "key": self._key.hex(),
            "framework": framework,
            "workdir": self._instance.workdir,
            "import_paths": list(source.import_paths) if source else [],
            "arguments": facts.there if framework == "pytest" else list(self._arguments),
            "options": list(self._instance.tests.options),
            "scratch": self._scratch,
            "first": [first],
            "last": [last],
            "message": MESSAGE_CHARACTERS,
        }

    def remove(self) -> None:
        """Take away what the run needed."""
        paths = [f"{self._instance.workdir}/{path}" for path in self._canaries.files]
        self._sandbox.run(["rm", "-rf", self._folder, self._scratch, *paths], timeout_s=60.0)


def judge_records(
    result: RunResult, key: bytes, canaries: Canaries, ids: Sequence[str], timeout_s: float
) -> TestRun:
    """Return what a run tells whose runner sent its records on standard output."""
    records = read_records(result.stdout, key)
    problem = records.problem or _unsound(records, result, timeout_s, canaries)
    known = canaries.passing | canaries.failing
    statuses = {id: status for id, status in records.statuses.items() if id not in known}
    messages = {id: text for id, text in records.messages.items() if id not in known}
    _add_broken(records, ids, statuses, messages)
    return TestRun(
        statuses=statuses,
        problem=problem,
        exit_code=result.exit_code if not records.ended else records.status,
        timed_out=result.timed_out,
        log=cut_log(result.stderr),
        messages=messages,
        duration_s=result.duration_s,
    )


def _unsound(records: Records, result: RunResult, timeout_s: float, canaries: Canaries) -> str:
    """Return why the run as a whole counts for nothing."""
    if result.timed_out:
        return f"the tests took longer than {timeout_s:g} s and were ended"
    if not records.ended:
        planned = "" if records.planned is None else f" of {records.planned}"
        return (
            f"the tests' process ended early, with exit code {result.exit_code} after "
            f"{records.ran}{planned} tests"
        )
    if records.status > 1:
        kinds = {2: "it was interrupted", 3: "it failed itself", 4: "it could not be started"}
        return f"the test session is not sound: {kinds.get(records.status, records.status)}"
    return wrong_answer(canaries, records.statuses)


def _add_broken(
    records: Records, ids: Iterable[str], statuses: dict[str, Status], messages: dict[str, str]
) -> None:
    """Give tests whose file or class could not be loaded the reason for it."""
    for beginning, message in records.broken.items():
        for name in [beginning, *ids]:
            if name == beginning or name.startswith((beginning + "::", beginning + ".")):
                statuses.setdefault(name, Status.ERROR)
                messages.setdefault(name, message)


def test_files(instance: Instance, ids: Sequence[str]) -> tuple[str, ...]:
    """Return the files, or for unittest the modules, in which tests of these ids stand."""
    wanted = ids or (*instance.tests.fail_to_pass, *instance.tests.pass_to_pass)
    if instance.tests.framework == "unittest":
        return tuple(dict.fromkeys(name.rsplit(".", 2)[0] for name in wanted))
    return tuple(dict.fromkeys(name.split("::")[0] for name in wanted))


test_files.__test__ = False  # type: ignore[attr-defined]  # pytest takes the name for a test


def canary_folder(arguments: Sequence[str]) -> str:
    """Return the folder beside whose tests the canaries are put."""
    for argument in arguments:
        path = PurePosixPath(argument.split("::")[0])
        if path.is_absolute() or ".." in path.parts:
            continue
        return str(path.parent if path.suffix == ".py" else path)
    return "."


def cut_log(output: bytes) -> str:
    """Return output as text, of a long one the beginning and the end."""
    if len(output) > LOG_BYTES:
        half = LOG_BYTES // 2
        cut = f"\n[... {len(output) - LOG_BYTES} bytes were cut ...]\n".encode()
        output = output[:half] + cut + output[-half:]
    return output.decode("utf-8", errors="replace")
