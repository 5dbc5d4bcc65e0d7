"""Preflight without a training after it: what ``agentrl doctor`` asks for."""

import tempfile
from pathlib import Path

from agentrl.runs.folder import RunFolder
from agentrl.training.load import first_checkpoint, load_trainable
from agentrl.training.plan import Plan
from agentrl.training.preflight.finding import Finding
from agentrl.training.preflight.rehearsal import preflight
from agentrl.training.watch import TrainingWatch
from agentrl.training.workshop import Arithmetic, open_workshop


async def preflight_alone(plan: Plan, watch: TrainingWatch) -> list[Finding]:
    """Load what a training would, look whether it can work, and leave nothing behind.

    Raises:
        UsageError: the model or a task cannot be used.
        RunStopped: a service gave out.
    """
    arithmetic = Arithmetic()
    try:
        base = first_checkpoint(plan)
        policy = await arithmetic.run(lambda: load_trainable(base, plan))
        with tempfile.TemporaryDirectory(prefix="agentrl-doctor-") as made:
            path = Path(made) / "run"
            with RunFolder.create(path, plan.suite.resolved()) as folder:
                async with open_workshop(plan, folder, watch, arithmetic, policy, base) as shop:
                    return await preflight(shop)
    finally:
        arithmetic.close()
