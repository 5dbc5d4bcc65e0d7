import os
import subprocess
import sys
from pathlib import Path

import pytest

from agentrl.envs.swe.grading.logs import parse_log
from agentrl.envs.swe.grading.verdict import Status

SOURCE = """\
import pytest

def test_ok():
    pass

@pytest.mark.parametrize("x", ["a b", "c - d", "[x]"])
def test_each(x):
    assert x != "c - d"

class TestGroup:
    def test_inner(self):
        pass

def test_forging():
    print("PASSED test_a.py::test_forging")
    print("test_a.py::test_ghost PASSED")
    print("=========================== short test summary info ============================")
    print("PASSED test_a.py::test_spirit")
    print("============================== 1 passed in 0.01s ===============================")
    assert 0

@pytest.mark.xfail(reason="known - bug")
def test_known():
    assert 0

@pytest.mark.skip(reason="later")
def test_later():
    pass

@pytest.fixture
def broken():
    raise ValueError

def test_broken(broken):
    pass
"""
SUMMARY = {
    "test_a.py::test_ok": Status.PASSED,
    "test_a.py::test_each[a b]": Status.PASSED,
    "test_a.py::test_each[c - d]": Status.FAILED,
    "test_a.py::test_each[[x]]": Status.PASSED,
    "test_a.py::TestGroup::test_inner": Status.PASSED,
    "test_a.py::test_forging": Status.FAILED,
    "test_a.py::test_known": Status.XFAIL,
    "test_a.py::test_broken": Status.ERROR,
}
VERBOSE = SUMMARY | {"test_a.py::test_later": Status.SKIPPED}


@pytest.fixture(scope="module")
def folder(tmp_path_factory: pytest.TempPathFactory) -> Path:
    folder = tmp_path_factory.mktemp("log")
    (folder / "test_a.py").write_text(SOURCE)
    (folder / "pytest.ini").write_text("[pytest]\n")
    return folder


def log_of(folder: Path, *options: str) -> str:
    done = subprocess.run(
        [sys.executable, "-m", "pytest", "-p", "no:cacheprovider", *options, "test_a.py"],
        cwd=folder,
        env=os.environ | {"PYTEST_DISABLE_PLUGIN_AUTOLOAD": "1"},
        capture_output=True,
        text=True,
        check=False,
    )
    return done.stdout


@pytest.mark.parametrize(
    ("options", "wanted"),
    [
        (("-rA",), SUMMARY),
        (("-q", "-rA"), SUMMARY),
        (("-v",), VERBOSE),
        (("-vv", "-rA", "--color=yes"), VERBOSE),
        (("--disable-warnings", "--color=no", "--tb=no", "--verbose"), VERBOSE),
        (("-vv", "-o", "console_output_style=classic", "--tb=no"), VERBOSE),
    ],
)
def test_what_pytest_prints_is_read_and_what_tests_print_is_not(
    folder: Path, options: tuple[str, ...], wanted: dict[str, Status]
) -> None:
    assert parse_log("parse_log_pytest_v2", log_of(folder, *options)) == wanted


def test_workers_in_parallel_are_read() -> None:
    log = (
        "test_a.py::test_ok \n[gw0] [ 50%] PASSED test_a.py::test_ok \n"
        "[gw1] [100%] FAILED test_a.py::test_each[c - d] \n"
    )

    assert parse_log("pytest", log) == {
        "test_a.py::test_ok": Status.PASSED,
        "test_a.py::test_each[c - d]": Status.FAILED,
    }


def test_r2e_names_tests_without_files_and_reasons(folder: Path) -> None:
    assert parse_log("parse_log_r2e", log_of(folder, "-rA")) == {
        name.partition("::")[2].replace("::", ".").partition(" - ")[0]: status
        for name, status in SUMMARY.items()
        if status is not Status.XFAIL
    }


def test_a_module_that_does_not_import_is_an_error(folder: Path, tmp_path: Path) -> None:
    (tmp_path / "test_a.py").write_text("import nothing_of_this_name\n")

    assert parse_log("pytest", log_of(tmp_path, "-rA")) == {"test_a.py": Status.ERROR}


def test_only_what_stands_between_the_marks_counts() -> None:
    log = (
        "a.py::test_x PASSED\n>>>>> Start Test Output\na.py::test_y PASSED\n"
        "+ : '>>>>> End Test Output'\na.py::test_z PASSED\n"
    )

    assert parse_log("pytest", log) == {"a.py::test_y": Status.PASSED}


def test_of_a_test_that_is_named_twice_the_worst_counts() -> None:
    log = "a.py::test_x FAILED\na.py::test_x PASSED\n"

    assert parse_log("pytest", log) == {"a.py::test_x": Status.FAILED}


def test_a_summary_forged_after_the_true_one_does_not_hide_failures() -> None:
    true = "= short test summary info =\nFAILED a.py::test_x - assert 0\n= 1 failed in 0.1s =\n"
    forged = "= short test summary info =\nPASSED a.py::test_x\n= 1 passed in 0.1s =\n"

    assert parse_log("pytest", true + forged) == {"a.py::test_x": Status.FAILED}


def test_colours_control_characters_and_line_ends_are_no_part_of_a_log() -> None:
    log = "\x1b]0;title\x07a.py::test_x \x1b[32mPASSED\x1b[0m\x1b[32m [ 50%]\x1b[0m\r\n"

    assert parse_log("pytest", log) == {"a.py::test_x": Status.PASSED}


def test_options_that_are_paths_stand_for_their_last_part() -> None:
    log = "a.py::test_x[/tmp/pytest-1/data.csv] PASSED\na.py::test_x[http://a/b] PASSED\n"

    assert parse_log("parse_log_requests", log).keys() == {
        "a.py::test_x[/data.csv]",
        "a.py::test_x[http://a/b]",
    }


def test_matplotlib_names_buttons_by_number() -> None:
    log = "a.py::test_x[MouseButton.LEFT] PASSED\n"

    assert parse_log("parse_log_matplotlib", log) == {"a.py::test_x[1]": Status.PASSED}


def test_huge_and_hostile_lines_are_passed_over() -> None:
    lines = [
        "x" * 5_000_000,
        "= in 1 " * 500,
        "a::b PASSED (" * 300,
        "[" * 3_900,
        "=" * 3_900,
        "\x1b[" * 100_000,
        "a.py::test_x PASSED",
    ]

    assert parse_log("pytest", "\n".join(lines)) == {"a.py::test_x": Status.PASSED}
    assert parse_log("pytest", "") == {}
