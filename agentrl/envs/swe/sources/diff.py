"""Writes the difference of two trees as a patch that ``git apply`` takes.

Text is told line by line; what is no UTF-8 text goes as git's binary patch. The result depends on
the files alone, not on an installed git or its settings.
"""

import difflib
import hashlib
import zlib
from collections.abc import Iterator, Mapping

from agentrl.sandboxes.base import File

_BASE85 = "0123456789ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz!#$%&()*+-;<=>?@^_`{|}~"
_NO_NEWLINE = "\\ No newline at end of file\n"


def diff(old: Mapping[str, File], new: Mapping[str, File]) -> str:
    """Return the patch that makes ``new`` out of ``old``; files by relative path."""
    names = sorted({*old, *new})
    return "".join(_file_diff(name, old.get(name), new.get(name)) for name in names)


def _file_diff(name: str, old: File | None, new: File | None) -> str:
    modes = [f"100{file.mode & 0o777:o}" if file else "" for file in (old, new)]
    data = [file.data if file else b"" for file in (old, new)]
    if modes[0] == modes[1] and data[0] == data[1]:
        return ""
    head = f"diff --git {_quoted('a/' + name)} {_quoted('b/' + name)}\n"
    if old is None:
        head += f"new file mode {modes[1]}\n"
    elif new is None:
        head += f"deleted file mode {modes[0]}\n"
    elif modes[0] != modes[1]:
        head += f"old mode {modes[0]}\nnew mode {modes[1]}\n"
    before = "/dev/null" if old is None else _named("a/" + name)
    after = "/dev/null" if new is None else _named("b/" + name)
    if data[0] == data[1]:
        return head
    texts = _text(data[0]), _text(data[1])
    if texts[0] is None or texts[1] is None:
        return head + _binary(old, new)
    return head + "".join(_unified(_lines(texts[0]), _lines(texts[1]), before, after))


def _binary(old: File | None, new: File | None) -> str:
    there, back = (_literal(file.data if file else b"") for file in (new, old))
    return f"index {_blob(old)}..{_blob(new)}\nGIT binary patch\n{there}\n{back}\n"


def _unified(old: list[str], new: list[str], before: str, after: str) -> Iterator[str]:
    for line in difflib.unified_diff(old, new, before, after):
        yield line if line.endswith("\n") else f"{line}\n{_NO_NEWLINE}"


def _lines(text: str) -> list[str]:
    """Split at line feeds alone, as git does, and not where Python sees a line's end."""
    lines = text.split("\n")
    return [f"{line}\n" for line in lines[:-1]] + ([lines[-1]] if lines[-1] else [])


def _text(data: bytes) -> str | None:
    """Return the text, or None for what git would call binary or is no UTF-8."""
    if b"\0" in data:
        return None
    try:
        return data.decode("utf-8")
    except UnicodeDecodeError:
        return None


def _blob(file: File | None) -> str:
    if file is None:
        return "0" * 40
    return hashlib.sha1(b"blob %d\0" % len(file.data) + file.data).hexdigest()


def _literal(data: bytes) -> str:
    packed = zlib.compress(data)
    lines = [_base85_line(packed[start : start + 52]) for start in range(0, len(packed), 52)]
    return f"literal {len(data)}\n" + "".join(lines)


def _base85_line(chunk: bytes) -> str:
    length = chr(ord("A") + len(chunk) - 1) if len(chunk) <= 26 else chr(ord("a") + len(chunk) - 27)
    words = [
        int.from_bytes(chunk[at : at + 4].ljust(4, b"\0"), "big") for at in range(0, len(chunk), 4)
    ]
    return length + "".join(_base85(word) for word in words) + "\n"


def _base85(word: int) -> str:
    digits = []
    for _ in range(5):
        word, digit = divmod(word, 85)
        digits.append(_BASE85[digit])
    return "".join(reversed(digits))


def _named(name: str) -> str:
    quoted = _quoted(name)
    return f"{quoted}\t" if " " in quoted and not quoted.startswith('"') else quoted


def _quoted(name: str) -> str:
    """Quote a path as git does where it holds control characters, quotes or backslashes."""
    if not any(letter in '"\\' or ord(letter) < 32 for letter in name):
        return name
    escaped = name.replace("\\", "\\\\").replace('"', '\\"')
    return '"' + "".join(f"\\{ord(c):03o}" if ord(c) < 32 else c for c in escaped) + '"'
