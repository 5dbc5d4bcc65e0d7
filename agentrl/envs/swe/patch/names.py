"""File names in patches: quoted as git quotes them, with or without a prefix."""

import re

NO_FILE = "/dev/null"

_ESCAPES = {
    "a": "\a",
    "b": "\b",
    "f": "\f",
    "n": "\n",
    "r": "\r",
    "t": "\t",
    "v": "\v",
    '"': '"',
    "\\": "\\",
}
_CODES = {value: key for key, value in _ESCAPES.items()}
_ESCAPE = re.compile(r"\\([0-7]{1,3}|.)", re.DOTALL)
_QUOTED = re.compile(r'"((?:[^"\\]|\\.)*)"')
_PREFIXES = {("a", "b"), ("i", "w"), ("c", "i"), ("c", "w"), ("o", "w"), ("1", "2")}


def quote(path: str) -> str:
    r"""Return a path as git writes it: quoted where it holds anything but plain characters.

    >>> quote("src/a b.py"), quote("größe")
    ('src/a b.py', '"gr\\303\\266\\303\\237e"')
    """
    coded = "".join(map(_code, path.encode("utf-8", "surrogateescape")))
    return f'"{coded}"' if coded != path else path


def unquote(name: str) -> str:
    r"""Return the path that a quoted name stands for, without its quotes.

    >>> unquote(r"gr\303\266\303\237e")
    'größe'
    """
    raw = _ESCAPE.sub(_decode, name.encode("utf-8", "surrogateescape").decode("latin-1"))
    return raw.encode("latin-1", "replace").decode("utf-8", "surrogateescape")


def one_name(text: str) -> str:
    """Return the name in ``--- NAME`` or ``+++ NAME``, without the time that may follow it."""
    if quoted := _QUOTED.match(text):
        return unquote(quoted[1])
    return text.split("\t", 1)[0].rstrip("\r")


def two_names(text: str) -> tuple[str, str] | None:
    """Return the names in ``diff --git OLD NEW``; None where spaces make it impossible to say."""
    if quoted := _QUOTED.match(text):
        return unquote(quoted[1]), one_name(text[quoted.end() :].lstrip(" "))
    old, found, new = text.partition(' "')
    if found:
        return old, one_name(f'"{new}')
    middle = len(text) // 2
    if text[middle : middle + 1] == " " and _rest(text[:middle]) == _rest(text[middle + 1 :]):
        return text[:middle], text[middle + 1 :]
    if text.count(" ") == 1:
        old, _, new = text.partition(" ")
        return old, new
    return None


def without_prefixes(old: str, new: str) -> tuple[str, str]:
    """Return a pair of names without the ``a/`` and ``b/``, or the like, that tell them apart.

    >>> without_prefixes("a/src/x.py", "b/src/x.py"), without_prefixes("old/x", "new/x")
    (('src/x.py', 'src/x.py'), ('x', 'x'))
    >>> without_prefixes("a/x.py", "a/x.py"), without_prefixes("/dev/null", "b/x.py")
    (('a/x.py', 'a/x.py'), ('/dev/null', 'x.py'))
    """
    if old == NO_FILE or new == NO_FILE:
        return _lone(old), _lone(new)
    first, second = old.partition("/")[0], new.partition("/")[0]
    apart = first != second and _rest(old) == _rest(new) != ""
    if apart or (first, second) in _PREFIXES or (second, first) in _PREFIXES:
        return _rest(old), _rest(new)
    return old, new


def _lone(name: str) -> str:
    return name[2:] if name.startswith(("a/", "b/")) else name


def _rest(name: str) -> str:
    return name.partition("/")[2]


def _code(byte: int) -> str:
    character = chr(byte)
    if character in _CODES:
        return f"\\{_CODES[character]}"
    return character if 32 <= byte < 127 else f"\\{byte:03o}"


def _decode(escape: re.Match[str]) -> str:
    code = escape[1]
    return chr(int(code, 8) & 255) if code[0] in "01234567" else _ESCAPES.get(code, code)
