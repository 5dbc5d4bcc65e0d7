import json
import re
import shutil
from dataclasses import replace
from pathlib import Path
from typing import Any

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from agentrl.envs.swe.formats import agentrl, agentrl_folder
from agentrl.envs.swe.instance import Instance, Source, TestPlan
from agentrl.errors import TaskError

ROW = {"id": "demo-1", "problem": "It breaks.", "tests": {"fail_to_pass": ["tests/t.py::t"]}}

TEXT = st.sampled_from(
    ["", "x", "two\nlines\n", " \r\n", "caf\u00e9 \u2028", "\udce9", "1.0", "no"]
)
NAME = st.sampled_from(["a", "b-1", "c.d", "x__y-2"])
NAMES = st.lists(TEXT, max_size=2).map(tuple)
PATH = st.sampled_from(["a/b.py", "c", "d/e/f.bin", "/opt/x", "/y"])
VALUES = st.recursive(
    st.none() | st.booleans() | st.integers() | TEXT,
    lambda inner: st.lists(inner, max_size=2) | st.dictionaries(TEXT, inner, max_size=2),
    max_leaves=5,
)
PLAN = st.builds(
    TestPlan,
    framework=st.sampled_from(["pytest", "unittest"]),
    fail_to_pass=NAMES,
    pass_to_pass=NAMES,
    paths=NAMES,
    options=NAMES,
    script=TEXT,
    log_parser=TEXT,
    as_swebench=st.booleans(),
    patches_itself=st.booleans(),
    fail_only=st.booleans(),
    expected=st.dictionaries(TEXT, TEXT, max_size=2),
    files=st.dictionaries(PATH, st.binary(max_size=4), max_size=2),
    hidden=NAMES,
    timeout_s=st.floats(0.1, 1e6),
)
SOURCE = st.builds(
    Source, package=NAME, release=NAME, fixed=NAME, requires=NAMES, import_paths=NAMES
)
INSTANCE = st.builds(
    Instance,
    id=NAME,
    problem=TEXT,
    tests=PLAN,
    patch=TEXT,
    test_patch=TEXT,
    bug_patch=TEXT,
    solution=TEXT,
    repo=TEXT,
    version=TEXT,
    hints=TEXT,
    image=TEXT,
    dockerfile=TEXT,
    source=st.none() | SOURCE,
    workdir=NAME.map("/{}".format),
    python=NAME,
    memory_mb=st.none() | st.integers(1, 10**6),
    cpus=st.none() | st.floats(0.1, 64),
    family=st.sampled_from(["agentrl", "swebench", "harbor"]),
    extra=st.dictionaries(TEXT, VALUES, max_size=3),
)


@given(INSTANCE)
def test_a_row_gives_the_instance_back(instance: Instance) -> None:
    row = agentrl.write(instance)

    assert agentrl.read(row) == instance
    assert agentrl.read(json.loads(json.dumps(row))) == instance


@settings(max_examples=25, deadline=None)
@given(INSTANCE)
def test_a_folder_gives_the_instance_back(
    tmp_path_factory: pytest.TempPathFactory, instance: Instance
) -> None:
    folder = tmp_path_factory.mktemp("f") / instance.id

    agentrl_folder.write_folder(instance, folder)

    assert agentrl_folder.read_folder(folder) == instance
    shutil.rmtree(folder)


def test_the_shortest_row_says_what_to_do_and_how_it_is_tested() -> None:
    instance = agentrl.read(ROW)

    assert instance == Instance(
        id="demo-1",
        problem="It breaks.",
        tests=TestPlan("pytest", fail_to_pass=("tests/t.py::t",)),
    )
    assert agentrl.write(instance) == {
        **ROW,
        "tests": {"framework": "pytest", "fail_to_pass": ["tests/t.py::t"]},
    }


@pytest.mark.parametrize(
    ("change", "complaint"),
    [
        ({"probelm": "x"}, "probelm: no such key (did you mean problem?)"),
        ({"tests": {"fail_to_pas": []}}, "tests.fail_to_pas: no such key (did you mean fail_to_pa"),
        ({"tests": {"framework": "pytst"}}, "framework: 'pytst' is none (did you mean pytest?)"),
        ({"tests": {"framework": "script"}}, "tests.script: is missing"),
        ({"tests": []}, "tests: expected a mapping"),
        ({"tests": {"timeout_s": 0}}, "timeout_s: expected a positive number, got 0"),
        ({"tests": {"fail_only": "yes"}}, "fail_only: expected true or false, got 'yes'"),
        ({"tests": {"files": {"../x": ""}}}, "tests.files: '../x' can be no file"),
        ({"tests": {"files": {"/a/../x": ""}}}, "tests.files: '/a/../x' can be no file"),
        ({"tests": {"files": {"x": {"base64": "!"}}}}, "tests.files: x: expected its text"),
        ({"tests": {"files": {"x": 3}}}, "tests.files: x: expected its text"),
        ({"version": 1.5}, "version: expected text in quotes, got 1.5"),
        ({"family": "swbench"}, "family: 'swbench' is none (did you mean swebench?)"),
        ({"source": {"package": "x"}}, "source: expected either archive, or package and release"),
        ({"source": {"archive": "a", "package": "x", "release": "1"}}, "source: expected either"),
        ({"source": {"url": "x"}}, "source.url: no such key"),
        ({"memory_mb": -1}, "memory_mb: expected a positive number, got -1"),
        ({"cpus": True}, "cpus: expected a positive number, got True"),
        ({"id": ""}, "id: '' cannot be an id"),
        ({"id": None}, "lacks id"),
    ],
)
def test_a_mistake_in_a_row_is_told_with_its_key(change: dict[str, object], complaint: str) -> None:
    with pytest.raises(TaskError, match=re.escape(complaint)):
        agentrl.read(ROW | change)


@pytest.fixture
def folder(tmp_path: Path) -> Path:
    """A task folder as a person writes it."""
    folder = tmp_path / "adder-1"
    (folder / "files/tests/data").mkdir(parents=True)
    (folder / "root_files/opt").mkdir(parents=True)
    (folder / "environment").mkdir()
    (folder / "task.yaml").write_text(
        "repo: acme/adder\ntests:\n  framework: unittest\n  fail_to_pass: [tests.test_add.T.test]\n"
    )
    (folder / "problem.md").write_text("`add` subtracts.\r\n")
    (folder / "gold.patch").write_bytes(b"--- a/x\n+++ b/x\n@@ -1 +1 @@\n-caf\xe9\n+b\n")
    (folder / "files/tests/data/x.bin").write_bytes(b"\xff\0")
    (folder / "root_files/opt/key").write_text("k")
    (folder / "environment/Dockerfile").write_text("FROM scratch\n")
    return folder


def test_a_folder_is_read_with_all_that_lies_in_it(folder: Path) -> None:
    instance = agentrl_folder.read_folder(folder)

    assert instance.id == "adder-1"
    assert instance.problem == "`add` subtracts.\r\n"
    assert instance.patch.encode("utf-8", "surrogateescape").count(b"caf\xe9") == 1
    assert instance.tests.framework == "unittest"
    assert instance.tests.files == {"tests/data/x.bin": b"\xff\0", "/opt/key": b"k"}
    assert instance.dockerfile == "FROM scratch\n"
    assert instance.context == str(folder / "environment")


def test_a_folder_with_a_context_is_copied_whole(folder: Path, tmp_path: Path) -> None:
    (folder / "environment/app.py").write_text("x = 1\n")
    instance = agentrl_folder.read_folder(folder)
    copy = tmp_path / "copy" / "adder-1"

    agentrl_folder.write_folder(instance, copy)

    again = agentrl_folder.read_folder(copy)
    assert (copy / "environment/app.py").read_text() == "x = 1\n"
    assert again == replace(instance, context=str(copy / "environment"))


def test_the_archive_of_a_source_comes_along(folder: Path, tmp_path: Path) -> None:
    (folder / "repo.tar.gz").write_bytes(b"packed")
    with (folder / "task.yaml").open("a") as file:
        file.write("source: {archive: repo.tar.gz}\n")
    instance = agentrl_folder.read_folder(folder)
    copy = tmp_path / "copy" / "adder-1"

    agentrl_folder.write_folder(instance, copy)

    assert instance.source == Source(archive=str(folder / "repo.tar.gz"))
    assert (copy / "repo.tar.gz").read_bytes() == b"packed"
    again = agentrl_folder.read_folder(copy)
    assert again.source == Source(archive=str(copy / "repo.tar.gz"))


def test_a_script_that_runs_the_tests_makes_its_framework_plain(folder: Path) -> None:
    (folder / "run_tests.sh").write_text("make test\n")
    (folder / "task.yaml").write_text("tests: {log_parser: parse_log_gotest}\n")

    tests = agentrl_folder.read_folder(folder).tests

    assert (tests.framework, tests.script) == ("script", "make test\n")


@pytest.mark.parametrize(
    ("name", "text", "complaint"),
    [
        ("task.yaml", "tests: [", r"task.yaml:1: no YAML"),
        ("task.yaml", "- a\n", r"task.yaml: expected a mapping"),
        ("task.yaml", "problem: x\ntests: {}\n", "problem: is given twice, in task.yaml and in"),
        ("task.yaml", "tests: {}\nsource: {archive: no.tar.gz}\n", "no file no.tar.gz in"),
        ("task.yaml", "tests: {}\nversion: 1.0\n", "version: expected text in quotes, got 1.0"),
    ],
)
def test_a_mistake_in_a_folder_is_told(folder: Path, name: str, text: str, complaint: str) -> None:
    (folder / name).write_text(text)

    with pytest.raises(TaskError, match=re.escape(complaint)):
        agentrl_folder.read_folder(folder)


def test_a_link_out_of_the_folder_is_not_followed(folder: Path, tmp_path: Path) -> None:
    (tmp_path / "secret").write_text("s")
    (folder / "files/link").symlink_to(tmp_path / "secret")

    with pytest.raises(TaskError, match=r"a link out of"):
        agentrl_folder.read_folder(folder)


def test_a_hidden_file_is_not_written_outside_of_the_folder(tmp_path: Path) -> None:
    plan = TestPlan("pytest", files={"../../x": b""})
    escaping: Any = Instance("demo-1", "", plan)

    with pytest.raises(TaskError, match="can be no file"):
        agentrl_folder.write_folder(escaping, tmp_path / "a/b")
