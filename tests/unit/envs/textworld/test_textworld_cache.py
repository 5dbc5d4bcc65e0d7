from pathlib import Path

import pytest

from agentrl.envs.text.textworld import cache
from agentrl.errors import StorageError

SETTINGS = {"game": "custom", "rooms": 2}


def fill(entry: Path, game: bytes = b"game") -> bool:
    with cache.filling(entry, SETTINGS, 1) as folder:
        if folder is not None:
            (folder / cache.GAME).write_bytes(game)
            (folder / cache.DESCRIPTION).write_text("{}")
            (folder / "compiler.log").write_text("...")
        return folder is not None


def test_an_entry_holds_the_game_and_nothing_that_the_compiler_left(tmp_path: Path) -> None:
    entry = tmp_path / "ab" / "entry"
    assert not cache.is_whole(entry)
    assert fill(entry)
    assert cache.is_whole(entry)
    assert {p.name for p in entry.iterdir()} == {cache.GAME, cache.DESCRIPTION, "manifest.json"}


def test_an_entry_is_made_once(tmp_path: Path) -> None:
    assert fill(tmp_path / "ab" / "entry", b"first")
    assert not fill(tmp_path / "ab" / "entry", b"second")
    assert (tmp_path / "ab" / "entry" / cache.GAME).read_bytes() == b"first"


@pytest.mark.parametrize("damage", [b"", b"gamE", b"game and more"])
def test_a_damaged_entry_is_noticed_and_made_again(tmp_path: Path, damage: bytes) -> None:
    entry = tmp_path / "ab" / "entry"
    fill(entry)
    (entry / cache.GAME).write_bytes(damage)
    assert not cache.is_whole(entry)
    assert fill(entry)
    assert cache.is_whole(entry)


def test_an_entry_with_an_unreadable_manifest_is_not_whole(tmp_path: Path) -> None:
    entry = tmp_path / "ab" / "entry"
    fill(entry)
    (entry / "manifest.json").write_text("[1")
    assert not cache.is_whole(entry)


def test_a_game_whose_making_failed_leaves_no_entry(tmp_path: Path) -> None:
    entry = tmp_path / "ab" / "entry"
    with pytest.raises(RuntimeError), cache.filling(entry, SETTINGS, 1):
        raise RuntimeError
    assert [p.name for p in entry.parent.iterdir()] == ["entry.lock"]


def test_a_cache_that_cannot_be_written_names_the_setting(tmp_path: Path) -> None:
    (tmp_path / "file").write_text("")
    with pytest.raises(StorageError, match="AGENTRL_CACHE"):
        fill(tmp_path / "file" / "ab" / "entry")


def test_seed_and_settings_decide_the_entry(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    pytest.importorskip("textworld")
    monkeypatch.setenv("AGENTRL_CACHE", str(tmp_path))
    one = cache.entry_folder(SETTINGS, 1)
    assert one == cache.entry_folder(dict(reversed(SETTINGS.items())), 1)
    assert one.is_relative_to(tmp_path / "textworld")
    assert len({one, cache.entry_folder(SETTINGS, 2), cache.entry_folder({}, 1)}) == 3
