"""What is to be mined is named by a word, or by a file of them."""

from pathlib import Path

import pytest

from agentrl.envs.swe.mine.pair import Pair, needs_compiling, read_pairs
from agentrl.errors import UsageError


def test_a_word_names_a_release_and_the_option_the_one_before() -> None:
    assert read_pairs(["toolz==1.1.0"]) == (Pair("toolz", "1.1.0"),)
    assert read_pairs(["toolz==1.1.0"], old="0.12.1") == (Pair("toolz", "1.1.0", "0.12.1"),)


def test_a_file_names_many(tmp_path: Path) -> None:
    path = tmp_path / "pairs.txt"
    path.write_text("# small ones\ntoolz==1.1.0 from 0.12.1\n\nidna==3.7 + pytest==8.3.4 a==1\n")
    assert read_pairs([str(path)]) == (
        Pair("toolz", "1.1.0", "0.12.1"),
        Pair("idna", "3.7", requires=("pytest==8.3.4", "a==1")),
    )


@pytest.mark.parametrize("word", ["toolz", "toolz=1.0", "==1.0", "toolz== 1.0"])
def test_anything_else_is_refused(word: str) -> None:
    with pytest.raises(UsageError, match="names no release: give NAME==NEW"):
        read_pairs([word])


def test_a_line_that_is_wrong_is_named(tmp_path: Path) -> None:
    path = tmp_path / "pairs.txt"
    path.write_text("toolz==1.1.0\ntoolz 1.0\n")
    with pytest.raises(UsageError, match=r"pairs\.txt:2: 'toolz 1\.0'"):
        read_pairs([str(path)])


def test_code_that_must_be_compiled_is_told_by_its_files() -> None:
    assert needs_compiling(["a/b.py", "a/_speed.pyx"])
    assert not needs_compiling(["a/b.py", "README.rst"])
