import json
import multiprocessing
import os
import resource
import signal
from collections.abc import Iterator
from dataclasses import replace
from pathlib import Path

import pytest

from agentrl.codec import dump_episode
from agentrl.episode import Episode, Status, StopReason
from agentrl.errors import RecordError, StorageError
from agentrl.runs.folder import RunFolder, read_episodes

DONE = Episode(
    id="t#0",
    task_id="t",
    group_id="t",
    seed=1,
    agent="expert",
    status=Status.OK,
    stop_reason=StopReason.TERMINATED,
)


def named(name: str, status: Status = Status.OK) -> Episode:
    return replace(DONE, id=name, status=status)


@pytest.fixture
def folder(tmp_path: Path) -> Iterator[RunFolder]:
    with RunFolder.create(tmp_path / "run", "name: demo\n") as folder:
        yield folder


def ids(path: Path) -> list[str]:
    return [episode.id for episode in read_episodes(path)]


def test_a_new_folder_holds_the_suite_and_no_episode(folder: RunFolder) -> None:
    assert folder.suite_yaml == "name: demo\n"
    assert list(folder.episodes()) == []


def test_episodes_come_back_in_the_order_they_ended(folder: RunFolder) -> None:
    for name in ("b", "a", "c"):
        folder.append(named(name))

    assert ids(folder.path) == ["b", "a", "c"]


def test_a_folder_with_a_run_is_not_begun_again(folder: RunFolder) -> None:
    folder.close()

    with pytest.raises(RecordError, match="already holds a run; continue it with --resume"):
        RunFolder.create(folder.path, "name: other\n")


def test_a_folder_without_a_run_is_not_resumed(tmp_path: Path) -> None:
    with pytest.raises(RecordError, match="holds no run"):
        RunFolder.resume(tmp_path)


def test_two_processes_cannot_write_the_same_run(folder: RunFolder) -> None:
    with pytest.raises(RecordError, match="being written by another process"):
        RunFolder.resume(folder.path)


def test_a_torn_last_line_is_passed_over_and_gone_after_a_resume(folder: RunFolder) -> None:
    folder.append(named("a"))
    folder.close()
    with (folder.path / "episodes.jsonl").open("a") as file:
        file.write(dump_episode(named("b"))[:50])

    assert ids(folder.path) == ["a"]
    with RunFolder.resume(folder.path) as resumed:
        resumed.append(named("b"))

    assert ids(folder.path) == ["a", "b"]


def test_what_a_resume_plays_again_is_set_aside(folder: RunFolder) -> None:
    for status in Status:
        folder.append(named(status, status))
    folder.close()

    RunFolder.resume(folder.path).close()

    assert ids(folder.path) == ["ok", "truncated", "unscored"]
    assert ids(folder.path / "superseded.jsonl") == ["infra_failed", "cancelled"]


def test_a_line_that_cannot_be_read_is_named_and_nothing_is_touched(folder: RunFolder) -> None:
    folder.append(named("a"))
    folder.close()
    path = folder.path / "episodes.jsonl"
    path.write_bytes(path.read_bytes() + b"\xff garbage\n" + path.read_bytes())
    before = path.read_bytes()

    with pytest.raises(RecordError, match=r"episodes.jsonl:2: .*mend or delete that line"):
        RunFolder.resume(folder.path)

    assert path.read_bytes() == before


def test_a_written_file_replaces_the_old_one_whole(folder: RunFolder) -> None:
    folder.write("summary.json", "one")
    folder.write("summary.json", "two")

    assert (folder.path / "summary.json").read_text() == "two"


def test_metrics_are_lines_with_a_time(folder: RunFolder) -> None:
    folder.append_metrics({"running": 3})

    line = json.loads((folder.path / "metrics.jsonl").read_text())
    assert line["running"] == 3
    assert line["time"] > 0


def test_a_torn_line_of_any_file_goes_before_more_is_appended(folder: RunFolder) -> None:
    folder.append_metrics({"step": 1})
    folder.append(named("a"), "evaluations.jsonl")
    folder.close()
    for name in ("metrics.jsonl", "evaluations.jsonl"):
        with (folder.path / name).open("a") as file:
            file.write('{"time": 1, "st')
    with RunFolder.resume(folder.path) as resumed:
        resumed.append_metrics({"step": 2})
        resumed.append(named("b"), "evaluations.jsonl")
    lines = (folder.path / "metrics.jsonl").read_text().splitlines()
    assert [json.loads(line)["step"] for line in lines] == [1, 2]
    assert ids(folder.path / "evaluations.jsonl") == ["a", "b"]


def test_a_discarded_folder_is_gone(folder: RunFolder) -> None:
    assert folder.discard()
    assert not folder.path.exists()


def test_a_folder_with_episodes_is_not_discarded(folder: RunFolder) -> None:
    folder.append(named("a"))

    assert not folder.discard()
    assert ids(folder.path) == ["a"]


def test_a_folder_with_episodes_of_an_evaluation_is_not_discarded(folder: RunFolder) -> None:
    folder.append(DONE, "evaluations.jsonl")
    assert not folder.discard()
    assert (folder.path / "suite.yaml").exists()


def test_discarding_leaves_what_is_not_ours(folder: RunFolder) -> None:
    (folder.path / "notes.txt").write_text("mine")

    folder.discard()

    assert [file.name for file in folder.path.iterdir()] == ["notes.txt"]


def test_a_folder_below_a_file_cannot_be_made(tmp_path: Path) -> None:
    (tmp_path / "file").write_text("")

    with pytest.raises(StorageError, match="make room or repair the permissions"):
        RunFolder.create(tmp_path / "file" / "run", "")


def test_reading_what_is_not_there_says_what_to_give(tmp_path: Path) -> None:
    with pytest.raises(RecordError, match=r"give a run folder or an episodes\.jsonl"):
        list(read_episodes(tmp_path / "nowhere"))


def _fill_the_disk(path: Path) -> None:
    """Append until the file size limit, which fails as a full disk does, and then a little one."""
    signal.signal(signal.SIGXFSZ, signal.SIG_IGN)
    folder = RunFolder.resume(path)
    folder.append(named("a"))
    size = (path / "episodes.jsonl").stat().st_size
    resource.setrlimit(resource.RLIMIT_FSIZE, (size + 100, resource.RLIM_INFINITY))
    try:
        folder.append(replace(named("b"), final_observation="x" * 5000))
    except StorageError as exc:
        os._exit(0 if "every episode written before this is kept" in str(exc) else 3)
    os._exit(4)


def _begin_on_a_full_disk(path: Path) -> None:
    signal.signal(signal.SIGXFSZ, signal.SIG_IGN)
    resource.setrlimit(resource.RLIMIT_FSIZE, (10, resource.RLIM_INFINITY))
    try:
        RunFolder.create(path, "name: demo\nand: more than ten bytes\n")
    except StorageError:
        os._exit(0)
    os._exit(4)


def test_a_folder_that_the_disk_has_no_room_for_leaves_nothing(tmp_path: Path) -> None:
    process = multiprocessing.get_context("fork").Process(
        target=_begin_on_a_full_disk, args=(tmp_path / "run",)
    )
    process.start()
    process.join()

    assert process.exitcode == 0
    assert list(tmp_path.iterdir()) == []


def test_a_line_that_the_disk_has_no_room_for_is_taken_back(folder: RunFolder) -> None:
    folder.close()
    process = multiprocessing.get_context("fork").Process(
        target=_fill_the_disk, args=(folder.path,)
    )
    process.start()
    process.join()

    assert process.exitcode == 0
    assert (folder.path / "episodes.jsonl").read_text() == dump_episode(named("a")) + "\n"
