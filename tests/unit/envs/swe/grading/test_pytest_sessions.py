"""What the runner tells of a session of pytest."""

import sys
from typing import Any

import pytest

from agentrl.envs.swe.grading.canaries import wrong_answer

OUTCOMES = """
import sys, unittest
import pytest
from calc import add

def test_passes(): assert add(1, 2) == 3
def test_fails(): assert add(1, 2) == 4
@pytest.mark.parametrize("text", ["a", "b::c[d]", "ü \\n"])
def test_each(text): assert text
@pytest.mark.skip
def test_skipped(): pass
@pytest.mark.xfail
def test_xfail(): assert False
@pytest.mark.xfail
def test_xpass(): pass
@pytest.mark.xfail(strict=True)
def test_strict(): pass
def test_exits(): sys.exit(0)
@pytest.fixture
def broken(): raise ValueError
def test_setup(broken): pass
@pytest.fixture
def torn():
    yield
    raise ValueError
def test_teardown(torn): pass

class TestCase(unittest.TestCase):
    def test_passes(self): self.assertEqual(add(1, 1), 2)
    def test_fails(self): self.assertEqual(add(1, 1), 3)
    def test_subtests(self):
        for number in range(3):
            with self.subTest(number=number):
                self.assertEqual(number, 0)
    @unittest.expectedFailure
    def test_expected(self): self.fail()
    def test_skipped(self): self.skipTest("today")
"""


def test_every_outcome_is_told_apart(repository: Any) -> None:
    repository.put("tests/test_all.py", OUTCOMES)

    session = repository.run()

    assert session.records.ended
    assert session.records.problem == ""
    assert wrong_answer(session.canaries, session.records.statuses) == ""
    file = "tests/test_all.py::"
    assert session.statuses == {
        f"{file}test_passes": "PASSED",
        f"{file}test_fails": "FAILED",
        f"{file}test_each[a]": "PASSED",
        f"{file}test_each[b::c[d]]": "PASSED",
        f"{file}test_each[\\xfc \\n]": "PASSED",
        f"{file}test_skipped": "SKIPPED",
        f"{file}test_xfail": "XFAIL",
        f"{file}test_xpass": "XPASS",
        f"{file}test_strict": "FAILED",
        f"{file}test_exits": "FAILED",
        f"{file}test_setup": "ERROR",
        f"{file}test_teardown": "ERROR",
        f"{file}TestCase::test_passes": "PASSED",
        f"{file}TestCase::test_fails": "FAILED",
        f"{file}TestCase::test_subtests": "FAILED",
        f"{file}TestCase::test_expected": "XFAIL",
        f"{file}TestCase::test_skipped": "SKIPPED",
    }
    assert "assert 3 == 4" in session.records.messages[f"{file}test_fails"]


def test_a_file_that_cannot_be_imported_stops_no_other(repository: Any) -> None:
    repository.put("tests/test_bad.py", "import nowhere\n\ndef test_it(): pass\n")
    repository.put("tests/test_good.py", "def test_it(): pass\n")

    session = repository.run()

    assert session.statuses == {"tests/test_good.py::test_it": "PASSED"}
    assert "No module named 'nowhere'" in session.records.broken["tests/test_bad.py"]


def test_the_projects_own_settings_conftest_and_fixtures_are_in_force(repository: Any) -> None:
    repository.put("setup.cfg", "[tool:pytest]\npython_files = check_*.py\naddopts = -x --strict\n")
    repository.put("conftest.py", "import pytest\n@pytest.fixture\ndef two(): return 2\n")
    repository.put(
        "tests/check_it.py", "def test_no(): assert 0\ndef test_it(two): assert two == 2\n"
    )

    session = repository.run()

    assert session.statuses == {
        "tests/check_it.py::test_no": "FAILED",
        "tests/check_it.py::test_it": "PASSED",
    }


def test_ids_are_relative_to_the_repository_wherever_pytest_has_its_root(repository: Any) -> None:
    repository.put("sub/pytest.ini", "[pytest]\n")
    repository.put("sub/tests/test_it.py", "def test_it(): pass\n")
    repository.arguments = ["sub/tests"]
    (repository.folder / "tests").mkdir()

    assert repository.run().statuses == {"sub/tests/test_it.py::test_it": "PASSED"}


def test_examples_in_docstrings_are_tests(repository: Any) -> None:
    repository.put("calc.py", 'def one():\n    """\n    >>> one()\n    1\n    """\n    return 1\n')
    repository.put("tests/test_it.py", "def test_it(): pass\n")
    repository.arguments = ["calc.py", "tests"]
    repository.options = ["--doctest-modules"]

    assert repository.run().statuses["calc.py::calc.one"] == "PASSED"


def test_tests_that_patch_and_restore_are_no_tampering(repository: Any) -> None:
    repository.put(
        "tests/test_it.py",
        """
import builtins, sys, unittest
from unittest import mock
import pytest

def test_builtins(monkeypatch):
    monkeypatch.setattr(builtins, "len", lambda thing: 7)
    assert len("") == 7

def test_framework():
    with mock.patch.object(pytest, "raises", None), mock.patch.object(sys, "excepthook", print):
        assert pytest.raises is None

@mock.patch.object(unittest.TestCase, "assertEqual")
def test_case(equal):
    unittest.TestCase().assertEqual(1, 2)
""",
    )

    session = repository.run()

    assert session.records.problem == ""
    assert set(session.statuses.values()) == {"PASSED"}


def test_a_library_that_pytest_uses_itself_is_the_repositorys_own_in_its_tests(
    repository: Any,
) -> None:
    repository.put("iniconfig.py", "HERE = True\n")
    repository.put("tests/test_it.py", "import iniconfig\ndef test_it(): assert iniconfig.HERE\n")

    session = repository.run()

    assert session.records.problem == ""
    assert session.statuses == {"tests/test_it.py::test_it": "PASSED"}


def test_import_paths_are_on_the_path(repository: Any) -> None:
    repository.put("src/deep.py", "HERE = True\n")
    repository.put("tests/test_it.py", "import deep\ndef test_it(): assert deep.HERE\n")
    repository.import_paths = ["src"]

    assert repository.run().statuses == {"tests/test_it.py::test_it": "PASSED"}


def test_no_sitecustomize_runs_before_the_runner(repository: Any) -> None:
    repository.put("sitecustomize.py", "import os\nos._exit(0)\n")
    repository.put("tests/test_it.py", "def test_it(): pass\n")

    session = repository.run(env={"AGENTRL_PYTHONPATH": str(repository.folder)})

    assert session.records.ended


@pytest.mark.parametrize(
    ("body", "said"),
    [
        ("import os; os._exit(0)", None),
        ("import os, signal; os.kill(os.getpid(), signal.SIGKILL)", None),
        ("import os; [os.write(fd, b'{}') for fd in (200, 201)]", "something else wrote"),
        ("import builtins; builtins.Warning = None", "tampered with: builtins.Warning"),
        ("import pytest; pytest.raises = None", "tampered with: pytest.raises"),
        ("import unittest; unittest.TestCase.fail = None", "unittest.case.TestCase.fail"),
        ("import unittest; unittest.TestCase.fail.__code__ = (lambda *a: 1).__code__", "fail"),
        ("import unittest; unittest.TestCase.fail.__defaults__ = (1,)", "fail"),
        ("test.__code__ = (lambda: None).__code__", "not the one that stands in its file"),
    ],
)
def test_source_that_meddles_voids_the_run(repository: Any, body: str, said: str | None) -> None:
    repository.put("calc.py", f"def meddle(test):\n    {body}\n")
    repository.put(
        "tests/test_it.py",
        "from calc import meddle\n"
        "def test_it(): meddle(test_other)\ndef test_other():\n    assert 1\n",
    )

    session = repository.run()

    if said is None:
        assert not session.records.ended
    else:
        assert said in session.records.problem


def test_a_failure_marked_by_nobody_but_the_source_is_a_failure(repository: Any) -> None:
    repository.put("calc.py", "def add(a, b):\n    import pytest\n    pytest.xfail('known')\n")
    repository.put("tests/test_it.py", "from calc import add\ndef test_it(): add(1, 2)\n")

    assert repository.run().statuses == {"tests/test_it.py::test_it": "FAILED"}


def test_what_a_failing_test_says_is_cut(repository: Any) -> None:
    repository.put("tests/test_it.py", "def test_it():\n    assert 'x' * 90000 == '', 'the end'\n")

    (message,) = [
        text for id, text in repository.run().records.messages.items() if id.endswith("::test_it")
    ]

    assert len(message) <= 2003


def test_the_runner_is_written_for_old_pythons() -> None:
    import ast

    from agentrl.envs.swe.grading.run import runner_files

    assert sys.version_info >= (3, 11)
    for path, source in runner_files().items():
        ast.parse(source, path, feature_version=(3, 6))
