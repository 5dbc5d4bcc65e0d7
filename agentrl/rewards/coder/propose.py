"""Asks a model for reward programs."""

import re
from collections.abc import Sequence
from dataclasses import dataclass

from agentrl.episode import Sampling
from agentrl.models.base import Message, Model, Request
from agentrl.rewards.coder.check import Finding, check
from agentrl.rewards.judge.together import together

_BLOCK = re.compile(r"```(?:python|py)?[ \t]*\n(.*?)```", re.DOTALL | re.IGNORECASE)

_SYSTEM = """\
You write reward functions for training a language model agent by reinforcement learning. A good one
gives each turn credit for what brings the task closer to its goal, cannot be earned by repeating an
action, and ranks successful attempts above failed ones.

"""

_ASK = "Answer with one Python program in a ```python block; say in a few words why, before it."

PROPOSING = Sampling(temperature=1.0, max_tokens=2048)
"""How programs are sampled where nothing else is said."""


@dataclass(frozen=True, slots=True)
class Candidate:
    """A program that a model proposed."""

    source: str
    """The program; empty where the answer holds none."""
    answer: str
    """The model's whole answer."""
    findings: tuple[Finding, ...] = ()
    """What a first look finds wrong with it."""


async def propose(
    model: Model,
    description: str,
    interface: str,
    feedback: str = "",
    n: int = 1,
    *,
    sampling: Sampling = PROPOSING,
    repairs: int = 1,
) -> list[Candidate]:
    """Return programs that a model proposes.

    A program with findings goes back to the model with them (the critic of Auto MC-Reward, arXiv
    2312.09238), ``repairs`` times at most; it is returned with what is left of them.

    Args:
        model: started.
        description: the task that agents attempt.
        interface: what a program is given and may do, see ``interface.interface``.
        feedback: an earlier program and what is known about it; empty at first.
        n: how many to ask for, at the same time.
        sampling: how the model answers.
        repairs: how often a program may be mended.

    Raises:
        ModelError: the model does not answer.
    """
    parts = [f"The task:\n{description}", *([feedback] if feedback else []), _ASK]
    messages = (Message("system", _SYSTEM + interface), Message("user", "\n\n".join(parts)))
    ask = (_mended(model, messages, sampling, repairs) for _ in range(n))
    return await together(ask)


async def _mended(
    model: Model, messages: tuple[Message, ...], sampling: Sampling, repairs: int
) -> Candidate:
    candidate = await _asked(model, messages, sampling)
    for _ in range(repairs):
        if not candidate.findings:
            break
        mend = f"The program cannot be used:\n{listed(candidate.findings)}\n\n{_ASK}"
        messages = (*messages, Message("assistant", candidate.answer), Message("user", mend))
        candidate = await _asked(model, messages, sampling)
    return candidate


async def _asked(model: Model, messages: tuple[Message, ...], sampling: Sampling) -> Candidate:
    answer = (await model.generate(Request(messages, sampling))).text
    source = program_in(answer)
    if source is None:
        return Candidate("", answer, (Finding(0, "the answer holds no ```python block"),))
    return Candidate(source, answer, check(source))


def program_in(answer: str) -> str | None:
    """Return the program that an answer holds: its last block of code.

    >>> program_in("Like so:" + chr(10) + "```python" + chr(10) + "x = 1" + chr(10) + "```")
    'x = 1\\n'
    """
    blocks: list[str] = _BLOCK.findall(answer)
    return blocks[-1] if blocks else None


def listed(findings: Sequence[Finding]) -> str:
    """Return findings as a list that a model can read; of many, the first ten."""
    return "\n".join(f"- {finding}" for finding in findings[:10])
