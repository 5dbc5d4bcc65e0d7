import contextlib
import io
import re
import subprocess
import sys
import tarfile
from pathlib import Path

import pytest

from agentrl.envs.swe.dataset import read_instances
from agentrl.envs.swe.formats.families import instance_of
from agentrl.envs.swe.patch import join, parse_patch

PAGE = Path(__file__).parents[4] / "docs/swe/instances.md"
FILES = re.compile(r"\*\*`(?P<name>[^`]+)`\*\*\n\n```\w+\n(?P<text>.*?)```\n", re.DOTALL)
REPOSITORY = {
    "adder.py": "def add(a, b):\n    return a + abs(b)\n",
    "tests/__init__.py": "",
    "tests/test_adder.py": (
        "import unittest\n\nimport adder\n\n\nclass AdderTest(unittest.TestCase):\n"
        "    def test_positive(self):\n        self.assertEqual(adder.add(2, 3), 5)\n"
    ),
}


@pytest.fixture
def task(tmp_path: Path) -> Path:
    """The task folder that the page shows."""
    for found in FILES.finditer(PAGE.read_text()):
        path = tmp_path / found["name"]
        path.parent.mkdir(exist_ok=True)
        path.write_text(found["text"])
    with tarfile.open(tmp_path / "adder-1/repo.tar.gz", "w:gz") as archive:
        for name, text in REPOSITORY.items():
            member = tarfile.TarInfo(name)
            member.size = len(text)
            archive.addfile(member, io.BytesIO(text.encode()))
    return tmp_path / "adder-1"


def outcomes(folder: Path, ids: tuple[str, ...]) -> list[bool]:
    """Return which tests pass, each run by itself."""
    runs = (
        subprocess.run([sys.executable, "-m", "unittest", name], cwd=folder, capture_output=True)
        for name in ids
    )
    return [run.returncode == 0 for run in runs]


def apply(folder: Path, patch: str) -> None:
    given = join(parse_patch(patch)).encode()
    subprocess.run(["git", "apply", "-"], cwd=folder, input=given, check=True)


def test_the_task_folder_of_the_page_is_a_task(task: Path, tmp_path: Path) -> None:
    (instance,) = read_instances(task)
    assert instance.source is not None
    tests = (*instance.tests.fail_to_pass, *instance.tests.pass_to_pass)
    folder = tmp_path / "checkout"
    with tarfile.open(instance.source.archive) as archive:
        archive.extractall(folder, filter="data")
    apply(folder, instance.test_patch)

    before = outcomes(folder, tests)
    apply(folder, instance.patch)

    assert (instance.id, before, outcomes(folder, tests)) == (
        "adder-1",
        [False, True],
        [True, True],
    )


def test_the_example_in_python_runs(task: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.chdir(task.parent)
    (code,) = re.findall(r"```python\n(.*?)```", PAGE.read_text(), re.DOTALL)
    printed = io.StringIO()

    with contextlib.redirect_stdout(printed):
        exec(code, {})

    assert printed.getvalue() == "adder-1 ('tests.test_adder.AdderTest.test_negative',)\n"


def test_the_page_names_every_family() -> None:
    from typing import get_args

    from agentrl.envs.swe.instance import Family

    named = re.findall(r"^\| `([\w-]+)` \|", PAGE.read_text(), re.MULTILINE)
    assert {*named, "agentrl"} >= set(get_args(Family))


def test_what_the_page_says_of_a_row_of_ours_is_enough() -> None:
    instance_of({"id": "a", "problem": "b", "tests": {"files": {"x": {"base64": "/w=="}}}})
