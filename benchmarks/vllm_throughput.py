"""Tokens a second of vLLM and of transformers, many requests at once, on the same checkpoint.

python benchmarks/vllm_throughput.py --requests 32 64 --tokens 128
"""

import argparse
import asyncio
import tempfile
import time
from pathlib import Path

from agentrl.episode import Sampling
from agentrl.models.base import Message, Model, Request
from agentrl.models.build import build_model
from agentrl.models.scratch import build_checkpoint
from agentrl.suite.model import Scratch, TransformersSpec, VllmSpec

TEXTS = ["go north, take the lamp, open the door, look around: you are in a small room " * 20]


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--requests", type=int, nargs="+", default=[32, 64])
    parser.add_argument("--tokens", type=int, default=128, help="most tokens of an answer")
    parser.add_argument("--hidden", type=int, default=256, help="width of the model")
    parser.add_argument("--layers", type=int, default=4)
    parser.add_argument("--rounds", type=int, default=3)
    given = parser.parse_args()
    scratch = Scratch(hidden_size=given.hidden, layers=given.layers, context=2048)
    with tempfile.TemporaryDirectory() as folder:
        checkpoint = str(build_checkpoint(Path(folder) / "model", TEXTS, scratch))
        models: dict[str, Model] = {
            "transformers": build_model(
                TransformersSpec(backend="transformers", checkpoint=checkpoint)
            ),
            "vllm": build_model(VllmSpec(backend="vllm", checkpoint=checkpoint)),
        }
        asyncio.run(compare(models, given.requests, given.tokens, given.rounds))


async def compare(models: dict[str, Model], counts: list[int], tokens: int, rounds: int) -> None:
    """Print the speeds; in turns, and the best of each, since a busy machine only slows down."""
    try:
        for model in models.values():
            await model.start()
            await ask(model, 4, tokens)
        for count in counts:
            best = dict.fromkeys(models, 0.0)
            for _ in range(rounds):
                for name, model in models.items():
                    best[name] = max(best[name], await ask(model, count, tokens))
            speeds = ", ".join(f"{name} {speed:.0f} tokens/s" for name, speed in best.items())
            print(f"{count} requests at once: {speeds}", end=", ")
            print(f"ratio {best['vllm'] / best['transformers']:.2f}", flush=True)
    finally:
        for model in models.values():
            await model.close()


async def ask(model: Model, count: int, tokens: int) -> float:
    """Return sampled tokens a second of this many requests at once."""
    started = time.perf_counter()
    answers = await asyncio.gather(
        *(model.generate(request(number, tokens)) for number in range(count))
    )
    sampled = sum(answer.usage.completion_tokens for answer in answers)
    return sampled / (time.perf_counter() - started)


def request(number: int, tokens: int) -> Request:
    """A conversation of its own, so that no cache is shared beyond the beginning."""
    text = f"You are in room {number}. " + "There is a lamp and a door to the north. " * 8
    return Request((Message("user", text),), Sampling(max_tokens=tokens), session=str(number))


if __name__ == "__main__":
    main()
