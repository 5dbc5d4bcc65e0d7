"""What ``agentrl tasks mine`` does with many pairs of releases."""

from collections.abc import Sequence
from concurrent.futures import ThreadPoolExecutor, as_completed
from pathlib import Path

import typer

from agentrl.envs.swe.dataset import read_instances, write_instances
from agentrl.envs.swe.instance import Instance
from agentrl.envs.swe.mine.make import Mined, mine
from agentrl.envs.swe.mine.pair import Pair
from agentrl.errors import AgentrlError, RunStopped
from agentrl.sandboxes.pool import Pool


def mine_all(
    pairs: Sequence[Pair], pool: Pool, out: Path, *, times: int, most_kept: int, jobs: int
) -> int:
    """Mine pairs, say of each what came out, and return how many instances were made.

    The file is written after each, so that stopping loses nothing; what it holds is kept.

    Raises:
        AgentrlError: there is a single pair, and nothing came out.
        TaskError: the file that is to be added to cannot be read.
    """
    there = {instance.id: instance for instance in (read_instances(out) if out.exists() else ())}
    count = 0
    with ThreadPoolExecutor(jobs, thread_name_prefix="mine") as executor:
        asked = {
            executor.submit(mine, pair, pool, times=times, most_kept=most_kept): pair
            for pair in pairs
        }
        try:
            for future in as_completed(asked):
                mined = _result(future.exception(), asked[future], alone=len(pairs) == 1)
                if mined:
                    found = future.result()
                    there[found.instance.id] = found.instance
                    _write(there, out)
                    typer.echo(_told(found))
                    count += 1
        except KeyboardInterrupt:
            executor.shutdown(wait=False, cancel_futures=True)
            pool.close()  # what runs now would go on to its end
            raise
    typer.echo(f"{count} of {len(pairs)} mined; {out} holds {len(there)}", err=True)
    return count


def _result(error: BaseException | None, pair: Pair, *, alone: bool) -> bool:
    """Return whether there is an instance, and tell why not where there is none."""
    if error is None:
        return True
    if alone or not isinstance(error, AgentrlError) or isinstance(error, RunStopped):
        raise error
    lines = [line for line in str(error).splitlines() if line.strip()]
    more = f" ... {lines[-1]}" if len(lines) > 1 else ""
    typer.echo(f"{pair.package}=={pair.new}: {lines[0]}{more}", err=True)
    return False


def _write(instances: dict[str, Instance], out: Path) -> None:
    write_instances([instances[id] for id in sorted(instances)], out)


def _told(mined: Mined) -> str:
    tests = mined.instance.tests
    parts: list[str] = [
        mined.instance.id,
        f"{len(tests.fail_to_pass)} to pass",
        f"{len(tests.pass_to_pass)} to keep",
        f"{mined.duration_s:.1f} s",
    ]
    if mined.unsteady:
        parts.append(f"{len(mined.unsteady)} unsteady left out")
    if mined.lacking:
        parts.append(f"some tests ask for {', '.join(mined.lacking)}")
    return "\t".join(parts)
