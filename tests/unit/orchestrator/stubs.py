"""Workers that take a second and cost nothing, for tests of who is asked what and when."""

from collections.abc import Callable

from agentrl.orchestrator.worker import Descriptor, Request
from agentrl.testing.workers import FakeWorker


def stub(
    name: str,
    says: Callable[[Request], str] = lambda request: f"{request.node} done",
    *,
    seconds: Callable[[Request], float] = lambda request: 1.0,
    usd: float = 0.0,
) -> FakeWorker:
    """Return a worker that says which node it did."""
    free = Descriptor(price_in=0.0, price_out=0.0)
    return FakeWorker(name, says, delay_s=seconds, usd=usd, descriptor=free)
