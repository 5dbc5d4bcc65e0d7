"""The pool: the workers that a conductor or a router chooses among."""

import asyncio
import random
import re
from collections.abc import Awaitable, Callable, Iterable, Iterator, Mapping, Sequence

from agentrl.errors import UsageError, nearest
from agentrl.orchestrator.build import build_workers
from agentrl.orchestrator.guard import Guarded
from agentrl.orchestrator.self_worker import SelfWorker
from agentrl.orchestrator.worker import Answer, Descriptor, Request, Worker
from agentrl.suite.orchestrator import PoolSpec
from agentrl.suite.worker import GuardSpec

_ANONYMOUS = re.compile(r"Model (\d+)")


class Pool:
    """Workers in order, each with a name and within its limits; use it on one event loop.

    Args:
        workers: who works; one that is not guarded yet gets a guard.
        guards: the limits of each worker by name; the usual ones where a name is missing.
        owner: whether ``close`` closes the workers.
        reserve: workers that are not in the pool and can stand in for one that is.

    Raises:
        UsageError: there is no worker, or two have one name.
    """

    def __init__(
        self,
        workers: Iterable[Worker],
        guards: Mapping[str, GuardSpec] | None = None,
        *,
        owner: bool = True,
        reserve: Mapping[str, Guarded] | None = None,
    ) -> None:
        known = guards or {}
        self._workers = tuple(
            w if isinstance(w, Guarded) else Guarded(w, known.get(w.name)) for w in workers
        )
        self._by_name = {worker.name: worker for worker in self._workers}
        self._owner = owner
        self._reserve = dict(reserve or {})
        if not self._workers:
            raise UsageError("a pool needs at least one worker")
        if len(self._by_name) < len(self._workers):
            names = ", ".join(worker.name for worker in self._workers)
            raise UsageError(f"two workers have the same name: {names}; give each its own")

    def __len__(self) -> int:
        return len(self._workers)

    def __iter__(self) -> Iterator[Guarded]:
        return iter(self._workers)

    def __contains__(self, name: object) -> bool:
        return isinstance(name, str) and self._find(name) is not None

    def __getitem__(self, name: str) -> Guarded:
        """Return a worker by its name, or by ``Model k``, its place in the pool.

        A part of a pool also finds the workers that were not drawn, by their own names: a
        suite's fallback may be one.

        Raises:
            UsageError: the pool has no such worker.
        """
        found = self._find(name) or self._reserve.get(name)
        if found is None:
            hint = nearest(name, self._by_name) or f"; it has {', '.join(self._by_name)}"
            raise UsageError(f"no worker {name!r} is in the pool{hint}")
        return found

    def names(self, anonymous: bool = False) -> tuple[str, ...]:
        """Return every worker's name in order; anonymous ones are ``Model 0``, ``Model 1``..."""
        if anonymous:
            return tuple(f"Model {index}" for index in range(len(self)))
        return tuple(self._by_name)

    def sub_pool(self, size: int, seed: int | str, *, shuffle: bool = False) -> "Pool":
        """Return a random part of the pool (Conductor, arXiv 2512.04388).

        Every set of ``size`` workers is as likely as any other, and the same seed draws the same
        one. The workers, their limits and what they count are shared with this pool.

        Args:
            size: how many workers.
            seed: decides which.
            shuffle: draw their order too; without it they stand as in the pool.

        Raises:
            UsageError: the pool has not so many workers, or none is asked for.
        """
        if not 1 <= size <= len(self):
            raise UsageError(f"a sub-pool of {size} is asked for, of a pool of {len(self)}")
        drawn = random.Random(f"sub-pool:{seed}").sample(range(len(self)), size)
        chosen = [self._workers[index] for index in (drawn if shuffle else sorted(drawn))]
        return Pool(chosen, owner=False, reserve={**self._reserve, **self._by_name})

    def with_self(self, answer: Callable[[Request], Awaitable[Answer]]) -> "Pool":
        """Return the pool with the conductor's own answers where it is a worker.

        The other workers and their limits are shared with this pool.
        """
        bound = [_bound(worker, answer) for worker in self]
        return Pool(bound, owner=False, reserve=self._reserve)

    def describe(self, anonymous: bool = False) -> str:
        """Return the pool as a prompt shows it: a line for each worker.

        Anonymous workers are told apart by what they cost and how well they did, not by a
        description, which may name them.
        """
        named = zip(self.names(anonymous), self._workers, strict=True)
        return "\n".join(described(name, w.descriptor, anonymous) for name, w in named)

    def require_prices(self, why: str) -> None:
        """See that it is known what every worker costs.

        Args:
            why: who wants to know, such as "orchestrator.limits.usd".

        Raises:
            UsageError: a price is not known.
        """
        unknown = [worker.name for worker in self._workers if not worker.descriptor.priced]
        if unknown:
            raise UsageError(
                f"{why} needs to know what every worker costs, and there is no price for "
                f"{', '.join(unknown)}; give each a price_in and a price_out (0 where it is free)"
            )

    async def close(self) -> None:
        """Close every worker; the first error is raised once all had their turn."""
        if not self._owner:
            return
        ends = [worker.close() for worker in self._workers]
        for end in await asyncio.gather(*ends, return_exceptions=True):
            if isinstance(end, BaseException):
                raise end

    def _find(self, name: str) -> Guarded | None:
        if name in self._by_name:
            return self._by_name[name]
        match = _ANONYMOUS.fullmatch(name)
        if match is None or len(match[1]) > 6 or int(match[1]) >= len(self):
            return None
        return self._workers[int(match[1])]


def build_pool(spec: PoolSpec, texts: Sequence[str] = ()) -> Pool:
    """Return the pool that a suite describes; nothing is loaded before a worker is first asked.

    Args:
        spec: the suite's section, read by ``agentrl.suite.pool_file.pool_spec`` if it is a file.
        texts: what the tasks look like; a model made from nothing learns its tokens from them.

    Raises:
        UsageError: a worker's settings cannot be used, or a recording is missing.
        MissingDependencyError: the library behind a worker is not installed.
    """
    guards = {name: worker.guard for name, worker in spec.workers.items()}
    return Pool(build_workers(spec, texts), guards)


def described(name: str, descriptor: Descriptor, anonymous: bool = False) -> str:
    """Return one line about a worker.

    >>> described("Model 0", Descriptor(price_in=0.5, price_out=1.5, tags=("math",)))
    'Model 0: math; 0.5 / 1.5 USD per 1M tokens in / out'
    """
    d = descriptor
    facts = [d.description if not anonymous else "", ", ".join(d.tags)]
    if d.priced:
        facts.append(f"{d.price_in:g} / {d.price_out:g} USD per 1M tokens in / out")
    if d.latency_s is not None:
        facts.append(f"about {d.latency_s:g} s")
    if d.context_window is not None:
        facts.append(f"{d.context_window} tokens of context")
    facts += [f"{kind} {share:.0%}" for kind, share in d.performance.items()]
    known = "; ".join(fact for fact in facts if fact)
    return f"{name}: {known}" if known else name


def _bound(worker: Guarded, answer: Callable[[Request], Awaitable[Answer]]) -> Guarded:
    if not isinstance(worker.worker, SelfWorker):
        return worker
    return Guarded(worker.worker.bound(answer), worker.spec)
