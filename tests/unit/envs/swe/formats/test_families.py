import json
import re
from typing import Any

import pytest

from agentrl.envs.swe.formats.families import family_of, instance_of, row_of
from agentrl.envs.swe.images import image_name
from agentrl.envs.swe.patch import reverse
from agentrl.errors import TaskError

FAMILIES = ["swebench", "swebench-5", "swe-gym", "swe-smith", "r2e-gym", "swe-rebench"]
Rows = dict[str, dict[str, Any]]


@pytest.mark.parametrize("family", FAMILIES)
def test_a_row_is_known_by_its_columns_and_written_as_it_was(rows: Rows, family: str) -> None:
    row = rows[family]

    instance = instance_of(row)
    written = row_of(instance)

    assert instance.family == family_of(row) == family
    assert instance_of(written) == instance
    assert written.keys() == row.keys()
    for column, value in row.items():
        assert written[column] == value or written[column] == json.loads(value)


@pytest.mark.parametrize("family", FAMILIES)
def test_our_own_row_holds_an_instance_of_any_family(rows: Rows, family: str) -> None:
    instance = instance_of(rows[family])

    written = json.loads(json.dumps(row_of(instance, "agentrl")))

    assert instance_of(written) == instance
    assert written["family"] == family


def test_the_columns_of_a_classic_row_become_fields(rows: Rows, gold: str) -> None:
    instance = instance_of(rows["swebench"])

    assert instance.id == "astropy__astropy-12907"
    assert instance.problem == "add(2, 2) gives 0"
    assert instance.patch == gold
    assert instance.tests.fail_to_pass == ("tests/test_add.py::test_add",)
    assert instance.tests.framework == "pytest"
    assert instance.tests.paths == ("tests/test_add.py",)
    assert instance.tests.as_swebench
    assert instance.difficulty == "15 min - 1 hour"
    assert instance.extra.keys() == {"created_at", "environment_setup_commit"}


def test_lists_of_tests_may_be_lists_or_json_text(rows: Rows) -> None:
    row = rows["swebench"]

    listed = row | {"FAIL_TO_PASS": ["tests/test_add.py::test_add"], "PASS_TO_PASS": []}

    assert instance_of(listed) == instance_of(row)


@pytest.mark.parametrize(
    ("repo", "version", "framework", "command"),
    [
        (
            "django/django",
            "3.0",
            "script",
            "./tests/runtests.py --verbosity 2 --settings=test_sqlite --parallel 1 test_add",
        ),
        ("django/django", "1.9", "script", "./tests/runtests.py --verbosity 2 test_add"),
        ("sympy/sympy", "1.7", "script", "bin/test -C --verbose tests/test_add.py"),
        ("psf/requests", "2.0", "pytest", "python -m pytest -rA tests/test_add.py"),
        ("acme/anything", "", "pytest", "python -m pytest -rA tests/test_add.py"),
    ],
)
def test_a_classic_row_runs_as_its_repository_does(
    rows: Rows, repo: str, version: str, framework: str, command: str
) -> None:
    tests = instance_of(rows["swebench"] | {"repo": repo, "version": version}).tests

    assert tests.framework == framework
    assert f"{command}\n" in tests.script
    assert "conda activate testbed" in tests.script
    assert "cd /testbed" in tests.script


def test_a_classic_row_of_another_language_says_what_it_lacks(rows: Rows) -> None:
    patch = rows["swebench"]["test_patch"].replace("test_add.py", "add_test.go")

    with pytest.raises(TaskError, match="columns of swebench 5"):
        instance_of(rows["swebench"] | {"test_patch": patch, "repo": "gin-gonic/gin"})


def test_a_row_of_swebench_5_says_itself_how_its_tests_run(rows: Rows) -> None:
    row = rows["swebench-5"]

    instance = instance_of(row | {"eval_type": "fail_only"})

    assert instance.tests.script == row["eval_script"]
    assert instance.tests.log_parser == "parse_log_astropy"
    assert instance.tests.framework == "script"
    assert instance.tests.fail_only
    assert instance.tests.patches_itself
    with pytest.raises(TaskError, match="did you mean fail_only"):
        instance_of(row | {"eval_type": "fail_onyl"})


def test_the_patch_of_swe_smith_is_the_bug(rows: Rows, gold: str) -> None:
    instance = instance_of(rows["swe-smith"])

    assert instance.bug_patch == gold
    assert instance.patch == reverse(gold)
    assert instance.tests.hidden == ("tests/test_add.py",)
    assert instance.tests.paths == ("tests/test_add.py", "tests/test_other.py")


def test_r2e_gym_says_how_every_test_comes_out(rows: Rows) -> None:
    instance = instance_of(rows["r2e-gym"])

    assert instance.id == "numpy__0123abc"
    assert instance.problem == "add is wrong"
    assert instance.tests.expected == {"TestAdd.test_add": "PASSED", "test_known": "FAILED"}
    assert instance.patch == (
        "diff --git a/pkg/add.py b/pkg/add.py\n--- a/pkg/add.py\n+++ b/pkg/add.py\n"
        "@@ -1,2 +1,2 @@\n a\n-b\n\\ No newline at end of file\n+c\n"
        "\\ No newline at end of file\n"
    )


def test_a_statement_of_r2e_gym_without_marks_is_kept(rows: Rows) -> None:
    row = rows["r2e-gym"] | {"problem_statement": "Look: [ISSUE] a [/ISSUE] thanks"}

    instance = instance_of(row)

    assert instance.problem == "a"
    assert row_of(instance)["problem_statement"] == row["problem_statement"]


def test_names_of_r2e_gym_lose_colours_and_reasons(rows: Rows) -> None:
    row = rows["r2e-gym"] | {
        "expected_output_json": '{"\\u001b[1mT.test_add\\u001b[0m - why": "FAILED"}'
    }

    instance = instance_of(row)

    assert instance.tests.expected == {"T.test_add": "FAILED"}
    assert row_of(instance)["expected_output_json"] == row["expected_output_json"]


def test_the_second_swe_rebench_works_in_a_folder_of_its_own(rows: Rows) -> None:
    config = {
        "test_cmd": ["make", "make check"],
        "log_parser": "parse_log_jq",
        "base_image_name": "c_base",
    }

    instance = instance_of(rows["swe-rebench"] | {"install_config": config})

    assert instance.workdir == "/adder"
    assert instance.tests.framework == "script"
    assert "cd /adder || exit 1\n" in instance.tests.script
    assert "\nmake\nmake check\ncode=$?\n" in instance.tests.script
    assert instance.tests.log_parser == "parse_log_jq"


def test_the_command_of_swe_rebench_gets_the_test_files(rows: Rows) -> None:
    tests = instance_of(rows["swe-rebench"]).tests

    assert "pytest --no-header -rA --tb=line tests/test_add.py\n" in tests.script
    assert tests.framework == "pytest"


@pytest.mark.parametrize(
    ("family", "machine", "name"),
    [
        ("swebench", "x86_64", "swebench/sweb.eval.x86_64.astropy_1776_astropy-12907:latest"),
        ("swebench", "aarch64", "swebench/sweb.eval.arm64.astropy_1776_astropy-12907:latest"),
        ("swe-gym", "x86_64", "xingyaoww/sweb.eval.x86_64.project-monai_s_monai-1121:latest"),
        ("swe-rebench", "x86_64", "swerebench/sweb.eval.x86_64.acme_1776_adder-7:latest"),
        (
            "swe-smith",
            "x86_64",
            "swebench/swesmith.x86_64.oauthlib_1776_oauthlib.1fd52536:latest",
        ),
    ],
)
def test_images_are_named_as_the_family_names_them(
    rows: Rows, family: str, machine: str, name: str
) -> None:
    row = {key: value for key, value in rows[family].items() if "image" not in key}

    assert image_name(instance_of(row), machine) == name


def test_an_image_that_a_row_names_is_the_one() -> None:
    named = {"id": "a", "problem": "", "tests": {}, "image": "my/image:1"}

    assert image_name(instance_of(named)) == "my/image:1"
    with pytest.raises(TaskError, match="a: names no image"):
        image_name(instance_of({"id": "a", "problem": "", "tests": {}}))


def test_a_row_of_no_family_says_what_is_missing_for_the_nearest(rows: Rows) -> None:
    lacking = {key: value for key, value in rows["swebench"].items() if key != "test_patch"}

    with pytest.raises(TaskError, match=re.escape("for one of swebench it lacks test_patch")):
        instance_of(lacking | {"repo": None, "test_patch": None} | {"repo": "a/b", "patch": None})
    with pytest.raises(TaskError, match="it has no columns"):
        instance_of({})


@pytest.mark.parametrize(
    ("column", "value", "complaint"),
    [
        ("FAIL_TO_PASS", "[not json", "FAIL_TO_PASS: expected JSON, got '[not json'"),
        ("FAIL_TO_PASS", '{"a": 1}', "FAIL_TO_PASS: expected names|a list of names"),
        ("FAIL_TO_PASS", [1], "FAIL_TO_PASS: expected names, got 1"),
        ("problem_statement", 5, "problem_statement: expected text in quotes, got 5"),
        ("instance_id", "../x", "instance_id: '../x' cannot be an id"),
        ("instance_id", "a\nb", "cannot be an id"),
        ("test_patch", "nonsense", "test_patch: no patch"),
    ],
)
def test_a_wrong_value_is_told_with_its_column(
    rows: Rows, column: str, value: object, complaint: str
) -> None:
    with pytest.raises(TaskError) as caught:
        instance_of(rows["swebench"] | {column: value})

    assert any(part in str(caught.value) for part in complaint.split("|"))


def test_an_instance_is_not_written_into_rows_that_cannot_hold_it(rows: Rows) -> None:
    classic = instance_of(rows["swebench"])

    with pytest.raises(TaskError, match="needs install_config"):
        row_of(classic, "swe-rebench")
    with pytest.raises(TaskError, match="hold the patch of the bug"):
        row_of(classic, "swe-smith")
    with pytest.raises(TaskError, match="say how every test comes out"):
        row_of(classic, "r2e-gym")
    with pytest.raises(TaskError, match="harbor: has no rows"):
        row_of(classic, "harbor")
