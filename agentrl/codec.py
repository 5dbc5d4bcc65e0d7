"""Episodes to JSON lines and back, without loss.

Three decisions shape the format:

- A number that JSON cannot say (NaN, infinity) is refused when written, with the path to it. A
  reader would have to guess what it stood for.
- A turn's prompt mostly repeats the conversation so far. It is written as how many tokens it
  ``keep``s of the previous prompt and answer, and what is ``new``; else a long episode's record
  grows with the square of its turns.
- Every line names its schema version, and ``_UPGRADES`` leads from each older one to the next.
"""

import json
import math
from collections.abc import Callable, Iterator
from dataclasses import replace
from functools import cache
from itertools import takewhile
from operator import eq
from pathlib import Path
from typing import Any

from pydantic import TypeAdapter, ValidationError

from agentrl.episode import Episode, Generation
from agentrl.errors import RecordError

SCHEMA_VERSION = 2

Record = dict[str, Any]


def dump_episode(episode: Episode) -> str:
    """Return the episode as one line of JSON, without the line's end.

    Raises:
        RecordError: a number is NaN or infinite; the message gives its path.
    """
    record: Record = {"schema": SCHEMA_VERSION, **_adapter().dump_python(episode)}
    _shorten_prompts(record, episode)
    try:
        line = json.dumps(record, ensure_ascii=False, allow_nan=False, separators=(",", ":"))
        line.encode()
    except UnicodeEncodeError:  # a lone surrogate has no UTF-8 form, but it has an escape
        return json.dumps(record, allow_nan=False, separators=(",", ":"))
    except ValueError:
        path, value = next(_unsayable_numbers(record, "episode"))
        raise RecordError(
            f"episode {episode.id!r} cannot be recorded: {path} is {value}, expected a finite "
            f"number; make the environment, model or reward that produced it state a number"
        ) from None
    return line


def load_episode(line: str) -> Episode:
    """Return the episode that a line of JSON holds, written by this version or an older one.

    Raises:
        RecordError: the line is no JSON, no episode, or newer than this version of agentrl.
    """
    try:
        record = json.loads(line)
    except json.JSONDecodeError as exc:
        raise RecordError(f"not a line of JSON: {exc}") from None
    if not isinstance(record, dict):
        raise RecordError(f"expected a JSON object with an episode, got {type(record).__name__}")
    try:
        record = _upgraded(record)
        _restore_prompts(record)
        return _adapter().validate_python(record)
    except ValidationError as exc:
        first = exc.errors()[0]
        path = ".".join(str(part) for part in first["loc"])
        raise RecordError(f"not an episode: {path}: {first['msg']}") from None
    except (LookupError, TypeError, AttributeError) as exc:
        raise RecordError(f"not an episode: {type(exc).__name__}: {exc}") from None


def read_lines(file: Path) -> Iterator[tuple[bytes, Episode]]:
    """Read a file of episodes one line at a time: the line with its end, and the episode.

    A last line without an end is passed over: the process that wrote it was killed.

    Raises:
        RecordError: a line cannot be read; the message names it.
    """
    with file.open("rb") as lines:
        for number, line in enumerate(lines, start=1):
            if not line.endswith(b"\n"):
                return
            try:
                yield line, load_episode(line.decode())
            except (RecordError, UnicodeDecodeError) as exc:
                raise RecordError(
                    f"{file}:{number}: {exc}; mend or delete that line, and --resume plays its "
                    f"episode again"
                ) from None


@cache
def _adapter() -> TypeAdapter[Episode]:
    return TypeAdapter(Episode)


def _upgraded(record: Record) -> Record:
    version = record.pop("schema", 1)
    if not isinstance(version, int) or not 1 <= version <= SCHEMA_VERSION:
        raise RecordError(
            f"episode record has schema version {version!r}, this agentrl reads up to "
            f"{SCHEMA_VERSION}; read it with a newer agentrl"
        )
    for upgrade in _UPGRADES[version - 1 :]:
        record = upgrade(record)
    return record


def _from_version_1(record: Record) -> Record:
    """Version 1 had no stop reason and wrote every prompt in full."""
    stop = {"ok": "terminated", "truncated": "max_turns", "cancelled": "cancelled"}
    record.setdefault("stop_reason", stop.get(record["status"], "error"))
    for generation in _generations(record):
        prompt = generation.get("prompt_token_ids")
        if prompt is not None:
            generation["prompt_token_ids"] = {"keep": 0, "new": prompt}
    return record


_UPGRADES: tuple[Callable[[Record], Record], ...] = (_from_version_1,)


def _shorten_prompts(record: Record, episode: Episode) -> None:
    said: tuple[int, ...] = ()
    generations = (g for turn in episode.turns for g in turn.generations)
    for written, generation in zip(_generations(record), generations, strict=True):
        prompt = generation.prompt_token_ids
        if prompt is None:
            continue
        keep = common_prefix(said, prompt)
        written["prompt_token_ids"] = {"keep": keep, "new": prompt[keep:]}
        said = prompt + (generation.token_ids or ())


def _restore_prompts(record: Record) -> None:
    said: list[int] = []
    for generation in _generations(record):
        prompt = generation.get("prompt_token_ids")
        if prompt is None:
            continue
        generation["prompt_token_ids"] = said[: prompt["keep"]] + prompt["new"]
        said = generation["prompt_token_ids"] + (generation.get("token_ids") or [])


def _generations(record: Record) -> Iterator[Record]:
    for turn in record.get("turns", ()):
        yield from turn.get("generations", ())


def common_prefix(a: tuple[int, ...], b: tuple[int, ...]) -> int:
    """Return how many leading tokens two sequences share.

    >>> common_prefix((1, 2, 3), (1, 2, 4, 5))
    2
    """
    if a == b[: len(a)]:
        return len(a)
    return sum(1 for _ in takewhile(bool, map(eq, a, b)))


def _unsayable_numbers(node: Any, path: str) -> Iterator[tuple[str, float]]:
    if isinstance(node, float) and not math.isfinite(node):
        yield path, node
    elif isinstance(node, dict):
        for key, value in node.items():
            yield from _unsayable_numbers(value, f"{path}.{key}")
    elif isinstance(node, list | tuple):
        for index, value in enumerate(node):
            yield from _unsayable_numbers(value, f"{path}[{index}]")


def without_timings(episode: Episode) -> Episode:
    """Return the episode with every duration and latency set to 0, to compare two runs.

    What remains is what was seen, said and scored: two runs of the same suite and seed with a
    deterministic model agree on it.
    """

    def still(generation: Generation) -> Generation:
        return replace(generation, latency_s=0.0)

    turns = tuple(
        replace(turn, duration_s=0.0, generations=tuple(map(still, turn.generations)))
        for turn in episode.turns
    )
    return replace(episode, turns=turns, duration_s=0.0)
