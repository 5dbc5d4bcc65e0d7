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
        speeds = {
            name: asyncio.run(measure(model, given.requests, given.tokens))
            for name, model in models.items()
        }
    for index, count in enumerate(given.requests):
        ours, served = speeds["transformers"][index], speeds["vllm"][index]
        print(
            f"{count} requests at once: transformers {ours:.0f} tokens/s, "
            f"vllm {served:.0f} tokens/s, ratio {served / ours:.2f}"
        )


async def measure(model: Model, counts: list[int], tokens: int) -> list[float]:
    """Return sampled tokens a second at each number of concurrent requests."""
    await model.start()
    try:
        await ask(model, 4, tokens)
        return [await ask(model, count, tokens) for count in counts]
    finally:
        await model.close()


async def ask(model: Model, count: int, tokens: int) -> float:
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
