"""Reading a recording in any of its forms, each only once."""

from functools import lru_cache
from pathlib import Path

from agentrl.orchestrator.replay.jsonl import read_jsonl
from agentrl.orchestrator.replay.recording import Recording
from agentrl.orchestrator.replay.routellm import read_routellm
from agentrl.orchestrator.replay.zeroeval import read_zeroeval


@lru_cache(maxsize=4)
def read_recording(
    form: str, file: str, tasks: tuple[str, ...], models: frozenset[str], texts: bool
) -> Recording:
    """Return a recording; the same one for the same arguments.

    Args:
        form: ``jsonl``, ``zeroeval`` or ``routellm``.
        file: the file or folder.
        tasks: which of its tasks (``zeroeval``); none: all.
        models: whose answers are kept.
        texts: whether whole answers are asked for.

    Raises:
        UsageError: it is not there, or cannot be read.
    """
    path = Path(file).expanduser()
    match form:
        case "zeroeval":
            return read_zeroeval(path, tasks, models, texts=texts)
        case "routellm":
            return read_routellm(path, models)
        case _:
            return read_jsonl(path, models)
