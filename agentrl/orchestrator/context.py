"""What a worker is told: the work that its node sees, then its own part.

As the Conductor does it (arXiv 2512.04388): each earlier step is one exchange of the chat, its
instruction by the user and its answer by the assistant, as if the worker had answered itself.
"""

from collections.abc import Sequence

from agentrl.models.base import Message
from agentrl.orchestrator.worker import Request, Seen

NO_ANSWER = "(This step failed and gave no answer.)"
"""What a node is shown of one that failed."""


def chat(
    question: str, instruction: str, role: str = "", sees: Sequence[Seen] = ()
) -> tuple[Message, ...]:
    """Return the chat that a node's worker is to answer.

    Args:
        question: the task's question, told to every node.
        instruction: the node's own part; empty: the question alone.
        role: who the worker is told to be, as a system message; empty: none.
        sees: the work of others, in the order in which it is shown.
    """
    messages = [Message("system", f"You are {role}.")] if role else []
    for seen in sees:
        messages.append(Message("user", seen.instruction or question))
        messages.append(Message("assistant", seen.answer))
    messages.append(Message("user", _last(question, instruction)))
    return tuple(messages)


_ASKED = "\n\nQuestion:\n"


def _last(question: str, instruction: str) -> str:
    return f"{instruction}{_ASKED}{question}" if instruction else question


def question_of(request: Request) -> str:
    """Return the question that a node's request ends with, without the node's instruction."""
    last = request.messages[-1].content if request.messages else ""
    return last.removeprefix(f"{request.instruction}{_ASKED}")


def in_one_message(messages: Sequence[Message]) -> tuple[Message, ...]:
    r"""Return a chat with what others did written into its last message.

    For a model that was trained on single messages and never saw turns that it did not take.

    >>> seen = [Seen("n1", "sort", "4 9")]
    >>> in_one_message(chat("9 4. Sort and write.", "write", sees=seen))[-1].content
    'Done before (sort):\n4 9\n\nwrite\n\nQuestion:\n9 4. Sort and write.'
    """
    system = [message for message in messages if message.role == "system"]
    *before, last = [message for message in messages if message.role != "system"]
    pairs = zip(before[::2], before[1::2], strict=True)
    parts = [f"Done before ({asked.content}):\n{answer.content}" for asked, answer in pairs]
    return (*system, Message(last.role, "\n\n".join([*parts, last.content])))
