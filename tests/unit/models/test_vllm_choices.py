"""What a constrained answer of vLLM was chosen from."""

from collections.abc import Iterator, Sequence
from pathlib import Path

import pytest

from agentrl.errors import ModelError, UsageError

pytest.importorskip("xgrammar", reason="xgrammar, which comes with vLLM, is not installed")
pytest.importorskip("transformers", reason="transformers is not installed")

from agentrl.models.chat import HFChatTokenizer, load_tokenizer
from agentrl.models.scratch import build_checkpoint
from agentrl.models.vllm.choices import ChoiceMasks, choice_grammar
from agentrl.suite.model import Scratch

CHOICES = ("go", "go north", "go south", "take the lamp", 'say "hi"\n\\', "über", "", "日本")


@pytest.fixture(scope="module")
def checkpoint(tmp_path_factory: pytest.TempPathFactory) -> Path:
    folder = tmp_path_factory.mktemp("choices") / "model"
    texts = ["go north, go south, take the lamp from the room"]
    return build_checkpoint(folder, texts, Scratch(hidden_size=32, layers=1, vocabulary=320))


@pytest.fixture(scope="module")
def tokenizer(checkpoint: Path) -> HFChatTokenizer:
    return load_tokenizer(str(checkpoint))


@pytest.fixture(scope="module")
def masks(checkpoint: Path, tokenizer: HFChatTokenizer) -> ChoiceMasks:
    return ChoiceMasks(str(checkpoint), tokenizer.end_of_turn_ids)


def token_bytes(checkpoint: Path) -> dict[int, bytes]:
    """The bytes of every ordinary token, from the vocabulary file itself."""
    from tokenizers import Tokenizer, pre_tokenizers

    alphabet = sorted(pre_tokenizers.ByteLevel.alphabet())
    printable = [*range(33, 127), *range(161, 173), *range(174, 256)]
    others = [byte for byte in range(256) if byte not in printable]
    of_char = {chr(byte): byte for byte in printable}
    of_char |= {chr(256 + index): byte for index, byte in enumerate(others)}
    assert sorted(of_char) == alphabet
    file = Tokenizer.from_file(str(checkpoint / "tokenizer.json"))
    specials = {token.content for token in file.get_added_tokens_decoder().values()}
    return {
        token: bytes(of_char[char] for char in text)
        for text, token in file.get_vocab().items()
        if text not in specials
    }


def expected(vocabulary: dict[int, bytes], ends: frozenset[int], said: bytes) -> Iterator[int]:
    rests = [c.encode()[len(said) :] for c in CHOICES if c.encode().startswith(said)]
    for token, text in vocabulary.items():
        if text and any(rest.startswith(text) for rest in rests):
            yield token
    if b"" in rests:
        yield from ends


@pytest.mark.parametrize("choice", CHOICES)
@pytest.mark.parametrize("byte_by_byte", [False, True])
def test_allowed_is_every_token_that_continues_a_choice(
    choice: str,
    byte_by_byte: bool,
    checkpoint: Path,
    tokenizer: HFChatTokenizer,
    masks: ChoiceMasks,
) -> None:
    vocabulary = token_bytes(checkpoint)
    of_bytes = {text: token for token, text in vocabulary.items()}
    tokens: Sequence[int] = tokenizer.encode_plain(choice)
    if byte_by_byte:
        tokens = [of_bytes[bytes([byte])] for byte in choice.encode()]
    answer = (*tokens, min(tokenizer.end_of_turn_ids))
    said = b""
    for token, allowed in zip(answer, masks.allowed(CHOICES, answer), strict=True):
        assert allowed == tuple(sorted(expected(vocabulary, tokenizer.end_of_turn_ids, said)))
        said += vocabulary.get(token, b"")


def test_a_token_that_was_not_allowed_is_no_answer(
    tokenizer: HFChatTokenizer, masks: ChoiceMasks
) -> None:
    with pytest.raises(ModelError, match="continues none of its 8 choices"):
        masks.allowed(CHOICES, tokenizer.encode_plain("go west"))


def test_no_choice_at_all_is_refused() -> None:
    with pytest.raises(UsageError, match="choices is empty"):
        choice_grammar([])
