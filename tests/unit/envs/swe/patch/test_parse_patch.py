import re
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from agentrl.envs.swe.patch import MAX_CHARS, FilePatch, PatchError, join, parse_patch

Make = Callable[..., Any]

PLAIN = """\
--- a/src/x.py
+++ b/src/x.py
@@ -1,3 +1,3 @@
 one
-two
+zwei
 three
"""


@pytest.fixture
def changed(tmp_path: Path, make_repository: Make) -> Any:
    """A repository in which something of every kind has changed."""
    lines = b"".join(b"%d\n" % number for number in range(40))
    repository = make_repository(
        tmp_path / "r",
        {
            "a b.py": lines,
            "gr\u00f6\u00dfe.txt": b"hi",
            'q"\t.txt': b"1\n",
            "image.bin": bytes(range(256)) * 4,
            "crlf.txt": b"a\r\nb\r\nc\r\n",
            "gone.txt": b"gone\n",
            "empty.txt": b"",
            "run.sh": b"#!/bin/sh\n",
            "old name.py": b"x = 1\n" + lines,
            "latin.txt": b"caf\xe9\n",
        },
    )
    repository.link("link", "gone.txt")
    repository.git("add", "-A")
    repository.git("commit", "-q", "-m", "link")
    repository.put(
        {
            "a b.py": lines.replace(b"7\n", b"seven\n"),
            "gr\u00f6\u00dfe.txt": b"ho\n",
            'q"\t.txt': b"2\n",
            "image.bin": bytes(reversed(range(256))) * 4,
            "crlf.txt": b"a\r\nB\r\nc\r\n",
            "gone.txt": None,
            "empty.txt": b"e",
            "old name.py": None,
            "new/name.py": b"x = 2\n" + lines,
            "latin.txt": b"caf\xe9s\n",
            "confusing.sql": b"-- a\n++ b\n@@ -1 +1 @@\n diff --git\n",
            "none.txt": b"",
            "form\x0cfeed.txt": b"a\x0cb\xe2\x80\xa8c\n",
        }
    )
    (repository.folder / "run.sh").chmod(0o755)
    repository.link("link", "crlf.txt")
    return repository


def test_what_git_writes_comes_back_letter_for_letter(changed: Any) -> None:
    for options in (("--binary", "-M"), ("--binary",), ("--binary", "-U0"), ("-C", "--binary")):
        diff = changed.diff(*options)

        assert join(parse_patch(diff)) == diff


def test_every_kind_of_change_is_told(changed: Any) -> None:
    by_path = {file.path: file for file in parse_patch(changed.diff("--binary", "-M"))}

    assert by_path["gone.txt"].deletes
    assert by_path["confusing.sql"].creates
    assert by_path["none.txt"].creates
    assert by_path["none.txt"].hunks == ()
    assert by_path["new/name.py"].renames
    assert by_path["new/name.py"].paths == ("old name.py", "new/name.py")
    assert by_path["image.bin"].binary
    assert by_path["run.sh"].mode == "100755"
    assert by_path["link"].is_symlink
    assert by_path["link"].target == "crlf.txt"
    assert {"gr\u00f6\u00dfe.txt", 'q"\t.txt', "form\x0cfeed.txt", "a b.py"} <= by_path.keys()


@pytest.mark.parametrize(
    "options",
    [
        ("--no-prefix",),
        ("--src-prefix=i/", "--dst-prefix=w/"),
        ("--src-prefix=old/", "--dst-prefix=new/"),
        ("-R", "--src-prefix=b/", "--dst-prefix=a/"),
        ("-c", "core.quotepath=false"),
    ],
)
def test_git_applies_what_was_read_whatever_the_prefix(
    changed: Any, options: tuple[str, ...]
) -> None:
    changed.git("add", "-A", "-f")
    reverse = "-R" in options
    if options[0] == "-c":
        diff = changed.git(*options, "diff", "--cached", "--binary", "HEAD")
    else:
        diff = changed.git("diff", "--cached", "--binary", *options, "HEAD")
    after = changed.tree()
    if not reverse:
        changed.restore()

    changed.apply(join(parse_patch(diff)))

    wanted = changed.git("rev-parse", "HEAD^{tree}").strip() if reverse else after
    assert changed.tree() == wanted


LETTERS = st.sampled_from([b"a\n", b"b\n", b"\n", b"-- c\n", b"++ d\n", b" e\n", b"f\r\n", b"@@\n"])
CONTENT = st.builds(
    lambda lines, end: b"".join(lines) + end,
    st.lists(LETTERS, max_size=12),
    st.sampled_from([b"", b"z"]),
)
NAMES = st.sampled_from(["x.py", "a b/c.txt", "\u00fc/\u00fc.md", "-x", "d/e/f"])


@settings(max_examples=20, deadline=None)
@given(
    st.dictionaries(NAMES, CONTENT, min_size=1, max_size=3),
    st.dictionaries(NAMES, CONTENT, min_size=1, max_size=3),
    st.sampled_from(["-U0", "-U1", "-U3"]),
)
def test_any_change_survives_reading_and_joining(
    tmp_path_factory: pytest.TempPathFactory,
    make_repository: Make,
    before: dict[str, bytes],
    after: dict[str, bytes],
    context: str,
) -> None:
    repository = make_repository(tmp_path_factory.mktemp("p") / "r", before)
    repository.put({name: None for name in before if name not in after})
    repository.put(after)
    diff, tree = repository.diff(context, "--binary"), repository.tree()
    repository.restore()

    joined = join(parse_patch(diff))

    assert joined == diff
    if diff:
        repository.git("apply", "--whitespace=nowarn", "--unidiff-zero", "-", stdin=joined)
    assert repository.tree() == tree


def test_a_plain_diff_becomes_one_that_git_reads(tmp_path: Path, make_repository: Make) -> None:
    repository = make_repository(tmp_path / "r", {"src/x.py": b"one\ntwo\nthree\n"})

    repository.apply(join(parse_patch(PLAIN)))

    assert (repository.folder / "src/x.py").read_text() == "one\nzwei\nthree\n"


@pytest.mark.parametrize(
    "spoilt",
    [
        PLAIN.removesuffix("\n"),
        PLAIN.replace("\n", "\r\n"),
        f"Here is my fix:\n\n```diff\n{PLAIN}```\n\nIt changes:\n\n- two to zwei\n",
        f"{PLAIN}\n\nHope that helps!\n",
        PLAIN.replace("-1,3 +1,3", "-1,9 +1,2"),
        PLAIN.replace("-1,3 +1,3", "-1 +1"),
        PLAIN.replace("-1,3", "-1,3").replace("--- a/", "diff --git a/src/x.py b/src/x.py\n--- a/"),
        PLAIN.replace("x.py\n", "x.py\t2024-01-01 00:00:00.000 +0000\n"),
        PLAIN.replace("a/src", "src").replace("b/src", "src"),
        PLAIN.replace("a/src", "a/./src").replace("b/src", "b/.//src"),
        f"From 01 Mon Sep 17 00:00:00 2001\n---\n src/x.py | 2 +-\n\n{PLAIN}-- \n2.39.5\n",
        PLAIN.replace("--- a/src/x.py", "Index: src/x.py\n=====\n--- a/src/x.py"),
    ],
)
def test_what_editors_and_models_do_to_a_patch_is_undone(
    tmp_path: Path, make_repository: Make, spoilt: str
) -> None:
    repository = make_repository(tmp_path / "r", {"src/x.py": b"one\ntwo\nthree\n"})

    repository.apply(join(parse_patch(spoilt)))

    assert (repository.folder / "src/x.py").read_text() == "one\nzwei\nthree\n"


def test_blank_context_that_was_stripped_off_the_end_is_put_back(
    tmp_path: Path, make_repository: Make
) -> None:
    repository = make_repository(tmp_path / "r", {"x": b"one\ntwo\n\n\nend\n"})
    stripped = "--- a/x\n+++ b/x\n@@ -1,4 +1,4 @@\n-one\n+eins\n two\n \n \n".rstrip()

    repository.apply(join(parse_patch(stripped)))

    assert (repository.folder / "x").read_text() == "eins\ntwo\n\n\nend\n"


def test_carriage_returns_of_the_files_themselves_stay() -> None:
    patch = "--- a/x\n+++ b/x\n@@ -1 +1 @@\n-a\r\n+b\r\n"

    assert "+b\r\n" in join(parse_patch(patch))
    assert "+b\r\n" in join(parse_patch(patch.replace("\n", "\r\n")))


def test_an_empty_text_is_a_patch_that_does_nothing() -> None:
    assert parse_patch("") == parse_patch(" \n\n") == ()


@pytest.mark.parametrize(
    ("text", "complaint"),
    [
        ("I could not find the bug.", "no patch: it begins 'I could not"),
        ("--- a/x\n+++ b/x\n", "no patch"),
        ("diff --git a/x b/x\n", "no patch"),
        ("@@ -1 +1 @@\n-a\n+b\n", "line 1: a hunk without the name of a file"),
        ("--- a/x\n+++ b/x\n@@ -1 +1 @@\n a\n", "line 3: a hunk that changes nothing"),
        ("diff --cc x\nindex 1,2..3\n@@@ -1 -1 +1 @@@\n", "the diff of a merge"),
        ("diff --git a/x b/x\n--- a/y\n+++ b/y\n@@ -1 +1 @@\n-a\n+b\n", "name different files"),
        ("diff --git a b c\n--- a/x", "cannot tell which file"),
    ],
)
def test_what_is_no_patch_is_refused_with_the_reason(text: str, complaint: str) -> None:
    with pytest.raises(PatchError, match=re.escape(complaint)):
        parse_patch(text)


def test_a_text_of_any_size_is_dealt_with() -> None:
    with pytest.raises(PatchError, match="a patch of 95 MiB; expected at most 32"):
        parse_patch("+x\n" * 33_333_334)
    assert len("x" * MAX_CHARS) == MAX_CHARS
    for garbage in ("+++ \n" * 200_000, "@@ -1" * 200_000, '"' * 10**6, "\\" * 10**6):
        with pytest.raises(PatchError):
            parse_patch(garbage)


def test_a_header_of_endless_blanks_is_read_in_one_go() -> None:
    with pytest.raises(PatchError):
        parse_patch("diff --git " + " " * 10**6 + "\n--- a/x")


@given(st.text(alphabet="ab+-@ \\\n\r\t/1,", max_size=200))
def test_whatever_is_read_is_read_the_same_again(noise: str) -> None:
    try:
        files = parse_patch(f"--- a/x\n+++ b/x\n@@ -1 +1 @@\n{noise}")
    except PatchError:
        return

    assert parse_patch(join(files)) == files


def test_the_parts_say_what_they_are_about() -> None:
    assert FilePatch("", "x").creates
    assert FilePatch("x", "").deletes
    assert FilePatch("x", "").path == "x"
    assert FilePatch("x", "y", copies=True).paths == ("y",)
