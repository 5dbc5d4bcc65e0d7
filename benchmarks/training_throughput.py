"""Tokens a second that learning takes: agentrl, TRL's GRPOTrainer, and a bare loop.

All three train the same model (a small Qwen2 of random weights) on the same multi-turn episodes: a
system prompt, then turns of an observation and a short answer, of which only the answers were
sampled. One step is one optimiser update on all episodes, float32, the same number of threads. They
take turns in one process; the median step counts. Tokens are those of the sequences, padding left
out.

- agentrl: ``Learner.learn``, which packs episodes into rows, computes scores only before sampled
  tokens, and reports its metrics.
- TRL: ``GRPOTrainer._compute_loss`` with environment tokens masked, as its own step calls it, with
  backward, gradient clipping and the optimiser, in batches of ``--batch`` episodes of like length.
  It computes scores for every token of a completion, observations included, and pads.
- bare: forward, cross-entropy on every token and backward, over the rows that agentrl packed.

TRL is not needed to use agentrl: pip install trl

    python benchmarks/training_throughput.py [--episodes 48] [--steps 5] [--threads 1]
"""

import argparse
import importlib
import random
import statistics
import sys
import tempfile
import time
from collections.abc import Callable, Sequence
from pathlib import Path
from typing import Any

import torch

from agentrl.agents.tokens import TokenSequence
from agentrl.episode import Sampling
from agentrl.models.scratch import build_checkpoint
from agentrl.models.transformers.load import load_model
from agentrl.suite.model import Scratch, TransformersSpec
from agentrl.suite.train import TrainSpec
from agentrl.training.learner import Learner
from agentrl.training.lesson import Lesson
from agentrl.training.metrics import Metrics
from agentrl.training.packing import pack
from agentrl.training.policy import Policy
from agentrl.training.sample import Batch, Sample, Trajectory
from agentrl.training.table import token_table

GROUP = 8


def episode(name: str, draw: random.Random, vocabulary: int) -> Sample:
    """Return a conversation of 4 to 8 turns, as the quickstart's are."""
    sampled = [False] * 200
    turns = [0] * 200
    for turn in range(draw.randint(4, 8)):
        for count, mine in ((draw.randint(80, 150), False), (draw.randint(5, 10), True)):
            sampled += [mine] * count
            turns += [turn] * count
    size = len(sampled)
    tokens = TokenSequence(
        token_ids=tuple(draw.randrange(3, vocabulary) for _ in range(size)),
        sampled=tuple(sampled),
        logprobs=tuple(-7.0 if mine else 0.0 for mine in sampled),
        allowed=(None,) * size,
        turns=tuple(turns),
    )
    return Sample(name, tokens, Sampling())


def batch_of(count: int, vocabulary: int) -> Batch:
    """Return groups of episodes with rewards that differ."""
    draw = random.Random(0)
    samples = tuple(episode(f"e{n}", draw, vocabulary) for n in range(count))
    trajectories = tuple(
        Trajectory(s.episode_id, f"g{n // GROUP}", (0.0,) * s.tokens.turns[-1] + (float(n % 2),))
        for n, s in enumerate(samples)
    )
    return Batch(trajectories, samples)


def ours(folder: Path, batch: Batch) -> Callable[[], None]:
    """Return one step of agentrl's learner."""
    spec = TrainSpec.model_validate({"algorithm": "grpo", "optimiser": {"lr": 1e-4}})
    learner = Learner(Policy(_model(folder)), spec)
    lesson = Lesson(batch, batch.trajectories)
    return lambda: learner.learn(lesson, spec, 1, Metrics())


def bare(folder: Path, batch: Batch) -> Callable[[], None]:
    """Return forward, loss and backward over the packed rows, and nothing else."""
    model = _model(folder)
    table = token_table(batch)
    passes = pack(table, range(len(batch.samples)), TrainSpec().tokens_per_pass)
    optimiser = torch.optim.AdamW(model.parameters(), lr=1e-4)

    def step() -> None:
        for one in passes:
            logits = model(
                input_ids=one.token_ids, position_ids=one.positions, use_cache=False
            ).logits
            loss = torch.nn.functional.cross_entropy(
                logits[:, :-1].flatten(0, 1), one.token_ids[:, 1:].flatten()
            )
            loss.backward()  # type: ignore[no-untyped-call]
        torch.nn.utils.clip_grad_norm_(model.parameters(), 1.0)
        optimiser.step()
        optimiser.zero_grad()

    return step


def trl(folder: Path, batch: Batch, size: int, work: Path) -> Callable[[], None]:
    """Return one step of TRL's GRPOTrainer on the same episodes."""
    from datasets import Dataset
    from transformers import AutoTokenizer

    peer: Any = importlib.import_module("trl")
    untyped: Any = AutoTokenizer
    config = peer.GRPOConfig(
        output_dir=str(work),
        per_device_train_batch_size=GROUP,
        num_generations=GROUP,
        beta=0.0,
        loss_type="grpo",
        learning_rate=1e-4,
        use_cpu=True,
        bf16=False,
        gradient_checkpointing=False,
        report_to="none",
    )
    trainer = peer.GRPOTrainer(
        model=_model(folder),
        reward_funcs=lambda completions, **_: [0.0] * len(completions),
        args=config,
        train_dataset=Dataset.from_list([{"prompt": "x"}] * GROUP),
        processing_class=untyped.from_pretrained(folder),
    )
    inputs = _trl_inputs(batch, size)
    trainer.current_gradient_accumulation_steps = len(inputs)
    model = trainer.model.train()
    optimiser = torch.optim.AdamW(model.parameters(), lr=1e-4)

    def step() -> None:
        for one in inputs:
            trainer._compute_loss(model, one).backward()
        torch.nn.utils.clip_grad_norm_(model.parameters(), 1.0)
        optimiser.step()
        optimiser.zero_grad()

    return step


def _trl_inputs(batch: Batch, size: int) -> list[dict[str, torch.Tensor]]:
    """Return the episodes as TRL's trainer prepares them: prompt, completion, and its mask."""
    ordered = sorted(range(len(batch.samples)), key=lambda n: len(batch.samples[n].tokens.sampled))
    inputs = []
    for start in range(0, len(ordered), size):
        numbers = ordered[start : start + size]
        rows = [batch.samples[n].tokens for n in numbers]
        firsts = [row.sampled.index(True) for row in rows]
        width = max(len(row.sampled) - first for row, first in zip(rows, firsts, strict=True))
        left = max(firsts)
        completions = [
            list(row.token_ids[f:]) + [0] * (width - len(row.token_ids) + f)
            for row, f in zip(rows, firsts, strict=True)
        ]
        masks = [
            [1] * (len(row.sampled) - f) + [0] * (width - len(row.sampled) + f)
            for row, f in zip(rows, firsts, strict=True)
        ]
        mine = [
            [int(m) for m in row.sampled[f:]] + [1] * (width - len(row.sampled) + f)
            for row, f in zip(rows, firsts, strict=True)
        ]
        prompts = [
            [0] * (left - f) + list(row.token_ids[:f]) for row, f in zip(rows, firsts, strict=True)
        ]
        seen = [[0] * (left - f) + [1] * f for f in firsts]
        inputs.append(
            {
                "prompt_ids": torch.tensor(prompts),
                "prompt_mask": torch.tensor(seen),
                "completion_ids": torch.tensor(completions),
                "completion_mask": torch.tensor(masks),
                "tool_mask": torch.tensor(mine),
                "advantages": torch.tensor([1.0 if n % 2 else -1.0 for n in numbers]),
                "num_items_in_batch": torch.tensor(float(sum(map(sum, masks)))),
            }
        )
    return inputs


def _model(folder: Path) -> Any:
    threads = torch.get_num_threads()
    spec = TransformersSpec(backend="transformers", checkpoint=str(folder), threads=threads)
    return load_model(folder, spec)


def median_seconds(steps: Sequence[Callable[[], None]], repeats: int) -> list[float]:
    """Return the median time of each step, taken in turns after one of each to warm up."""
    times: list[list[float]] = [[] for _ in steps]
    for repeat in range(repeats + 1):
        for number, step in enumerate(steps):
            began = time.perf_counter()
            step()
            if repeat:
                times[number].append(time.perf_counter() - began)
    return [statistics.median(own) for own in times]


def main() -> None:
    """Measure all three and print the ratios."""
    parser = argparse.ArgumentParser(description="Training tokens a second")
    parser.add_argument("--episodes", type=int, default=48)
    parser.add_argument("--steps", type=int, default=5)
    parser.add_argument("--batch", type=int, default=8, help="episodes of a TRL batch")
    parser.add_argument("--threads", type=int, default=1)
    args = parser.parse_args()
    torch.set_num_threads(args.threads)
    scratch = Scratch(hidden_size=128, layers=2, vocabulary=2048)
    with tempfile.TemporaryDirectory() as work:
        texts = [" ".join(f"word{n * 7919 % 9973}" for n in range(20000))]
        folder = build_checkpoint(Path(work) / "model", texts, scratch)
        vocabulary: int = _model(folder).config.vocab_size
        batch = batch_of(args.episodes, vocabulary)
        tokens = sum(len(sample.tokens.token_ids) for sample in batch.samples)
        sampled = sum(sum(sample.tokens.sampled) for sample in batch.samples)
        steps = {"agentrl": ours(folder, batch), "bare loop": bare(folder, batch)}
        try:
            steps["TRL"] = trl(folder, batch, args.batch, Path(work) / "trl")
        except ImportError:
            print("TRL is not installed (pip install trl); the bare loop alone is compared with")
        seconds = dict(zip(steps, median_seconds(list(steps.values()), args.steps), strict=True))
    print(f"{args.episodes} episodes, {tokens} tokens, {sampled} of them sampled")
    for name, median in seconds.items():
        print(f"  {name:9}  {tokens / median:9.0f} tokens/s")
    print(f"agentrl : bare loop = {seconds['bare loop'] / seconds['agentrl']:.2f}")
    if "TRL" in seconds:
        print(f"agentrl : TRL = {seconds['TRL'] / seconds['agentrl']:.2f}")
    sys.stdout.flush()


if __name__ == "__main__":
    main()
