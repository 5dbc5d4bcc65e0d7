import json
import random
import shutil
from pathlib import Path
from typing import Any

import numpy as np
import pytest
import torch
import transformers

from agentrl import __version__
from agentrl.errors import CheckpointError
from agentrl.models.scratch import build_checkpoint
from agentrl.suite.model import Scratch
from agentrl.training.checkpoint import Checkpoint, Checkpoints
from agentrl.training.rng import restore_rng, rng_state


def write_weights(folder: Path) -> None:
    (folder / "config.json").write_text("{}")
    (folder / "model.safetensors").write_bytes(b"weights" * 100)


@pytest.fixture
def checkpoints(tmp_path: Path) -> Checkpoints:
    return Checkpoints(tmp_path / "checkpoints", keep_last=2, keep_best=1)


def save(to: Checkpoints, step: int, score: float | None = None, **state: Any) -> Checkpoint:
    return to.save(step, write_weights, {"step": step, **state}, score)


def steps(checkpoints: Checkpoints) -> list[int]:
    return [checkpoint.step for checkpoint in checkpoints.all()]


def again(checkpoints: Checkpoints) -> Checkpoints:
    return Checkpoints(checkpoints.folder, keep_last=2, keep_best=1)


def names(folder: Path) -> set[str]:
    return {path.name for path in folder.iterdir()} - {".lock"}


def test_a_new_run_has_no_checkpoint_and_no_folder_for_them(checkpoints: Checkpoints) -> None:
    assert (checkpoints.all(), checkpoints.latest(), checkpoints.best()) == ([], None, None)
    assert not checkpoints.folder.exists()


def test_transformers_loads_a_checkpoint_and_gets_the_weights_that_were_saved(
    checkpoints: Checkpoints, tmp_path: Path
) -> None:
    scratch = build_checkpoint(tmp_path / "m", ["go north"], Scratch(hidden_size=32, layers=1))
    untyped: Any = transformers
    model = untyped.AutoModelForCausalLM.from_pretrained(scratch)
    tokenizer = untyped.AutoTokenizer.from_pretrained(scratch)
    torch.nn.init.normal_(model.lm_head.weight)

    def write(folder: Path) -> None:
        model.save_pretrained(folder)
        tokenizer.save_pretrained(folder)

    saved = checkpoints.save(3, write, {"step": 3}, None)

    loaded = untyped.AutoModelForCausalLM.from_pretrained(saved.path)
    assert torch.equal(loaded.lm_head.weight, model.lm_head.weight)
    assert untyped.AutoTokenizer.from_pretrained(saved.path).chat_template is not None


def test_the_state_comes_back_as_it_was_saved(checkpoints: Checkpoints) -> None:
    layer = torch.nn.Linear(3, 2)
    optimiser = torch.optim.AdamW(layer.parameters())
    layer(torch.ones(3)).sum().backward()
    optimiser.step()

    saved = save(checkpoints, 4, optimiser=optimiser.state_dict(), order=[3, 1], name=None)
    state = again(checkpoints).load_state(saved)

    assert (state["step"], state["order"], state["name"]) == (4, [3, 1], None)
    restored = torch.optim.AdamW(torch.nn.Linear(3, 2).parameters())
    restored.load_state_dict(state["optimiser"])
    for old, new in zip(optimiser.state.values(), restored.state.values(), strict=True):
        assert torch.equal(old["exp_avg_sq"], new["exp_avg_sq"])


def test_a_checkpoint_says_what_it_holds(checkpoints: Checkpoints) -> None:
    saved = save(checkpoints, 7, score=0.25)

    said = json.loads((saved.path / "checkpoint.json").read_text())
    assert (said["format"], said["step"], said["score"]) == (1, 7, 0.25)
    assert said["agentrl"] == __version__
    assert said["files"]["model.safetensors"]["size"] == 700
    assert set(said["files"]) == {"config.json", "model.safetensors", "trainer.pt"}


def test_another_process_finds_the_same_checkpoints(checkpoints: Checkpoints) -> None:
    for step, score in ((1, 0.5), (2, None), (3, 0.25)):
        save(checkpoints, step, score)

    assert again(checkpoints).all() == checkpoints.all()
    assert again(checkpoints).latest() == Checkpoint(
        checkpoints.folder / "step-000003", step=3, score=0.25
    )


def test_the_newest_and_the_best_stay(checkpoints: Checkpoints) -> None:
    kept = []
    for step, score in ((1, 0.2), (2, 0.9), (3, 0.1), (4, None), (5, 0.3), (6, 0.95)):
        save(checkpoints, step, score)
        kept.append(steps(checkpoints))

    assert kept == [[1], [1, 2], [2, 3], [2, 3, 4], [2, 4, 5], [5, 6]]
    assert names(checkpoints.folder) == {"step-000005", "step-000006", "latest", "best"}


def test_several_of_the_best_stay_and_one_that_is_also_new_counts_for_both(tmp_path: Path) -> None:
    checkpoints = Checkpoints(tmp_path, keep_last=1, keep_best=2)
    for step, score in ((1, 0.4), (2, 0.1), (3, 0.3), (4, 0.2), (5, 0.35)):
        save(checkpoints, step, score)

    assert steps(checkpoints) == [1, 5]


def test_none_need_stay_for_being_best(tmp_path: Path) -> None:
    checkpoints = Checkpoints(tmp_path, keep_last=1, keep_best=0)
    save(checkpoints, 1, 1.0)
    save(checkpoints, 2, 0.0)

    assert steps(checkpoints) == [2]


def test_of_equal_scores_the_newest_is_best(checkpoints: Checkpoints) -> None:
    for step in (1, 2, 3, 4):
        save(checkpoints, step, score=0.5)

    best = checkpoints.best()
    assert best is not None
    assert best.step == 4
    assert steps(checkpoints) == [3, 4]


@pytest.mark.parametrize("score", [float("nan"), float("inf")])
def test_a_score_that_is_no_number_never_is_the_best(
    checkpoints: Checkpoints, score: float
) -> None:
    save(checkpoints, 1, score=0.0)
    save(checkpoints, 2, score=score)

    best = again(checkpoints).best()
    assert best is not None
    assert best.step == 1


def test_a_step_that_is_done_again_replaces_its_checkpoint(checkpoints: Checkpoints) -> None:
    save(checkpoints, 5, score=0.9, run="first")
    saved = save(checkpoints, 5, score=0.1, run="second")

    assert checkpoints.all() == again(checkpoints).all() == [saved]
    assert checkpoints.load_state(saved)["run"] == "second"
    assert names(checkpoints.folder) == {"step-000005", "latest", "best"}


def test_what_was_just_saved_stays_even_where_later_steps_are_there(
    checkpoints: Checkpoints,
) -> None:
    for step in (8, 10, 6):
        save(checkpoints, step)

    assert steps(checkpoints) == [6, 8, 10]


def test_links_lead_to_the_latest_and_the_best(checkpoints: Checkpoints, tmp_path: Path) -> None:
    save(checkpoints, 1, score=0.5)
    save(checkpoints, 2, score=0.1)
    moved = tmp_path / "elsewhere"
    checkpoints.folder.rename(moved)

    assert (moved / "latest").readlink() == Path("step-000002")
    assert (moved / "best").resolve() == moved / "step-000001"


def test_a_run_that_is_never_scored_has_no_best_link(checkpoints: Checkpoints) -> None:
    save(checkpoints, 1)

    assert names(checkpoints.folder) == {"step-000001", "latest"}


def test_what_a_user_puts_beside_the_checkpoints_stays(checkpoints: Checkpoints) -> None:
    save(checkpoints, 1)
    shutil.copytree(checkpoints.folder / "step-000001", checkpoints.folder / "step-000001-mine")
    (checkpoints.folder / "best").mkdir()

    for step in (2, 3, 4):
        save(again(checkpoints), step, score=0.5)

    assert names(checkpoints.folder) == {
        *("step-000003", "step-000004", "step-000001-mine", "best", "latest")
    }


def test_a_checkpoint_that_a_user_removed_is_not_missed(checkpoints: Checkpoints) -> None:
    save(checkpoints, 1)
    shutil.rmtree(save(checkpoints, 2).path)

    assert steps(checkpoints) == [1]
    save(checkpoints, 3)
    assert steps(checkpoints) == [1, 3]


def test_notes_in_a_checkpoint_do_no_harm(checkpoints: Checkpoints) -> None:
    saved = save(checkpoints, 1)
    (saved.path / "notes.txt").write_text("mine")

    assert checkpoints.load_state(saved)["step"] == 1


def test_a_model_that_cannot_be_written_leaves_the_one_before(checkpoints: Checkpoints) -> None:
    save(checkpoints, 1)

    def fail(folder: Path) -> None:
        write_weights(folder)
        raise RuntimeError("CUDA error")

    with pytest.raises(RuntimeError, match="CUDA error"):
        checkpoints.save(2, fail, {}, None)

    assert names(checkpoints.folder) == {"step-000001", "latest"}


@pytest.mark.parametrize(
    "value", [np.float64(1.0), {"at": Path("x")}, [Checkpoint(Path("x"), 1, None)]]
)
def test_a_state_that_reading_would_run_code_for_is_refused_when_it_is_saved(
    checkpoints: Checkpoints, value: object
) -> None:
    save(checkpoints, 1)

    with pytest.raises(TypeError, match="may hold tensors, numbers, texts"):
        save(checkpoints, 2, value=value)

    assert steps(again(checkpoints)) == [1]


@pytest.mark.parametrize("name", ["model.safetensors", "trainer.pt", "config.json"])
def test_a_file_that_was_cut_off_is_named(checkpoints: Checkpoints, name: str) -> None:
    saved = save(checkpoints, 1)
    file = saved.path / name
    file.write_bytes(file.read_bytes()[:-1])

    with pytest.raises(CheckpointError, match=rf"{name}: \d+ bytes, expected \d+: .*delete its fo"):
        again(checkpoints).load_state(saved)


@pytest.mark.parametrize("name", ["model.safetensors", "trainer.pt"])
def test_a_file_with_one_other_byte_is_named(checkpoints: Checkpoints, name: str) -> None:
    saved = save(checkpoints, 1)
    file = saved.path / name
    data = bytearray(file.read_bytes())
    data[len(data) // 2] ^= 1
    file.write_bytes(data)

    with pytest.raises(CheckpointError, match=f"{name}: not the bytes that were written"):
        again(checkpoints).load_state(saved)


def test_a_file_that_is_gone_is_named(checkpoints: Checkpoints) -> None:
    saved = save(checkpoints, 1)
    (saved.path / "trainer.pt").unlink()

    with pytest.raises(CheckpointError, match=r"trainer\.pt is missing"):
        checkpoints.load_state(saved)


def test_a_folder_that_is_named_like_a_checkpoint_and_is_none_is_refused(
    checkpoints: Checkpoints,
) -> None:
    (save(checkpoints, 1).path / "checkpoint.json").unlink()

    with pytest.raises(CheckpointError, match=r"no checkpoint\.json in it.*delete its folder"):
        again(checkpoints)


@pytest.mark.parametrize("text", ["{", "[]", '{"format": 1}', '{"format": 1, "step": "x"}'])
def test_a_checkpoint_that_says_nonsense_of_itself_is_refused(
    checkpoints: Checkpoints, text: str
) -> None:
    (save(checkpoints, 1).path / "checkpoint.json").write_text(text)

    with pytest.raises(CheckpointError, match=r"checkpoint\.json"):
        again(checkpoints)


def test_a_checkpoint_of_another_format_is_refused_and_its_version_named(
    checkpoints: Checkpoints,
) -> None:
    saved = save(checkpoints, 1)
    file = saved.path / "checkpoint.json"
    file.write_text(json.dumps({**json.loads(file.read_text()), "format": 2, "agentrl": "9.9"}))

    with pytest.raises(CheckpointError, match=r"format 2, written by agentrl 9\.9; this agentrl"):
        checkpoints.load_state(saved)


@pytest.mark.parametrize(("last", "best"), [(0, 1), (1, -1)])
def test_a_number_to_keep_must_be_possible(tmp_path: Path, last: int, best: int) -> None:
    with pytest.raises(ValueError, match="at least 1 and 0"):
        Checkpoints(tmp_path, last, best)


def draws() -> list[float]:
    drawn = [random.random(), random.gauss(0, 1), float(np.random.normal())]
    return [*drawn, float(torch.randn(())), *torch.rand(3).tolist()]


def test_random_numbers_go_on_where_they_were(checkpoints: Checkpoints) -> None:
    draws()  # leaves half of a pair of normal numbers waiting in random and in numpy
    saved = save(checkpoints, 1, rng=rng_state())
    drawn = [draws(), draws()]

    restore_rng(checkpoints.load_state(saved)["rng"])

    assert [draws(), draws()] == drawn


def test_random_states_that_are_none_are_refused() -> None:
    with pytest.raises(CheckpointError, match=r"give what rng_state\(\) returned"):
        restore_rng({"python": {}, "numpy": {}})


def test_random_states_of_gpus_that_are_not_here_are_passed_over() -> None:
    beyond = [torch.zeros(16, dtype=torch.uint8)] * 64

    state = rng_state()
    here = state["cuda"]
    restore_rng({**state, "cuda": here + beyond[len(here) :]} if not here else state)

    assert torch.equal(rng_state()["torch"], state["torch"])
