"""What no patch may do, whoever wrote it."""

from collections.abc import Sequence
from pathlib import PurePosixPath

from agentrl.envs.swe.patch.file import FilePatch
from agentrl.envs.swe.patch.hunks import PatchError

_LONGEST_PATH = 4096
_LONGEST_NAME = 255


def clean(path: str, where: str) -> str:
    """Return a path of a patch in its one form: ``./src//x.py`` becomes ``src/x.py``.

    Raises:
        PatchError: it is absolute, leaves the repository, or can be no path.
    """
    if path.startswith("/"):
        raise PatchError(
            f"{where}: {path[:200]!r} is an absolute path; expected one from the repository's root"
        )
    parts = [part for part in path.split("/") if part not in ("", ".")]
    if ".." in parts:
        raise PatchError(f"{where}: {path[:200]!r} may lead out of the repository")
    too_long = len(path) > _LONGEST_PATH or any(len(part) > _LONGEST_NAME for part in parts)
    if "\0" in path or too_long:
        raise PatchError(f"{where}: {path[:60]!r} can be no path of a file")
    return "/".join(parts)


def refuse_unsafe(files: Sequence[FilePatch]) -> None:
    """Check what the parts of a patch do together.

    Raises:
        PatchError: a symbolic link leads out of the repository, or a file lies behind a link that
            the same patch makes, or becomes a link from within.
    """
    links = {file.new_path for file in files if file.is_symlink and file.new_path}
    for file in files:
        if file.is_symlink and file.new_path and (file.hunks or file.binary):
            _refuse_escape(file)
        if file.changes_mode and file.old_mode[:3] != file.new_mode[:3]:
            raise PatchError(
                f"{file.path}: becomes something else than it was; expected one file to be deleted "
                f"and another to be created"
            )
        for path in file.paths:
            through = links.intersection(map(str, PurePosixPath(path).parents))
            if through:
                raise PatchError(
                    f"{path}: lies behind {through.pop()}, a symbolic link that the patch makes"
                )


def _refuse_escape(file: FilePatch) -> None:
    """Refuse a link whose target is not plainly inside the repository.

    A ``..`` after a name is refused as well: the name may be a link itself, and then nobody who
    only sees the patch can tell where the ``..`` leads.
    """
    target = file.target
    parts = [part for part in target.split("/") if part not in ("", ".")]
    ups = 0
    while ups < len(parts) and parts[ups] == "..":
        ups += 1
    depth = file.new_path.count("/")
    unclear = file.binary or not target or target.startswith("/") or set(target) & {"\0", "\n"}
    if unclear or ".git" in map(str.lower, parts) or ups > depth or ".." in parts[ups:]:
        raise PatchError(
            f"{file.new_path}: a symbolic link to {target[:200]!r}, which may lead out of the "
            f"repository"
        )
