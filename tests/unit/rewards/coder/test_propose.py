import asyncio

from agentrl.models.base import Request
from agentrl.models.scripted import ScriptedModel
from agentrl.rewards.coder.interface import interface
from agentrl.rewards.coder.propose import program_in, propose

GOOD = "It counts.\n```python\ndef reward(episode):\n    return []\n```"
BAD = "```python\nimport os\n```"


def test_a_model_is_asked_n_times_with_task_interface_and_feedback() -> None:
    asked: list[Request] = []

    def answer(request: Request) -> str:
        asked.append(request)
        return GOOD

    made = asyncio.run(
        propose(ScriptedModel(answer), "Find the key.", interface(), "Too sparse.", 3)
    )

    assert [c.source for c in made] == ["def reward(episode):\n    return []\n"] * 3
    assert all(c.findings == () for c in made)
    assert len(asked) == 3
    assert interface() in asked[0].messages[0].content
    assert "Find the key." in asked[0].messages[1].content
    assert "Too sparse." in asked[0].messages[1].content


def test_findings_go_back_to_the_model_which_mends_its_program() -> None:
    asked: list[Request] = []

    def answer(request: Request) -> str:
        asked.append(request)
        return BAD if len(asked) == 1 else GOOD

    (made,) = asyncio.run(propose(ScriptedModel(answer), "", interface()))

    assert made.findings == ()
    assert [m.role for m in asked[1].messages] == ["system", "user", "assistant", "user"]
    assert "import of 'os' is not allowed" in asked[1].messages[3].content


def test_a_program_that_is_not_mended_comes_back_with_its_findings() -> None:
    (made,) = asyncio.run(propose(ScriptedModel([BAD, "no code"]), "", interface()))

    assert made.source == ""
    assert [str(f) for f in made.findings] == ["the answer holds no ```python block"]


def test_without_repairs_the_model_is_asked_once() -> None:
    (made,) = asyncio.run(propose(ScriptedModel([BAD, GOOD]), "", interface(), repairs=0))

    assert any("os" in str(finding) for finding in made.findings)


def test_the_last_block_of_an_answer_counts() -> None:
    assert program_in("```python\na\n```\nbetter:\n```\nb\n```") == "b\n"
    assert program_in("no block") is None
    assert program_in("```python\nnever closed") is None
