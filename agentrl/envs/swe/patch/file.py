"""The part of a patch that is about one file."""

from collections.abc import Iterable
from dataclasses import dataclass, field

from agentrl.envs.swe.patch.hunks import Hunk, PatchError
from agentrl.envs.swe.patch.names import NO_FILE, quote

__all__ = ["FILE_MODE", "LINK_MODE", "MODULE_MODE", "FilePatch", "PatchError", "join"]

FILE_MODE = "100644"
LINK_MODE = "120000"
MODULE_MODE = "160000"


@dataclass(frozen=True, slots=True)
class FilePatch:
    """What a patch does to one file."""

    old_path: str
    """Where it is before, from the repository's root; empty for a file that is created."""
    new_path: str
    """Where it is afterwards; empty for a file that is deleted."""
    hunks: tuple[Hunk, ...] = ()
    old_mode: str = ""
    """Six octal digits as git has them; empty where the patch does not say."""
    new_mode: str = ""
    copies: bool = False
    """The file at ``old_path`` stays."""
    similarity: str = ""
    """git's line that says how alike two files are."""
    blobs: str = ""
    """git's names of the contents before and after: ``1a2b3c..4d5e6f``."""
    binary: bool = False
    binary_lines: tuple[str, ...] = field(default=(), repr=False)
    """Of a binary file: its contents as git codes them; empty where the patch lacks them."""

    @property
    def path(self) -> str:
        """Where the file is afterwards, or was before it is deleted."""
        return self.new_path or self.old_path

    @property
    def paths(self) -> tuple[str, ...]:
        """All paths that the patch writes or removes."""
        paths = (self.new_path,) if self.copies else (self.old_path, self.new_path)
        return tuple(dict.fromkeys(path for path in paths if path))

    @property
    def creates(self) -> bool:
        """Whether there is no such file before."""
        return not self.old_path

    @property
    def deletes(self) -> bool:
        """Whether there is no such file afterwards."""
        return not self.new_path

    @property
    def renames(self) -> bool:
        """Whether the file is elsewhere afterwards, or is a copy."""
        return bool(self.old_path and self.new_path) and self.old_path != self.new_path

    @property
    def changes_mode(self) -> bool:
        """Whether the file has another mode afterwards."""
        return bool(self.old_mode and self.new_mode) and self.old_mode != self.new_mode

    @property
    def mode(self) -> str:
        """Mode afterwards, or before it is deleted; empty where the patch does not say."""
        return self.new_mode or self.old_mode

    @property
    def is_symlink(self) -> bool:
        """Whether it is a symbolic link afterwards, or was one before it is deleted."""
        return self.mode == LINK_MODE

    @property
    def target(self) -> str:
        """Where a symbolic link leads afterwards."""
        after = (line[1:] for hunk in self.hunks for line in hunk.lines if line[0] in " +")
        return "\n".join(after)

    @property
    def text(self) -> str:
        """This part of the patch as git writes it."""
        old, new = self.old_path or self.new_path, self.new_path or self.old_path
        lines = [f"diff --git {quote(f'a/{old}')} {quote(f'b/{new}')}", *self._header(old, new)]
        if self.hunks:
            lines += [
                f"--- {_shown('a', self.old_path)}",
                f"+++ {_shown('b', self.new_path)}",
            ]
        lines += self.binary_lines
        return "\n".join([*lines, ""]) + "".join(hunk.text for hunk in self.hunks)

    def _header(self, old: str, new: str) -> Iterable[str]:
        if self.creates:
            yield f"new file mode {self.new_mode or FILE_MODE}"
        elif self.deletes:
            yield f"deleted file mode {self.old_mode or FILE_MODE}"
        elif self.changes_mode:
            yield from (f"old mode {self.old_mode}", f"new mode {self.new_mode}")
        if self.similarity:
            yield self.similarity
        if self.renames:
            verb = "copy" if self.copies else "rename"
            yield from (f"{verb} from {quote(old)}", f"{verb} to {quote(new)}")
        if self.blobs:
            stays = not (self.creates or self.deletes or self.changes_mode)
            yield f"index {self.blobs}" + (f" {self.mode}" if stays and self.mode else "")


def join(files: Iterable[FilePatch]) -> str:
    """Return the patch made of these parts, as ``git apply`` reads it."""
    return "".join(file.text for file in files)


def _shown(side: str, path: str) -> str:
    if not path:
        return NO_FILE
    name = quote(f"{side}/{path}")
    return f"{name}\t" if " " in path else name
