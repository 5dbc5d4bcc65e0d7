"""What a recorded answer says when it is given again."""

from typing import Literal

from agentrl.orchestrator.replay.recording import Recorded

Says = Literal["text", "answer", "graded"]
"""The whole text; the ``answer`` that was read off it; or ``graded``, the reference where the
answer was right and what was read off it where it was not."""


def said(recorded: Recorded, reference: str, says: Says, who: str) -> str:
    """Return the text of a recorded answer.

    Args:
        recorded: the answer.
        reference: what the task's own grader takes for right.
        says: which form is asked for; where the recording lacks it, the next best.
        who: the worker; two that said nothing that could be read do not agree.

    >>> said(Recorded(answer="7", correct=False), "18", "graded", "small")
    '7'
    >>> said(Recorded(answer="eighteen", correct=True), "18", "graded", "small")
    '18'
    """
    if says == "text" and recorded.text is not None:
        return recorded.text
    if says == "answer" and recorded.answer is not None:
        return recorded.answer
    if recorded.correct is None:
        return recorded.answer or recorded.text or ""
    if recorded.correct:
        return reference
    answer = (recorded.answer or "").strip()
    if not answer:
        return f"wrong ({who})"
    # The recording's grader was strict; nobody else's shall take the answer for right.
    return f"{answer} (wrong)" if _same(answer, reference) else answer


def _same(answer: str, reference: str) -> bool:
    return "".join(answer.split()).casefold() == "".join(reference.split()).casefold()
