import os
import subprocess
import sys
from pathlib import Path

import pytest

from agentrl.errors import StorageError, UsageError
from agentrl.models.base import Message
from agentrl.models.chat import load_tokenizer
from agentrl.models.scratch import build_checkpoint, scratch_checkpoint
from agentrl.suite.model import Scratch

torch = pytest.importorskip("torch", reason="makes models with torch")
transformers = pytest.importorskip("transformers", reason="makes models with transformers")

SMALL = Scratch(hidden_size=32, layers=1, vocabulary=280)
TEXTS = ("open the door", "take the apple", "雪 \U0001f600")


def contents(folder: Path) -> dict[str, bytes]:
    return {file.name: file.read_bytes() for file in folder.iterdir()}


@pytest.fixture
def cache(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    monkeypatch.setenv("AGENTRL_CACHE", str(tmp_path / "cache"))
    return tmp_path / "cache"


def test_the_same_settings_give_the_same_bytes(tmp_path: Path) -> None:
    one = build_checkpoint(tmp_path / "one", TEXTS, SMALL)
    two = build_checkpoint(tmp_path / "two", TEXTS, SMALL)
    assert contents(one) == contents(two)


def test_another_seed_gives_other_weights(tmp_path: Path) -> None:
    one = build_checkpoint(tmp_path / "one", TEXTS, SMALL)
    two = build_checkpoint(tmp_path / "two", TEXTS, SMALL.model_copy(update={"seed": 1}))
    weights = "model.safetensors"
    assert contents(one)[weights] != contents(two)[weights]


def test_the_callers_random_numbers_are_left_alone(tmp_path: Path) -> None:
    torch.manual_seed(3)
    expected = torch.rand(4)
    torch.manual_seed(3)
    build_checkpoint(tmp_path / "model", TEXTS, SMALL)
    assert torch.equal(torch.rand(4), expected)


def test_it_is_an_ordinary_checkpoint(tmp_path: Path) -> None:
    scratch = Scratch(hidden_size=96, layers=2, vocabulary=300, context=512)
    folder = build_checkpoint(tmp_path / "model", TEXTS, scratch)
    model = transformers.AutoModelForCausalLM.from_pretrained(folder)
    assert model.config.model_type == "qwen2"
    assert model.config.max_position_embeddings == 512
    assert not model.config.tie_word_embeddings
    assert model.lm_head.weight.data_ptr() != model.model.embed_tokens.weight.data_ptr()
    assert model.generation_config.eos_token_id == 2


def test_its_tokenizer_says_every_text(tmp_path: Path) -> None:
    tokenizer = load_tokenizer(str(build_checkpoint(tmp_path / "model", TEXTS, SMALL)))
    for text in (*TEXTS, "never seen: \x00 ß 語"):
        assert tokenizer.decode(tokenizer.encode_plain(text)) == text


def test_a_longer_chat_keeps_the_shorter_one_as_its_prefix(tmp_path: Path) -> None:
    tokenizer = load_tokenizer(str(build_checkpoint(tmp_path / "model", TEXTS, SMALL)))
    chat = (Message("user", "a"), Message("assistant", "b"), Message("user", "c"))
    prompt = tokenizer.encode(tokenizer.render(chat[:1], generation_prompt=True))
    whole = tokenizer.encode(tokenizer.render(chat, generation_prompt=True))
    answer = (*tokenizer.encode_plain("b"), tokenizer.end_of_turn_id)
    assert whole[: len(prompt) + len(answer)] == (*prompt, *answer)


def test_it_is_made_once_and_found_again(cache: Path) -> None:
    folder = scratch_checkpoint(TEXTS, SMALL)
    made = (folder / "config.json").stat().st_mtime_ns
    assert scratch_checkpoint(TEXTS, SMALL) == folder
    assert (folder / "config.json").stat().st_mtime_ns == made
    assert folder.is_relative_to(cache)


def test_other_texts_are_another_model(cache: Path) -> None:
    assert scratch_checkpoint(["ab", "c"], SMALL) != scratch_checkpoint(["a", "bc"], SMALL)


def test_processes_that_ask_at_once_get_one_whole_model(cache: Path) -> None:
    program = (
        "from agentrl.models.scratch import scratch_checkpoint\n"
        "from agentrl.suite.model import Scratch\n"
        "scratch = Scratch(hidden_size=32, layers=1, vocabulary=280)\n"
        "print(scratch_checkpoint(['open the door'], scratch))\n"
    )
    command = [sys.executable, "-c", program]
    asking = [subprocess.Popen(command, stdout=subprocess.PIPE, text=True) for _ in range(3)]
    answers = {process.communicate()[0].strip() for process in asking}
    assert len(answers) == 1
    folder = Path(answers.pop())
    assert (folder / "model.safetensors").is_file()
    assert {p.suffix for p in folder.parent.iterdir()} == {"", ".lock"}
    assert len(list(folder.parent.iterdir())) == 2


def test_no_texts_make_no_tokenizer(tmp_path: Path) -> None:
    with pytest.raises(UsageError, match="needs texts"):
        build_checkpoint(tmp_path / "model", ["", ""], SMALL)


def test_a_cache_that_is_a_file_is_named(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    (tmp_path / "file").touch()
    monkeypatch.setenv("AGENTRL_CACHE", str(tmp_path / "file"))
    with pytest.raises(StorageError, match="set AGENTRL_CACHE to a folder"):
        scratch_checkpoint(TEXTS, SMALL)


def test_without_torch_it_says_what_to_install(tmp_path: Path) -> None:
    program = (
        "import sys\nsys.modules['torch'] = None\n"
        "from agentrl.models.scratch import scratch_checkpoint\n"
        "from agentrl.suite.model import Scratch\n"
        "try: scratch_checkpoint(['a'], Scratch())\n"
        "except Exception as exc: print(type(exc).__name__, exc)\n"
    )
    env = {**os.environ, "AGENTRL_CACHE": str(tmp_path)}
    result = subprocess.run(
        [sys.executable, "-c", program], env=env, capture_output=True, text=True, check=True
    )
    assert result.stdout.startswith("MissingDependencyError")
    assert "pip install 'agentrl[train]'" in result.stdout
