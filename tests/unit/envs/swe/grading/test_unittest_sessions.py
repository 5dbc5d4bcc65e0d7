"""What the runner tells of a session of unittest."""

from typing import Any

import pytest

from agentrl.envs.swe.grading.canaries import wrong_answer

CASES = """
import unittest
from calc import add

class Case(unittest.TestCase):
    def test_passes(self): self.assertEqual(add(1, 1), 2)
    def test_fails(self): self.assertEqual(add(1, 1), 3)
    def test_raises(self): raise ValueError("odd")
    def test_subtests(self):
        for number in range(3):
            with self.subTest(number=number):
                self.assertEqual(number, 0)
    @unittest.expectedFailure
    def test_expected(self): self.fail()
    @unittest.expectedFailure
    def test_unexpected(self): pass
    def test_skipped(self): self.skipTest("today")

class Broken(unittest.TestCase):
    @classmethod
    def setUpClass(cls): raise ValueError("no class")
    def test_it(self): pass

class Skipped(unittest.TestCase):
    @classmethod
    def setUpClass(cls): raise unittest.SkipTest("no class")
    def test_it(self): pass
"""


@pytest.fixture
def cases(repository: Any) -> Any:
    repository.framework = "unittest"
    repository.put("tests/__init__.py", "")
    return repository


def test_every_outcome_is_told_apart(cases: Any) -> None:
    cases.put("tests/test_all.py", CASES)
    cases.arguments = ["tests.test_all"]

    session = cases.run()

    assert session.records.ended
    assert session.records.problem == ""
    assert wrong_answer(session.canaries, session.records.statuses) == ""
    case = "tests.test_all.Case."
    assert session.statuses == {
        f"{case}test_passes": "PASSED",
        f"{case}test_fails": "FAILED",
        f"{case}test_raises": "ERROR",
        f"{case}test_subtests": "FAILED",
        f"{case}test_expected": "XFAIL",
        f"{case}test_unexpected": "XPASS",
        f"{case}test_skipped": "SKIPPED",
    }
    assert set(session.records.broken) == {"tests.test_all.Broken"}


@pytest.mark.parametrize("argument", ["tests", "tests/test_it.py", "tests.test_it"])
def test_a_folder_a_file_and_a_module_can_be_named(cases: Any, argument: str) -> None:
    cases.put(
        "tests/test_it.py",
        "import unittest\nclass A(unittest.TestCase):\n    def test_it(self): pass\n",
    )
    cases.arguments = [argument]

    assert cases.run().statuses == {"tests.test_it.A.test_it": "PASSED"}


def test_a_module_that_cannot_be_imported_stops_no_other(cases: Any) -> None:
    cases.put("tests/test_bad.py", "import nowhere\n")
    cases.put(
        "tests/test_it.py",
        "import unittest\nclass A(unittest.TestCase):\n    def test_it(self): pass\n",
    )
    cases.arguments = ["tests.test_bad", "tests.test_it"]

    session = cases.run()

    assert session.statuses == {"tests.test_it.A.test_it": "PASSED"}
    assert "nowhere" in session.records.broken["tests.test_bad"]


@pytest.mark.parametrize(
    ("body", "said"),
    [
        ("import os; os._exit(0)", None),
        ("unittest.TestCase.assertEqual = None", "unittest.case.TestCase.assertEqual"),
        ("unittest.TestResult.addError = None", "unittest.result.TestResult.addError"),
        ("type(case).assertEqual = print", "not the one that stands in its file"),
        ("case.run = print", "not the one that stands in its file"),
        ("type(case).test_other = lambda self: None", "not the one that stands in its file"),
    ],
)
def test_source_that_meddles_voids_the_run(cases: Any, body: str, said: str | None) -> None:
    cases.put("calc.py", f"import unittest\n\ndef meddle(case):\n    {body}\n")
    cases.put(
        "tests/test_it.py",
        "import unittest\nfrom calc import meddle\n"
        "class A(unittest.TestCase):\n    def test_it(self):\n        meddle(self)\n"
        "    def test_other(self):\n        self.assertEqual(1, 1)\n",
    )
    cases.arguments = ["tests.test_it"]

    session = cases.run()

    if said is None:
        assert not session.records.ended
    else:
        assert said in session.records.problem


def test_sys_exit_in_a_test_ends_the_run_early(cases: Any) -> None:
    cases.put(
        "tests/test_it.py",
        "import sys, unittest\nclass A(unittest.TestCase):\n    def test_it(self): sys.exit(0)\n",
    )
    cases.arguments = ["tests.test_it"]

    session = cases.run()

    assert session.statuses.get("tests.test_it.A.test_it") != "PASSED"
