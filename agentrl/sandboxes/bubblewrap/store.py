"""Where images and sandboxes lie on the machine's disk.

::

    images/NAME.image/root       the tree of an image, never changed
    sandboxes/ID/lease.json      who started it, and until when
    sandboxes/ID/root, shm       its tree and its /dev/shm
    sandboxes/ID/processes/*     the processes that lead its namespaces
    attic/*                      what is being deleted

What a tree holds is hostile: it is copied and deleted by programs in an airlock, as the sandbox's
own root, never by this process.
"""

import errno
import logging
import os
import shutil
import subprocess
from collections.abc import Callable, Iterator, Mapping, Sequence
from contextlib import contextmanager, suppress
from dataclasses import dataclass
from pathlib import Path
from urllib.parse import quote, unquote
from uuid import uuid4

from agentrl.cache import cache_folder
from agentrl.errors import SandboxError
from agentrl.sandboxes.base import RunResult
from agentrl.sandboxes.bubblewrap.command import Contained
from agentrl.sandboxes.bubblewrap.guarded import LOOK, LOOK_BYTES, guarding_options
from agentrl.sandboxes.bubblewrap.identities import Identities
from agentrl.sandboxes.bubblewrap.layout import tool_command
from agentrl.sandboxes.bubblewrap.streams import collect

logger = logging.getLogger(__name__)

_TOOL_S = 600.0
_ENDING = ".image"  # so that no image's name is a folder's, such as ".."


@dataclass(frozen=True, slots=True)
class Store:
    """The folder of one user of the machine.

    Args:
        folder: where it lies; made where it is missing.
        identities: who owns what trees hold.
    """

    folder: Path
    identities: Identities

    @property
    def sandboxes(self) -> Path:
        """The folder of sandboxes."""
        return self.folder / "sandboxes"

    def has_image(self, image: str) -> bool:
        """Return whether there is an image of this name."""
        return (self._image(image) / "root").is_dir()

    def images(self) -> list[str]:
        """Return the names of all images."""
        folder = self.folder / "images"
        return sorted(unquote(p.name.removesuffix(_ENDING)) for p in folder.glob(f"*{_ENDING}"))

    def new_sandbox(self, image: str, sandbox: Path) -> None:
        """Copy an image's tree to a sandbox's folder.

        Raises:
            SandboxError: there is no such image, or no room for the copy.
        """
        if not self.has_image(image):
            raise SandboxError(f"there is no image {image!r} to start a sandbox from")
        with _disk(f"a sandbox of {image!r}"):
            self._new_folder(sandbox / "root", 0o755)
            self._new_folder(sandbox / "shm", 0o1777)
        self._copy(self._image(image) / "root", sandbox / "root", f"a sandbox of {image!r}")

    def keep(self, sandbox: Path, image: str) -> None:
        """Make an image of a sandbox's tree; one that had the name is replaced.

        Raises:
            SandboxError: there is no room for it.
        """
        made = sandbox / f"image-{uuid4().hex[:8]}"
        try:
            with _disk(f"the image {image!r}"):
                self._new_folder(made / "root", 0o755)
            self._copy(sandbox / "root", made / "root", f"the image {image!r}")
            self.put_image(made, image)
        except SandboxError:
            self.discard(made)
            raise

    def make_image(self, image: str, fill: Callable[[Path], None]) -> None:
        """Make an image whose tree a function of ours writes, unless there is one of its name.

        Raises:
            SandboxError: it cannot be written.
        """
        made = self.sandboxes / f".agentrl-image-{uuid4().hex[:8]}"
        with _disk(f"the image {image!r}"):
            (made / "root").mkdir(parents=True)
            fill(made / "root")
            if not self._take_place(made, image):  # another process was quicker
                self.discard(made)

    def put_image(self, made: Path, image: str) -> None:
        """Give a folder that holds a tree the place of an image; one that is there is replaced.

        Raises:
            SandboxError: the disk refuses.
        """
        with _disk(f"the image {image!r}"):
            while not self._take_place(made, image):
                self.discard(self._image(image))

    def _take_place(self, made: Path, image: str) -> bool:
        place = self._image(image)
        place.parent.mkdir(parents=True, exist_ok=True)
        try:
            made.rename(place)
        except OSError as exc:
            if exc.errno in (errno.ENOTEMPTY, errno.EEXIST):
                return False
            raise
        return True

    def remove_image(self, image: str) -> None:
        """Forget an image."""
        self.discard(self._image(image))

    def discard(self, folder: Path) -> None:
        """Take a folder away at once and delete it; one that is not there is no error."""
        attic = self.folder / "attic"
        attic.mkdir(parents=True, exist_ok=True)
        gone = attic / uuid4().hex
        with suppress(FileNotFoundError):
            folder.rename(gone)
            self.delete(gone)

    def empty_attic(self) -> None:
        """Delete what a process that ended in the middle of it has left."""
        attic = self.folder / "attic"
        for folder in attic.iterdir() if attic.is_dir() else ():
            self.delete(folder)

    def delete(self, folder: Path) -> None:
        """Delete a folder that nobody uses, and the trees in it."""
        trees = [folder / "root", folder / "shm", *folder.glob("image-*/root")]
        named = {f"/tree-{i}": path for i, path in enumerate(trees) if path.is_dir()}
        said = self._tool(["find", *named, "-mindepth", "1", "-delete"], named) if named else None
        if said is None:
            shutil.rmtree(folder, ignore_errors=True)
        elif folder.exists():
            logger.warning("%s cannot be deleted: %s", folder, said)

    def _image(self, image: str) -> Path:
        return self.folder / "images" / (quote(image, safe="") + _ENDING)

    def _new_folder(self, path: Path, mode: int) -> None:
        path.mkdir(parents=True)
        path.chmod(mode)
        self.identities.give(path, "root")

    def _copy(self, source: Path, target: Path, what: str) -> None:
        copy = ["cp", "-a", "--reflink=auto", "/source/.", "/target/"]
        said = self._tool(copy, {"/source": source, "/target": target})
        if said is not None:
            raise SandboxError(f"{what} cannot be made: {said}")

    def guarding(self, sandbox: Path) -> tuple[str, ...]:
        """Return bubblewrap's options that keep the agent from what root has set aside.

        Raises:
            SandboxError: the tree cannot be looked through.
        """
        if self.identities.apart:
            return ()
        result = self._run(["sh", "-c", LOOK], {"/tree": sandbox / "root"}, LOOK_BYTES)
        if result.exit_code or result.cut_bytes:
            raise SandboxError(f"the sandbox cannot be looked through: {_said(result)}")
        return guarding_options(result.stdout)

    def _tool(self, argv: Sequence[str], folders: Mapping[str, Path]) -> str | None:
        """Run a program of ours on trees; return what it said when it failed."""
        result = self._run(argv, folders, 2000)
        return _said(result) if result.exit_code else None

    def _run(
        self, argv: Sequence[str], folders: Mapping[str, Path], output_bytes: int
    ) -> RunResult:
        command = tool_command(self.identities, argv, folders)
        pipe = subprocess.PIPE
        contained = Contained(command, stdin=pipe, stdout=pipe, stderr=pipe)
        try:
            return collect(contained, b"", _TOOL_S, output_bytes)
        finally:
            contained.close()


def _said(result: RunResult) -> str:
    return result.stderr.decode(errors="replace").strip() or f"code {result.exit_code}"


def store_folder() -> Path:
    """Return where this user's images and sandboxes lie."""
    return cache_folder() / "bubblewrap" / f"user-{os.geteuid()}"


@contextmanager
def _disk(what: str) -> Iterator[None]:
    try:
        yield
    except OSError as exc:
        raise SandboxError(f"{what} cannot be made: {exc.strerror}: {exc.filename}") from exc
