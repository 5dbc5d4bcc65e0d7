import hashlib
import hmac
import json

import pytest

from agentrl.envs.swe.grading.records import read_records
from agentrl.envs.swe.grading.runner.channel import open_channel
from agentrl.envs.swe.grading.verdict import Status

KEY = b"k" * 32


def line(number: int, record: dict[str, str], key: bytes = KEY) -> bytes:
    body = f"{number} {json.dumps(record)}".encode()
    return hmac.new(key, body, hashlib.sha256).hexdigest().encode() + b" " + body + b"\n"


PASSED = {"kind": "test", "id": "a::b", "status": "PASSED"}
END = {"kind": "end", "status": "0"}


def test_signed_lines_are_read() -> None:
    records = read_records(line(0, PASSED) + line(1, END), KEY)

    assert records.statuses == {"a::b": Status.PASSED}
    assert records.ended
    assert records.problem == ""


@pytest.mark.parametrize(
    "stdout",
    [
        line(0, PASSED, b"other") + line(1, END),
        b"PASSED a::b\n" + line(0, END),
        line(1, PASSED) + line(2, END),
        line(0, PASSED) + line(0, PASSED) + line(1, END),
        line(0, END) + line(1, PASSED),
        line(0, PASSED) + b"\n" + line(1, END),
        line(0, PASSED) + line(1, END) + b"more",
    ],
)
def test_whatever_is_not_the_runners_own_is_a_problem(stdout: bytes) -> None:
    assert "channel of results" in read_records(stdout, KEY).problem


def test_a_test_that_ran_twice_has_the_worse_of_both() -> None:
    failed = {**PASSED, "status": "FAILED"}

    assert read_records(line(0, failed) + line(1, PASSED), KEY).statuses["a::b"] is Status.FAILED


def test_the_runner_signs_as_the_reader_checks(tmp_path: object) -> None:
    import os

    out, into = os.pipe()
    emit = open_channel(into, KEY)
    emit("test", {"id": 'ü "quoted"\n\ud800', "status": "PASSED"})
    emit("end", {"status": "0"})
    os.close(into)

    records = read_records(os.read(out, 65536), KEY)
    os.close(out)

    assert records.statuses == {'ü "quoted"\n\ud800': Status.PASSED}
    assert records.ended
