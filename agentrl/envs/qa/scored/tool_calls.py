"""Questions that are answered with calls of tools, as ToolRL has them (arXiv 2504.13958)."""

import json
from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any

from agentrl.envs.qa.grade import Grade, Rules
from agentrl.errors import TaskError, UsageError
from agentrl.rewards.verify.tool_calls import correctness, facts, reference_calls

_THOUGHT = "<think>This is what is asked for.</think>"
_CALL_FORM = (
    "Answer with <think>your thought</think>, then on lines of their own <tool_call>, one JSON "
    'object {"name": ..., "parameters": {...}} a line for each call, and </tool_call>.'
)
_BOTH_FORM = f"{_CALL_FORM} End with a line <response>your reply</response>."
_REPLY_FORM = (
    "Answer with <think>your thought</think> and a line <response>your reply</response>; if no "
    "tool helps, call none."
)


@dataclass(frozen=True, slots=True)
class ToolScorer:
    """Facts: ``tool_format``, ``tool_parsed``, ``tool_match``, ``tool_exact``, ``tool_words`` and
    ``tool_correctness``. A success has the right form and exactly the reference's calls.
    """

    reference: str
    form: str
    shown: str
    rules: Rules

    @property
    def expert(self) -> str:
        return self.reference

    def grade(self, answer: str) -> Grade:
        found = facts(
            answer,
            self.reference,
            detail=self.rules.tool_detail,
            strict=self.rules.tool_strict,
        )
        share = found.share if found.expected else float(found.exact and bool(answer.strip()))
        told = {
            "tool_format": float(found.well_formed),
            "tool_parsed": float(found.parsed),
            "tool_match": share,
            "tool_exact": float(found.exact and bool(answer.strip())),
            "tool_words": float(found.words or 0),
            "tool_correctness": correctness(found),
        }
        return Grade(found.well_formed and found.exact, share, told)


def read_tool_calls(data: Mapping[str, Any], rules: Rules) -> ToolScorer:
    """Return the scorer of a row: ``answer`` is a text in ToolRL's form or a list of calls.

    ``tools``, a list of anything that JSON knows, is shown. An empty list of calls asks for a reply
    and no call.

    Raises:
        TaskError: the answer is neither, or its own form is wrong.
    """
    reference = _reference(data.get("answer"))
    try:
        calls = reference_calls(reference)
    except UsageError as exc:
        raise TaskError(str(exc)) from None
    if not facts(reference, reference).well_formed:
        raise TaskError(
            f"'answer' is {reference[:200]!r}, expected <think>...</think>, then <tool_call> with "
            f"one call a line and </tool_call>, or <response>...</response>, or both"
        )
    tools = data.get("tools") or []
    if not isinstance(tools, list | tuple):
        raise TaskError(f"'tools' is {tools!r}, expected a list")
    lines = [json.dumps(tool, ensure_ascii=False) for tool in tools]
    says = "<response>" in reference
    form = (_BOTH_FORM if says else _CALL_FORM) if calls else _REPLY_FORM
    return ToolScorer(reference, form, "\n".join(["\nTools:", *lines]) if lines else "", rules)


def _reference(answer: Any) -> str:
    if isinstance(answer, str):
        text = answer.strip()
        return text if text.startswith("<think>") else f"{_THOUGHT}\n{text}"
    if not isinstance(answer, list | tuple):
        raise TaskError(f"'answer' is {answer!r}, expected a list of calls or a text with them")
    if not answer:
        return f"{_THOUGHT}\n<response>No tool is needed.</response>"
    lines = "\n".join(json.dumps(call, ensure_ascii=False) for call in answer)
    return f"{_THOUGHT}\n<tool_call>\n{lines}\n</tool_call>"
