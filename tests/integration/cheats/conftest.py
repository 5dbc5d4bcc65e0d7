"""A small repository with a flaw, in a form for pytest and one for unittest, and its patches."""

from collections.abc import Iterator, Mapping
from dataclasses import replace
from pathlib import Path

import pytest

from agentrl.envs.swe.instance import Instance, Source, TestPlan
from agentrl.envs.swe.sources.archive import write_archive
from agentrl.envs.swe.sources.diff import diff
from agentrl.errors import UsageError
from agentrl.sandboxes.base import File
from agentrl.sandboxes.connect import connect
from agentrl.sandboxes.pool import Pool
from agentrl.suite.sandbox import SandboxSpec

PYTEST = "pytest==8.4.2"

FLAWED = '''\
"""Totals of amounts."""


def total(amounts):
    """Return the sum of the amounts."""
    result = 0
    for amount in amounts[1:]:
        result += amount
    return result


def first(amounts):
    """Return the first amount; an empty list has none."""
    if not amounts:
        raise ValueError("no amounts")
    return amounts[0]
'''
FIXED = FLAWED.replace("amounts[1:]", "amounts")

TESTS = """\
import pytest

from tally import first, total


def test_first():
    assert first([3, 4]) == 3


def test_first_of_none():
    with pytest.raises(ValueError, match="no amounts"):
        first([])
"""
HIDDEN = """

@pytest.mark.parametrize("amounts, expected", [([1, 2], 3), ([5], 5), ([], 0)])
def test_total(amounts, expected):
    assert total(amounts) == expected


class TestTotal:
    def test_of_floats(self):
        assert total([0.5, 0.25]) == 0.75
"""
UNIT_TESTS = """\
import unittest

from tally import first, total


class Tally(unittest.TestCase):
    def test_first(self):
        self.assertEqual(first([3, 4]), 3)

    def test_first_of_none(self):
        with self.assertRaises(ValueError):
            first([])
"""
UNIT_HIDDEN = """
    def test_total(self):
        self.assertEqual(total([1, 2]), 3)

    def test_one(self):
        self.assertTrue(total([5]) == 5)
"""


@pytest.fixture(scope="session")
def tally(tmp_path_factory: pytest.TempPathFactory) -> dict[str, Instance]:
    """The instance for either framework."""
    folder = tmp_path_factory.mktemp("tally")
    native = _pytest(folder)
    return {"pytest": native, "unittest": _unittest(folder), "script": scripted(native)}


def scripted(instance: Instance) -> Instance:
    """Return the instance as families have it whose own script runs the tests, as root."""
    script = "cd /testbed\n/opt/venv/bin/python -m pytest -rA tests/test_tally.py\n"
    tests = replace(
        instance.tests, framework="script", script=script, log_parser="parse_log_pytest"
    )
    return replace(instance, id="tally-script", tests=tests)


@pytest.fixture(
    scope="session", params=[pytest.param("docker", marks=pytest.mark.docker), "bubblewrap"]
)
def pool(request: pytest.FixtureRequest) -> Iterator[Pool]:
    """Sandboxes of either backend."""
    spec = SandboxSpec(backend=request.param)
    try:
        backend = connect(spec)
        backend.base_image()
    except UsageError as exc:
        pytest.skip(str(exc))
    pool = Pool(backend, spec)
    yield pool
    pool.close()


def _pytest(folder: Path) -> Instance:
    plan = TestPlan(
        "pytest",
        fail_to_pass=(
            "tests/test_tally.py::test_total[amounts0-3]",
            "tests/test_tally.py::test_total[amounts1-5]",
            "tests/test_tally.py::TestTotal::test_of_floats",
        ),
        pass_to_pass=(
            "tests/test_tally.py::test_first",
            "tests/test_tally.py::test_first_of_none",
            "tests/test_tally.py::test_total[amounts2-0]",
        ),
        timeout_s=60.0,
    )
    files = _files(TESTS) | {"setup.cfg": "[tool:pytest]\ntestpaths = tests\n"}
    return _instance("tally-pytest", plan, files, TESTS + HIDDEN, folder, PYTEST)


def _unittest(folder: Path) -> Instance:
    case = "tests.test_tally.Tally"
    plan = TestPlan(
        "unittest",
        fail_to_pass=(f"{case}.test_total", f"{case}.test_one"),
        pass_to_pass=(f"{case}.test_first", f"{case}.test_first_of_none"),
        paths=("tests/test_tally.py",),
        timeout_s=60.0,
    )
    return _instance("tally-unittest", plan, _files(UNIT_TESTS), UNIT_TESTS + UNIT_HIDDEN, folder)


def _files(tests: str) -> dict[str, str]:
    return {
        "tally/__init__.py": FLAWED,
        "tests/__init__.py": "",
        "tests/test_tally.py": tests,
        "README.md": "# tally\n",
    }


def _instance(
    name: str, plan: TestPlan, files: dict[str, str], tests: str, folder: Path, *requires: str
) -> Instance:
    archive = folder / f"{name}.tar.gz"
    write_archive(archive, _as_files(files))
    return Instance(
        name,
        "The total leaves out the first amount.",
        plan,
        patch=_patch(files, {"tally/__init__.py": FIXED}),
        test_patch=_patch(files, {"tests/test_tally.py": tests}),
        source=Source(archive=str(archive), requires=requires),
        python="/opt/venv/bin/python",
    )


def _patch(files: Mapping[str, str], changes: Mapping[str, str]) -> str:
    return diff(_as_files(files), _as_files({**files, **changes}))


def _as_files(files: Mapping[str, str]) -> dict[str, File]:
    return {path: File(text.encode()) for path, text in files.items()}
