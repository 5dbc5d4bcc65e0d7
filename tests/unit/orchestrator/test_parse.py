"""Tests of reading workflows from what a model wrote."""

import json
from contextlib import suppress
from pathlib import Path

import pytest
from hypothesis import given
from hypothesis import strategies as st

from agentrl.orchestrator.limits import Limits
from agentrl.orchestrator.parse import parse_workflow
from agentrl.orchestrator.workflow import Node, Workflow, WorkflowError

POOL = ("tiny", "middle", "large")

TWO_STEPS = Workflow(
    (Node("0", "tiny", "Find it."), Node("1", "large", "Use it.", sees=("0",))), ("1",)
)


def lists(models: object, subtasks: object, access: object) -> str:
    return written(repr(models), repr(subtasks), repr(access))


def written(models: object, subtasks: object, access: object) -> str:
    return f"model_id = {models}\nsubtasks = {subtasks}\naccess_list = {access}"


@pytest.mark.parametrize(
    "text",
    [
        lists([0, 2], ["Find it.", "Use it."], [[], "all"]),
        lists([0, 2], ["Find it.", "Use it."], [[], [0]]),
        lists([0, 2], ["Find it.", "Use it."], ["all", [0]]),
        json.dumps(
            {"model_id": [0, 2], "subtasks": ["Find it.", "Use it."], "access_list": [[], "all"]}
        ),
        repr({"model_id": [0, 2], "subtasks": ["Find it.", "Use it."], "access_list": [[], [0]]}),
        '<think>model_id = [5]; no, [1</think>\n```python\nmodel_id: [0, 2]\nsubtasks: ["Find it.",'
        ' "Use it."]\naccess_list: [[], "all"]\n```\nDone.',
        lists([1], ["A draft."], [[]])
        + "\nor better\n"
        + lists([0, 2], ["Find it.", "Use it."], [[], [0]]),
    ],
)
def test_three_lists_are_read_in_every_form(text: str) -> None:
    assert parse_workflow(text, POOL) == TWO_STEPS


def test_the_json_form_is_read_with_names_numbers_and_anonymous_names() -> None:
    rows = [{"id": "0", "worker": 0, "instruction": "Find it."}]
    rows += [{"id": "1", "worker": "Model 2", "instruction": "Use it.", "sees": ["0"]}]

    assert parse_workflow(f"I think so: {json.dumps({'nodes': rows})}", POOL) == TWO_STEPS
    assert parse_workflow(TWO_STEPS.to_json(), POOL) == TWO_STEPS


def test_three_empty_lists_keep_the_answer() -> None:
    assert parse_workflow(lists([], [], []), POOL) is None


@given(st.lists(st.text(min_size=1).filter(str.strip), min_size=1, max_size=5))
def test_any_subtasks_come_through_as_they_were_written(subtasks: list[str]) -> None:
    models, access = [0] * len(subtasks), ["all"] * len(subtasks)
    for text in (
        lists(models, subtasks, access),
        json.dumps({"subtasks": subtasks, "model_id": models, "access_list": access}),
    ):
        workflow = parse_workflow(text, POOL)

        assert workflow is not None
        assert [node.instruction for node in workflow.nodes] == subtasks


@given(st.text())
def test_any_text_is_a_workflow_or_says_why_not(text: str) -> None:
    with pytest.raises(WorkflowError):
        parse_workflow(text, POOL)


@given(
    st.lists(
        st.sampled_from(
            [
                "model_id",
                "=",
                "[",
                "]",
                "subtasks",
                '"',
                "'",
                "0",
                ",",
                "{",
                "}",
                "access_list",
                '"nodes"',
                ":",
                "\\",
                "all",
                "\n",
            ]
        )
    )
)
def test_any_scraps_of_a_workflow_are_one_or_say_why_not(scraps: list[str]) -> None:
    with suppress(WorkflowError):
        parse_workflow(" ".join(scraps), POOL)


@pytest.mark.parametrize(
    ("text", "message"),
    [
        ("I would ask the large one.", "there is no workflow in the text; write model_id"),
        ("<think>Let me see", "there is nothing after the thinking"),
        ("<think>" + lists([0], ["x"], [[]]) + "</think>", "there is nothing after the thinking"),
        ("model_id = [0]\nsubtasks = ['a']", "access_list is missing"),
        (lists([0], ["a", "b"], [[]]), "model_id has 1, subtasks has 2, access_list has 1"),
        (lists([], ["a"], []), "model_id has 0, subtasks has 1"),
        (lists([3], ["a"], [[]]), r"model_id\[0\] is 3, expected a whole number from 0 to 2"),
        (lists([-1], ["a"], [[]]), r"model_id\[0\] is -1"),
        (lists([True], ["a"], [[]]), r"model_id\[0\] is True"),
        (lists(["large"], ["a"], [[]]), r"model_id\[0\] is 'large'"),
        (lists([0], [" "], [[]]), r"subtasks\[0\] is ' ', expected a text"),
        (lists([0], [5], [[]]), r"subtasks\[0\] is 5"),
        (lists([0], ["a"], [[0]]), "step 0 is the first and sees nothing"),
        (lists([0, 0], ["a", "b"], [[], [1]]), "names step 1, but step 1 can only see steps befor"),
        (lists([0, 0], ["a", "b"], [[], [-1]]), "names step -1"),
        (lists([0, 0], ["a", "b"], [[], "none"]), r"access_list\[1\] is 'none', expected \[\]"),
        (lists([0, 0], ["a", "b"], [[], ["0"]]), r"access_list\[1\] is \['0'\]"),
        ("model_id = list(range(3))\n" + lists(0, ["a"], [[]]), "code is not run"),
        ("model_id = [i for i in range(2)]", "is no list of plain values.*code is not run"),
        ("model_id = [0\n" + "subtasks = ['a']\naccess_list = [[]]", "its last bracket is miss"),
        ("model_id = ['a]", "a quoted text in it never ends"),
        ("model_id = [0)", "does not match"),
        (lists([0] * 65, ["a"] * 65, [[]] * 65), "there are 65 steps, at most 64"),
        (lists([0], ["a" * 9000], [[]]), "instruction of step 0 has 9000 characters"),
        ('{"nodes": [', "the JSON of the workflow cannot be read"),
        ('{"answers": ["a"]}', "it has no nodes"),
        ('{"nodes": [{"id": "a", "worker": 9}]}', "asks worker 'Model 9', which is not in the po"),
        ('{"nodes": 3}', "needs nodes, a list of objects, got 3"),
    ],
)
def test_what_cannot_be_used_is_answered_in_words_to_learn_from(text: str, message: str) -> None:
    with pytest.raises(WorkflowError, match=message):
        parse_workflow(text, POOL)


@pytest.mark.parametrize(
    ("text", "message"),
    [
        (written("[0x" + "f" * 20_000 + "]", ["a"], [[]]), "is <a number of 80000 bits>, expected"),
        (written("[-0o" + "7" * 20_000 + "]", ["a"], [[]]), "is <a number of 60000 bits>"),
        (written([0, 0], ["a", "b"], "[[], [0x" + "f" * 9_000 + "]]"), "step <a number of 36000 b"),
        (written("[" + "9" * 9_000 + "]", ["a"], [[]]), "is no list of plain values"),
        (written("[1e999]", ["a"], [[]]), "is inf, expected"),
        (written("[" + "-" * 50_000 + "1]", ["a"], [[]]), "is no list of plain values"),
        (written("[" + "1+" * 40_000 + "1j]", ["a"], [[]]), "is no list of plain values"),
        (written("[9**9**9]", ["a"], [[]]), "is no list of plain values"),
        (written("[\uff10]", ["a"], [[]]), "is no list of plain values"),
        (written([0], "['a\x00b']", [[]]), "is no list of plain values"),
        (written([0], ["a"], [[]]).replace("model_id", "m\u043edel_id"), "model_id is missing"),
    ],
    ids=range(11),
)
def test_numbers_and_signs_that_are_traps_are_answered_in_words(text: str, message: str) -> None:
    with pytest.raises(WorkflowError, match=message) as caught:
        parse_workflow(text, POOL)

    assert len(str(caught.value)) < 500


def test_code_is_never_run(tmp_path: Path) -> None:
    code = f"__import__('pathlib').Path({str(tmp_path)!r}, 'ran').touch()"

    with pytest.raises(WorkflowError, match="code is not run"):
        parse_workflow(f"model_id = [{code}]\nsubtasks = ['a']\naccess_list = [[]]", POOL)

    assert list(tmp_path.iterdir()) == []


def test_where_workers_are_anonymous_no_name_is_told_or_understood() -> None:
    plan = lists([2], ["a"], [[]])
    by_name = '{"nodes": [{"id": "a", "worker": "large"}]}'

    workflow = parse_workflow(plan, POOL, anonymous=True)

    assert workflow is not None
    assert workflow.nodes[0].worker == "large"
    with pytest.raises(WorkflowError, match="the workers are 'Model 0', 'Model 1', 'Model 2'"):
        parse_workflow(by_name, POOL, anonymous=True)


def test_the_suites_limits_count() -> None:
    plan = lists([0, 0], ["a", "b"], [[], []])

    with pytest.raises(WorkflowError, match="there are 2 steps, at most 1 are allowed"):
        parse_workflow(plan, POOL, Limits(nodes=1))


@pytest.mark.parametrize(
    "text",
    [
        "x" * 1_000_000,
        "model_id = " + "[" * 150_000,
        "model_id = [" * 15_000,
        'model_id=[\\"' * 15_000,
        'model_id = ["' * 15_000,
        '{"nodes": ' * 18_000,
        '{"nodes": [' * 18_000,
        "model_id = [" + "1," * 90_000 + "]\nsubtasks = []\naccess_list = []",
        "model_id = [" + "9" * 150_000 + "]\nsubtasks = ['a']\naccess_list = [[]]",
        "model_id = ['" + "\\\\" * 90_000,
        'model_id = ["""' + "'\"" * 90_000,
        "model_id " * 20_000,
        "model_id" + " " * 150_000,
        "model_id " + "`" * 150_000,
        lists([0], ["a"], [list(range(30_000))]),
    ],
    ids=range(15),
)
@pytest.mark.timeout(60)  # it was minutes, or no end at all
def test_a_huge_text_is_refused_quickly(text: str) -> None:
    with pytest.raises(WorkflowError) as caught:
        parse_workflow(text, POOL)

    assert len(str(caught.value)) < 500
