"""How the tests of well-known repositories run, for rows that do not say so themselves.

Rows of swebench 4 and before leave the command to the harness. What is here are the commands of
the repositories of SWE-bench; any other repository whose tests are Python files runs pytest.
"""

import shlex
from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from pathlib import PurePosixPath

from agentrl.envs.swe.instance import TestPlan
from agentrl.envs.swe.patch import PatchError, is_test_path, parse_patch
from agentrl.errors import TaskError

TESTBED_PYTHON = "/opt/miniconda3/envs/testbed/bin/python"
"""The interpreter with a repository's requirements, in images built as SWE-bench builds them."""

START = ">>>>> Start Test Output"
"""What a script prints before the tests' log."""

END = ">>>>> End Test Output"
"""What a script prints after it."""

_DJANGO = "./tests/runtests.py --verbosity 2 --settings=test_sqlite --parallel 1"
_SYMPY = "PYTHONWARNINGS='ignore::UserWarning,ignore::SyntaxWarning' bin/test -C --verbose"
_PARSERS = {
    "astropy/astropy": "parse_log_pytest_v2",
    "matplotlib/matplotlib": "parse_log_matplotlib",
    "mwaskom/seaborn": "parse_log_seaborn",
    "psf/requests": "parse_log_pytest_options",
    "pydicom/pydicom": "parse_log_pytest_options",
    "pylint-dev/pylint": "parse_log_pytest_options",
    "scikit-learn/scikit-learn": "parse_log_pytest_v2",
    "sphinx-doc/sphinx": "parse_log_pytest_v2",
}
_NO_TESTS = {".json", ".png", ".csv", ".txt", ".md", ".pkl", ".jpg", ".xml", ".svg", ".rst"}


@dataclass(frozen=True, slots=True)
class Command:
    """A command line that runs tests, and the parser that reads its log."""

    line: str
    log_parser: str
    pytest: bool
    """Whether agentrl can run the same tests itself, and need not believe a log."""


def plan_tests(
    repo: str,
    version: str,
    test_patch: str,
    fail_to_pass: tuple[str, ...],
    pass_to_pass: tuple[str, ...],
) -> TestPlan:
    """Return how the tests of a row run that gives no command.

    Raises:
        TaskError: the test patch is none, or nothing is known about how such tests run.
    """
    files = test_files(test_patch)
    command = known_command(repo, version, files)
    return TestPlan(
        framework="pytest" if command.pytest else "script",
        fail_to_pass=fail_to_pass,
        pass_to_pass=pass_to_pass,
        paths=files if command.pytest else (),
        script=script(command.line, "/testbed"),
        as_swebench=True,
        log_parser=command.log_parser,
    )


def known_command(repo: str, version: str, files: Sequence[str]) -> Command:
    """Return the command that runs a repository's tests in these files.

    Raises:
        TaskError: none is known.
    """
    repo = repo.lower()
    if repo == "django/django":
        options = _DJANGO if version != "1.9" else "./tests/runtests.py --verbosity 2"
        return Command(_with(options, map(_django_label, files)), "parse_log_django", False)
    if repo == "sympy/sympy":
        return Command(_with(_SYMPY, files), "parse_log_sympy", False)
    if not files or not any(file.endswith(".py") for file in files):
        raise TaskError(
            f"the row does not say how the tests of {repo or 'its repository'} run, and they are "
            f"no Python files; give it the columns of swebench 5 (image, eval_script, log_parser, "
            f"eval_type), which the data sets of swebench 5 and later have"
        )
    line = _with("python -m pytest -rA", files)
    return Command(line, _PARSERS.get(repo, "parse_log_pytest"), True)


def test_files(test_patch: str) -> tuple[str, ...]:
    """Return the files with tests that a test patch leaves behind.

    Raises:
        TaskError: it is no patch.
    """
    try:
        files = [file.new_path for file in parse_patch(test_patch)]
    except PatchError as exc:
        raise TaskError(f"test_patch: {exc}") from None
    tests = [file for file in files if file and PurePosixPath(file).suffix not in _NO_TESTS]
    proper = [file for file in tests if is_test_path(file) and not _is_helper(file)]
    return tuple(dict.fromkeys(proper or tests))


def script(command: str, workdir: str) -> str:
    """Return a shell script that runs a command in the repository, its log between two marks."""
    return f"""#!/bin/bash
if [ -f /opt/miniconda3/bin/activate ]; then
    source /opt/miniconda3/bin/activate
    conda activate testbed
fi
export LANG=C.UTF-8 LC_ALL=C.UTF-8 PYTHONIOENCODING=utf8
cd {shlex.quote(workdir)} || exit 1
echo '{START}'
{command}
code=$?
echo '{END}'
exit $code
"""


def _with(command: str, files: Iterable[str]) -> str:
    return " ".join([command, *map(shlex.quote, files)])


def _is_helper(file: str) -> bool:
    return PurePosixPath(file).name in ("conftest.py", "__init__.py")


def _django_label(file: str) -> str:
    """Return the dotted name of tests below ``tests/``, which is what Django's runner takes."""
    return file.removesuffix(".py").removeprefix("tests/").replace("/", ".")
