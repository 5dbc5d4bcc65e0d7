"""Fixed shapes of working together: each is a function that returns a workflow.

They are what a learned conductor is measured against, and what it may write itself. Shapes that
decide something between their steps are in ``agentrl.orchestrator.staged``. Instructions are ours;
they name no task, so that they suit any question.
"""

from collections.abc import Iterable, Sequence

from agentrl.errors import UsageError
from agentrl.orchestrator.vote import VoteKind
from agentrl.orchestrator.workflow import Node, Workflow

SOLVE = ""
"""The first answer: the question alone, as the worker would get it without an orchestrator."""
IMPROVE = (
    "Check the answer so far. Correct what is wrong, keep what is right, and give the full "
    "answer again."
)
CRITIQUE = (
    "Review the answer so far. List each mistake and what is missing. If it is right, say so. "
    "Do not answer the question yourself."
)
REVISE = "Answer the question again, with the review taken into account."
JUDGE = (
    "Above are several answers to the question. Decide which of them is best, and repeat that "
    "answer in full and unchanged, with nothing else."
)
PLAN = (
    "Plan how to answer the question: name the parts of the work and what each must find out. "
    "Do not answer it yet."
)
FOLLOW = "Do your part of the plan above, and report what you found."
MERGE = (
    "Above are several answers to the question. Some may be wrong. Weigh them against each "
    "other, and give one full answer."
)
DEBATE = (
    "Above are the answers that others gave. Compare them with your own view: where they are "
    "right, adopt it; where they are wrong, say why. Then give your full answer again."
)


def single(worker: str, instruction: str = SOLVE) -> Workflow:
    """One worker answers alone."""
    return Workflow((Node("answer", worker, instruction),))


def vote(
    workers: Sequence[str], samples: int = 1, kind: VoteKind = "auto", instruction: str = SOLVE
) -> Workflow:
    """Workers answer independently, each ``samples`` times, and most of them decide.

    With one worker it is self-consistency (arXiv 2203.11171).

    Raises:
        UsageError: there is nobody to vote.
    """
    drafts = _drafts(_some(workers, "vote"), _positive(samples, "vote", "samples"), instruction)
    return Workflow(drafts, tuple(node.id for node in drafts), kind)


def self_consistency(
    worker: str, samples: int = 5, kind: VoteKind = "auto", instruction: str = SOLVE
) -> Workflow:
    """One worker answers several times, and most answers decide (arXiv 2203.11171)."""
    return vote([worker], samples, kind, instruction)


def best_of_n(
    workers: Sequence[str], judge: str, samples: int = 1, instruction: str = SOLVE
) -> Workflow:
    """Workers answer independently, each ``samples`` times, and a judge picks one answer.

    Raises:
        UsageError: there is nobody to answer.
    """
    number = _positive(samples, "best_of_n", "samples")
    drafts = _drafts(_some(workers, "best_of_n"), number, instruction)
    return Workflow((*drafts, Node("judge", judge, JUDGE, sees=_ids(drafts))))


def chain(workers: Sequence[str], instruction: str = SOLVE, improve: str = IMPROVE) -> Workflow:
    """Each worker improves the answer of the one before it.

    Raises:
        UsageError: there are no workers.
    """
    nodes: list[Node] = []
    for index, worker in enumerate(_some(workers, "chain"), start=1):
        text = improve if nodes else instruction
        nodes.append(Node(f"step{index}", worker, text, sees=_ids(nodes[-1:])))
    return Workflow(tuple(nodes))


def reflect(
    worker: str, critic: str | None = None, rounds: int = 1, instruction: str = SOLVE
) -> Workflow:
    """A worker answers, a critic reviews, the worker revises (Self-Refine, arXiv 2303.17651).

    Args:
        worker: answers and revises.
        critic: reviews; None: the worker itself.
        rounds: how often.
        instruction: of the first answer.

    Raises:
        UsageError: there is no round.
    """
    nodes = [Node("draft", worker, instruction)]
    for number in range(1, _positive(rounds, "reflect", "rounds") + 1):
        answer = nodes[-1].id
        review = Node(f"review{number}", critic or worker, CRITIQUE, sees=(answer,))
        nodes += [review, Node(f"revision{number}", worker, REVISE, sees=(answer, review.id))]
    return Workflow(tuple(nodes))


def star(hub: str, workers: Sequence[str]) -> Workflow:
    """A hub plans, every worker does its part of the plan, and the hub merges what they found.

    Raises:
        UsageError: there are no workers.
    """
    plan = Node("plan", hub, PLAN)
    parts = [
        Node(f"part{index}", worker, FOLLOW, f"worker {index} of {len(workers)}", ("plan",))
        for index, worker in enumerate(_some(workers, "star"), start=1)
    ]
    return Workflow((plan, *parts, Node("merge", hub, MERGE, sees=("plan", *_ids(parts)))))


def tree(
    workers: Sequence[str], depth: int = 2, branching: int = 2, instruction: str = SOLVE
) -> Workflow:
    """Leaves answer independently, and each inner node merges its children up to the root.

    Workers are dealt out in turn, the root first, then level by level.

    Args:
        workers: who stands at the nodes.
        depth: levels below the root.
        branching: children of a node.
        instruction: of the leaves.

    Raises:
        UsageError: there are no workers, no level, or no children.
    """
    _some(workers, "tree")
    _positive(depth, "tree", "depth")
    _positive(branching, "tree", "branching")
    levels = [branching**level for level in range(depth + 1)]
    nodes: list[Node] = []
    place = 0
    for level, width in enumerate(levels):
        for index in range(width):
            below = range(branching * index, branching * (index + 1)) if level < depth else ()
            sees = tuple(_tree_id(level + 1, child) for child in below)
            worker = workers[place % len(workers)]
            text = MERGE if sees else instruction
            nodes.append(Node(_tree_id(level, index), worker, text, sees=sees))
            place += 1
    return Workflow(tuple(reversed(nodes)), (_tree_id(0, 0),))


def debate(
    workers: Sequence[str],
    rounds: int = 2,
    judge: str | None = None,
    kind: VoteKind = "auto",
    instruction: str = SOLVE,
) -> Workflow:
    """Workers answer, then see all answers and answer again (arXiv 2305.14325).

    Args:
        workers: who debates; a worker may be named more than once.
        rounds: how often each answers.
        judge: who decides at the end; None: a vote on the last round.
        kind: how a vote compares answers.
        instruction: of the first round.

    Raises:
        UsageError: there are no workers, or no round.
    """
    _some(workers, "debate")
    nodes: list[Node] = []
    last: tuple[str, ...] = ()
    for number in range(1, _positive(rounds, "debate", "rounds") + 1):
        layer = _layer(f"round{number}", workers, DEBATE if last else instruction, last)
        nodes, last = [*nodes, *layer], _ids(layer)
    if judge is None:
        return Workflow(tuple(nodes), last, kind)
    return Workflow((*nodes, Node("judge", judge, MERGE, sees=last)))


def mixture_of_agents(
    workers: Sequence[str], aggregator: str, layers: int = 2, instruction: str = SOLVE
) -> Workflow:
    """Layers of workers, each merging all of the layer before (arXiv 2406.04692).

    Args:
        workers: the proposers of every layer.
        aggregator: merges the last layer into the answer.
        layers: layers of proposers.
        instruction: of the first layer.

    Raises:
        UsageError: there are no workers, or no layer.
    """
    _some(workers, "mixture_of_agents")
    nodes: list[Node] = []
    last: tuple[str, ...] = ()
    for number in range(1, _positive(layers, "mixture_of_agents", "layers") + 1):
        layer = _layer(f"layer{number}", workers, MERGE if last else instruction, last)
        nodes, last = [*nodes, *layer], _ids(layer)
    return Workflow((*nodes, Node("merge", aggregator, MERGE, sees=last)))


def _drafts(workers: Sequence[str], samples: int, instruction: str) -> tuple[Node, ...]:
    asked = [worker for worker in workers for _ in range(samples)]
    return tuple(Node(f"draft{n}", worker, instruction) for n, worker in enumerate(asked, start=1))


def _layer(
    name: str, workers: Sequence[str], instruction: str, sees: tuple[str, ...]
) -> tuple[Node, ...]:
    return tuple(
        Node(f"{name}-{index}", worker, instruction, sees=sees)
        for index, worker in enumerate(workers, start=1)
    )


def _tree_id(level: int, index: int) -> str:
    return "root" if level == 0 else f"node{level}-{index + 1}"


def _ids(nodes: Iterable[Node]) -> tuple[str, ...]:
    return tuple(node.id for node in nodes)


def _some(workers: Sequence[str], topology: str) -> Sequence[str]:
    if isinstance(workers, str) or not workers:
        raise UsageError(
            f"{topology} has workers {workers!r}, expected a list with at least one name"
        )
    return workers


def _positive(number: int, topology: str, what: str) -> int:
    if number < 1:
        raise UsageError(f"{topology} has {what} {number}, expected at least 1")
    return number
