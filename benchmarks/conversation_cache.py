"""Time of multi-turn conversations with and without the cache kept between turns.

Both sides run in this process, one after the other, on the same scratch checkpoint: eight
conversations at a time, each turn adds an observation and asks for a short answer.

    python benchmarks/conversation_cache.py [--turns 20] [--conversations 8] [--device auto]
"""

import argparse
import asyncio
import tempfile
import time
from pathlib import Path

import torch

from agentrl.episode import Sampling
from agentrl.models.base import Request
from agentrl.models.scratch import build_checkpoint
from agentrl.models.transformers import TransformersModel
from agentrl.suite.model import Scratch, TransformersSpec

_TEXTS = ["You are in the kitchen. A table, an apple and a closed door lead north. > open door"] * 9
_SCRATCH = Scratch(hidden_size=256, layers=4, vocabulary=2048)
_OBSERVATION = 100
_ANSWER = 8


async def play(spec: TransformersSpec, turns: int, conversations: int, cache: int | None) -> float:
    """Return the seconds that the conversations take."""
    model = TransformersModel(spec, conversation_bytes=cache)
    await model.start()

    async def converse(number: int, turns: int) -> None:
        tokens: tuple[int, ...] = ()
        for turn in range(turns):
            observation = (3 + (number + turn + j) % 250 for j in range(_OBSERVATION))
            tokens = (*tokens, *observation)
            sampling = Sampling(max_tokens=_ANSWER, seed=turn)
            request = Request((), sampling, token_ids=tokens, session=f"conversation-{number}")
            tokens = (*tokens, *((await model.generate(request)).token_ids or ()))

    await converse(-1, 2)
    began = time.perf_counter()
    await asyncio.gather(*(converse(number, turns) for number in range(conversations)))
    seconds = time.perf_counter() - began
    await model.close()
    return seconds


def main() -> None:
    """Measure both and print one line."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--turns", type=int, default=20)
    parser.add_argument("--conversations", type=int, default=8)
    parser.add_argument("--device", default="auto")
    parser.add_argument("--threads", type=int, default=1, help="threads that torch may use")
    args = parser.parse_args()
    torch.set_num_threads(args.threads)
    with tempfile.TemporaryDirectory() as folder:
        checkpoint = build_checkpoint(Path(folder) / "model", _TEXTS, _SCRATCH)
        spec = TransformersSpec(
            backend="transformers",
            checkpoint=str(checkpoint),
            device=args.device,
            threads=args.threads,
        )
        without = asyncio.run(play(spec, args.turns, args.conversations, 0))
        kept = asyncio.run(play(spec, args.turns, args.conversations, None))
    print(
        f"conversation cache: {kept:.2f} s with, {without:.2f} s without, {args.conversations} "
        f"conversations of {args.turns} turns: ratio {without / kept:.2f}"
    )


if __name__ == "__main__":
    main()
