"""Plans that somebody else than the conductor writes: what an agent of kind ``expert`` says."""

import re
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from typing import Any, cast

from agentrl.errors import UsageError
from agentrl.orchestrator.program import load_program
from agentrl.orchestrator.worker import Descriptor
from agentrl.task import Task

KEEP = "model_id = []\nsubtasks = []\naccess_list = []"
"""The plan that keeps the answer of before."""


@dataclass(frozen=True, slots=True)
class Situation:
    """What a planner plans for."""

    task: Task
    workers: Mapping[str, Descriptor]
    """Who is known of the episode's workers, by their own names, in the order in which a plan
    counts them."""
    answer: str | None = None
    """What came of the plan before; None: there was none."""


Planner = Callable[[Situation], str | None]
"""Returns the text of a plan; None: it knows none."""


def load_planner(spec: Mapping[str, Any]) -> Planner:
    """Return the planner that the option ``planner`` of a suite names.

    Args:
        spec: ``function``, as of a program worker, and its ``options``.

    Raises:
        UsageError: there is no such function, or it does not take the options.
    """
    function, options = spec.get("function"), spec.get("options")
    if not isinstance(function, str) or set(spec) - {"function", "options"}:
        raise UsageError(
            f"the planner is {dict(spec)!r}, expected {{function: module:name, options: {{...}}}}"
        )
    return cast("Planner", load_program(function, options))


def annotated(question: str, workers: Sequence[Descriptor]) -> str:
    """Return a question with the workers behind each word that is a tag of theirs.

    >>> annotated("Do sort.", [Descriptor(price_in=4.0, price_out=8.0, tags=("sort",))])
    'Do sort|4:0.'
    """

    def with_workers(found: re.Match[str]) -> str:
        word = found[0]
        able = (_entry(known, n) for n, known in enumerate(workers) if word in known.tags)
        return word + "".join(able)

    return _WORD.sub(with_workers, question)


_WORD = re.compile(r"\w+")


def _entry(known: Descriptor, number: int) -> str:
    """The number comes last, so that what is known of it stands before it, where a model that
    reads from left to right has seen it."""
    return f"|{'' if known.price_in is None else f'{known.price_in:g}'}:{number}"
