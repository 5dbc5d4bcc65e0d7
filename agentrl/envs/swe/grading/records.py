"""Reads what the runner sent: signed, numbered records, and nothing else."""

import hashlib
import hmac
import json
from collections.abc import Mapping
from dataclasses import dataclass, field

from agentrl.envs.swe.grading.verdict import Status

_WORST = (
    Status.PASSED,
    Status.XPASS,
    Status.XFAIL,
    Status.SKIPPED,
    Status.FAILED,
    Status.ERROR,
)


_LOADING = "unittest.loader._FailedTest."  # stands for a module that could not be loaded


@dataclass(slots=True)
class Records:
    """What came over the channel."""

    statuses: dict[str, Status] = field(default_factory=dict)
    messages: dict[str, str] = field(default_factory=dict)
    broken: dict[str, str] = field(default_factory=dict)
    """What could not be collected, with the reason: files, or beginnings of ids."""
    problem: str = ""
    """Why the records cannot be trusted, as far as they tell themselves."""
    ended: bool = False
    """Whether the runner came to its end."""
    status: int = 0
    """The exit status of pytest or unittest."""
    planned: int | None = None
    """How many tests were collected."""
    ran: int = 0


def read_records(stdout: bytes, key: bytes) -> Records:
    """Check and read the runner's lines, up to the first that is not genuine."""
    records = Records()
    *lines, rest = stdout.split(b"\n")
    for number, line in enumerate(lines):
        body = _genuine(line, key, number)
        if body is None or records.ended:
            records.problem = records.problem or "something else wrote to the channel of results"
            return records
        _take(records, body)
    if rest:
        records.problem = records.problem or "the channel of results broke off within a record"
    return records


def _genuine(line: bytes, key: bytes, number: int) -> Mapping[str, str] | None:
    mac, _, body = line.partition(b" ")
    if not hmac.compare_digest(mac, hmac.new(key, body, hashlib.sha256).hexdigest().encode()):
        return None
    count, _, text = body.partition(b" ")
    if int(count) != number:
        return None
    record: Mapping[str, str] = json.loads(text)
    return record


def _take(records: Records, record: Mapping[str, str]) -> None:
    match record["kind"]:
        case "test":
            _take_test(records, record)
        case "foreign":
            _take_test(records, record)
            records.problem = records.problem or (
                f"the test {record['id']} is not the one that stands in its file"
            )
        case "broken":
            records.broken.setdefault(record["id"], record["message"])
        case "tampered":
            records.problem = (
                records.problem or f"the test framework was tampered with: {record['name']}"
            )
        case "collected":
            records.planned = int(record["count"])
        case "end":
            records.ended = True
            records.status = int(record.get("status", 0))
            records.problem = records.problem or record.get("problem", "")


def _take_test(records: Records, record: Mapping[str, str]) -> None:
    name, status = record["id"], Status(record["status"])
    if name.startswith(_LOADING):
        return
    known = records.statuses.get(name, status)
    records.statuses[name] = max(known, status, key=_WORST.index)
    records.ran += 1
    if message := record.get("message"):
        records.messages.setdefault(name, message)
