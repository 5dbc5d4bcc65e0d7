"""The page of topologies, with drawings made by the code.

``python -m agentrl.orchestrator.topologies_page > docs/orchestrator/topologies.md`` writes it
again.
"""

import sys
from collections.abc import Iterator
from dataclasses import dataclass

from agentrl.orchestrator.drawing import mermaid
from agentrl.orchestrator.topology import read_topology, whole

HEAD = """\
# Topologies

This page is written from the code:
`python -m agentrl.orchestrator.topologies_page > docs/orchestrator/topologies.md`.

A topology is a fixed way of working together: who is asked, and who sees whose answers. Each runs
from YAML; a [workflow of your own](workflows.md) does too. They are what a trained conductor is
measured against, and often all that is needed: measure `single` and `escalate` before you train.

```python
from agentrl.orchestrator.staged import run
from agentrl.orchestrator.topology import read_topology

plan = read_topology("{topology: debate, workers: [small, large], rounds: 2}")
result = await run(plan, pool, task, question="How many...?")
```

In the drawings an arrow leads from an answer to who sees it, rounded boxes answer the question, and
several of them are voted on. A vote compares numbers where the answers are numbers and words
otherwise; `vote: number`, `text` or `exact` says which. A box shows its name, its worker and the
beginning of its instruction; one without an instruction gets the question alone.

| topology | calls | waits for | use it when |
|---|---|---|---|
"""

STAGED = """\
## Topologies that decide on the way

These are programs: they look at the answers and then ask on or stop. The drawings show all that
they may ask. The money and the time that a suite allows are for the whole of it.

"""


@dataclass(frozen=True, slots=True)
class Entry:
    """One topology on the page."""

    yaml: str
    calls: str
    waits: str
    """How many calls follow one another."""
    use: str
    """When to use it, to go on after "use it when"."""
    text: str

    @property
    def name(self) -> str:
        """The topology's name."""
        return self.yaml.removeprefix("topology: ").partition("\n")[0]


ENTRIES = (
    Entry(
        "topology: single\nworker: large",
        "1",
        "1",
        "one model is good enough, or to know what it reaches alone",
        "One worker answers alone.",
    ),
    Entry(
        "topology: self_consistency\nworker: small\nsamples: 3",
        "samples",
        "1",
        "answers are short, and a model is often but not always right",
        "One worker answers several times, and most answers decide (arXiv 2203.11171). The worker "
        "must be sampled, not greedy: the same answer five times is one opinion.",
    ),
    Entry(
        "topology: vote\nworkers: [small, medium, large]",
        "workers x samples",
        "1",
        "several models of like strength make different mistakes",
        "Different workers answer independently, and most of them decide. A strong model is "
        "outvoted by two weak ones that share a mistake.",
    ),
    Entry(
        "topology: best_of_n\nworkers: [small, medium]\njudge: large\nsamples: 2",
        "workers x samples + 1",
        "2",
        "answers are long, so that no two are equal, and judging is easier than answering",
        "Workers answer independently, and a judge repeats the answer that it finds best.",
    ),
    Entry(
        "topology: chain\nworkers: [small, medium, large]",
        "workers",
        "workers",
        "each worker is better at something that the one before it leaves undone",
        "Each worker corrects the answer of the one before it.",
    ),
    Entry(
        "topology: reflect\nworker: large\ncritic: medium\nrounds: 1",
        "1 + 2 x rounds",
        "1 + 2 x rounds",
        "mistakes are easy to see once they are made: code, proofs, forms",
        "A worker answers, a critic reviews, and the worker revises (Self-Refine, arXiv "
        "2303.17651). Without `critic` the worker reviews itself.",
    ),
    Entry(
        "topology: star\nhub: large\nworkers: [small, medium]",
        "workers + 2",
        "3",
        "a task falls into parts that do not need each other",
        "A hub plans, every worker does its part of the plan, and the hub merges what they found.",
    ),
    Entry(
        "topology: tree\nworkers: [large, medium, small]\ndepth: 2\nbranching: 2",
        "nodes of the tree",
        "depth + 1",
        "there are more answers than one merging worker can read",
        "Leaves answer independently, and each inner node merges its children up to the root. "
        "Workers are dealt out in turn, the root first.",
    ),
    Entry(
        "topology: debate\nworkers: [small, medium, large]\nrounds: 2",
        "workers x rounds",
        "rounds",
        "models know different things, and can tell a good argument",
        "Workers answer, see all answers, and answer again (arXiv 2305.14325). The last round is "
        "voted on, or `judge` merges it.",
    ),
    Entry(
        "topology: mixture_of_agents\nworkers: [small, medium]\naggregator: large\nlayers: 2",
        "workers x layers + 1",
        "layers + 1",
        "the best possible text is worth many calls",
        "Layers of workers, each merging all of the layer before (arXiv 2406.04692).",
    ),
    Entry(
        "topology: verifier_cascade\nworkers: [small, medium, large]\nverifier: medium",
        "2 to 2 x workers - 1",
        "as many",
        "checking is cheaper than answering, and most questions are easy",
        "The cheapest worker answers and a verifier ends its check with ACCEPT or REJECT. A "
        "rejected answer goes one worker up; a verdict that cannot be read counts as REJECT. The "
        "last answer stands unchecked.",
    ),
    Entry(
        "topology: team\nworkers: [small, medium, large]\nrounds: 3\nranker: large\nkeep: 2",
        "workers to workers x rounds + 1",
        "1 to rounds + 1",
        "you would debate, but most questions need no second round",
        "After DyLAN (arXiv 2310.02170): a debate that stops as soon as two thirds say the same "
        "(`agree`). After the second round a `ranker` may keep the best members. How they are "
        "asked and read is our choice.",
    ),
    Entry(
        "topology: escalate\nworkers: [small, medium]\nexpert: large\nagree: 1",
        "workers, or 1 more",
        "1 or 2",
        "costs matter: where cheap models agree they are mostly right",
        "Cheap workers answer; where too few of them agree, the expert is asked. With two workers "
        'and `agree: 1` it is the rule "two cheap agree, else the best". `shown: true` shows '
        "the expert their answers.",
    ),
)
"""Every topology, in the order of the page."""

FIRST_STAGED = "verifier_cascade"


def topologies_page() -> str:
    """Return the page as Markdown."""
    parts = [HEAD, *map(_row, ENTRIES), "\n", *_sections()]
    return "".join(parts).rstrip("\n") + "\n"


def _sections() -> Iterator[str]:
    for entry in ENTRIES:
        if entry.name == FIRST_STAGED:
            yield STAGED
        level = "###" if ENTRIES.index(entry) >= _first_staged() else "##"
        drawing = mermaid(whole(read_topology(entry.yaml)))
        yield (
            f"{level} {entry.name}\n\n{entry.text}\n\n```yaml\n{entry.yaml}\n```\n\n"
            f"```mermaid\n{drawing}```\n\n"
        )


def _first_staged() -> int:
    return [entry.name for entry in ENTRIES].index(FIRST_STAGED)


def _row(entry: Entry) -> str:
    link = f"[{entry.name}](#{entry.name})"
    return f"| {link} | {entry.calls} | {entry.waits} | {entry.use} |\n"


if __name__ == "__main__":
    sys.stdout.write(topologies_page())
