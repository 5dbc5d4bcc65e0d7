"""Tokens per second: concurrent requests to TransformersModel against one-by-one generate.

Both sides run in this process, one after the other, on the same scratch checkpoint (4 layers of
width 256), the same prompts and the same number of new tokens.

    python benchmarks/transformers_batching.py [--requests 32] [--new-tokens 64] [--device auto]
"""

import argparse
import asyncio
import tempfile
import time
from collections.abc import Sequence
from pathlib import Path

import torch

from agentrl.episode import Sampling
from agentrl.models.base import Request
from agentrl.models.scratch import build_checkpoint
from agentrl.models.transformers import TransformersModel
from agentrl.suite.model import Scratch, TransformersSpec

_TEXTS = ["You are in the kitchen. A table, an apple and a closed door lead north. > open door"] * 9
_SCRATCH = Scratch(hidden_size=256, layers=4, vocabulary=2048)


async def concurrently(
    spec: TransformersSpec, prompts: Sequence[tuple[int, ...]], new: int
) -> float:
    """Return the seconds that all prompts take together."""
    model = TransformersModel(spec)
    await model.start()

    async def run(tokens: int) -> None:
        sampling = Sampling(max_tokens=tokens, seed=0)
        requests = [Request((), sampling, token_ids=p) for p in prompts]
        answers = await asyncio.gather(*map(model.generate, requests))
        done.append(sum(a.usage.completion_tokens for a in answers))

    done: list[int] = []
    await run(2)
    began = time.perf_counter()
    await run(new)
    seconds = time.perf_counter() - began
    await model.close()
    return seconds * len(prompts) * new / done[-1]


def one_by_one(spec: TransformersSpec, prompts: Sequence[tuple[int, ...]], new: int) -> float:
    """Return the seconds that transformers' own generate takes, prompt after prompt."""
    from agentrl.models.transformers.load import load_model

    model = load_model(Path(str(spec.checkpoint)), spec)

    def run(prompt: tuple[int, ...], tokens: int) -> None:
        ids = torch.tensor([prompt], device=model.device)
        mask = torch.ones_like(ids)
        model.generate(
            ids,
            attention_mask=mask,
            do_sample=True,
            top_k=0,
            min_new_tokens=tokens,
            max_new_tokens=tokens,
        )

    run(prompts[0], 2)
    began = time.perf_counter()
    for prompt in prompts:
        run(prompt, new)
    return time.perf_counter() - began


def main() -> None:
    """Measure both and print one line."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--requests", type=int, default=32)
    parser.add_argument("--new-tokens", type=int, default=64)
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
        prompts = [
            tuple(3 + (i + j) % 250 for j in range(64 + 4 * i)) for i in range(args.requests)
        ]
        alone = one_by_one(spec, prompts, args.new_tokens)
        together = asyncio.run(concurrently(spec, prompts, args.new_tokens))
    tokens = args.requests * args.new_tokens
    print(
        f"transformers batching: {tokens / together:.0f} tokens/s with {args.requests} concurrent "
        f"requests, {tokens / alone:.0f} one by one: ratio {alone / together:.2f}"
    )


if __name__ == "__main__":
    main()
