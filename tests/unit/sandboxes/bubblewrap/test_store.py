from pathlib import Path

import pytest

from agentrl.errors import SandboxError
from agentrl.sandboxes.bubblewrap.identities import OneId
from agentrl.sandboxes.bubblewrap.store import Store


@pytest.fixture
def store(tmp_path: Path) -> Store:
    return Store(tmp_path, OneId())


@pytest.mark.parametrize("image", ["agentrl/base:1", "..", ".", "", "a%2Fb", "grüße 世界"])
def test_any_name_is_an_images(store: Store, image: str) -> None:
    assert not store.has_image(image)

    store.make_image(image, lambda root: None)

    assert store.has_image(image)
    assert store.images() == [image]


def test_of_two_that_make_an_image_at_once_the_first_is_kept(store: Store) -> None:
    def late(root: Path) -> None:
        store.make_image("an/image", lambda other: (other / "first").touch())
        (root / "second").touch()

    store.make_image("an/image", late)

    (tree,) = store.folder.glob("images/*/root")
    assert [path.name for path in tree.iterdir()] == ["first"]


def test_an_image_that_cannot_be_written_is_told(store: Store) -> None:
    (store.folder / "sandboxes").touch()

    with pytest.raises(SandboxError, match="image 'x' cannot be made: Not a directory"):
        store.make_image("x", lambda root: None)


def test_a_sandbox_of_no_image_is_told(store: Store, tmp_path: Path) -> None:
    with pytest.raises(SandboxError, match="no image 'x' to start a sandbox from"):
        store.new_sandbox("x", tmp_path / "sandbox")
