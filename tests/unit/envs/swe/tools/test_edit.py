"""What ``edit`` changes, and what it leaves as it is."""

import os
from pathlib import Path

import pytest

from tests.unit.envs.swe.tools.conftest import Tool

TEXT = "def f(x):\n    return x + 1\n\n\ndef g(x):\n    return x + 1\n"


def block(old: str, new: str, size: int = 7) -> str:
    return f"{'<' * size} SEARCH\n{old}\n{'=' * size}\n{new}\n{'>' * size} REPLACE\n"


@pytest.fixture
def file(repository: Path) -> Path:
    path = repository / "code.py"
    path.write_bytes(TEXT.encode())
    return path


def test_a_block_replaces_lines_that_stand_there_once(tool: Tool, file: Path) -> None:
    ran = tool("edit", "replace", "code.py", stdin=block("def g(x):\n    return x + 1", "g = f"))

    assert ran.returncode == 0
    assert file.read_text() == "def f(x):\n    return x + 1\n\n\ng = f\n"
    assert b"     5\tg = f" in ran.stdout


def test_text_that_stands_there_twice_is_refused_with_its_lines(tool: Tool, file: Path) -> None:
    ran = tool("edit", "replace", "code.py", "    return x + 1", "    return 0")

    assert ran.returncode == 1
    assert b"2 times, at lines 2, 6" in ran.stdout
    assert file.read_text() == TEXT


def test_all_takes_every_occurrence(tool: Tool, file: Path) -> None:
    assert tool("edit", "replace", "--all", "code.py", "x + 1", "x").returncode == 0
    assert file.read_text() == TEXT.replace("x + 1", "x")


def test_lines_that_differ_in_white_space_are_shown(tool: Tool, file: Path) -> None:
    ran = tool("edit", "replace", "code.py", stdin=block("def f(x):\n  return x+1", "f = 1"))

    assert ran.returncode == 1
    assert b"but for white space" in ran.stdout
    assert b"     2\t    return x + 1" in ran.stdout


def test_the_closest_lines_are_shown(tool: Tool, file: Path) -> None:
    ran = tool("edit", "replace", "code.py", "def h(x):", "def i(x):")

    assert b"The closest lines:\n     1\tdef f(x):" in ran.stdout


def test_tabs_are_pointed_out(tool: Tool, repository: Path) -> None:
    (repository / "tabs.py").write_text("if 1:\n\tpass\n")

    assert b"tab characters" in tool("edit", "replace", "tabs.py", "    pass", "x").stdout


def test_part_of_a_line_is_taken_where_no_whole_line_fits(tool: Tool, file: Path) -> None:
    assert tool("edit", "replace", "code.py", stdin=block("f(x)", "f(y)")).returncode == 0
    assert file.read_text() == TEXT.replace("f(x)", "f(y)")


def test_a_whole_line_goes_before_parts_of_others(tool: Tool, repository: Path) -> None:
    (repository / "words").write_text("one two\none\none three\n")

    assert tool("edit", "replace", "words", stdin=block("one", "1")).returncode == 0
    assert (repository / "words").read_text() == "one two\n1\none three\n"


def test_an_empty_replacement_takes_lines_out_whole(tool: Tool, file: Path) -> None:
    empty = "<<<<<<< SEARCH\n    return x + 1\n\n\ndef g(x):\n=======\n>>>>>>> REPLACE\n"

    assert tool("edit", "replace", "code.py", stdin=empty).returncode == 0
    assert file.read_text() == "def f(x):\n    return x + 1\n"


def test_several_blocks_are_applied_all_or_none(tool: Tool, file: Path) -> None:
    good = block("def f(x):", "def f(y):")

    assert tool("edit", "replace", "code.py", stdin=good + block("zzz", "y")).returncode == 1
    assert file.read_text() == TEXT

    both = good + "\n" + block("def g(x):", "def g(z):")
    assert tool("edit", "replace", "code.py", stdin=both).returncode == 0
    assert file.read_text() == TEXT.replace("f(x)", "f(y)").replace("g(x)", "g(z)")


def test_longer_markers_let_a_text_hold_the_usual_ones(tool: Tool, repository: Path) -> None:
    (repository / "title.rst").write_text("Title\n=======\n")
    both = "Title\n=======", "Other\n======="

    refused = tool("edit", "replace", "title.rst", stdin=block(*both))
    assert (refused.returncode, b"<<<<<<<<< SEARCH" in refused.stdout) == (2, True)
    assert tool("edit", "replace", "title.rst", stdin=block(*both, size=9)).returncode == 0
    assert (repository / "title.rst").read_text() == "Other\n=======\n"


@pytest.mark.parametrize(
    ("stdin", "message"),
    [
        ("", "nothing on standard input"),
        ("return 1\n", "stands outside of a block"),
        ("<<<<<<< SEARCH\na\n=======\nb\n", "has no end"),
        ("<<<<<<< SEARCH\na\n>>>>>>> REPLACE\n", "has no line ======="),
        (block("a", "a"), "nothing would change"),
        ("<<<<<<< SEARCH\n=======\nb\n>>>>>>> REPLACE\n", "nothing to search for"),
    ],
)
def test_a_malformed_block_is_explained(tool: Tool, file: Path, stdin: str, message: str) -> None:
    ran = tool("edit", "replace", "code.py", stdin=stdin)

    assert ran.returncode in (1, 2)
    assert message in ran.stdout.decode()
    assert file.read_text() == TEXT


def test_line_ends_of_windows_stay(tool: Tool, repository: Path) -> None:
    path = repository / "win.txt"
    path.write_bytes(b"one\r\ntwo\r\nthree")

    assert tool("edit", "replace", "win.txt", stdin=block("one\ntwo", "1\n2\n2b")).returncode == 0
    assert path.read_bytes() == b"1\r\n2\r\n2b\r\nthree"
    assert tool("edit", "insert", "win.txt", "1", stdin="new\n").returncode == 0
    assert path.read_bytes() == b"1\r\nnew\r\n2\r\n2b\r\nthree"


def test_a_missing_last_line_end_stays_missing(tool: Tool, repository: Path) -> None:
    path = repository / "end.txt"
    path.write_bytes(b"one\ntwo")

    tool("edit", "replace", "end.txt", stdin=block("two", "2"))
    assert path.read_bytes() == b"one\n2"
    tool("edit", "insert", "end.txt", "2", "three")
    assert path.read_bytes() == b"one\n2\nthree"


def test_bytes_that_are_no_text_in_utf8_stay(tool: Tool, repository: Path) -> None:
    path = repository / "latin.txt"
    path.write_bytes(b"caf\xe9\nplain\n")

    assert tool("edit", "replace", "latin.txt", "plain", "schön").returncode == 0
    assert path.read_bytes() == b"caf\xe9\n" + "schön\n".encode()


def test_the_mode_stays(tool: Tool, file: Path) -> None:
    file.chmod(0o755)

    tool("edit", "replace", "code.py", "def f(x)", "def f(y)")

    assert file.stat().st_mode & 0o777 == 0o755


@pytest.mark.parametrize(("line", "text"), [("0", "# first\n" + TEXT), ("6", TEXT + "# first\n")])
def test_insert_adds_lines_behind_a_line(tool: Tool, file: Path, line: str, text: str) -> None:
    assert tool("edit", "insert", "code.py", line, stdin="# first\n").returncode == 0
    assert file.read_text() == text


@pytest.mark.parametrize(
    ("words", "message"),
    [
        (("insert", "code.py", "7", "x"), "has 6 lines; there is no line 7"),
        (("insert", "code.py", "-1", "x"), "expected a whole number"),
        (("insert", "code.py", "1"), "no text to insert"),
        (("insert", "none.py", "1", "x"), "there is no file none.py"),
        (("replace", "code.py", "old"), "got 2 arguments"),
        (("delete", "code.py"), "got 'delete'"),
        ((), "got nothing"),
        (("replace", "cod.py", "a", "b"), "did you mean"),
    ],
)
def test_arguments_that_make_no_sense_are_explained(
    tool: Tool, file: Path, words: tuple[str, ...], message: str
) -> None:
    ran = tool("edit", *words)

    assert ran.returncode in (1, 2)
    assert message in ran.stdout.decode()
    assert file.read_text() == TEXT


def test_create_makes_a_file_and_its_folders(tool: Tool, repository: Path) -> None:
    assert tool("edit", "create", "new/deep/file.txt", stdin="hello\n").returncode == 0
    assert (repository / "new/deep/file.txt").read_text() == "hello\n"
    assert tool("edit", "create", "short.txt", "one line").returncode == 0
    assert (repository / "short.txt").read_text() == "one line\n"


def test_create_replaces_only_where_it_is_told_to(tool: Tool, file: Path) -> None:
    refused = tool("edit", "create", "code.py", stdin="x = 1\n")

    assert refused.returncode == 1
    assert file.read_text() == TEXT
    assert tool("edit", "create", "--overwrite", "code.py", stdin="x = 1\n").returncode == 0
    assert file.read_text() == "x = 1\n"


def test_a_python_file_that_no_longer_parses_is_pointed_out(tool: Tool, file: Path) -> None:
    ran = tool("edit", "replace", "code.py", "def f(x):", "def f(x:")

    assert ran.returncode == 0
    assert b"no valid Python any more" in ran.stdout


def test_a_file_that_is_no_text_is_refused(tool: Tool, repository: Path) -> None:
    (repository / "image.png").write_bytes(b"\x89PNG\0\0")

    assert b"binary file" in tool("edit", "replace", "image.png", "P", "Q").stdout


def test_a_link_out_of_the_repository_is_not_followed(
    tool: Tool, repository: Path, tmp_path: Path
) -> None:
    outside = tmp_path / "outside.txt"
    outside.write_text("keep\n")
    (repository / "link").symlink_to(outside)
    (repository / "up").symlink_to("..")

    for name in ("link", "up/outside.txt"):
        ran = tool("edit", "replace", name, "keep", "lost")
        assert b"leads out of the repository" in ran.stdout
    assert tool("edit", "create", "up/other.txt", "x").returncode == 1
    assert outside.read_text() == "keep\n"


def test_a_link_within_the_repository_is_followed(tool: Tool, repository: Path, file: Path) -> None:
    (repository / "alias.py").symlink_to("code.py")

    assert tool("edit", "replace", "alias.py", "f(x)", "f(y)").returncode == 0
    assert (repository / "alias.py").is_symlink()
    assert "f(y)" in file.read_text()


def test_files_of_git_are_left_to_git(tool: Tool) -> None:
    assert b"git's own files" in tool("edit", "create", ".git/hooks/pre-commit", "x").stdout


def test_a_folder_that_cannot_be_written_is_reported(tool: Tool, repository: Path) -> None:
    (repository / "file").write_text("x\n")

    ran = tool("edit", "create", "file/below.txt", "x")

    assert ran.returncode == 1
    assert b"edit: " in ran.stdout
    assert b"Traceback" not in ran.stdout


def test_modules_of_the_repository_cannot_break_a_tool(
    tool: Tool, repository: Path, file: Path
) -> None:
    for name in ("re", "os", "difflib", "pathlib", "sitecustomize"):
        (repository / f"{name}.py").write_text("raise SystemExit('broken')\n")

    ran = tool("edit", "replace", "code.py", "f(x)", "f(y)", env={"PYTHONPATH": str(repository)})

    assert ran.returncode == 0
    assert b"broken" not in ran.stdout


def test_a_locale_without_utf8_is_no_obstacle(tool: Tool, repository: Path) -> None:
    env = {"LC_ALL": "POSIX", "PYTHONUTF8": "0", "LANG": ""}

    ran = tool("edit", "create", "umlaut.txt", "schön", env=env)

    assert ran.returncode == 0
    assert (repository / "umlaut.txt").read_bytes() == "schön\n".encode()
    assert "schön" in tool("view", "umlaut.txt", env=env).stdout.decode()


def test_every_tool_explains_itself(tool: Tool) -> None:
    for name in ("view", "edit", "search", "submit"):
        ran = tool(name, "--help")
        assert ran.returncode == 0
        assert ran.stdout.decode().startswith(name)


def test_a_file_is_never_seen_half_written(tool: Tool, file: Path, repository: Path) -> None:
    before = set(os.listdir(repository))  # noqa: PTH208

    tool("edit", "replace", "code.py", "f(x)", "f(y)")

    assert set(os.listdir(repository)) == before  # noqa: PTH208
