"""How long new weights take to the engine, against the size of the checkpoint.

Small to large models are made from nothing; each is handed to the in-process engine, to a vLLM
server by a reload from disk, and to one by a restart. A sync is timed as a training does it: the
weights written where that is the way, the engine's requests let out, and a probe's
log-probabilities compared with the trainer's afterwards. The first sync of an engine is left out.

    python benchmarks/weight_sync.py [--sizes 128x2 512x6 1024x10] [--restart]
"""

import argparse
import asyncio
import statistics
import tempfile
from importlib.util import find_spec
from pathlib import Path

import torch
from transformers import AutoTokenizer

from agentrl.models.scratch import build_checkpoint
from agentrl.models.transformers.load import load_model
from agentrl.suite.model import Scratch, TransformersSpec
from agentrl.suite.train import PolicySpec
from agentrl.training.engines import build_engine
from agentrl.training.policy import Policy

SYNCS = 3
TEXTS = ["Where am I? In the kitchen. Open the door, then go north. What do you see?"]


async def sync_times(folder: Path, settings: PolicySpec, work: Path) -> tuple[float, int]:
    """Return the median seconds of a sync, and how many bytes it moves."""
    spec = TransformersSpec(backend="transformers", checkpoint=str(folder))
    policy = Policy(load_model(folder, spec), AutoTokenizer.from_pretrained(folder))
    engine = build_engine(settings, spec, folder, work=work / "weights", log_folder=work)
    await engine.start()
    try:
        reports = []
        for version in range(1, SYNCS + 2):
            with torch.no_grad():
                for parameter in policy.parameters():
                    parameter.add_(1e-4 * torch.randn_like(parameter))
            reports.append(await engine.sync(policy, version))
    finally:
        await engine.close()
    return statistics.median(report.seconds for report in reports[1:]), reports[0].bytes


def main() -> None:
    """Time every engine with every size."""
    arguments = argparse.ArgumentParser(description=__doc__.splitlines()[0] if __doc__ else None)
    arguments.add_argument("--sizes", nargs="+", default=["128x2", "512x6", "1024x10"])
    arguments.add_argument("--restart", action="store_true", help="time restarts too, of each size")
    given = arguments.parse_args()
    ways = {"in process": PolicySpec()}
    if find_spec("vllm"):
        ways["vLLM, reload"] = PolicySpec(engine="vllm", sync="reload")
        if given.restart:
            ways["vLLM, restart"] = PolicySpec(engine="vllm", sync="restart")
    else:
        print("vLLM is not installed: the in-process engine alone")
    print("| size | " + " | ".join(ways) + " |")
    print("|---" * (1 + len(ways)) + "|", flush=True)
    for size in given.sizes:
        width, layers = map(int, size.split("x"))
        with tempfile.TemporaryDirectory(prefix="agentrl-sync-") as made:
            work = Path(made)
            scratch = Scratch(hidden_size=width, layers=layers, vocabulary=320)
            folder = build_checkpoint(work / "model", TEXTS, scratch)
            cells, moved = [], 0
            for settings in ways.values():
                seconds, moved = asyncio.run(sync_times(folder, settings, work))
                cells.append(f"{seconds:.2f} s, {moved / 1e6 / seconds:.0f} MB/s")
            print(f"| {moved / 1e6:.0f} MB | " + " | ".join(cells) + " |", flush=True)


if __name__ == "__main__":
    main()
