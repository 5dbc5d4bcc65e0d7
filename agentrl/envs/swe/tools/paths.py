"""Where a file lies, and whether a tool may write it."""

from pathlib import Path

from agentrl.envs.swe.tools.output import RefusedError


def repository(start: Path) -> Path:
    """Return the folder with a ``.git`` that ``start`` lies in; ``start`` where there is none."""
    for folder in (start, *start.parents):
        if (folder / ".git").exists():
            return folder
    return start


def writable(argument: str) -> Path:
    """Return the file that an argument names, links followed.

    Raises:
        RefusedError: it stands in the repository and a link on the way leads out of it, or it
            belongs to git's own files.
    """
    here = Path.cwd()
    root = repository(here).resolve()
    given = here / argument
    real = given.resolve()
    # pathlib has no way to drop ".." without following links.
    lexical = Path(_without_dots(str(given)))
    if _within(lexical, root) and not _within(real, root):
        raise RefusedError(
            f"{argument} is a link that leads out of the repository, to {real}; "
            "name that file itself if you mean it"
        )
    if _within(real, root / ".git"):
        raise RefusedError(f"{argument} is one of git's own files; use git to change it")
    return real


def _within(path: Path, folder: Path) -> bool:
    return path == folder or folder in path.parents


def _without_dots(path: str) -> str:
    parts = []  # type: list[str]
    for part in path.split("/"):
        if part == "..":
            del parts[-1:]
        elif part not in ("", "."):
            parts.append(part)
    return "/" + "/".join(parts)
