"""The report of a run: one HTML file that needs nothing else, not even a network."""

import os
import shutil
import tempfile
from collections.abc import Callable, Iterable, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import IO, Any

from agentrl.episode import Episode, Generation, Turn
from agentrl.errors import StorageError
from agentrl.runs.summary import Summary
from agentrl.runs.summary_facts import Facts, facts
from agentrl.view.html import asset, data_block, encode, escape, page
from agentrl.view.overview import overview
from agentrl.view.plots import plots
from agentrl.view.rewards_by_group import rewards_by_group, term_names

MAX_BYTES = 50_000_000
"""Episodes are shown in full up to this size; a browser opens such a page in a few seconds."""

_SPLIT = "<!-- episodes -->"


@dataclass(frozen=True, slots=True)
class Head:
    """What a page tells before its episodes."""

    title: str
    overview: str
    """HTML."""
    plots: str
    """HTML."""
    notice: str = ""
    """HTML above the list of episodes."""


def write_report(
    path: Path,
    summary: Summary,
    episodes: Iterable[Episode],
    suite_yaml: str,
    *,
    max_bytes: int = MAX_BYTES,
) -> None:
    """Write the report of a run; who reads the old one meanwhile keeps it.

    Args:
        path: the file to write, replaced at once when the new one is whole.
        summary: what the run amounts to.
        episodes: its episodes, read once, one at a time.
        suite_yaml: the resolved suite.
        max_bytes: size of the page from which on episodes are listed without their turns.

    Raises:
        StorageError: the file cannot be written.
    """

    def head(rows: Sequence[Facts]) -> Head:
        shown = overview(summary) + rewards_by_group(rows)
        return Head(summary.run, shown, plots(summary, rows))

    write_page(path, head, episodes, suite_yaml, max_bytes=max_bytes)


def write_page(
    path: Path,
    head: Callable[[Sequence[Facts]], Head],
    episodes: Iterable[Episode],
    suite_yaml: str,
    *,
    max_bytes: int = MAX_BYTES,
) -> None:
    """Write a page with episodes to read turn by turn.

    Args:
        path: the file to write, replaced at once when the new one is whole.
        head: returns the page's head from the numbers of all its episodes.
        episodes: read once, one at a time.
        suite_yaml: the resolved suite.
        max_bytes: size of the page from which on episodes are listed without their turns.

    Raises:
        StorageError: the file cannot be written.
    """
    temporary = path.with_name(f".{path.name}.{os.getpid()}.tmp")
    try:
        with temporary.open("wb") as file, tempfile.TemporaryFile(dir=path.parent) as spool:
            rows, complete = _spool(spool, episodes, max_bytes)
            before, after = _page(head(rows), rows, complete, suite_yaml).split(_SPLIT)
            file.write(encode(before))
            spool.seek(0)
            shutil.copyfileobj(spool, file)
            file.write(encode(after))
        temporary.replace(path)
    except OSError as exc:
        raise StorageError(
            f"cannot write the report {path}: {exc.strerror or exc}; the episodes are kept: make "
            f"room, then write it again with: agentrl report {path.parent}"
        ) from exc
    finally:
        temporary.unlink(missing_ok=True)


def _spool(
    spool: IO[bytes], episodes: Iterable[Episode], max_bytes: int
) -> tuple[list[Facts], int]:
    """Write the episodes' data; return the numbers of all and how many are there in full."""
    rows: list[Facts] = []
    complete, size = 0, 0
    for episode in episodes:
        if complete == len(rows):  # none was left out so far
            block = encode(data_block(f"episode-{len(rows)}", _episode(episode)))
            if size + len(block) <= max_bytes:
                size += spool.write(block)
                complete += 1
        rows.append(facts(episode))
    return rows, complete


def _page(head: Head, rows: Sequence[Facts], complete: int, suite_yaml: str) -> str:
    values = {
        "title": escape(head.title),
        "overview": head.overview,
        "plots": head.plots,
        "notice": head.notice + _notice(complete, len(rows)),
        "count": str(len(rows)),
        "suite": escape(suite_yaml),
        "index": data_block("index", [_row(row) for row in rows])
        + data_block("terms", list(term_names(rows))),
        "episodes": _SPLIT,
    }
    return page(asset("report.html"), asset("report.css"), asset("report.js"), values)


def _notice(complete: int, total: int) -> str:
    if complete == total:
        return ""
    return (
        f'<p class="notice">The first {complete} of {total} episodes are here turn by turn. The '
        f"others are listed without their turns, to keep this page small enough to open; all "
        f"stand in episodes.jsonl beside it.</p>"
    )


def _row(row: Facts) -> dict[str, Any]:
    """Return what the list of episodes shows and sorts by."""
    return {
        "id": row.id,
        "task": row.task_id,
        "group": row.task_group,
        "attempt": row.attempt,
        "status": str(row.status),
        "stop": str(row.stop_reason),
        "success": row.success,
        "score": row.score,
        "reward": row.scored_reward,
        "turns": row.turns,
        "tokens": row.prompt_tokens + row.completion_tokens,
        "cost": row.cost_usd,
        "seconds": row.duration_s,
        "error": row.error.kind if row.error else None,
    }


def _episode(episode: Episode) -> dict[str, Any]:
    """Return what the page shows of an episode beside its row."""
    return {
        "agent": episode.agent,
        "seed": episode.seed,
        "tries": episode.tries,
        "weights": episode.weights_version,
        "outcome": dict(episode.outcome),
        "error": None if episode.error is None else [episode.error.kind, episode.error.message],
        "final": episode.final_observation,
        "gates": [[gate.name, gate.open, gate.why] for gate in episode.gates],
        "turns": [_turn(turn) for turn in episode.turns],
    }


def _turn(turn: Turn) -> dict[str, Any]:
    return {
        "observation": turn.observation,
        "action": turn.action,
        "answers": [_answer(generation) for generation in turn.generations],
        "signals": dict(turn.signals),
        "terms": dict(turn.terms),
        "env_reward": turn.env_reward,
        "seconds": round(turn.duration_s, 3),
    }


def _answer(generation: Generation) -> dict[str, Any]:
    usage, logprobs = generation.usage, generation.logprobs
    return {
        "text": generation.text,
        "model": generation.model,
        "finish": generation.finish_reason,
        "tokens": [usage.prompt_tokens, usage.completion_tokens, usage.cached_tokens],
        "cost": generation.cost_usd,
        "seconds": round(generation.latency_s, 3),
        "token_ids": generation.token_ids,
        "logprobs": None if logprobs is None else [round(value, 3) for value in logprobs],
        "allowed": generation.allowed and [ids and len(ids) for ids in generation.allowed],
    }
