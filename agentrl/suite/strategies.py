"""Strategies: named texts that tell a language model how to work an answer out."""

from dataclasses import dataclass
from typing import Annotated

from pydantic import AfterValidator

from agentrl.errors import UsageError, nearest


@dataclass(frozen=True, slots=True)
class Strategy:
    """One way to work an answer out."""

    name: str
    text: str
    """What the model is told; in our words, for any kind of question."""
    source: str = ""
    """arXiv id of the paper that it is from; empty: none."""


STRATEGIES: dict[str, Strategy] = {}
"""Every strategy by its name."""


def register_strategy(strategy: Strategy) -> None:
    """Make a strategy known by its name, before a suite that names it is read.

    Raises:
        UsageError: another one has that name, or it tells nothing.
    """
    if not strategy.text.strip():
        raise UsageError(f"strategy {strategy.name!r} has an empty text: expected what to do")
    if STRATEGIES.get(strategy.name, strategy) != strategy:
        raise UsageError(f"there is a strategy {strategy.name!r} already: take another name")
    STRATEGIES[strategy.name] = strategy


def with_strategy(text: str, name: str | None) -> str:
    """Return a text with what a strategy tells after it; None: the text as it is.

    >>> with_strategy("Be brief.", "direct")
    'Be brief.\\n\\nGive the answer at once, without any working.'
    """
    told = STRATEGIES[name].text if name is not None else ""
    return "\n\n".join(filter(None, (text, told)))


def _known(name: str) -> str:
    if name not in STRATEGIES:
        hint = nearest(name, STRATEGIES) or f"; there are {', '.join(STRATEGIES)}"
        raise ValueError(f"there is no strategy {name!r}{hint}")
    return name


StrategyName = Annotated[str, AfterValidator(_known)]
"""The name of a strategy."""

for _strategy in (
    Strategy("direct", "Give the answer at once, without any working."),
    Strategy(
        "cot",
        "Work the answer out step by step, one thought after the other, before you give it.",
        "2205.11916",
    ),
    Strategy(
        "plan_and_solve",
        "First say what is given and what is asked, and make a plan. Then carry the plan out step "
        "by step, with every result along the way, and give the answer.",
        "2305.04091",
    ),
    Strategy(
        "least_to_most",
        "Break the question down into smaller ones, the easiest first. Answer them in that order, "
        "each with the help of those before it, and then the question itself.",
        "2205.10625",
    ),
    Strategy(
        "self_ask",
        "Ask yourself what has to be known first. Write each such question and its answer on lines "
        "of their own, until the question itself can be answered.",
        "2210.03350",
    ),
    Strategy(
        "step_back",
        "First take a step back: say which general rule or fact is behind the question. Then apply "
        "it to this case and give the answer.",
        "2310.06117",
    ),
    Strategy(
        "program",
        "Write a short program whose output is the answer, go through it line by line with the "
        "values that the variables take, and give what it prints.",
        "2211.12588",
    ),
    Strategy(
        "recall",
        "First recall two problems of this kind and how they are solved. Then solve this one in "
        "the same way.",
        "2310.01714",
    ),
    Strategy(
        "rephrase",
        "First say the question again in your own words, with everything that it leaves unsaid. "
        "Then answer what you wrote.",
        "2311.04205",
    ),
    Strategy(
        "verify",
        "Draft an answer. Then write down questions that would show a mistake in it, answer each "
        "without looking at the draft, and give the answer again with what was wrong mended.",
        "2309.11495",
    ),
):
    register_strategy(_strategy)
