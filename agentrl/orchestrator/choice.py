"""``agentrl/Choice-v0``: ask workers one after the other until an answer is good enough.

Every action is one of a few, so that the smallest policies can learn to decide: whom to ask next,
when to stop, and whose answer to take. What a worker is told is the question as it stands.
"""

import hashlib
import re
from collections.abc import Mapping
from dataclasses import dataclass
from functools import lru_cache
from typing import Any, ClassVar

from agentrl.envs.base import Choices, Step
from agentrl.errors import UsageError
from agentrl.orchestrator.orchestrated import ORCHESTRATED_FACTS, OrchestratedEnv
from agentrl.orchestrator.recall import Recall
from agentrl.orchestrator.result import WorkflowResult
from agentrl.orchestrator.standing import (
    CHOICE_FACTS,
    Candidate,
    Standing,
    Vote,
    fit_of,
    skill_of,
)
from agentrl.orchestrator.vote import KINDS, Ballot, VoteKind, ballot
from agentrl.orchestrator.worker import WorkerFailedError
from agentrl.orchestrator.workflow import Node, Workflow
from agentrl.suite.orchestrator import OrchestratorSpec
from agentrl.suite.sandbox import SandboxSpec
from agentrl.task import Task

ASK, VOTE, TAKE = "ask", "vote", "take"

_RULES = """\
Find the answer to the question by asking workers; each costs what is said of it.
ask NAME: put the question to a worker
vote: hand in what most answers say
take NAME: hand in the last answer of a worker
Answer with one of these."""


@dataclass(frozen=True, slots=True)
class Said:
    """An answer that a worker gave."""

    worker: str
    """What it is called in the episode."""
    text: str
    party: int
    """Answers that say the same have the same number, from 1; 0: it says nothing."""


class ChoiceEnv(OrchestratedEnv):
    """Choose whom to ask the question of another environment, and whose answer to hand in.

    Args:
        env: the inner environment, as in a suite's section ``env``.
        asks: how many answers may be asked for; then the votes decide.
        again: whether a worker may be asked more than once.
        compare: how answers are compared: ``auto``, ``number``, ``text`` or ``exact``.
        render_mode: as in gymnasium.
    """

    facts: ClassVar[Mapping[str, str]] = {
        **ORCHESTRATED_FACTS,
        "agreement": "share of the answers so far that say what most say",
    }

    choice_facts: ClassVar[tuple[str, ...]] = CHOICE_FACTS

    def __init__(
        self,
        env: Mapping[str, Any],
        asks: int = 5,
        again: bool = False,
        compare: VoteKind = "auto",
        orchestrator: OrchestratorSpec | None = None,
        sandbox: SandboxSpec | None = None,
        render_mode: str | None = None,
    ) -> None:
        super().__init__(env, orchestrator, sandbox, render_mode)
        if asks < 1:
            raise UsageError(f"asks is {asks}, expected at least 1")
        if compare not in KINDS:
            raise UsageError(f"compare is {compare!r}, expected one of {', '.join(KINDS)}")
        self.max_turns = asks + 1
        self.said: list[Said] = []
        """The answers so far."""
        self._asks, self._again, self._compare = asks, again, compare
        self._parties: list[Any] = []
        self._tried: list[str] = []
        self._candidates: tuple[Candidate, ...] = ()

    @property
    def instructions(self) -> str:
        return _RULES

    def begin(self, task: Task, seed: int) -> str:
        self.said, self._parties, self._tried = [], [], []
        opening = super().begin(task, seed)
        words = _WORD.findall(f"{task.group} {self._question}".casefold())
        known = ((name, self._pool[name].descriptor) for name in self.names)
        self._candidates = tuple(
            Candidate(name, one, skill_of(one, task.group), fit_of(one, words))
            for name, one in known
        )
        return opening

    def legal_actions(self) -> tuple[str, ...]:
        asked = set() if self._again else set(self._tried)
        names = [one.name for one in self._candidates]
        more = () if len(self._tried) >= self._asks else names
        asks = tuple(f"{ASK} {name}" for name in more if name not in asked)
        takes = dict.fromkeys(f"{TAKE} {said.worker}" for said in self.said)
        return (*asks, *((VOTE,) if self.said else ()), *takes)

    def choices(self) -> Choices:
        """Return the actions with how things stand for each; the text is the question, and the
        words are the tags of the worker."""
        actions = self.legal_actions()
        standing = Standing(
            self._candidates,
            [Vote(said.worker, said.party) for said in self.said],
            tried=self._tried,
            asks=self._asks,
            question_chars=len(self._question),
            usd=self._usd,
            voted=self._largest(),
        )
        tags = {one.name: " ".join(one.descriptor.tags) for one in self._candidates}
        words, rows = [], []
        for kind, _, name in (action.partition(" ") for action in actions):
            words.append(tags.get(name, ""))
            tell = standing.ask if kind == ASK else standing.take
            rows.append(tell(name) if name else standing.vote())
        return Choices(self._question, actions, tuple(words), tuple(rows))

    def act(self, action: str) -> Step:
        chosen = action.strip()
        if chosen not in self.legal_actions():
            return self.refuse(
                f"There is no action {chosen[:60]!r} now. Actions: "
                f"{', '.join(self.legal_actions())}."
            )
        kind, _, name = chosen.partition(" ")
        if kind == ASK:
            return self._ask(name)
        if kind == TAKE:
            return self._end(next(s.text for s in reversed(self.said) if s.worker == name))
        return self._end(self._most())

    def expert_action(self) -> str | None:
        """Return nothing: nobody knows beforehand who is right."""
        return None

    def _ask(self, name: str) -> Step:
        result = self._answered(name)
        self._tried.append(name)
        if result.answer:
            self.said.append(Said(name, result.answer, self._party(result.answer)))
        facts = {
            **self._spent(result.calls),
            "nodes": 1.0,
            "failed_nodes": float(len(result.failed)),
        }
        if self.said:
            facts["agreement"] = self._share()
        if not self.legal_actions():
            raise WorkerFailedError(name, "and every other that was asked gave no answer")
        return Step(self._shown(), facts, calls=result.calls)

    def _answered(self, name: str) -> WorkflowResult:
        """Ask a worker, or recall what it said when it was asked the same."""
        worker = self._pool[name].name
        seed = _ask_seed(self._seed, worker, self._tried.count(name))
        workflow = Workflow((Node("0", name),))
        if not self._spec.cache or self._limits.usd is not None:
            return self._executed(workflow, self._question, seed)
        task = self._task()
        key = (self._recalled_as, worker, task.id, self._question, seed)
        asked, known = _ANSWERS.get(key) or (None, None)
        if known is None or asked != task:
            known = self._executed(workflow, self._question, seed)
            if known.whole:
                _ANSWERS.put(key, (task, known))
        return known

    def _end(self, answer: str) -> Step:
        self._answer = answer
        graded = self._graded()
        return Step(
            graded.observation or "The answer was handed in.",
            {"nodes": 0.0},
            reward=float(graded.outcome.get("success", 0.0) >= 1.0),
            terminated=True,
        )

    def outcome(self) -> dict[str, float]:
        if self._answer is None and self.said:
            return {**super().outcome(), **self._inner.grade(self._most()).outcome}
        return super().outcome()

    def handed_in(self) -> str | None:
        return self._most() if self._answer is None and self.said else self._answer

    def _most(self) -> str:
        """Return what most answers say; where none says anything, the first answer."""
        largest = self._largest()
        return next(said.text for said in self.said if not largest or said.party == largest)

    def _largest(self) -> int:
        """Return the largest party, of several the one that spoke first; 0: there is none."""
        parties = [said.party for said in self.said if said.party]
        return max(parties, key=parties.count, default=0)

    def _share(self) -> float:
        """Return the largest party's share of the answers that say something."""
        parties = [said.party for said in self.said if said.party]
        return parties.count(self._largest()) / len(parties) if parties else 0.0

    def _party(self, text: str) -> int:
        said = _ballot(text, self._compare)
        if said is None:
            return 0
        if said not in self._parties:
            self._parties.append(said)
        return self._parties.index(said) + 1

    def _shown(self) -> str:
        rows = [f"{s.worker} says {self._name_of(s.party)}" for s in self.said]
        failed = [name for name in self._tried if name not in {s.worker for s in self.said}]
        rows += [f"{name} gave no answer" for name in failed]
        return "\n".join([*rows, f"Actions: {', '.join(self.legal_actions())}"])

    def _name_of(self, party: int) -> str:
        return f"({party}) {self._parties[party - 1]}" if party else "nothing clear"


_WORD = re.compile(r"\w+")
_ANSWERS = Recall[tuple[Task, WorkflowResult]](100_000)


@lru_cache(maxsize=100_000)
def _ballot(text: str, kind: VoteKind) -> Ballot | None:
    """Read an answer; in a training the same one is read in many episodes."""
    return ballot(text, kind)


def _ask_seed(seed: int, worker: str, asked: int) -> int:
    """Return the seed of a question: the same whenever a worker is asked it, another when it is
    asked again."""
    digest = hashlib.sha256(f"{seed}:{worker}:{asked}".encode()).digest()
    return int.from_bytes(digest[:4], "big") >> 1
