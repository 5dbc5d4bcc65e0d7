"""Tests of what a client may ask."""

import json
from typing import Any

import pytest

from agentrl.orchestrator.serving.request import (
    Asked,
    RequestError,
    question_of,
    read_request,
)

HELLO = [{"role": "user", "content": "Hello"}]


def read(**body: Any) -> Asked:
    return read_request(json.dumps({"messages": HELLO, **body}).encode(), "team")


def test_a_single_question_is_asked_as_it_stands() -> None:
    assert read(model="team") == Asked("Hello")


def test_parameters_are_read() -> None:
    asked = read(
        n=2,
        temperature=0,
        top_p=0.5,
        max_completion_tokens=7,
        stop="END",
        seed=3,
        metadata={"group": "sums"},
        stream=True,
        stream_options={"include_usage": True},
        user="me",
        logprobs=None,
        tools=[],
    )
    assert asked == Asked(
        "Hello", 2, 0.0, 0.5, 7, ("END",), 3, "sums", stream=True, usage_in_stream=True
    )


def test_earlier_turns_stand_before_the_question_and_rules_before_all() -> None:
    question = question_of(
        [
            ("user", "Is 7 prime?"),
            ("assistant", "Yes."),
            ("system", "Be brief."),
            ("user", "And 9?"),
        ]
    )
    assert question == (
        "Be brief.\n\nSaid before:\n\nuser: Is 7 prime?\n\nassistant: Yes.\n\n"
        "The question now:\n\nAnd 9?"
    )


def test_parts_of_text_are_put_together() -> None:
    parts = [{"type": "text", "text": "one"}, {"type": "text", "text": "two"}]
    assert read(messages=[{"role": "user", "content": parts}]).question == "one\ntwo"


@pytest.mark.parametrize(
    ("body", "param", "says"),
    [
        ({"messages": None}, "messages", "missing"),
        ({"messages": []}, "messages", "missing"),
        ({"messages": ["Hello"]}, "messages[0]", "no object"),
        ({"messages": [{"role": "tool", "content": "x"}]}, "messages[0].role", "not supported"),
        ({"messages": [{"role": "user", "content": " "}]}, "messages[0].content", "empty"),
        ({"messages": [{"role": "assistant", "content": "x"}]}, "messages", "role user"),
        (
            {"messages": [{"role": "user", "content": [{"type": "image_url"}]}]},
            "messages[0].content",
            "only text",
        ),
        ({"n": 0}, "n", "at least 1"),
        ({"n": 17}, "n", "at most 16"),
        ({"temperature": 3}, "temperature", "from 0 to 2"),
        ({"temperature": True}, "temperature", "a number"),
        ({"max_tokens": 1.5}, "max_tokens", "whole number"),
        ({"stop": [1]}, "stop", "list of texts"),
        ({"seed": "x"}, "seed", "whole number"),
        ({"stream": "yes"}, "stream", "true or false"),
        ({"metadata": {"group": 1}}, "metadata", "no text"),
        ({"tools": [{"type": "function"}]}, "tools", "not supported"),
        ({"response_format": {"type": "json_object"}}, "response_format", "not supported"),
        ({"logprobs": True}, "logprobs", "not supported"),
        ({"temprature": 1}, "temprature", "unknown parameter"),
    ],
)
def test_what_is_not_to_be_had_is_said(body: dict[str, Any], param: str, says: str) -> None:
    with pytest.raises(RequestError, match=says) as caught:
        read(**body)
    assert (caught.value.param, caught.value.status) == (param, 400)


@pytest.mark.parametrize("body", [b"", b"{", b"[]", b"\xff", b"[" * 100_000])
def test_what_is_no_json_object_is_bad_input(body: bytes) -> None:
    with pytest.raises(RequestError) as caught:
        read_request(body, "team")
    assert caught.value.status == 400


def test_another_model_is_not_found() -> None:
    with pytest.raises(RequestError, match="there is 'team'") as caught:
        read(model="gpt-9")
    assert (caught.value.status, caught.value.code) == (404, "model_not_found")
