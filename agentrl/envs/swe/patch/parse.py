"""Reading a patch from what git, diff, editors and models write."""

import re
from collections.abc import Sequence
from dataclasses import dataclass

from agentrl.envs.swe.patch.file import FilePatch
from agentrl.envs.swe.patch.hunks import HUNK, Hunk, PatchError, begins_file, read_hunk
from agentrl.envs.swe.patch.names import NO_FILE, one_name, two_names, without_prefixes
from agentrl.envs.swe.patch.safety import clean, refuse_unsafe

MAX_CHARS = 32 * 2**20
"""Length of the longest text that is looked into; what is longer is no patch."""

_STRUCTURE = re.compile(r"(?:diff --git |--- |\+\+\+ |@@ -)")
_BLOBS = re.compile(r"index ([0-9a-f]{4,64}\.\.[0-9a-f]{4,64})(?: (\d{6}))?$")
_MODE = re.compile(r"(old mode|new mode|new file mode|deleted file mode) (\d{6})$")
_SIMILARITY = re.compile(r"(?:dis)?similarity index \d{1,3}%$")
_MOVE = re.compile(r"(rename|copy) (from|to) (.+)$")
_BLOCK = re.compile(r"(?:literal|delta) \d{1,12}$")
_DATA = re.compile(r"[A-Za-z][0-9A-Za-z!#$%&()*+;<=>?@^_`{|}~-]{5,65}$")


def parse_patch(text: str) -> tuple[FilePatch, ...]:
    r"""Read a patch.

    Understood are what git writes (with or without prefixes, renames, modes, binary files, links,
    quoted names), plain unified diffs, and either of them between other text, with wrong counts of
    lines, without the last newline, or with the line ends of another system.

    Returns:
        What it does to each file, in its order; nothing for an empty text.

    Raises:
        PatchError: the text is no patch, cannot be read as one, or does what no patch may: it
            names absolute paths, leaves the repository, or writes through links.

    >>> [file.path for file in parse_patch("--- a/x.py\n+++ b/x.py\n@@ -1 +1 @@\n-a\n+b")]
    ['x.py']
    """
    if not text.strip():
        return ()
    if len(text) > MAX_CHARS:
        raise PatchError(
            f"a patch of {len(text) / 2**20:.0f} MiB; expected at most {MAX_CHARS / 2**20:.0f}"
        )
    files = tuple(file for file in _files(_lines(text)) if _does_something(file))
    if not files:
        raise PatchError(
            f"no patch: it begins {text.strip()[:60]!r}; expected a unified diff, as git diff "
            f"writes it"
        )
    refuse_unsafe(files)
    return files


def _lines(text: str) -> list[str]:
    """Return the lines, without the carriage returns that an editor put at the end of each."""
    lines = text.split("\n")
    if not lines[-1]:
        lines.pop()
    structure = [line for line in lines if _STRUCTURE.match(line)]
    if structure and all(line.endswith("\r") for line in structure):
        return [line.removesuffix("\r") for line in lines]
    return lines


def _files(lines: Sequence[str]) -> list[FilePatch]:
    files: list[FilePatch] = []
    at = 0
    while at < len(lines):
        if begins_file(lines, at):
            read = _git_file if lines[at].startswith("diff --git ") else _plain_file
            file, at = read(lines, at)
            files.append(file)
            continue
        if lines[at].startswith(("diff --cc ", "diff --combined ")):
            raise PatchError(f"line {at + 1}: the diff of a merge; expected one between two trees")
        if HUNK.match(lines[at]):
            raise PatchError(f"line {at + 1}: a hunk without the name of a file before it")
        at += 1
    return files


def _does_something(file: FilePatch) -> bool:
    changed = file.creates or file.deletes or file.renames or file.changes_mode
    return bool(changed or file.hunks or file.binary)


def _plain_file(lines: Sequence[str], at: int) -> tuple[FilePatch, int]:
    old, new = without_prefixes(one_name(lines[at][4:]), one_name(lines[at + 1][4:]))
    hunks, end = _hunks(lines, at + 2)
    if old != NO_FILE != new:
        fresh = hunks[0].old_start == 0 and hunks[0].old_count == 0
        old = NO_FILE if fresh else new
    return FilePatch(_path(old, at), _path(new, at), hunks), end


@dataclass(slots=True)
class _Header:
    """What the lines before the hunks said."""

    names: tuple[str, str] | None
    old: str = ""
    new: str = ""
    moved_from: str = ""
    moved_to: str = ""
    copies: bool = False
    old_mode: str = ""
    new_mode: str = ""
    creates: bool = False
    deletes: bool = False
    similarity: str = ""
    blobs: str = ""

    def paths(self, at: int) -> tuple[str, str]:
        """Return both paths as they stand in the patch, without prefixes.

        Raises:
            PatchError: the lines contradict each other or name no file.
        """
        named = without_prefixes(*self.names) if self.names else None
        shown = self._shown(named) if self.old else None
        moved = (self.moved_from, self.moved_to) if self.moved_from and self.moved_to else None
        old, new = moved or shown or named or ("", "")
        given = [*(self.names or ()), *((self.old, self.new) if shown else ())]
        if not all(_names_one_of(name, (old, new)) for name in given):
            raise PatchError(f"line {at + 1}: the lines of a header name different files")
        if NO_FILE not in (old, new):
            old, new = (NO_FILE if self.creates else old), (NO_FILE if self.deletes else new)
        return old, new

    def _shown(self, named: tuple[str, str] | None) -> tuple[str, str]:
        """Return the names in ``---`` and ``+++``.

        Where one is no file, only the first line of all tells whether the other has a prefix.
        """
        old, new = without_prefixes(self.old, self.new)
        if named and self.names and NO_FILE in (old, new):
            old = named[0] if self.old == self.names[0] else old
            new = named[1] if self.new == self.names[1] else new
        return old, new


def _git_file(lines: Sequence[str], at: int) -> tuple[FilePatch, int]:
    header = _Header(two_names(lines[at].removeprefix("diff --git ")))
    begin, end = at, at + 1
    while end < len(lines) and _take(header, lines, end):
        end += 2 if header.old else 1
        if header.old:
            break
    hunks, end = _hunks(lines, end) if header.old else ((), end)
    binary, end = _binary(lines, end)
    old, new = header.paths(begin)
    file = FilePatch(
        _path(old, begin),
        _path(new, begin),
        hunks,
        old_mode=header.old_mode,
        new_mode=header.new_mode,
        copies=header.copies,
        similarity=header.similarity,
        blobs=header.blobs,
        binary=binary is not None,
        binary_lines=binary or (),
    )
    if not file.path:
        raise PatchError(f"line {begin + 1}: cannot tell which file this is about")
    return file, end


def _take(header: _Header, lines: Sequence[str], at: int) -> bool:
    """Note what a line of a header says; return whether it was one."""
    line = lines[at]
    if mode := _MODE.match(line):
        _take_mode(header, *mode.groups())
    elif move := _MOVE.match(line):
        header.copies = move[1] == "copy"
        setattr(header, f"moved_{move[2]}", one_name(move[3]))
    elif blobs := _BLOBS.match(line):
        header.blobs = blobs[1]
        if blobs[2] and not header.old_mode:
            header.old_mode = header.new_mode = blobs[2]
    elif _SIMILARITY.match(line):
        header.similarity = line
    elif line.startswith("--- ") and lines[at + 1 : at + 2] and lines[at + 1][:4] == "+++ ":
        header.old, header.new = one_name(line[4:]), one_name(lines[at + 1][4:])
    else:
        return False
    return True


def _take_mode(header: _Header, what: str, mode: str) -> None:
    header.creates |= what == "new file mode"
    header.deletes |= what == "deleted file mode"
    if what.startswith("new"):
        header.new_mode = mode
    else:
        header.old_mode = mode


def _hunks(lines: Sequence[str], at: int) -> tuple[tuple[Hunk, ...], int]:
    hunks = []
    while at < len(lines) and HUNK.match(lines[at]):
        hunk, at = read_hunk(lines, at)
        hunks.append(hunk)
    return tuple(hunks), at


def _binary(lines: Sequence[str], at: int) -> tuple[tuple[str, ...] | None, int]:
    """Read a binary file's contents; None where there is none, nothing where they are lacking."""
    line = lines[at] if at < len(lines) else ""
    if line.startswith("Binary files ") and line.endswith(" differ"):
        return (), at + 1
    if line != "GIT binary patch":
        return None, at
    begin, at = at, at + 1
    while at < len(lines) and _BLOCK.match(lines[at]):
        at += 1
        while at < len(lines) and _DATA.match(lines[at]):
            at += 1
        at += 1  # the empty line that ends a block
    return (*lines[begin : min(at, len(lines))], *([""] if at > len(lines) else [])), at


def _path(name: str, at: int) -> str:
    return "" if name == NO_FILE else clean(name, f"line {at + 1}")


def _names_one_of(name: str, paths: tuple[str, str]) -> bool:
    return name == NO_FILE or any(f"/{name}".endswith(f"/{path}") for path in paths)
