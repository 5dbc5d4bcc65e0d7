"""A statement tells what is wanted and does not tell where."""

from agentrl.envs.swe.instance import Source
from agentrl.envs.swe.sources.statement import (
    describe_tests,
    quote_failures,
    write_statement,
    write_statement_of_failures,
)
from agentrl.sandboxes.base import File

SOURCE = Source(package="pkg", release="1.0", fixed="1.1")
MESSAGE = """\
tests/test_a.py:12: in test_empty
    assert parse("") == []
pkg/parser.py:77: in parse
    return lines[0]
E   IndexError: list index out of range at 0x7f0011223344
E   File "/testbed/pkg/parser.py", line 77"""


def test_the_changelog_entry_is_the_problem() -> None:
    files = {"CHANGES.md": File(b"# 1.1\n- Empty lines parse.\n# 1.0\n- First.\n")}
    text = write_statement(SOURCE, ["tests/test_a.py::test_empty_lines"], files)
    assert "- Empty lines parse." in text
    assert "First" not in text
    assert "- empty lines" in text


def test_without_a_changelog_the_names_of_the_tests_tell() -> None:
    text = write_statement(SOURCE, ["tests/test_a.py::test_empty_lines"], {})
    assert "pkg 1.0" in text
    assert "- empty lines" in text


def test_what_a_failing_test_asked_for_is_quoted_without_the_way_there() -> None:
    text = write_statement_of_failures(SOURCE, ["tests/test_a.py::test_empty"], {
        "tests/test_a.py::test_empty": MESSAGE
    })  # fmt: skip
    assert 'assert parse("") == []' in text
    assert "IndexError: list index out of range at 0x..." in text
    assert "parser.py" not in text
    assert "lines[0]" not in text


def test_tests_that_say_the_same_are_quoted_once() -> None:
    ids = [f"tests/test_a.py::test_{letter}" for letter in "abcdef"]
    quoted = quote_failures(ids, dict.fromkeys(ids, "E   assert 1 == 2"))
    assert quoted[1:] == ["tests/test_a.py::test_a\n```\nE   assert 1 == 2\n```"]


def test_names_of_tests_become_words() -> None:
    ids = [
        "tests/test_a.py::TestParser::test_emptyLine[a::b]",
        "tests/test_a.py::TestParser::test_emptyLine[c]",
        "tests.test_b.TestIO.test_URL_read",
    ]
    assert describe_tests(ids) == "- URL read\n- parser: empty line"


def test_of_many_tests_some_are_named() -> None:
    text = describe_tests(f"t.py::test_n{number:02}" for number in range(50))
    assert text.count("\n") == 20
    assert text.endswith("- and 30 more")
