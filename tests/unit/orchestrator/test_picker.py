"""A worker that picks among answers by a scorer that recorded outcomes taught."""

import asyncio
import random
from pathlib import Path

import pytest

from agentrl.episode import Episode, Status, StopReason, Turn
from agentrl.errors import CheckpointError, UnscoredError, UsageError
from agentrl.models.base import Message
from agentrl.models.scorers.base import Values
from agentrl.models.scorers.folder import read_card
from agentrl.orchestrator.execute import execute
from agentrl.orchestrator.program import ProgramWorker, load_program
from agentrl.orchestrator.programs.picker import Picker
from agentrl.orchestrator.topologies import best_of_n
from agentrl.orchestrator.worker import Request, Seen, Worker
from agentrl.rewards.progress.text import TextScorer
from agentrl.task import Task
from agentrl.testing.workers import FakeWorker

QUESTION = "How many apples are left?"
SURE, UNSURE = "I counted them: #### 4", "No idea, perhaps #### 7"
TASK = Task("t", data={"question": QUESTION})


def answered(number: int) -> Episode:
    """Who counts is right, and who guesses is wrong."""
    right = random.Random(number).random() < 0.5
    said = SURE if right else UNSURE
    return Episode(
        id=f"e{number}",
        task_id=f"t{number % 10}",
        group_id=f"t{number % 10}",
        seed=0,
        agent="m",
        status=Status.OK,
        stop_reason=StopReason.TERMINATED,
        turns=(Turn(QUESTION, said.replace("4", str(number)).replace("7", str(number))),),
        outcome={"success": float(right)},
    )


@pytest.fixture(scope="module")
def scorer(tmp_path_factory: pytest.TempPathFactory) -> Path:
    folder = tmp_path_factory.mktemp("scorer") / "text"
    fitted = TextScorer()
    fitted.fit([answered(number) for number in range(80)])
    fitted.save(folder)
    return folder


def request(*answers: str) -> Request:
    message = Message("user", f"Pick.\n\nQuestion:\n{QUESTION}")
    seen = tuple(Seen(f"n{n}", "", answer) for n, answer in enumerate(answers))
    return Request(TASK, (message,), "Pick.", sees=seen)


def pick(scorer: Path, *answers: str, **options: str) -> object:
    return load_program("picker", {"file": str(scorer), **options})(request(*answers))


def test_the_answer_of_the_largest_value_is_taken_as_it_stands(scorer: Path) -> None:
    assert pick(scorer, UNSURE, SURE, UNSURE) == SURE


def test_a_vote_adds_up_what_answers_that_say_the_same_are_worth(scorer: Path) -> None:
    doubtful = "Perhaps I counted: #### 5"  # worth more than a guess and less than a count

    assert pick(scorer, SURE, doubtful, doubtful) == SURE
    assert pick(scorer, SURE, *[doubtful] * 9, by="vote") == doubtful


def test_an_answer_that_cannot_be_valued_is_passed_over(scorer: Path) -> None:
    class Short(TextScorer):
        """Values short answers alone, as a language model does that reads so many tokens."""

        def score(self, episode: Episode) -> Values:
            if len(episode.turns[0].action) > 100:
                raise UnscoredError("the episode is too long")
            return super().score(episode)

    chosen = Picker(scorer, "best", "auto")
    chosen.scorer = Short.load(scorer, read_card(scorer))

    assert chosen(request(SURE * 10, UNSURE)) == UNSURE
    with pytest.raises(ValueError, match="of 1 answers it sees none that can be valued"):
        chosen(request(SURE * 10))


def test_a_workflow_s_judge_can_be_a_scorer(scorer: Path) -> None:
    workers: dict[str, Worker] = {
        "a": FakeWorker("a", UNSURE),
        "b": FakeWorker("b", SURE),
        "judge": ProgramWorker("judge", load_program("picker", {"file": str(scorer)})),
    }
    plan = best_of_n(["a", "b"], "judge")

    done = asyncio.run(execute(plan, workers, TASK, question=QUESTION))

    assert done.answer == SURE


def test_a_node_that_sees_nothing_fails_and_says_why(scorer: Path) -> None:
    workers = {"judge": ProgramWorker("judge", load_program("picker", {"file": str(scorer)}))}
    plan = best_of_n(["judge"], "judge")

    done = asyncio.run(execute(plan, workers, TASK, question=QUESTION, retries=0))

    assert "of 0 answers it sees none that can be valued" in done.failed["draft1"]


def test_what_cannot_pick_is_refused_before_anything_runs(scorer: Path, tmp_path: Path) -> None:
    with pytest.raises(CheckpointError, match=r"no scorer\.json"):
        pick(tmp_path, SURE)
    with pytest.raises(UsageError, match="expected 'best' or 'vote'"):
        pick(scorer, SURE, by="worst")
