from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from agentrl.envs.swe.patch import PatchError, parse_patch, reverse

Make = Callable[..., Any]

LINES = st.lists(st.sampled_from([b"a\n", b"b\n", b"c\n"]), max_size=10)
CONTENT = st.builds(
    lambda lines, end: b"".join(lines) + end, LINES, st.sampled_from([b"", b"z", b"\xff\0"])
)
TREE = st.dictionaries(st.sampled_from(["x", "d/y", "\u00fc z"]), CONTENT, min_size=1)


@settings(max_examples=20, deadline=None)
@given(TREE, TREE)
def test_a_patch_and_its_reverse_lead_back(
    tmp_path_factory: pytest.TempPathFactory,
    make_repository: Make,
    before: dict[str, bytes],
    after: dict[str, bytes],
) -> None:
    repository = make_repository(tmp_path_factory.mktemp("p") / "r", before)
    beginning = repository.tree()
    repository.put({name: None for name in before if name not in after})
    repository.put(after)
    diff = repository.diff("--binary", "-M")

    if diff:
        repository.apply(reverse(diff))

    assert repository.tree() == beginning
    assert reverse(reverse(diff)) == diff


def test_links_modes_and_renames_are_undone(tmp_path: Path, make_repository: Make) -> None:
    repository = make_repository(tmp_path / "r", {"x": b"1\n" * 20, "run": b"#!\n"})
    repository.link("l", "x")
    repository.git("add", "-A")
    repository.git("commit", "-q", "-m", "l")
    beginning = repository.tree()
    repository.git("mv", "x", "y")
    repository.link("l", "y")
    (repository.folder / "run").chmod(0o755)

    repository.apply(reverse(repository.diff("-M")))

    assert repository.tree() == beginning
    assert (repository.folder / "l").readlink() == Path("x")


def test_deletions_come_before_additions() -> None:
    patch = "--- a/x\n+++ b/x\n@@ -1,2 +1 @@\n-a\n-b\n\\ No newline at end of file\n+c\n"

    (file,) = parse_patch(reverse(patch))

    assert file.hunks[0].lines == ("-c", "+a", "+b", "\\ No newline at end of file")


@pytest.mark.parametrize(
    "patch",
    [
        "diff --git a/x b/y\nsimilarity index 100%\ncopy from x\ncopy to y\n",
        "diff --git a/x b/x\nindex 1111..2222 100644\nGIT binary patch\nliteral 1\nIcmZQz00000\n\n",
    ],
)
def test_what_a_patch_does_not_say_cannot_be_undone(patch: str) -> None:
    with pytest.raises(PatchError, match=r"cannot be undone|does not hold what was there"):
        reverse(patch)
