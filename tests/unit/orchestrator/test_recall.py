"""What was found out before."""

from collections.abc import Mapping
from typing import Any

from agentrl.envs.qa.env import QAEnv
from agentrl.orchestrator.inner import Inner, inner_spec
from agentrl.orchestrator.recall import Recall
from agentrl.suite.sandbox import SandboxSpec
from agentrl.task import Task


def test_what_nobody_asked_for_the_longest_goes_first() -> None:
    recall = Recall[str](2)
    recall.put("a", "1")
    recall.put("b", "2")
    recall.get("a")
    recall.put("c", "3")

    assert [recall.get(key) for key in "abc"] == ["1", None, "3"]


def question(text: str, answer: str) -> Task:
    data: Mapping[str, Any] = {"question": text, "answer": answer, "kind": "exact"}
    return Task("recalled", data=dict(data), seed=1)


def test_a_world_that_was_asked_once_is_not_asked_again(monkeypatch: Any) -> None:
    begun: list[str] = []
    begin = QAEnv.begin

    def counting(env: QAEnv, task: Task, seed: int) -> str:
        begun.append(task.id)
        return begin(env, task, seed)

    monkeypatch.setattr(QAEnv, "begin", counting)
    for _ in range(3):  # as three episodes would
        inner = Inner(inner_spec({"id": "agentrl/QA-v0"}), SandboxSpec())
        inner.begin(question("Who?", "she"), 1)
        assert inner.grade("she").outcome["success"] == 1.0

    assert begun == ["recalled", "recalled"]  # once for the question and once for the grade


def test_another_task_of_the_same_name_is_asked_anew() -> None:
    inner = Inner(inner_spec({"id": "agentrl/QA-v0"}), SandboxSpec())

    asked = [inner.begin(question(text, text), 1) for text in ("one", "two")]

    assert "one" in asked[0]
    assert "two" in asked[1]
    assert inner.grade("one").outcome["success"] == 0.0
