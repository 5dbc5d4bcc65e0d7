"""Tests of programs: what they decide between their steps, and what they pay for it."""

from collections.abc import Callable, Sequence
from typing import Any

import pytest

from agentrl.errors import UsageError
from agentrl.orchestrator.limits import Limits
from agentrl.orchestrator.result import WorkflowResult
from agentrl.orchestrator.staged import (
    Escalate,
    Program,
    Team,
    VerifierCascade,
    accepted,
    run,
)
from agentrl.orchestrator.topologies import single
from agentrl.orchestrator.worker import Request, WorkerFailedError
from agentrl.orchestrator.workflow import Node, Workflow, WorkflowError
from agentrl.task import Task
from agentrl.testing.workflows import in_no_time
from tests.unit.orchestrator.stubs import stub

Say = Callable[[Request], str]


def played(plan: Program | Workflow, say: Say, **options: Any) -> WorkflowResult:
    names = ("a", "b", "c", "d", "best", "checker")
    workers = {name: stub(name, say, usd=1.0) for name in names}
    return in_no_time(run(plan, workers, Task("t"), question="2 + 2?", **options))


def by_node(answers: dict[str, str]) -> Say:
    """Answer by the node's id, and fail where it is not listed."""

    def say(request: Request) -> str:
        if request.node not in answers:
            raise WorkerFailedError("w", "was busy")
        return answers[request.node]

    return say


def asked(result: WorkflowResult) -> list[str]:
    return [call.node for call in result.calls]


CASCADE = VerifierCascade(("a", "b", "best"), "checker")


def test_a_cascade_stops_at_the_first_accepted_answer() -> None:
    says = {"answer1": "5", "check1": "No.\nREJECT", "answer2": "4", "check2": "ACCEPT"}

    result = played(CASCADE, by_node(says))

    assert result.answer == "4"
    assert asked(result) == ["answer1", "check1", "answer2", "check2"]
    assert result.cost_usd == 4.0
    assert [call.worker for call in result.calls] == ["a", "checker", "b", "checker"]


def test_the_last_answer_of_a_cascade_stands_unchecked() -> None:
    says = {"answer1": "5", "check1": "REJECT", "answer2": "6", "check2": "hm", "answer3": "4"}

    result = played(CASCADE, by_node(says))

    assert result.answer == "4"
    assert asked(result)[-1] == "answer3"


def test_a_cascade_goes_on_past_a_worker_and_a_verifier_that_fail() -> None:
    says = {"answer2": "4", "check1": "ACCEPT", "answer3": "7"}

    result = played(CASCADE, by_node(says), retries=0)

    assert asked(result) == ["answer1", "check1", "answer2", "check2", "answer3"]
    assert result.answer == "7"
    assert set(result.failed) == {"answer1", "check2"}


@pytest.mark.parametrize(
    ("verdict", "expected"),
    [
        ("ACCEPT", True),
        ("Fine. **ACCEPT**.", True),
        ("<think>ACCEPT</think>REJECT", False),
        ("REJECT it? No.\nACCEPT", True),
        ("ACCEPTABLE", False),
        ("accept", False),
        ("", False),
    ],
)
def test_a_verdict_is_the_last_word_of_the_two(verdict: str, expected: bool) -> None:
    assert accepted(verdict) is expected


def test_a_team_that_agrees_at_once_asks_nobody_again() -> None:
    says = {"round1-1": "4", "round1-2": "4.0", "round1-3": "5"}

    result = played(Team(("a", "b", "c")), by_node(says))

    assert result.answer == "4"
    assert len(result.calls) == 3


def test_a_team_that_does_not_agree_sees_itself_and_answers_again() -> None:
    says = {f"round1-{n}": str(n) for n in (1, 2, 3)} | {f"round2-{n}": "2" for n in (1, 2, 3)}
    seen: dict[str, Sequence[str]] = {}

    def say(request: Request) -> str:
        seen[request.node] = [other.node for other in request.sees]
        return says[request.node]

    result = played(Team(("a", "b", "c")), say)

    assert result.answer == "2"
    assert len(result.calls) == 6
    assert seen["round2-1"] == ["round1-1", "round1-2", "round1-3"]


def test_a_ranker_keeps_the_best_of_a_team() -> None:
    says = {f"round{r}-{n}": f"{r}{n}" for r in (1, 2) for n in (1, 2, 3, 4)}
    says |= {"rank": "BEST 4, 2", "round3-2": "7", "round3-4": "7"}

    result = played(Team(("a", "b", "c", "d"), ranker="checker"), by_node(says))

    assert asked(result)[8:] == ["rank", "round3-2", "round3-4"]
    assert result.answer == "7"
    context = [text for role, text in result.calls[-1].messages if role == "assistant"]
    assert context == ["22", "24"]


@pytest.mark.parametrize("ranking", ["I like them all", "BEST 9 8 9", "BEST"])
def test_a_ranking_that_cannot_be_read_keeps_the_first_of_a_team(ranking: str) -> None:
    says = {f"round{r}-{n}": f"{r}{n}" for r in (1, 2, 3) for n in (1, 2, 3)}

    result = played(Team(("a", "b", "c"), ranker="checker"), by_node({**says, "rank": ranking}))

    assert asked(result)[7:] == ["round3-1", "round3-2"]


def test_a_ranker_that_fails_ends_no_team() -> None:
    says = {f"round{r}-{n}": f"{r}{n}" for r in (1, 2, 3) for n in (1, 2, 3)}

    result = played(Team(("a", "b", "c"), ranker="checker"), by_node(says), retries=0)

    assert result.answer == "31"
    assert set(result.failed) == {"rank"}


def test_a_member_that_fails_is_no_vote_for_anything() -> None:
    says = {"round1-1": "4", "round2-1": "4", "round3-1": "4"}

    result = played(Team(("a", "b", "c")), by_node(says), retries=0)

    assert result.answer == "4"
    assert len(result.calls) == 9


TWO_AGREE = Escalate(("a", "b"), "best", agree=1.0)


def test_cheap_workers_who_agree_are_enough() -> None:
    result = played(TWO_AGREE, by_node({"cheap1": "4", "cheap2": "The answer is 4."}))

    assert (result.answer, result.cost_usd) == ("4", 2.0)


def test_where_cheap_workers_differ_the_expert_decides() -> None:
    result = played(TWO_AGREE, by_node({"cheap1": "4", "cheap2": "5", "expert": "6"}))

    assert (result.answer, result.cost_usd) == ("6", 3.0)
    assert result.calls[-1].messages == (("user", "2 + 2?"),)


def test_the_expert_can_be_shown_the_cheap_answers() -> None:
    says = by_node({"cheap1": "4", "cheap2": "5", "expert": "6"})

    result = played(Escalate(("a", "b"), "best", shown=True), says)

    assert [text for role, text in result.calls[-1].messages if role == "assistant"] == ["4", "5"]


def test_a_majority_of_three_is_enough_by_default() -> None:
    says = by_node({"cheap1": "4", "cheap2": "5", "cheap3": "4"})

    assert len(played(Escalate(("a", "b", "c"), "best"), says).calls) == 3


def test_half_is_no_majority() -> None:
    says = by_node({"cheap1": "4", "cheap2": "5", "expert": "6"})

    assert played(Escalate(("a", "b"), "best"), says).answer == "6"


def test_an_expert_who_fails_leaves_what_most_cheap_workers_say() -> None:
    says = by_node({"cheap1": "3", "cheap2": "5", "cheap3": "7", "cheap4": "5"})

    result = played(Escalate(("a", "b", "c", "d"), "best"), says, retries=0)

    assert result.answer == "5"


def test_the_budget_is_for_the_whole_program() -> None:
    says = by_node({"cheap1": "4", "cheap2": "5", "expert": "6"})

    result = played(TWO_AGREE, says, limits=Limits(usd=2.0))

    assert (result.stopped, result.cost_usd, result.answer) == ("budget", 2.0, "5")


def test_the_deadline_is_for_the_whole_program() -> None:
    says = by_node({"cheap1": "4", "cheap2": "5", "expert": "6"})

    result = played(TWO_AGREE, says, limits=Limits(seconds=1.5))

    assert (result.stopped, result.duration_s) == ("deadline", 1.5)


def test_no_two_nodes_of_a_program_share_a_seed() -> None:
    seeds: list[int] = []

    def say(request: Request) -> str:
        seeds.append(request.seed)
        return str(len(seeds))

    played(Team(("a", "b", "c"), ranker="checker"), say)

    assert len(set(seeds)) == len(seeds) == 9


@pytest.mark.parametrize(
    "program",
    [CASCADE, Team(("a", "b", "c"), ranker="checker"), Team(("a", "b")), TWO_AGREE],
    ids=["cascade", "ranked team", "team", "escalate"],
)
def test_the_whole_is_what_a_program_grows_to(program: Program) -> None:
    """Answers that always differ, so that every program goes to its end."""
    count = iter(range(1000))

    result = played(program, lambda request: f"BEST 1 2 of {next(count)}")

    assert set(asked(result)) == set(program.whole.by_id)


def test_a_workflow_is_run_as_it_is() -> None:
    assert played(single("a"), by_node({"answer": "4"})).answer == "4"


class Shrinking:
    """A program that forgets what it asked."""

    whole = single("a")

    def next_workflow(self, results: Sequence[WorkflowResult]) -> Workflow | str:
        return Workflow((Node(f"n{len(results)}", "a"),))


class Standing(Shrinking):
    """A program that asks the same again."""

    def next_workflow(self, results: Sequence[WorkflowResult]) -> Workflow | str:
        return single("a")


class Knowing(Shrinking):
    """A program that asks nobody."""

    def next_workflow(self, results: Sequence[WorkflowResult]) -> Workflow | str:
        return "4"


def test_a_program_that_does_not_grow_is_stopped() -> None:
    with pytest.raises(WorkflowError, match="it changes or drops node 'n0'"):
        played(Shrinking(), lambda request: "x")
    with pytest.raises(WorkflowError, match="it adds no node"):
        played(Standing(), lambda request: "x")


def test_a_program_may_know_the_answer() -> None:
    result = played(Knowing(), lambda request: "x")

    assert (result.answer, result.calls) == ("4", ())


@pytest.mark.parametrize(
    ("make", "message"),
    [
        (lambda: VerifierCascade((), "a"), "verifier_cascade needs at least one worker"),
        (lambda: Team(()), "team needs at least one worker"),
        (lambda: Team(("a",), rounds=0), "team has rounds 0"),
        (lambda: Team(("a",), agree=0.0), "team has agree 0.0"),
        (lambda: Team(("a",), keep=0), "team has keep 0"),
        (lambda: Escalate((), "a"), "escalate needs at least one cheap worker"),
        (lambda: Escalate(("a",), "b", agree=1.5), "escalate has agree 1.5"),
    ],
)
def test_a_program_of_nobody_or_nothing_is_refused(
    make: Callable[[], Program], message: str
) -> None:
    with pytest.raises(UsageError, match=message):
        make()
