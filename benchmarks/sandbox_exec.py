"""A trivial command in a running Docker sandbox: ours against ``docker exec`` and two peers.

Every contender runs ``true`` in one container of the same base image, in rounds that take turns,
so that all meet the same machine. Printed: the median and the 90th percentile in milliseconds, and
how many times longer than ours. Claim: ours at least 20 times faster than ``docker exec``.

    python benchmarks/sandbox_exec.py [--peer-python PYTHON]

``--peer-python`` names the interpreter of an environment that has mini-swe-agent and swe-rex
installed; those that it lacks are left out, and that is said. SWE-ReX has its server in the image:
wheels for it are fetched with that environment's pip.
"""

import argparse
import json
import statistics
import subprocess
import sys
import tempfile
import time
from collections.abc import Callable
from contextlib import ExitStack, closing
from pathlib import Path

from agentrl.sandboxes.connect import connect
from agentrl.sandboxes.docker.backend import DockerBackend
from agentrl.suite.sandbox import SandboxSpec

ROUNDS = 10
COMMANDS = 20

MINI = """
import sys, time, json
from minisweagent.environments.docker import DockerEnvironment
env = DockerEnvironment(image=sys.argv[1], cwd="/", run_args=["--rm", "--network", "none"])
def command():
    assert env.execute({"command": "true"})["returncode"] == 0
"""
REX = """
import asyncio, sys, time, json, logging
logging.disable(logging.CRITICAL)
from swerex.deployment.docker import DockerDeployment
from swerex.runtime.abstract import BashAction, CreateBashSessionRequest
loop = asyncio.new_event_loop()
deployment = DockerDeployment(image=sys.argv[1], pull="never")
loop.run_until_complete(deployment.start())
runtime = deployment.runtime
loop.run_until_complete(runtime.create_session(CreateBashSessionRequest()))
def command():
    done = loop.run_until_complete(runtime.run_in_session(BashAction(command="true", timeout=60)))
    assert done.exit_code == 0
"""
SERVE = """
import os
print("ready", flush=True)
for line in sys.stdin:
    times = []
    for _ in range(int(line)):
        begin = time.perf_counter()
        command()
        times.append(time.perf_counter() - begin)
    print(json.dumps(times), flush=True)
"""
REX_DOCKERFILE = """\
FROM {base}
COPY wheels /wheels
RUN python3 -m venv /opt/rex \\
 && /opt/rex/bin/pip install --no-index --find-links /wheels swe-rex \\
 && ln -s /opt/rex/bin/swerex-remote /usr/local/bin/
"""

Contender = Callable[[int], list[float]]
"""Runs so many commands, and returns the seconds that each took."""


def timed(command: Callable[[], object]) -> Contender:
    """Return a contender that runs in this process."""

    def run(count: int) -> list[float]:
        times = []
        for _ in range(count):
            begin = time.perf_counter()
            command()
            times.append(time.perf_counter() - begin)
        return times

    return run


def peer(stack: ExitStack, python: str, program: str, image: str) -> Contender | str:
    """Return a contender that runs in another interpreter, or why there is none."""
    process = stack.enter_context(
        subprocess.Popen(
            [python, "-c", program + SERVE, image],
            stdin=subprocess.PIPE,
            stdout=subprocess.PIPE,
            stderr=subprocess.PIPE,
            text=True,
        )
    )
    assert process.stdin is not None
    assert process.stdout is not None
    assert process.stderr is not None
    requests, answers = process.stdin, process.stdout
    stack.callback(requests.close)
    while line := answers.readline():
        if line == "ready\n":
            break
    else:
        return (process.stderr.read().strip().splitlines() or ["it says nothing"])[-1]

    def run(count: int) -> list[float]:
        requests.write(f"{count}\n")
        requests.flush()
        times: list[float] = json.loads(answers.readline())
        return times

    return run


def rex_image(backend: DockerBackend, python: str) -> str:
    """Build an image in which SWE-ReX finds its server."""
    with tempfile.TemporaryDirectory() as folder:
        pip = [python, "-m", "pip", "download", "--quiet", "--dest", f"{folder}/wheels"]
        subprocess.run(
            [*pip, "--only-binary=:all:", "--python-version=3.11", "swe-rex"],
            check=True,
            capture_output=True,
        )
        dockerfile = REX_DOCKERFILE.format(base=backend.base_image())
        (Path(folder) / ".dockerignore").touch()
        return backend.build_image(dockerfile, folder)


def contenders(
    stack: ExitStack, backend: DockerBackend, python: str | None
) -> dict[str, Contender | str]:
    """Return all, or why one is not there."""
    image = backend.base_image()
    sandbox = stack.enter_context(closing(backend.start(image, SandboxSpec())))
    cli = ["docker", "exec", sandbox.id, "true"]
    found: dict[str, Contender | str] = {
        "agentrl, exec": timed(lambda: sandbox.exec("true")),
        "agentrl, run": timed(lambda: sandbox.run(["true"], user="agent")),
        "docker exec": timed(lambda: subprocess.run(cli, check=True)),
        "mini-swe-agent": "no --peer-python",
        "SWE-ReX": "no --peer-python",
    }
    if python is not None:
        found["mini-swe-agent"] = peer(stack, python, MINI, image)
        try:
            found["SWE-ReX"] = peer(stack, python, REX, rex_image(backend, python))
        except subprocess.CalledProcessError as exc:
            found["SWE-ReX"] = f"its wheels cannot be fetched: {exc.stderr[-200:]!r}"
    return found


def main() -> None:
    """Print the table."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--peer-python")
    backend = connect(SandboxSpec(backend="docker"))
    assert isinstance(backend, DockerBackend)
    with ExitStack() as stack:
        found = contenders(stack, backend, parser.parse_args().peer_python)
        times: dict[str, list[float]] = {name: [] for name in found}
        for _ in range(ROUNDS):
            for name, run in found.items():
                if not isinstance(run, str):
                    times[name] += run(COMMANDS)
    ours = statistics.median(times["agentrl, exec"])
    print(f"{ROUNDS} rounds of {COMMANDS} commands each, {sys.platform}")
    for name, taken in times.items():
        if not taken:
            print(f"{name:<16} left out: {found[name]}")
            continue
        median, high = statistics.median(taken), statistics.quantiles(taken, n=10)[-1]
        print(
            f"{name:<16} p50 {median * 1e3:8.2f} ms   p90 {high * 1e3:8.2f} ms   "
            f"{median / ours:7.1f} x ours"
        )


if __name__ == "__main__":
    main()
