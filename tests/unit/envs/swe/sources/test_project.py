"""What a project's files let guess about its code, its tests and what it needs."""

from pathlib import Path

import pytest

from agentrl.envs.swe.sources.parts import source_files, test_files
from agentrl.envs.swe.sources.project import (
    declared_requirements,
    guess_import_paths,
    guess_tests,
    read_requirements,
    with_pytest,
)
from agentrl.errors import UsageError
from agentrl.sandboxes.base import File

NAMES = (
    *("src/pkg/__init__.py", "src/pkg/data.json", "src/pkg/tests/test_in.py", "src/pkg.egg-info/x"),
    *("tests/test_a.py", "tests/data/a.json", "tests/conftest.py", "docs/conf.py", "setup.py"),
    *("pyproject.toml", "PKG-INFO", "CHANGES.md", "noxfile.py"),
)
TREE = dict.fromkeys(NAMES, File(b""))
FLAT = dict.fromkeys(
    ("pkg/__init__.py", "pkg/a.py", "mod.py", "setup.py", "docs/__init__.py", "tests/test_a.py"),
    File(b""),
)


def test_the_source_is_code_and_data_of_packages_without_their_tests() -> None:
    assert list(source_files(TREE, ("src",))) == ["src/pkg/__init__.py", "src/pkg/data.json"]
    assert list(source_files(FLAT, (".",))) == ["pkg/__init__.py", "pkg/a.py", "mod.py"]


def test_tests_come_with_their_data_and_the_configuration_they_run_under() -> None:
    assert sorted(test_files(TREE)) == [
        "pyproject.toml",
        "src/pkg/tests/test_in.py",
        "tests/conftest.py",
        "tests/data/a.json",
        "tests/test_a.py",
    ]


def test_no_file_is_both_source_and_test() -> None:
    for tree, paths in ((TREE, ("src",)), (FLAT, (".",))):
        assert not set(source_files(tree, paths)) & set(test_files(tree))


def test_folders_of_packages_and_tests_are_found() -> None:
    assert guess_import_paths(TREE) == ("src",)
    assert guess_import_paths(FLAT) == (".",)
    assert guess_tests(TREE) == ("src/pkg/tests", "tests")
    assert guess_tests({"test_top.py": File(b""), "a.py": File(b"")}) == ("test_top.py",)
    assert guess_tests({"tests/data.json": File(b"")}) == ()


def test_requirements_come_from_the_metadata_without_extras() -> None:
    metadata = b"Name: a\nRequires-Dist: attrs>=20\nRequires-Dist: sphinx; extra == 'docs'\n\n"
    assert declared_requirements({"PKG-INFO": File(metadata)}) == ("attrs>=20",)


def test_requirements_come_from_pyproject_where_there_is_no_metadata() -> None:
    project = b'[project]\nname = "a"\ndependencies = ["attrs>=20"]\n'
    assert declared_requirements({"pyproject.toml": File(project)}) == ("attrs>=20",)
    assert declared_requirements({"pyproject.toml": File(b"no [toml")}) == ()


def test_pytest_is_added_unless_it_is_named() -> None:
    assert with_pytest(("a==1",), {})[0] == "a==1"
    assert any(word.startswith("pytest==") for word in with_pytest((), {}))
    assert with_pytest(("PyTest==7.4.0",), {}) == ("PyTest==7.4.0",)


def test_plugins_come_that_pytest_would_not_start_without() -> None:
    files = {"setup.cfg": File(b"[tool:pytest]\naddopts = --cov=pkg\n")}
    assert "pytest-cov" in with_pytest((), files)
    assert "pytest-cov" not in with_pytest(("pytest-cov==5.0",), files)


def test_requirements_are_words_or_files(tmp_path: Path) -> None:
    path = tmp_path / "needs.txt"
    path.write_text("# c\nattrs==24.2.0  # why\n-r other.txt\nidna==3.7 --hash=sha256:00\n\n")
    assert read_requirements(["toml==0.10.2", str(path)]) == (
        "toml==0.10.2",
        "attrs==24.2.0",
        "idna==3.7",
    )


def test_a_file_of_requirements_that_is_not_there_is_named() -> None:
    with pytest.raises(UsageError, match=r"no file needs\.txt"):
        read_requirements(["needs.txt"])
