"""Images: whether they are here, and how they come here."""

import time
from collections.abc import Callable
from typing import Any

from agentrl.errors import UsageError
from agentrl.sandboxes.docker.container import EXPIRES, IMAGE, OWNER, RUN
from agentrl.sandboxes.docker.engine import LONG_CALL_S, engine, engine_errors

MADE = "agentrl.made"
"""Label of an image that agentrl has made; its value says how."""

_CONFLICT = 409
_ENDING_S = 2.0
_NEUTRAL = {"Cmd": ["bash"], "Entrypoint": [], "User": "0:0"}


def inspect_image(image: str) -> Any:
    """Return what the engine knows of an image, None where it is not here."""
    from docker.errors import ImageNotFound

    with engine_errors(f"look for the image {image}"):
        try:
            return engine().inspect_image(image)
        except ImageNotFound:
            return None


def pull_image(image: str, begun: Callable[[], None] = lambda: None) -> None:
    """Fetch an image from where the engine finds images.

    Args:
        image: its name.
        begun: is called when a registry has answered.

    Raises:
        UsageError: there is no such image, or no registry answers.
    """
    from docker.errors import APIError

    repository, tag = split_name(image)
    with engine_errors(f"fetch the image {image}"):
        try:
            for line in engine(LONG_CALL_S).pull(repository, tag, stream=True, decode=True):
                if "error" in line:
                    raise UsageError(_no_image(image, line["error"]))
                begun()
        except APIError as exc:
            raise UsageError(_no_image(image, exc.explanation or str(exc))) from None


def keep_container(container: str, image: str) -> str:
    """Keep the file system of a container as an image."""
    repository, tag = split_name(image)
    # A container takes over the labels of its image: one that somebody starts from this image must
    # not look like a sandbox.
    labels = {MADE: "snapshot", OWNER: "", RUN: "", EXPIRES: "", IMAGE: ""}
    with engine_errors(f"keep the sandbox as {image}"):
        engine(LONG_CALL_S).commit(container, repository, tag, conf={**_NEUTRAL, "Labels": labels})
    return image


def made_images() -> list[str]:
    """Return the names of all images that agentrl has made, the newest first."""
    with engine_errors("list the images"):
        found = engine().images(filters={"label": MADE})
    found.sort(key=lambda image: -image["Created"])
    return [name for image in found for name in image["RepoTags"] or () if "<none>" not in name]


def remove_image(image: str) -> None:
    """Forget an image; one that is not here is no error."""
    from docker.errors import APIError, ImageNotFound

    last = time.monotonic() + _ENDING_S
    with engine_errors(f"remove the image {image}"):
        while True:
            try:
                engine().remove_image(image, force=True)
            except ImageNotFound:
                return
            except APIError as exc:
                # A sandbox that has just been closed still holds its image for a moment.
                if exc.status_code != _CONFLICT or time.monotonic() > last:
                    raise
                time.sleep(0.1)
            else:
                return


def split_name(image: str) -> tuple[str, str]:
    """Return repository and tag.

    >>> split_name("host:5000/a/b"), split_name("a/b:1")
    (('host:5000/a/b', 'latest'), ('a/b', '1'))
    """
    repository, colon, tag = image.rpartition(":")
    return (repository, tag) if colon and "/" not in tag else (image, "latest")


def _no_image(image: str, reason: str) -> str:
    return (
        f"the image {image} is not here and cannot be fetched: {reason.strip()}. Check its name, "
        f"log in with `docker login` if it is private, or load it with `docker load`"
    )
