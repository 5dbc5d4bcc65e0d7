import subprocess
import sys
from pathlib import Path

from agentrl.envs.swe.grading.logs import parse_log
from agentrl.envs.swe.grading.verdict import Status

SOURCE = '''\
import sys
import unittest

class T(unittest.TestCase):
    def test_ok(self):
        pass

    def test_told(self):
        """Adds two numbers."""

    def test_bad(self):
        sys.stderr.write("ok\\n")
        self.fail()

    def test_error(self):
        raise ValueError

    @unittest.skip("later")
    def test_later(self):
        pass

    @unittest.expectedFailure
    def test_known(self):
        self.fail()

    @unittest.expectedFailure
    def test_surprise(self):
        pass

    def test_noisy(self):
        sys.stderr.write("some output\\n")

    def test_parts(self):
        for i in range(3):
            with self.subTest(i=i):
                self.assertNotEqual(i, 1)
'''


def test_what_unittest_prints_is_read(tmp_path: Path) -> None:
    (tmp_path / "test_a.py").write_text(SOURCE)
    done = subprocess.run(
        [sys.executable, "-m", "unittest", "-v", "test_a"],
        cwd=tmp_path,
        capture_output=True,
        text=True,
        check=False,
    )
    name = "test_{0} (test_a.T.test_{0})"

    assert parse_log("unittest", done.stderr) == {
        name.format("ok"): Status.PASSED,
        name.format("told"): Status.PASSED,
        "Adds two numbers.": Status.PASSED,
        name.format("bad"): Status.FAILED,
        name.format("error"): Status.ERROR,
        name.format("later"): Status.SKIPPED,
        name.format("known"): Status.XFAIL,
        name.format("surprise"): Status.XPASS,
        name.format("noisy"): Status.PASSED,
        name.format("parts"): Status.FAILED,
        f"{name.format('parts')} (i=1)": Status.FAILED,
    }


DJANGO = """\
Testing against Django installed in '/testbed/django' with up to 1 processes
Creating test database for alias 'default' ('file:memorydb_default?mode=memory&cache=shared')...
test_add (admin.tests.AddTests) ... ok
test_change (admin.tests.AddTests)
Objects can be changed. ... FAIL
test_delete (admin.tests.AddTests) ... skipped "Database doesn't support it"
test_slow (admin.tests.AddTests) ... System check identified no issues (0 silenced).
ok
test_view (admin.tests.AddTests) ... Internal Server Error: /admin/
Traceback (most recent call last):
ValueError: ...
ok
test_lost (admin.tests.AddTests) ... Internal Server Error: /lost/
  Applying sites.0002_alter_domain_unique...test_no_migrations (admin.tests.M) ... ok
test_unknown (admin.tests.AddTests) ... expected failure

======================================================================
FAIL: test_change (admin.tests.AddTests)
Objects can be changed.
----------------------------------------------------------------------
AssertionError
======================================================================
ERROR: test_part (admin.tests.AddTests) (i=2)
----------------------------------------------------------------------
Ran 8 tests in 0.5s

FAILED (failures=1, errors=1)
"""


def test_what_djangos_runner_prints_is_read() -> None:
    assert parse_log("parse_log_django", DJANGO) == {
        "test_add (admin.tests.AddTests)": Status.PASSED,
        "test_change (admin.tests.AddTests)": Status.FAILED,
        "Objects can be changed.": Status.FAILED,
        "test_delete (admin.tests.AddTests)": Status.SKIPPED,
        "test_slow (admin.tests.AddTests)": Status.PASSED,
        "test_view (admin.tests.AddTests)": Status.PASSED,
        "test_no_migrations (admin.tests.M)": Status.PASSED,
        "test_unknown (admin.tests.AddTests)": Status.XFAIL,
        "test_part (admin.tests.AddTests)": Status.ERROR,
    }


SYMPY = """\
============================= test process starts ==============================
executable:         /opt/miniconda3/envs/testbed/bin/python  (3.9.20-final-0) [CPython]

sympy/core/tests/test_basic.py[5]
test_structure ok
test_equality F
test_xreplace E
test_known f
test_slow s - too slow
test_noisy printed ok
test_odd X                                                                [FAIL]

________________________________________________________________________________
_________________ sympy/core/tests/test_basic.py:test_equality _________________
Traceback (most recent call last):
AssertionError
test_equality ok
============ tests finished: 1 passed, 1 failed, in 0.33 seconds ============
"""


def test_what_sympys_runner_prints_is_read() -> None:
    assert parse_log("parse_log_sympy", SYMPY) == {
        "test_structure": Status.PASSED,
        "test_equality": Status.FAILED,
        "sympy/core/tests/test_basic.py:test_equality": Status.FAILED,
        "test_xreplace": Status.ERROR,
        "test_known": Status.XFAIL,
        "test_slow": Status.SKIPPED,
        "test_noisy": Status.PASSED,
        "test_odd": Status.XPASS,
    }
