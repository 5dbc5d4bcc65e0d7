from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from agentrl.envs.swe.instance import Instance, TestPlan
from agentrl.envs.swe.patch import PatchError, is_test_path, parse_patch, restrict
from agentrl.envs.swe.patch.paths import in_git_folder, is_test_config

Make = Callable[..., Any]


def changed(path: str) -> str:
    return f"diff --git a/{path} b/{path}\n--- a/{path}\n+++ b/{path}\n@@ -1 +1 @@\n-a\n+b\n"


def created(path: str) -> str:
    return (
        f"diff --git a/{path} b/{path}\nnew file mode 100644\n--- /dev/null\n+++ b/{path}\n"
        f"@@ -0,0 +1 @@\n+x\n"
    )


def instance(
    gold: tuple[str, ...] = ("src/x.py",),
    hidden: tuple[str, ...] = (),
    tests: TestPlan | None = None,
) -> Instance:
    return Instance(
        id="demo-1",
        problem="",
        tests=tests or TestPlan("pytest"),
        patch="".join(map(changed, gold)),
        test_patch="".join(map(changed, hidden)),
    )


@pytest.mark.parametrize(
    "path",
    [
        *("src/x.py", "setup.py", "docs/index.md", "latest/x.py", "contest.py", "src/testutil.py"),
        *("protest/x.py", "attest.go", "src/inspect/spec/x.py", ".github/workflows/x.yml"),
    ],
)
def test_source_is_kept(path: str) -> None:
    assert restrict(changed(path), instance()).text == changed(path)


@pytest.mark.parametrize(
    "path",
    [
        *("tests/x.py", "test/data.json", "a/testing/x.py", "test_x.py", "a/x_test.py", "tests.py"),
        *("src/__tests__/x.js", "a.test.ts", "a.spec.jsx", "spec/x_spec.rb", "x_test.go"),
        *("src/test/java/XTest.java", "Tests/X.py", "e2e/x.ts"),
        *("conftest.py", "src/conftest.py", "pytest.ini", ".pytest.ini", "pytest.toml", "tox.ini"),
        *("setup.cfg", "pyproject.toml", "sub/pyproject.toml", "sitecustomize.py", "x.pth"),
        *("src/usercustomize.py", "x.egg-info/entry_points.txt", "a.dist-info/METADATA"),
        *("src/__pycache__/x.cpython-311.pyc", "x.pyc", "jest.config.js", ".mocharc.yml"),
        *(".git/config", ".git/hooks/post-checkout", "sub/.GIT/config", ".git", "a/.git /x"),
    ],
)
def test_what_could_decide_about_the_tests_is_left_out(path: str) -> None:
    both = changed(path) + changed("src/x.py")

    restricted = restrict(both, instance())

    assert restricted.dropped == (path,)
    assert restricted.reasons[path]
    assert [file.path for file in parse_patch(restricted.text)] == ["src/x.py"]


@pytest.mark.parametrize(
    "path", ["pytest.py", "_pytest/__init__.py", "src/unittest.py", "lib/pluggy/__init__.py"]
)
def test_a_module_that_stands_in_for_the_test_framework_is_left_out(path: str) -> None:
    assert restrict(created(path), instance()).dropped == (path,)
    assert restrict(changed("src/_pytest/assertion/rewrite.py"), instance()).dropped == ()


def test_whatever_the_test_patch_touches_is_left_out() -> None:
    task = instance(hidden=("data/expected.json", "checks/check_x.py"))
    patch = changed("data/expected.json") + created("checks/check_x.py") + changed("data/other")

    assert restrict(patch, task).dropped == ("data/expected.json", "checks/check_x.py")


def test_a_file_in_place_of_a_folder_of_tests_is_left_out() -> None:
    link = created("checks").replace("100644", "120000")

    assert restrict(link, instance(hidden=("checks/check_x.py",))).dropped == ("checks",)
    assert restrict(created("tests").replace("100644", "120000"), instance()).dropped == ("tests",)


def test_files_that_the_ids_name_are_left_out_but_not_those_with_doctests() -> None:
    plan = TestPlan(
        "pytest",
        fail_to_pass=("checks/check_x.py::test_a[x.y]", "src/y.py::src.y.f"),
        pass_to_pass=("src/x.py::test_inline",),
        paths=("checks/check_z.py",),
    )
    patch = "".join(
        map(changed, ("checks/check_x.py", "checks/check_z.py", "src/y.py", "src/x.py"))
    )

    assert restrict(patch, instance(tests=plan)).dropped == (
        "checks/check_x.py",
        "checks/check_z.py",
    )


def test_hidden_files_are_left_out_wherever_they_are_given() -> None:
    plan = TestPlan(
        "script",
        files={"a/in.txt": b"", "/testbed/a/abs.txt": b"", "/tests/x": b""},
        hidden=("run_it.sh",),
    )
    patch = "".join(map(changed, ("a/in.txt", "a/abs.txt", "run_it.sh", "a/free.txt")))

    assert restrict(patch, instance(tests=plan)).dropped == ("a/in.txt", "a/abs.txt", "run_it.sh")


def test_source_that_is_only_called_like_a_test_is_kept_where_gold_works_there() -> None:
    task = instance(gold=("django/test/utils.py",))

    assert restrict(changed("django/test/utils.py"), task).dropped == ()
    assert restrict(changed("django/test/client.py"), task).dropped == ()
    assert restrict(changed("django/test/test_client.py"), task).dropped
    assert restrict(changed("django/test/tests/x.py"), task).dropped
    assert restrict(changed("django/test/client.py"), instance()).dropped
    assert restrict(changed("tests/other.py"), instance(gold=("tests/x.py",))).dropped


def test_a_renamed_test_is_left_out_on_either_side() -> None:
    for old, new in (("tests/x.py", "src/x.py"), ("src/x.py", "tests/x.py")):
        names = f"rename from {old}\nrename to {new}\n"
        rename = f"diff --git a/{old} b/{new}\nsimilarity index 100%\n{names}"

        assert restrict(rename, instance(gold=())).dropped == (new,)


def test_a_test_cannot_hide_behind_how_its_path_is_written() -> None:
    for path in ("./tests/x.py", "tests//x.py", "src/./../tests/x.py"):
        try:
            assert restrict(changed(path), instance()).dropped == ("tests/x.py",)
        except PatchError:
            assert ".." in path
    quoted = changed("T").replace("a/T", '"a/t\\145sts/x.py"').replace("b/T", '"b/t\\145sts/x.py"')
    assert restrict(quoted, instance()).dropped == ("tests/x.py",)


def test_a_submodule_and_a_binary_file_without_contents_are_left_out() -> None:
    module = created("lib/sub").replace("100644", "160000")
    binary = (
        "diff --git a/x.png b/x.png\nnew file mode 100644\nindex 0000000..1111111\n"
        "Binary files /dev/null and b/x.png differ\n"
    )

    restricted = restrict(module + binary + changed("src/x.py"), instance())

    assert restricted.dropped == ("lib/sub", "x.png")
    assert restricted.text == changed("src/x.py")


def test_an_empty_patch_stays_empty_and_no_patch_is_refused() -> None:
    assert restrict("", instance()).text == ""
    with pytest.raises(PatchError, match="no patch"):
        restrict("sorry", instance())


def test_a_gold_patch_that_is_none_is_named() -> None:
    broken = Instance("demo-2", "", TestPlan("pytest"), patch="nothing")

    with pytest.raises(PatchError, match="demo-2: its gold patch: no patch"):
        restrict(changed("x"), broken)


PARTS = st.sampled_from(
    ["src", "tests", "test", ".git", ".Git", "a", "conftest.py", "setup.cfg", "x.py"]
)
PATHS = st.lists(PARTS, min_size=1, max_size=4).map("/".join)


@given(st.lists(st.tuples(PATHS, st.sampled_from([changed, created])), max_size=6))
def test_nothing_forbidden_is_ever_kept(parts: list[tuple[str, object]]) -> None:
    patch = "".join(write(path) for path, write in parts)  # type: ignore[operator]

    restricted = restrict(patch, instance(gold=()))

    kept = [path for file in parse_patch(restricted.text) for path in file.paths]
    assert not any(is_test_path(p) or is_test_config(p) or in_git_folder(p) for p in kept)
    assert {*kept, *restricted.dropped} == {path for path, _ in parts}


def test_git_applies_what_is_left(tmp_path: Path, make_repository: Make) -> None:
    files = {"src/x.py": b"a\n", "tests/test_x.py": b"a\n", "setup.cfg": b"a\n"}
    repository = make_repository(tmp_path / "r", files)
    repository.put(dict.fromkeys(files, b"b\n") | {"new.py": b"n\n", "conftest.py": b""})
    diff = repository.diff()
    repository.restore()

    repository.apply(restrict(diff, instance()).text)

    assert repository.git("status", "--porcelain").split() == ["M", "src/x.py", "??", "new.py"]
