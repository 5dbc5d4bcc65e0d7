"""How a scorer that is a language model learns."""

import math
import random
from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass

import torch
from torch import Tensor, nn

from agentrl.errors import DivergedError

TOKENS_PER_PASS = 8192
"""Most tokens, padding included, that go through a model at a time."""

Loss = Callable[[Sequence[int]], Tensor]
"""From the numbers of some examples to the sum of their losses."""


@dataclass(frozen=True, slots=True)
class Course:
    """Passes over examples with AdamW, in an order that the seed decides.

    Every course begins with a fresh optimiser, so that learning from a group depends on the weights
    and the group alone, and a training that is taken up goes on as if it had never stopped.
    """

    lr: float
    batch: int
    """Examples of a step."""
    epochs: int = 1
    warmup: int = 0
    """Steps over which the rate rises; at most half of all there are, which is our choice: the
    hundreds of steps of a large fit would be all of a small one."""
    weight_decay: float = 0.0
    max_grad_norm: float = 1.0
    """Longer gradients are shortened to this. Our choice."""
    seed: int = 0

    def run(self, weights: Sequence[nn.Parameter], sizes: Sequence[int], loss: Loss) -> None:
        """Learn.

        Args:
            weights: what learns.
            sizes: tokens of each example, as many as fit in one pass go through together.
            loss: tells the loss of some of them.

        Raises:
            DivergedError: a loss is not finite.
        """
        optimiser = torch.optim.AdamW(weights, lr=self.lr, weight_decay=self.weight_decay)
        order = list(range(len(sizes)))
        draw = random.Random(self.seed)
        steps = self.epochs * math.ceil(len(order) / self.batch)
        warmup = min(self.warmup, steps // 2)
        step = 0
        for _ in range(self.epochs):
            draw.shuffle(order)
            for start in range(0, len(order), self.batch):
                step += 1
                rate = self.lr * min(1.0, step / max(1, warmup))
                for group in optimiser.param_groups:
                    group["lr"] = rate
                optimiser.zero_grad()
                self._add_gradients(order[start : start + self.batch], sizes, loss)
                nn.utils.clip_grad_norm_(weights, self.max_grad_norm)
                optimiser.step()

    def _add_gradients(self, chosen: Sequence[int], sizes: Sequence[int], loss: Loss) -> None:
        for part in passes(chosen, sizes, TOKENS_PER_PASS):
            mean = loss(part) / len(chosen)
            if not torch.isfinite(mean):
                raise DivergedError(
                    f"the loss of a scorer is {float(mean.detach())}; take a smaller lr than "
                    f"{self.lr:g}"
                )
            mean.backward()  # type: ignore[no-untyped-call]


def passes(items: Sequence[int], sizes: Sequence[int], most: int) -> Iterator[list[int]]:
    """Yield items in runs that, padded to the longest, have at most ``most`` tokens; at least one.

    >>> list(passes([0, 1, 2], [3, 4, 9], 8))
    [[0, 1], [2]]
    """
    run: list[int] = []
    for item in items:
        longest = max(sizes[i] for i in (*run, item))
        if run and longest * (len(run) + 1) > most:
            yield run
            run = []
        run.append(item)
    if run:
        yield run
