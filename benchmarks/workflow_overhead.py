"""What executing a workflow costs beside the work of its workers.

Two claims. A workflow of 8 nodes over workers of 50 ms takes at most 1.05 times its critical path.
And 500 workflows at once on one loop add little to each node: the time that the processor is busy,
divided by all nodes, beside a bare loop that awaits the same sleeps in the same order.
"""

import asyncio
import statistics
import time
from collections.abc import Awaitable, Callable

from agentrl.episode import Generation, Sampling, Usage
from agentrl.orchestrator.execute import execute
from agentrl.orchestrator.pool import Pool
from agentrl.orchestrator.topologies import chain, debate, mixture_of_agents, tree, vote
from agentrl.orchestrator.worker import Answer, Descriptor, Request
from agentrl.orchestrator.workflow import Node, Workflow
from agentrl.suite.worker import GuardSpec
from agentrl.task import Task

WORKER_S = 0.05
TARGET = 1.05
NODE_TARGET_S = 0.001
ROUNDS = 9
MANY = 500
TASK = Task("benchmark")


class Sleeper:
    """A worker that takes its time and answers the same."""

    name = "w"
    descriptor = Descriptor(price_in=1.0, price_out=1.0)

    async def answer(self, request: Request) -> Answer:
        await asyncio.sleep(WORKER_S)
        return Answer("4", Generation("4", "stop", "w", Sampling(), Usage(10, 1)))

    async def close(self) -> None:
        return None


def shapes() -> dict[str, Workflow]:
    """Return workflows of 8 nodes, from one layer to eight."""
    return {
        "vote of 8": vote(["w"], samples=8),
        "debate, 4 x 2": debate(["w"] * 4, rounds=2),
        "mixture, 7 + 1": mixture_of_agents(["w"] * 7, "w", layers=1),
        "tree of 7, and a checker": _checked(tree(["w"], depth=2)),
        "mixed graph": mixed(),
        "chain of 8": chain(["w"] * 8),
    }


def mixed() -> Workflow:
    """Return a graph without a name; a new one each time, as if a model had just written it."""
    nodes = tuple(
        Node(str(n), "w", f"Do part {n}.", sees=tuple(map(str, sees)))
        for n, sees in enumerate([(), (), (0,), (0, 1), (2,), (2, 3), (4, 5), (6, 1)])
    )
    return Workflow(nodes)


def _checked(workflow: Workflow) -> Workflow:
    return Workflow((*workflow.nodes, Node("check", "w", "Check it.", sees=("root",))))


def critical_path(workflow: Workflow) -> int:
    """Return how many nodes follow one another at most."""
    depth: dict[str, int] = {}
    for name in workflow.order:
        depth[name] = 1 + max((depth[seen] for seen in workflow.by_id[name].sees), default=0)
    return max(depth.values())


async def timed(work: Callable[[], Awaitable[object]]) -> tuple[float, float]:
    """Return the wall time and the processor's time of some work, in seconds."""
    wall, busy = time.perf_counter(), time.process_time()
    await work()
    return time.perf_counter() - wall, time.process_time() - busy


async def bare(workflow: Workflow) -> None:
    """Await the same sleeps in the same order, and nothing else."""
    done = {node.id: asyncio.Event() for node in workflow.nodes}

    async def one(node: Node) -> None:
        for seen in node.sees:
            await done[seen].wait()
        await asyncio.sleep(WORKER_S)
        done[node.id].set()

    await asyncio.gather(*(one(node) for node in workflow.nodes))


async def one_at_a_time(pool: Pool) -> float:
    """Print each shape against its critical path, and return the worst ratio of medians."""
    worst = 0.0
    print(f"one workflow of 8 nodes, workers of {WORKER_S * 1e3:.0f} ms, median of {ROUNDS}")
    for name, workflow in shapes().items():
        path_s = critical_path(workflow) * WORKER_S
        walls, floors = [], []
        for _ in range(ROUNDS):
            walls.append((await timed(lambda w=workflow: asked(w, pool)))[0])  # type: ignore[misc]
            floors.append((await timed(lambda w=workflow: bare(w)))[0])  # type: ignore[misc]
        wall, floor = statistics.median(walls), statistics.median(floors)
        worst = max(worst, wall / path_s)
        print(
            f"  {name:26} path {path_s * 1e3:4.0f} ms   took {wall * 1e3:6.1f} ms   "
            f"ratio {wall / path_s:.3f}   (bare loop {floor / path_s:.3f})"
        )
    return worst


async def asked(workflow: Workflow, pool: Pool) -> None:
    """Execute a workflow and see that it was done."""
    result = await execute(workflow, pool, TASK, question="2 + 2?")
    assert len(result.answers) == len(workflow.nodes)


async def many_at_once(pool: Pool) -> float:
    """Print what 500 workflows at once cost, and return the busy seconds of a node."""
    nodes = MANY * len(mixed().nodes)

    async def executed() -> None:
        await asyncio.gather(*(asked(mixed(), pool) for _ in range(MANY)))

    async def slept() -> None:
        await asyncio.gather(*(bare(mixed()) for _ in range(MANY)))

    runs = {
        "execute": [await timed(executed) for _ in range(3)],
        "bare loop": [await timed(slept) for _ in range(3)],
    }
    print(f"\n{MANY} workflows at once, {nodes} nodes, best of 3 (one loop, so one core)")
    for name, measured in runs.items():
        wall, busy = min(measured)
        print(
            f"  {name:12} {wall:6.2f} s   busy {busy:5.2f} s   "
            f"{busy / nodes * 1e6:6.0f} us busy per node   {nodes / wall:6.0f} nodes/s"
        )
    return min(busy for _, busy in runs["execute"]) / nodes


async def main() -> None:
    guard = GuardSpec(concurrency=1_000_000)
    pool = Pool([Sleeper()], {"w": guard})
    await asked(mixed(), pool)  # imports and first calls
    ratio = await one_at_a_time(pool)
    node_s = await many_at_once(pool)
    await pool.close()
    print(f"\nworst ratio {ratio:.3f}, claim at most {TARGET}: {verdict(ratio <= TARGET)}")
    print(
        f"overhead per node {node_s * 1e6:.0f} us, claim at most {NODE_TARGET_S * 1e6:.0f} us: "
        f"{verdict(node_s <= NODE_TARGET_S)}"
    )


def verdict(holds: bool) -> str:
    """Return a plain verdict."""
    return "holds" if holds else "DOES NOT HOLD"


if __name__ == "__main__":
    asyncio.run(main())
