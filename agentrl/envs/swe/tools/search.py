"""Finding lines: what an agent does with ``search``."""

import fnmatch
import os
import re
import subprocess
from collections.abc import Iterator
from pathlib import Path

from agentrl.envs.swe.tools.output import BadUsageError, RefusedError, as_text, say

USAGE = """\
search PATTERN [PATH...]  show the lines that match a Python regular expression
  -i             upper and lower case alike
  -F             PATTERN is plain text
  -l             only the names of the files
  -g GLOB        only files with such a name: -g '*.py'

Files that git ignores, binary files and large ones are left out. At most 100 lines are shown.
"""
"""What the agent is told about it."""

_MOST_LINES = 100
_MOST_BYTES = 4 * 2**20
_MOST_WIDTH = 300


class _Query:
    def __init__(self) -> None:
        self.literal = self.any_case = self.names_only = False
        self.globs = []  # type: list[str]
        self.words = []  # type: list[str]

    def pattern(self) -> "re.Pattern[bytes]":
        text = as_text(self.words[0])
        data = text.encode("utf-8", "surrogateescape")
        flags = re.MULTILINE | (re.IGNORECASE if self.any_case else 0)
        try:
            return re.compile(re.escape(data) if self.literal else data, flags)
        except re.error as exc:
            raise RefusedError(
                f"{text!r} is no regular expression: {exc}; -F searches for plain text"
            ) from None


def run(arguments: "list[str]") -> int:
    """Search; 1 where nothing was found, as grep has it."""
    query = _read(arguments)
    pattern = query.pattern()
    found = []  # type: list[tuple[str, list[str]]]
    for path in _files(query):
        lines = _matches(path, pattern)
        if lines:
            found.append((path, lines))
    if not found:
        say(f"no match for {as_text(query.words[0])}")
        return 1
    say(_names(found) if query.names_only else _lines(found))
    return 0


def _read(arguments: "list[str]") -> _Query:
    query, rest = _Query(), list(arguments)
    while rest:
        word = rest.pop(0)
        if query.words or not word.startswith("-") or word == "-":
            query.words.append(word)
        elif word in ("-g", "-e", "--"):
            if not rest:
                raise BadUsageError(f"{word} needs something behind it")
            (query.globs if word == "-g" else query.words).append(rest.pop(0))
        else:
            _set_flags(query, word)
    return _later_options(query)


def _set_flags(query: _Query, word: str) -> None:
    for letter in word[1:]:
        if letter == "i":
            query.any_case = True
        elif letter == "F":
            query.literal = True
        elif letter == "l":
            query.names_only = True
        elif letter not in "nrRE":  # what grep's users add by habit holds anyway
            raise BadUsageError(f"unknown option {word}")


def _later_options(query: _Query) -> _Query:
    """Take options that stand behind the pattern, as many write them."""
    words, rest = query.words[:1], query.words[1:]
    while rest:
        word = rest.pop(0)
        if word == "-g" and rest:
            query.globs.append(rest.pop(0))
        elif re.match(r"-[iFlnrRE]+$", word):
            _set_flags(query, word)
        else:
            words.append(word)
    if not words or not words[0]:
        raise BadUsageError("a pattern is needed")
    query.words = words
    return query


def _files(query: _Query) -> "Iterator[str]":
    seen = set()  # type: set[str]
    for start in query.words[1:] or ["."]:
        if not Path(start).exists():
            raise RefusedError(f"there is no file or folder {start}")
        for path in _below(start) if Path(start).is_dir() else [start]:
            named = [
                fnmatch.fnmatch(path, g) or fnmatch.fnmatch(Path(path).name, g) for g in query.globs
            ]
            if path not in seen and (any(named) or not named):
                seen.add(path)
                yield path


def _below(folder: str) -> "list[str]":
    """Return the files below a folder; those that git would track, where it is a repository's."""
    command = ["git", "ls-files", "-z", "--cached", "--others", "--exclude-standard"]
    try:
        git = subprocess.Popen(
            command, cwd=folder, stdout=subprocess.PIPE, stderr=subprocess.DEVNULL
        )
        out = git.communicate()[0]
        names = out.split(b"\0") if git.returncode == 0 else None
    except OSError:
        names = None
    if names is None:
        return sorted(_walked(folder))
    prefix = "" if folder in (".", "./") else folder.rstrip("/") + "/"
    return sorted({prefix + os.fsdecode(name) for name in names if name})


def _walked(folder: str) -> "Iterator[str]":
    for parent, folders, names in os.walk(folder):
        folders[:] = [name for name in folders if name not in (".git", "__pycache__")]
        for name in names:
            path = str(Path(parent) / name)
            yield path


def _matches(path: str, pattern: "re.Pattern[bytes]") -> "list[str]":
    file = Path(path)
    try:
        if not file.is_file() or file.stat().st_size > _MOST_BYTES:
            return []
        data = file.read_bytes()
    except OSError:
        return []
    if b"\0" in data[:8192] or not pattern.search(data):
        return []
    return [
        "{}:{}".format(number, line[:_MOST_WIDTH].decode("utf-8", "surrogateescape").rstrip("\r"))
        for number, line in enumerate(data.split(b"\n"), 1)
        if pattern.search(line)
    ]


def _lines(found: "list[tuple[str, list[str]]]") -> str:
    every = [f"{as_text(path)}:{line}" for path, lines in found for line in lines]
    shown = every[:_MOST_LINES]
    if len(every) > len(shown):
        shown.append(
            f"[{len(every) - _MOST_LINES} more lines, {len(found)} files in all: narrow the "
            f"pattern, name a PATH, or use -l]"
        )
    return "\n".join(shown)


def _names(found: "list[tuple[str, list[str]]]") -> str:
    every = [f"{as_text(path)} ({len(lines)})" for path, lines in found]
    shown = every[:_MOST_LINES]
    if len(every) > len(shown):
        shown.append(f"[{len(every) - len(shown)} more files]")
    return "\n".join(shown)
