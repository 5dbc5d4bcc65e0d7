"""Images from Dockerfiles, by the engine's own builder, once for each content."""

import hashlib
import logging
import tempfile
from collections import deque
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Any

from agentrl.errors import UsageError
from agentrl.sandboxes.docker.engine import LONG_CALL_S, engine, engine_errors
from agentrl.sandboxes.docker.images import MADE, inspect_image
from agentrl.sandboxes.lock import one_at_a_time

logger = logging.getLogger(__name__)

_KEPT_LINES = 20


def build_image(dockerfile: str, context: str = "") -> str:
    """Return the name of the image that a Dockerfile describes, built where it is missing.

    Args:
        dockerfile: the text.
        context: the folder that it copies from; empty: it copies nothing.

    Raises:
        UsageError: there is no such folder, or the Dockerfile cannot be built.
        SandboxError: the engine fails.
    """
    files = dict(_context_files(context))
    name = f"agentrl/built:{_digest(dockerfile, files)}"
    with one_at_a_time(f"build-{name[-24:]}"):
        if inspect_image(name) is None:
            logger.info("building %s", name)
            build_as(name, dockerfile, context, list(files))
    return name


def build_as(name: str, dockerfile: str, context: str = "", files: list[str] | None = None) -> None:
    """Build an image; see ``build_image``."""
    from docker.utils.build import create_archive

    log: deque[str] = deque(maxlen=_KEPT_LINES)
    with tempfile.TemporaryFile() as archive:
        create_archive(
            root=context or "/",
            files=files or [],
            fileobj=archive,
            extra_files=[("Dockerfile", dockerfile)],
        )
        archive.seek(0)
        with engine_errors(f"build {name}"), _dockerfile_errors():
            for line in engine(LONG_CALL_S).build(
                fileobj=archive,
                custom_context=True,
                tag=name,
                labels={MADE: "build"},
                rm=True,
                forcerm=True,
                decode=True,
            ):
                _follow(line, log)


@contextmanager
def _dockerfile_errors() -> Iterator[None]:
    from docker.errors import APIError

    try:
        yield
    except APIError as exc:
        if exc.is_server_error():
            raise
        raise UsageError(f"the Dockerfile cannot be built: {exc.explanation}") from None


def _follow(line: dict[str, Any], log: deque[str]) -> None:
    text = str(line.get("stream", "")).strip()
    if text:
        log.append(text)
        logger.debug("%s", text)
    if "error" in line:
        raise UsageError(
            f"the Dockerfile cannot be built: {line['error']}\n" + "\n".join(log) + "\n"
            "Images that it begins from have to be here or in a registry that answers"
        )


def _context_files(context: str) -> Iterator[tuple[str, bytes]]:
    """Yield path, mode and content of what a build may copy; ``.dockerignore`` is minded."""
    from docker.utils.build import exclude_paths

    if not context:
        return
    root = Path(context)
    if not root.is_dir():
        raise UsageError(f"the folder to build in, {context}, is none")
    ignore = root / ".dockerignore"
    patterns = ignore.read_text().splitlines() if ignore.exists() else []
    for path in sorted(exclude_paths(context, [p.strip() for p in patterns if p.strip()])):
        file = root / path
        if path == "Dockerfile":
            continue
        mode = f"{file.lstat().st_mode:o} ".encode()
        if file.is_symlink():
            yield path, mode + bytes(file.readlink())
        else:
            yield path, mode + (file.read_bytes() if file.is_file() else b"")


def _digest(dockerfile: str, files: dict[str, bytes]) -> str:
    digest = hashlib.sha256(dockerfile.encode())
    for path, content in files.items():
        digest.update(f"\0{path}\0{len(content)}\0".encode() + content)
    return digest.hexdigest()[:24]
