"""A checkpoint's tokenizer with its chat template, as the backends that know tokens use it."""

import re
import threading
from collections.abc import Sequence
from pathlib import Path
from typing import Any

from agentrl.errors import CheckpointError, MissingDependencyError
from agentrl.models.base import Message
from agentrl.models.checkpoint import read_json, resolve_checkpoint, silence_transformers

_MARK = "\ufdd0"  # a code point that Unicode promises never to assign to a character
_PROBE = "0answer0"
_TOKENIZER_FILES = ("tokenizer.json", "tokenizer.model", "vocab.json", "vocab.txt")


def load_tokenizer(checkpoint: str) -> "HFChatTokenizer":
    """Return the tokenizer of a checkpoint: a folder, or a name of the hub.

    Raises:
        CheckpointError: there is no tokenizer, no chat template, or no end-of-turn token.
        MissingDependencyError: transformers is not installed.
    """
    try:
        from transformers import AutoTokenizer
    except ImportError:
        raise MissingDependencyError(
            "reading a tokenizer needs transformers: pip install 'agentrl[train]'"
        ) from None
    folder = resolve_checkpoint(checkpoint)
    if not any((folder / name).is_file() for name in _TOKENIZER_FILES):
        raise CheckpointError(
            f"checkpoint {checkpoint!r}: no tokenizer in it; expected one of "
            f"{', '.join(_TOKENIZER_FILES)}; save the tokenizer into the same folder"
        )
    silence_transformers()
    try:
        tokenizer = AutoTokenizer.from_pretrained(folder, local_files_only=True)
    except (OSError, ValueError, KeyError, TypeError, AttributeError, ImportError) as exc:
        raise CheckpointError(
            f"checkpoint {checkpoint!r}: its tokenizer cannot be read: {exc}; save it again"
        ) from None
    return HFChatTokenizer(tokenizer, checkpoint, _configured_ends(folder))


class HFChatTokenizer:
    """A Hugging Face tokenizer behind the ``ChatTokenizer`` protocol; safe to use from threads.

    What a message says can never act as structure. A world or a web page may print
    ``<|im_end|>``; were that read as the token, it could end a message and begin one of its own.
    So ``render`` splits every special token's text that stands inside a message with a mark
    (a Unicode noncharacter), and ``encode`` takes the mark out again and encodes the text around
    it without special tokens. The model reads the same characters, as plain text. A rendered
    text must therefore go through ``encode`` of this class.
    """

    def __init__(self, tokenizer: Any, name: str, end_ids: Sequence[int] = ()) -> None:
        """Wrap a tokenizer.

        Args:
            tokenizer: as transformers loads it.
            name: what error messages call the checkpoint.
            end_ids: tokens that end an answer by the checkpoint's own configuration.

        Raises:
            CheckpointError: it has no chat template, or nothing ends an answer.
        """
        self._tokenizer = tokenizer
        self._name = name
        self._lock = threading.Lock()  # encoding with other settings changes the shared tokenizer
        self._specials = _special_tokens(tokenizer)
        # No special token: a pattern that matches nowhere.
        longest_first = sorted(self._specials, key=len, reverse=True)
        self._special = re.compile("|".join(map(re.escape, longest_first)) or r"(?!)")
        if tokenizer.chat_template is None:
            raise CheckpointError(
                f"checkpoint {name!r}: no chat template; use a chat model, or put a "
                f"chat_template.jinja beside its tokenizer"
            )
        closing = self._closing_token()
        eos = tokenizer.eos_token_id
        ends = [token for token in (closing, eos, *end_ids) if token is not None]
        if not ends:
            raise CheckpointError(
                f"checkpoint {name!r}: nothing ends an answer; set eos_token in "
                f"tokenizer_config.json or eos_token_id in generation_config.json"
            )
        self._ends = frozenset(ends)
        self._end: int = ends[0]

    @property
    def end_of_turn_ids(self) -> frozenset[int]:
        """Tokens that end an answer."""
        return self._ends

    @property
    def end_of_turn_id(self) -> int:
        """The token that the chat template puts after an answer; else the end-of-text token."""
        return self._end

    def render(self, messages: Sequence[Message], *, generation_prompt: bool) -> str:
        """Return the chat as text by the chat template, each message's content made harmless.

        Raises:
            CheckpointError: the template refuses the conversation, as one without a system role
                does.
        """
        from jinja2 import TemplateError

        chat = [{"role": m.role, "content": self._harmless(m.content)} for m in messages]
        try:
            text = self._tokenizer.apply_chat_template(
                chat, tokenize=False, add_generation_prompt=generation_prompt
            )
        except (TemplateError, TypeError, ValueError) as exc:
            roles = ", ".join(m.role for m in messages)
            raise CheckpointError(
                f"checkpoint {self._name!r}: its chat template refuses a conversation of roles "
                f"({roles}): {exc}; use a checkpoint whose template accepts them"
            ) from None
        return str(text)

    def encode(self, text: str) -> tuple[int, ...]:
        """Return the tokens of a rendered text; special tokens in it count as such."""
        if _MARK not in text:
            return self._encode(text, plain=False)
        ids: list[int] = []
        at = 0
        for match in self._special.finditer(text):
            ids += self.encode_plain(text[at : match.start()])
            ids.append(self._specials[match.group()])
            at = match.end()
        return (*ids, *self.encode_plain(text[at:]))

    def encode_plain(self, text: str) -> tuple[int, ...]:
        """Return the tokens of a text in which no special token counts."""
        return self._encode(text.replace(_MARK, ""), plain=True)

    def decode(self, token_ids: Sequence[int]) -> str:
        """Return the text of tokens, without special tokens."""
        with self._lock:
            text = self._tokenizer.decode(
                list(token_ids), skip_special_tokens=True, clean_up_tokenization_spaces=False
            )
        return str(text)

    def _encode(self, text: str, *, plain: bool) -> tuple[int, ...]:
        with self._lock:
            encoded = self._tokenizer(text, add_special_tokens=False, split_special_tokens=plain)
        return tuple(encoded["input_ids"])

    def _harmless(self, content: str) -> str:
        content = content.replace(_MARK, "")
        while self._special.search(content):  # parting one may leave another that overlapped it
            content = self._special.sub(lambda m: m[0][0] + _MARK + m[0][1:], content)
        return content

    def _closing_token(self) -> int | None:
        """Return the special token that the template puts right after an answer, if it does."""
        chat = (Message("user", "question"), Message("assistant", _PROBE))
        after = self.render(chat, generation_prompt=False).rpartition(_PROBE)[2]
        match = self._special.match(after.lstrip())
        return self._specials[match.group()] if match else None


def _special_tokens(tokenizer: Any) -> dict[str, int]:
    added = {str(t): i for i, t in tokenizer.added_tokens_decoder.items() if t.special}
    named = {
        str(text): int(tokenizer.convert_tokens_to_ids(text))
        for text in tokenizer.all_special_tokens
    }
    return {text: token for text, token in {**added, **named}.items() if len(text) > 1}


def _configured_ends(folder: Path) -> list[int]:
    ends: list[int] = []
    for name in ("generation_config.json", "config.json"):
        given = read_json(folder / name).get("eos_token_id")
        ends += given if isinstance(given, list) else [given] if isinstance(given, int) else []
    return ends
