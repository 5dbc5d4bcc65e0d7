"""Actions as text: the answer itself, a tag, or a fenced block."""

import re

from agentrl.agents.parsers.base import NoAction, Parser, tagged

_FENCE = re.compile(r"\s*(`{3,})([^`]*)")


def _whole(answer: str, cut: bool) -> str:
    if cut:
        raise NoAction("Your answer has no end.")
    return answer.strip()


def _last_tag(answer: str, cut: bool) -> str:
    actions, left_open = tagged(answer, "action")
    if left_open and (cut or not actions):
        raise NoAction("Your <action> tag is not closed: </action> is missing.")
    if not actions:
        stray = "</action>" in answer
        raise NoAction(
            "Your answer has </action> without <action> before it."
            if stray
            else "Your answer has no <action> tag."
        )
    action = actions[-1].strip()
    if not action:
        raise NoAction("Your <action> tag is empty.")
    return action


def _last_block(answer: str, cut: bool) -> str:
    blocks, left_open = _blocks(answer)
    if left_open and (cut or not blocks):
        raise NoAction("Your fenced block is not closed: a last line of ``` is missing.")
    if not blocks:
        raise NoAction("Your answer has no fenced block.")
    action = blocks[-1].strip("\n").rstrip()
    if not action.strip():
        raise NoAction("Your fenced block is empty.")
    return action


def _blocks(answer: str) -> tuple[list[str], bool]:
    """Return the complete fenced blocks, and whether the last one was left open."""
    blocks: list[str] = []
    lines: list[str] = []
    fence = ""
    for line in answer.split("\n"):
        mark = _FENCE.fullmatch(line.rstrip())
        if not fence and mark:
            fence, lines = mark[1], []
        elif mark and not mark[2] and len(mark[1]) >= len(fence):
            blocks.append("\n".join(lines))
            fence = ""
        else:
            lines.append(line)
    return blocks, bool(fence)


PLAIN = Parser(
    name="plain",
    instructions="",
    expected="Answer with the action alone.",
    find=_whole,
    write=str,
)
"""The whole answer. The environment's own instructions say what an action looks like."""

RAW = Parser(
    name="raw",
    instructions="",
    expected="Answer with the action alone.",
    find=lambda answer, cut: answer.strip(),
    write=str,
    thoughts=True,
)
"""All that the model wrote, thoughts and answers that were cut off too, for an environment that
judges them."""

ACTION_TAG = Parser(
    name="action_tag",
    instructions="You may think first. End your answer with one action in this form:\n"
    "<action>your action</action>",
    expected="End your answer with one action in this form: <action>your action</action>",
    find=_last_tag,
    write="<action>{}</action>".format,
    close="</action>",
)
"""The last ``<action>...</action>``."""

FENCED = Parser(
    name="fenced",
    instructions="You may think first. End your answer with one action in a fenced block:\n"
    "```\nyour action\n```",
    expected="End your answer with one action in a fenced block:\n```\nyour action\n```",
    find=_last_block,
    write="```\n{}\n```".format,
)
"""The last block between lines of three backticks."""
