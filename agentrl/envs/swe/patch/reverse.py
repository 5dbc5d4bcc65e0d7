"""The patch that undoes a patch."""

from collections.abc import Iterator, Sequence

from agentrl.envs.swe.patch.file import FilePatch, PatchError, join
from agentrl.envs.swe.patch.hunks import Hunk
from agentrl.envs.swe.patch.parse import parse_patch

_TURNED = {"+": "-", "-": "+"}


def reverse(text: str) -> str:
    r"""Return the patch that undoes ``text``.

    Raises:
        PatchError: it is no patch, or it copies files or changes binary files in a way that cannot
            be undone by what it says alone.

    >>> print(reverse("--- a/x\n+++ b/x\n@@ -1 +1 @@\n-old\n+new\n"), end="")
    diff --git a/x b/x
    --- a/x
    +++ b/x
    @@ -1 +1 @@
    -new
    +old
    """
    return join(_reversed_file(file) for file in reversed(parse_patch(text)))


def _reversed_file(file: FilePatch) -> FilePatch:
    if file.copies:
        raise PatchError(f"{file.path}: a copy cannot be undone without what it copies")
    before, _, after = file.blobs.partition("..")
    return FilePatch(
        file.new_path,
        file.old_path,
        tuple(map(_reversed_hunk, file.hunks)),
        old_mode=file.new_mode,
        new_mode=file.old_mode,
        similarity=file.similarity,
        blobs=f"{after}..{before}" if file.blobs else "",
        binary=file.binary,
        binary_lines=_reversed_binary(file),
    )


def _reversed_hunk(hunk: Hunk) -> Hunk:
    return Hunk(hunk.new_start, hunk.old_start, tuple(_turned(hunk.lines)), hunk.section)


def _turned(lines: Sequence[str]) -> Iterator[str]:
    """Turn additions into deletions and the other way round; deletions come first, as ever."""
    removed: list[str] = []
    added: list[str] = []
    side = removed
    for line in lines:
        if line[0] == " ":
            yield from (*removed, *added)
            removed, added = [], []
            yield line
        elif line[0] == "\\":
            if removed or added:
                side.append(line)
            else:
                yield line
        else:
            side = removed if line[0] == "+" else added
            side.append(_TURNED[line[0]] + line[1:])
    yield from (*removed, *added)


def _reversed_binary(file: FilePatch) -> tuple[str, ...]:
    """Exchange the two blocks: the contents afterwards, and those before."""
    if not file.binary_lines:
        return ()
    title, *lines = file.binary_lines
    blocks: list[list[str]] = []
    for line in lines:
        if line.startswith(("literal ", "delta ")):
            blocks.append([])
        blocks[-1].append(line)
    if len(blocks) != 2:
        raise PatchError(f"{file.path}: a binary patch that does not hold what was there before")
    return (title, *blocks[1], *blocks[0])
