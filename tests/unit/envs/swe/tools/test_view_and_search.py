"""What ``view``, ``search`` and ``submit`` show."""

from pathlib import Path

import pytest

from agentrl.envs.swe.tools.submit import SUBMITTED
from tests.unit.envs.swe.tools.conftest import Tool


@pytest.fixture
def tree(repository: Path) -> Path:
    for path, text in {
        "src/pkg/core.py": "import os\n\nVALUE = 1\n",
        "src/pkg/deep/er.py": "VALUE = 2\n",
        "build/out.py": "VALUE = 3\n",
        ".gitignore": "build/\n",
        "README.md": "The Value.\n",
    }.items():
        (repository / path).parent.mkdir(parents=True, exist_ok=True)
        (repository / path).write_text(text)
    return repository


def said(tool: Tool, *words: str) -> str:
    return tool(*words).stdout.decode()


def test_a_file_is_shown_with_line_numbers(tool: Tool, tree: Path) -> None:
    assert said(tool, "view", "src/pkg/core.py") == (
        "[src/pkg/core.py, lines 1-3 of 3]\n     1\timport os\n     2\t\n     3\tVALUE = 1\n"
    )


@pytest.mark.parametrize("words", [("2", "3"), ("2-3",), ("2:3",), ("2,3",), ("2", "99"), ("2",)])
def test_a_range_is_understood_however_it_is_written(
    tool: Tool, tree: Path, words: tuple[str, ...]
) -> None:
    assert said(tool, "view", "src/pkg/core.py", *words) == (
        "[src/pkg/core.py, lines 2-3 of 3]\n     2\t\n     3\tVALUE = 1\n"
    )


def test_a_long_file_says_how_to_go_on(tool: Tool, repository: Path) -> None:
    (repository / "long.txt").write_text("".join(f"{n}\n" for n in range(1, 1001)))

    first = said(tool, "view", "long.txt")
    assert first.endswith("   250\t250\n[750 more lines: view long.txt 251 500]\n")
    assert said(tool, "view", "long.txt", "900").endswith("  1000\t1000\n")


def test_a_long_line_is_cut(tool: Tool, repository: Path) -> None:
    (repository / "wide.txt").write_text("x" * 5000 + "\n")

    assert "x [... 4000 more characters]" in said(tool, "view", "wide.txt")


def test_a_folder_is_listed_two_levels_deep(tool: Tool, tree: Path) -> None:
    assert said(tool, "view") == ("[.]\n.gitignore\nREADME.md\nbuild/\n  out.py\nsrc/\n  pkg/\n")


def test_a_large_folder_is_cut(tool: Tool, repository: Path) -> None:
    for number in range(300):
        (repository / f"f{number}").write_text("")

    assert "[50 more entries" in said(tool, "view", ".")


@pytest.mark.parametrize(
    ("words", "message"),
    [
        (("src/pkg/cor.py",), "did you mean src/pkg/core.py?"),
        (("none/at/all.py",), "nor a folder"),
        (("src/pkg/core.py", "9"), "has 3 lines, none at 9"),
        (("src/pkg/core.py", "3", "1"), "before it begins"),
        (("src/pkg/core.py", "one"), "expected a whole number"),
        (("src", "1"), "is a folder"),
        (("a", "1", "2", "3"), "one file at a time"),
    ],
)
def test_what_cannot_be_shown_is_explained(
    tool: Tool, tree: Path, words: tuple[str, ...], message: str
) -> None:
    assert message in said(tool, "view", *words)


def test_a_binary_file_and_an_empty_one_are_told(tool: Tool, repository: Path) -> None:
    (repository / "data").write_bytes(b"\0\1\2")
    (repository / "empty").write_bytes(b"")

    assert "binary file of 3 bytes" in said(tool, "view", "data")
    assert "[empty is empty]" in said(tool, "view", "empty")


def test_search_leaves_out_what_git_ignores(tool: Tool, tree: Path) -> None:
    assert said(tool, "search", r"VALUE = \d") == (
        "src/pkg/core.py:3:VALUE = 1\nsrc/pkg/deep/er.py:1:VALUE = 2\n"
    )


def test_search_without_git_goes_through_every_file(
    tools_folder: Path, tmp_path: Path, tool: Tool
) -> None:
    folder = tmp_path / "plain"
    folder.mkdir()
    (folder / "a.txt").write_text("here\n")

    assert f"{folder}/a.txt:1:here\n" == said(tool, "search", "here", str(folder))


@pytest.mark.parametrize(
    ("words", "found"),
    [
        (("-i", "value"), ["README.md", "src/pkg/core.py", "src/pkg/deep/er.py"]),
        (("value", "-i"), ["README.md", "src/pkg/core.py", "src/pkg/deep/er.py"]),
        (("-F", "Value."), ["README.md"]),
        (("VALUE", "src/pkg/deep"), ["src/pkg/deep/er.py"]),
        (("-g", "core*", "VALUE"), ["src/pkg/core.py"]),
        (("VALUE", "-g", "core*"), ["src/pkg/core.py"]),
        (("-rn", "VALUE", "src"), ["src/pkg/core.py", "src/pkg/deep/er.py"]),
        (("--", "VALUE", "src/pkg/core.py"), ["src/pkg/core.py"]),
    ],
)
def test_search_takes_the_options_of_grep(
    tool: Tool, tree: Path, words: tuple[str, ...], found: list[str]
) -> None:
    names = sorted({line.split(":")[0] for line in said(tool, "search", *words).splitlines()})

    assert names == found


def test_search_names_the_files(tool: Tool, tree: Path) -> None:
    assert said(tool, "search", "-l", "import|VALUE") == (
        "src/pkg/core.py (2)\nsrc/pkg/deep/er.py (1)\n"
    )


def test_very_many_matches_are_cut_and_counted(tool: Tool, repository: Path) -> None:
    (repository / "many.txt").write_text("match\n" * 250)

    lines = said(tool, "search", "match").splitlines()

    assert len(lines) == 101
    assert lines[-1].startswith("[150 more lines, 1 files in all")


def test_nothing_found_is_said_and_counts_as_grep_has_it(tool: Tool, tree: Path) -> None:
    ran = tool("search", "nowhere")

    assert (ran.returncode, ran.stdout) == (1, b"no match for nowhere\n")


@pytest.mark.parametrize(
    ("words", "message"),
    [
        (("(",), "no regular expression"),
        ((), "a pattern is needed"),
        (("-x", "a"), "unknown option -x"),
        (("-g",), "needs something behind it"),
        (("a", "none"), "there is no file or folder none"),
    ],
)
def test_a_search_that_makes_no_sense_is_explained(
    tool: Tool, words: tuple[str, ...], message: str
) -> None:
    ran = tool("search", *words)

    assert ran.returncode in (1, 2)
    assert message in ran.stdout.decode()


def test_submit_leaves_its_mark(tool: Tool) -> None:
    mark = Path(SUBMITTED)
    mark.unlink(missing_ok=True)
    try:
        assert tool("submit", "please").returncode == 2
        assert not mark.exists()
        assert tool("submit").stdout == b"Submitted.\n"
        assert mark.exists()
    finally:
        mark.unlink(missing_ok=True)
