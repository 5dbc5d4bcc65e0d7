"""What ``agentrl tasks`` says and with which code it ends."""

import json
from pathlib import Path

import pytest

from agentrl.envs.swe.dataset import read_instances
from agentrl.sandboxes.base import Backend
from tests.commands import ROOT, Done, agentrl

MODULE = "def double(a):\n    return a + a\n\n\ndef least(a, b):\n    return a if a < b else b\n"
TESTS = """\
from numbers_ import double, least


def test_double():
    assert double(3) == 6


def test_least():
    assert least(1, 2) == 1
    assert least(2, 1) == 1
"""


def tasks(*arguments: object, cwd: Path = ROOT) -> Done:
    return agentrl("tasks", *arguments, cwd=cwd)


def test_the_tasks_of_a_suite_are_listed() -> None:
    done = tasks("list", "tasks/quickstart.yaml", "--set", "tasks.generate.count=2", "--json")
    rows = [json.loads(line) for line in done.stdout.splitlines()]
    assert [(row["id"], row["seed"]) for row in rows] == [
        ("w2-o3-q4-1000", 1000),
        ("w2-o3-q4-1001", 1001),
    ]


def test_the_instances_of_a_data_set_are_listed_by_the_suite_and_by_themselves() -> None:
    by_suite = tasks("list", "tasks/swe/mined.yaml").stdout.splitlines()
    by_file = tasks("list", "tasks/swe/mined.jsonl").stdout.splitlines()
    assert len(by_suite) >= 20
    assert [line.split("\t")[0] for line in by_suite] == [line.split("\t")[0] for line in by_file]
    assert len({line.split("__")[0] for line in by_suite}) >= 8


@pytest.mark.parametrize(
    ("arguments", "said"),
    [
        (["list", "nothing.yaml"], "nothing.yaml"),
        (["mine", "toolz"], "names no release: give NAME==NEW"),
        (["mine", "toolz==1.1.0", "--requires", "needs.txt"], "no file needs.txt"),
        (["mutate", "nothing"], "is no repository: give a folder"),
        (["mutate", "tasks"], "has no tests that can be found by their names"),
        (["mutate", "tests/unit", "--tests", "nowhere"], "has no file or folder nowhere"),
    ],
)
def test_bad_input_ends_with_2_and_one_message(arguments: list[str], said: str) -> None:
    done = tasks(*arguments)
    assert done.returncode == 2
    assert said in done.stderr
    assert "Traceback" not in done.stderr


@pytest.mark.docker
def test_a_folder_becomes_a_data_set_and_what_was_written_into_it_is_no_part_of_it(
    tmp_path: Path, docker_backend: Backend
) -> None:
    (tmp_path / "numbers_.py").write_text(MODULE)
    (tmp_path / "test_numbers.py").write_text(TESTS)
    written = []
    for _ in range(2):
        done = tasks("mutate", ".", "--count", 1, "--max-broken", 0.5, cwd=tmp_path)
        assert done.returncode == 0, done.stderr
        assert done.stdout.strip() == "mutants.jsonl: 1 instances"
        assert "2 tests pass, 0 do not, 0 vary" in done.stderr
        written.append({path.name: path.read_bytes() for path in tmp_path.iterdir()})
    assert written[0] == written[1]
    (instance,) = read_instances(tmp_path / "mutants.jsonl")
    assert len(instance.tests.fail_to_pass) == 1


@pytest.mark.docker
def test_a_repository_whose_tests_notice_nothing_gives_nothing(
    tmp_path: Path, docker_backend: Backend
) -> None:
    (tmp_path / "numbers_.py").write_text("a = 1\n")
    (tmp_path / "test_numbers.py").write_text(
        "import numbers_\n\n\ndef test_nothing():\n    pass\n"
    )
    done = tasks("mutate", tmp_path, "--out", tmp_path / "m.jsonl", cwd=tmp_path)
    assert done.returncode == 2
    assert "no flaw breaks a test" in done.stderr
    assert not (tmp_path / "m.jsonl").exists()
