"""How one patch fared: a verdict, or why there is none."""

import json
from collections.abc import Iterator
from dataclasses import asdict, dataclass, fields
from pathlib import Path
from typing import Any

from agentrl.envs.swe.grading.verdict import Verdict
from agentrl.errors import RecordError

SCHEMA = 1


@dataclass(frozen=True, slots=True)
class Result:
    """What grading a patch came to."""

    instance_id: str
    model: str
    patch_digest: str
    verdict: Verdict | None = None
    """None: there is none, for the reason that ``error`` gives. It is not a failure of the patch
    and counts as nothing."""
    error: str = ""
    tries: int = 1
    cached: bool = False
    """Whether the verdict was known from an earlier grading of the same."""

    @property
    def key(self) -> tuple[str, str, str]:
        """What tells it from every other, as ``Job.key``."""
        return self.instance_id, self.model, self.patch_digest


def dump_result(result: Result) -> str:
    """Return a result as one line of JSON, with its end; the log stands in a file of its own."""
    record = {"schema": SCHEMA, **asdict(result)}
    if result.verdict is not None:
        del record["verdict"]["log"]
    return json.dumps(record) + "\n"


def load_result(line: str) -> Result:
    """Return the result that a line holds.

    Raises:
        RecordError: it holds none, or one that a newer agentrl wrote.
    """
    try:
        record = json.loads(line)
        if record.pop("schema") != SCHEMA:
            raise RecordError("written by another version of agentrl; grade anew in another folder")
        verdict = record.pop("verdict")
        return Result(**record, verdict=None if verdict is None else load_verdict(verdict))
    except (ValueError, TypeError, KeyError, AttributeError) as exc:
        if isinstance(exc, RecordError):
            raise
        raise RecordError(f"not the record of a verdict: {type(exc).__name__}: {exc}") from None


def load_verdict(record: dict[str, Any]) -> Verdict:
    """Return the verdict that a JSON object holds; keys that are not known are passed over."""
    known = {field.name for field in fields(Verdict)}
    values = {name: value for name, value in record.items() if name in known}
    return Verdict(**{**values, "dropped": tuple(values.get("dropped", ()))})


def read_results(path: Path) -> Iterator[Result]:
    """Read a file of results; a torn last line, left by a killed process, is passed over.

    Raises:
        RecordError: another line cannot be read; the message names it.
    """
    if not path.exists():
        return
    with path.open("rb") as lines:
        for number, line in enumerate(lines, start=1):
            if not line.endswith(b"\n"):
                return
            try:
                yield load_result(line.decode())
            except (RecordError, UnicodeDecodeError) as exc:
                raise RecordError(
                    f"{path}:{number}: {exc}; delete that line, and --resume grades it again"
                ) from None
