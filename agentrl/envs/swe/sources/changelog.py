"""Finds what a changelog says about a version."""

import re
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from pathlib import PurePosixPath

from agentrl.sandboxes.base import File

_STEMS = (
    *("changelog", "changes", "history", "news", "release_notes", "releasenotes", "releases"),
    *("release-notes", "changelogs", "whatsnew", "whats_new", "versions", "readme"),
)
_SUFFIXES = ("", ".md", ".rst", ".txt", ".markdown")
_VERSION = re.compile(
    r"(?<![\w.])v?(\d+(?:\.\d+)+(?:\.?(?:a|b|rc|post|dev)\d+)?)(?![\w.]*\d)", re.I
)
_UNDERLINE = re.compile(r"([=\-~^\"'`*+#.:_])\1{2,}\s*")
_LINK = re.compile(r"\[([^\]]+)\](?:\([^)]*\)|\[[^\]]*\])?")
_MAX = 20_000


@dataclass(frozen=True, slots=True)
class _Heading:
    line: int
    """Where it stands."""
    body: int
    """Where what it heads begins."""
    style: str
    """Headings of one style stand side by side."""
    versions: tuple[str, ...]


def changelog_files(files: Mapping[str, File]) -> tuple[str, ...]:
    """Return what may be a changelog, the likeliest first."""

    def rank(name: str) -> tuple[int, int, str]:
        return _STEMS.index(PurePosixPath(name).stem.lower()), name.count("/"), name

    found = [name for name in files if _is_changelog(PurePosixPath(name))]
    return tuple(sorted(found, key=rank))


def _is_changelog(path: PurePosixPath) -> bool:
    if path.suffix.lower() not in _SUFFIXES or path.stem.lower() not in _STEMS:
        return False
    return len(path.parts) == 1 or (
        path.parts[0].lower() in ("docs", "doc") and len(path.parts) < 4
    )


def entry(files: Mapping[str, File], version: str, after: str = "") -> str:
    """Return what the changelog says about ``version``; empty where it says nothing.

    Args:
        files: the repository.
        version: the release asked about.
        after: the release before it: what was released in between belongs to the answer.
    """
    for name in changelog_files(files):
        text = files[name].data.decode("utf-8", "replace").replace("\r\n", "\n")
        if found := section(text, version, after):
            return found[:_MAX]
    return ""


def section(text: str, version: str, after: str = "") -> str:
    """Return the part of a changelog between the headings of ``version`` and ``after``.

    >>> section("## 1.1 (May)\\n- Fix x.\\n## 1.0\\n- First.\\n", "1.1")
    '- Fix x.'
    """
    lines = text.split("\n")
    headings = _headings(lines)
    for at, heading in enumerate(headings):
        if _names(heading, version):
            end = _end(headings[at + 1 :], heading, after, len(lines))
            if body := _tidy(lines[heading.body : end]):
                return body
    return ""


def _end(later: Sequence[_Heading], heading: _Heading, after: str, last: int) -> int:
    """Return where the section stops: at the next version, or at the one before the range."""
    peers = [other for other in later if other.style == heading.style or _names(other, after)]
    if after and (stop := [other for other in peers if _names(other, after)]):
        return stop[0].line
    return peers[0].line if peers else last


def _names(heading: _Heading, version: str) -> bool:
    return bool(version) and any(_plain(found) == _plain(version) for found in heading.versions)


def _plain(version: str) -> str:
    """Return a version so that 1.2 and 1.2.0 are the same."""
    return re.sub(r"(\.0)+$", "", version.lower())


def _headings(lines: Sequence[str]) -> list[_Heading]:
    found = []
    for at, line in enumerate(lines):
        after = lines[at + 1] if at + 1 < len(lines) else ""
        style, length = _style(line, after)
        versions = tuple(_VERSION.findall(_LINK.sub(r"\1", line)))
        if style and versions:
            found.append(_Heading(at, at + length, style, versions))
    return found


def _style(line: str, after: str) -> tuple[str, int]:
    """Return how a line is marked as a heading, and how many lines that takes; or nothing."""
    text = line.strip()
    if not text or len(text) > 120 or _UNDERLINE.fullmatch(text):
        return "", 0
    if marks := re.match(r"#+(?=\s)", text):
        return marks[0], 1
    if _UNDERLINE.fullmatch(after) and len(after.strip()) >= min(len(text), 3):
        return after[0], 2
    if re.fullmatch(r"\*\*.+\*\*[\s:(].*|\*\*.+\*\*", text) or re.fullmatch(r"<h\d>.*</h\d>", text):
        return "bold", 1
    bare = re.fullmatch(
        r"(?:[*-] )?(?:version|release)?\s*\[?v?\d+(\.\d+)+\S{0,8}[\s,:(]*.{0,40}", text, re.I
    )
    return ("bare", 1) if bare and line[:1].strip() and not text.endswith(".") else ("", 0)


def _tidy(lines: Sequence[str]) -> str:
    """Return the lines without blank ones around them or what heads the next section."""
    kept = [line.rstrip() for line in lines]
    while kept and (not kept[-1] or _UNDERLINE.fullmatch(kept[-1]) or kept[-1].startswith(".. _")):
        kept.pop()
    while kept and (not kept[0] or _UNDERLINE.fullmatch(kept[0])):
        kept.pop(0)
    return "\n".join(kept)
