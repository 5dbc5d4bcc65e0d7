"""Sandboxes from the pool, and samples from a snapshot.

First: how long ``Pool.acquire`` takes once it is warm, against starting a sandbox and against
``docker run``. Then: eight samples of one task from a snapshot that was prepared once, against
eight sandboxes that are each prepared anew; the preparation copies a repository of 400 files, makes
it a commit, byte-compiles it, and makes a virtual environment. Claims: acquire at p50 under 30 ms.

    python benchmarks/sandbox_pool.py
"""

import statistics
import subprocess
import time
from collections.abc import Callable
from concurrent.futures import ThreadPoolExecutor
from contextlib import closing

from agentrl.sandboxes.base import Backend, File, Sandbox
from agentrl.sandboxes.connect import connect
from agentrl.sandboxes.pool import Pool
from agentrl.suite.sandbox import SandboxSpec

EPISODES = 20
SAMPLES = 8
WORK_S = 0.5
FILES = {
    f"/testbed/package/m{i // 50}/f{i}.py": File(
        b"def f(x):\n    return x + %d\n" % i * 5, owner="agent"
    )
    for i in range(400)
}
PREPARE = (
    "cd /testbed && git init -q && git add -A && "
    "git -c user.name=a -c user.email=a@b commit -qm all && python3 -m compileall -q . && "
    "python3 -m venv /home/agent/venv"
)


def seconds(action: Callable[[], object]) -> float:
    """Return how long an action takes."""
    begin = time.perf_counter()
    action()
    return time.perf_counter() - begin


def warm_acquires(backend: Backend, spec: SandboxSpec, image: str) -> tuple[list[float], ...]:
    """Return the seconds of each acquire, and of each first command after it."""
    pool = Pool(backend, spec)
    acquired, first = [], []
    pool.warm(image)
    time.sleep(2)
    for _ in range(EPISODES):
        begin = time.perf_counter()
        sandbox = pool.acquire(image)
        acquired.append(time.perf_counter() - begin)
        first.append(seconds(lambda sandbox=sandbox: sandbox.exec("true")))  # type: ignore[misc]
        time.sleep(WORK_S)  # an episode works a while, in which the next spare starts
        sandbox.close()
    pool.close()
    return acquired, first


def prepare(sandbox: Sandbox) -> None:
    """Prepare the task."""
    sandbox.write_files(FILES)
    done = sandbox.run(["bash", "-c", PREPARE], user="agent")
    assert done.exit_code == 0, done.stderr


def from_snapshot(backend: Backend, spec: SandboxSpec, image: str) -> None:
    """Prepare once, keep it, and start every sample from that."""
    with closing(backend.start(image, spec)) as sandbox:
        prepare(sandbox)
        kept = sandbox.snapshot("agentrl/benchmark:pool")
    pool = Pool(backend, spec)
    with ThreadPoolExecutor(SAMPLES) as threads:
        list(threads.map(lambda _: check(pool.acquire(kept)), range(SAMPLES)))
    pool.close()
    backend.remove_image(kept)


def anew(backend: Backend, spec: SandboxSpec, image: str) -> None:
    """Prepare every sample."""
    pool = Pool(backend, spec.model_copy(update={"spares": 0}))

    def sample(_: int) -> None:
        sandbox = pool.acquire(image)
        prepare(sandbox)
        check(sandbox)

    with ThreadPoolExecutor(SAMPLES) as threads:
        list(threads.map(sample, range(SAMPLES)))
    pool.close()


def check(sandbox: Sandbox) -> None:
    """See that a sample is ready, and close it."""
    assert sandbox.exec("git -C /testbed log --oneline | wc -l").output == "1\n"
    sandbox.close()


def main() -> None:
    """Print the table."""
    spec = SandboxSpec(backend="docker", spares=2)
    backend = connect(spec)
    image = backend.base_image()
    acquired, first = warm_acquires(backend, spec, image)
    starts = []
    for _ in range(EPISODES):
        begin = time.perf_counter()
        sandbox = backend.start(image, spec)
        starts.append(time.perf_counter() - begin)
        sandbox.close()
    command = ["docker", "run", "--rm", "--init", "--network", "none", image, "true"]
    runs = [seconds(lambda: subprocess.run(command, check=True)) for _ in range(EPISODES)]
    for name, times in (
        ("acquire, warm", acquired),
        ("first command after it", first),
        ("start, without a pool", starts),
        ("docker run --rm true", runs),
    ):
        print(f"{name:<24} p50 {statistics.median(times) * 1e3:7.1f} ms")
    snapshot = seconds(lambda: from_snapshot(backend, spec, image))
    full = seconds(lambda: anew(backend, spec, image))
    print(f"{SAMPLES} samples from a snapshot, made once: {snapshot:.1f} s")
    print(f"{SAMPLES} samples, each prepared anew:        {full:.1f} s, {full / snapshot:.1f} x")


if __name__ == "__main__":
    main()
