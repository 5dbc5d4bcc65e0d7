"""Finds and fetches source releases with pip's own machinery; runs as a process of its own.

``pip download`` of a source release runs the release's build backend to learn its metadata, which
is code that nobody vouches for. pip's finder and session fetch the same file from the same place,
with the user's indexes, certificates, proxies and credentials, and run nothing.

::

    python pip_child.py list NAME               the releases, as JSON on the last line
    python pip_child.py fetch NAME VERSION DIR  puts one into DIR; its file name on the last line
"""

import hashlib
import json
import sys
from importlib import import_module
from pathlib import Path
from typing import Any

NOT_FOUND = 3
"""Exit code: there is no such release."""


def main(words: list[str]) -> int:
    """Do what the words say and return the exit code."""
    action, name = words[:2]
    command = import_module("pip._internal.commands").create_command("download")
    options, _ = command.parse_args(
        ["--no-deps", "--no-binary=:all:", "--retries=1", "--quiet", name]
        + (["--ignore-requires-python"] if action == "fetch" else [])
    )
    with command.main_context():
        session = command.get_default_session(options)
        finder = command._build_package_finder(
            options, session, ignore_requires_python=options.ignore_requires_python
        )
        candidates = finder.find_all_candidates(name)
        if action == "list":
            return _list(candidates)
        return _fetch(session, candidates, version=words[2], folder=Path(words[3]))


def _list(candidates: list[Any]) -> int:
    releases = [
        {
            "version": str(candidate.version),
            "stable": not candidate.version.is_prerelease,
            "yanked": candidate.link.is_yanked,
        }
        for candidate in sorted(candidates, key=lambda candidate: candidate.version)
    ]
    print(json.dumps(releases))  # noqa: T201
    return 0


def _fetch(session: Any, candidates: list[Any], version: str, folder: Path) -> int:
    parse = import_module("pip._vendor.packaging.version").Version
    links = [found.link for found in candidates if found.version == parse(version)]
    if not links:
        return NOT_FOUND
    link = min(links, key=lambda link: (not link.filename.endswith(".tar.gz"), link.filename))
    response = session.get(
        link.url_without_fragment, headers={"Accept-Encoding": "identity"}, stream=True
    )
    response.raise_for_status()
    data = b"".join(response.iter_content(2**16))
    if link.hash and hashlib.new(link.hash_name, data).hexdigest() != link.hash:
        raise SystemExit(f"{link.filename} is not what the index says: {link.hash_name} differs")
    (folder / link.filename).write_bytes(data)
    print(link.filename)  # noqa: T201
    return 0


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))
