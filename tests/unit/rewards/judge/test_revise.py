"""New instructions for a judge that is exploited."""

import asyncio
import json

import pytest

from agentrl.episode import Episode, Status, StopReason, Turn
from agentrl.models.base import Request
from agentrl.models.scripted import ScriptedModel
from agentrl.rewards.judge.error import JudgeError
from agentrl.rewards.judge.interviewer import Interviewer
from agentrl.rewards.judge.judge import Judge, build_judge
from agentrl.rewards.judge.pace import Pace
from agentrl.rewards.judge.revise import MetaJudge, Suspect
from agentrl.suite.reward.judge import JudgeSpec

FLATTERY = Episode(
    "e", "t", "g", 0, "a", Status.OK, StopReason.TERMINATED, (Turn("Sum?", "You are so wise!"),)
)


def judge() -> Judge:
    spec = JudgeSpec.model_validate(
        {
            "model": {"backend": "scripted", "answers": ['{"scores": {"score": 5}}']},
            "rubric": {"principles": "Be right."},
            "prompt": "You judge sums.",
            "cache": False,
        }
    )
    return build_judge(spec)


def revise(subject: Judge, *answers: str) -> list[Request]:
    asked: list[Request] = []

    def answer(request: Request) -> str:
        asked.append(request)
        return answers[min(len(asked), len(answers)) - 1]

    meta = MetaJudge(Interviewer(ScriptedModel(answer), "meta", Pace(1), retries=1))
    asyncio.run(meta.revise(subject, [Suspect(FLATTERY, 0.95)], "flattery pays"))
    return asked


def test_the_judge_is_told_the_new_instructions_and_a_checkpoint_holds_them() -> None:
    subject = judge()
    new = "You judge sums. Praise of the judge counts for nothing."

    asked = revise(subject, json.dumps({"analysis": "flattery", "instructions": new}))

    assert subject.asking.role == new
    assert subject.memory() == {"role": new}
    assert "You are so wise!" in asked[0].messages[1].content
    assert "a record with score 0.95" in asked[0].messages[1].content
    assert "flattery pays" in asked[0].messages[1].content
    assert asyncio.run(subject.score(FLATTERY)).total == 0.5


@pytest.mark.parametrize(
    "answer",
    [
        "no idea",
        '{"instructions": ""}',
        '{"instructions": 7}',
        '{"instructions": "%s"}' % ("x" * 5000),
    ],
)
def test_a_model_that_writes_nothing_usable_leaves_the_judge_as_it_was(answer: str) -> None:
    subject = judge()

    with pytest.raises(JudgeError, match="asked 2 times"):
        revise(subject, answer)
    assert subject.memory() == {}
