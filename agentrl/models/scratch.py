"""Small models made from nothing: a real checkpoint with random weights, where none can be had.

It takes every path that a downloaded checkpoint takes: config, safetensors, tokenizer, chat
template, generation config.
"""

import fcntl
import hashlib
import shutil
import tempfile
from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from pathlib import Path
from typing import Any

from agentrl.cache import cache_folder
from agentrl.errors import MissingDependencyError, StorageError, UsageError
from agentrl.models.checkpoint import silence_transformers
from agentrl.suite.model import Scratch

_FORMAT = 1  # part of the cache's key: raise it when the same settings give another checkpoint
_HEAD = 32
_END_OF_TEXT, _TURN, _END_OF_TURN = "<|endoftext|>", "<|im_start|>", "<|im_end|>"
_CHAT_TEMPLATE = (
    "{% for message in messages %}"
    "{{ '<|im_start|>' + message['role'] + '\\n' + message['content'] + '<|im_end|>\\n' }}"
    "{% endfor %}"
    "{% if add_generation_prompt %}{{ '<|im_start|>assistant\\n' }}{% endif %}"
)


def scratch_checkpoint(texts: Sequence[str], scratch: Scratch) -> Path:
    """Return the folder of a small checkpoint, made when it is first asked for.

    It is kept in ``$AGENTRL_CACHE`` (default ``~/.cache/agentrl``) under a name that stands for
    the settings and the texts, so the same question gets the same folder. Several processes may
    ask at once: one makes it and the others wait.

    Args:
        texts: what the model will read and say, to train the tokenizer on.
        scratch: size and seed.

    Raises:
        UsageError: there are no texts.
        StorageError: the cache folder cannot be written.
        MissingDependencyError: torch or transformers is not installed.
    """
    cache = cache_folder() / "scratch"
    folder = cache / _key(texts, scratch)
    try:
        cache.mkdir(parents=True, exist_ok=True)
        with _locked(folder.with_suffix(".lock")):
            return folder if folder.is_dir() else build_checkpoint(folder, texts, scratch)
    except OSError as exc:
        raise StorageError(
            f"{cache}: cannot keep a model there: {exc.strerror}; make room, or set AGENTRL_CACHE "
            f"to a folder that can be written"
        ) from exc


def build_checkpoint(folder: Path, texts: Sequence[str], scratch: Scratch) -> Path:
    """Write a Qwen2 checkpoint with random weights into ``folder`` and return it.

    The folder appears whole or not at all, and the same texts and settings give the same weights
    and tokenizer. Input and output embeddings are not tied, because servers that reload tied
    weights have been seen to keep old ones.

    Args:
        folder: where to write; replaced if it exists.
        texts: what the model will read and say, to train the tokenizer on.
        scratch: size and seed.

    Raises:
        UsageError: there are no texts.
        MissingDependencyError: torch or transformers is not installed.
    """
    if not any(texts):
        raise UsageError("a model from scratch needs texts to train its tokenizer on; got none")
    folder.parent.mkdir(parents=True, exist_ok=True)
    made = Path(tempfile.mkdtemp(prefix=f".{folder.name}-", dir=folder.parent))
    try:
        tokenizer = _tokenizer(texts, scratch)
        tokenizer.save_pretrained(made)
        _model(scratch, tokenizer).save_pretrained(made)
        made.chmod(0o755)  # mkdtemp lets only the owner in
        if folder.exists():
            shutil.rmtree(folder)
        made.rename(folder)
    finally:
        shutil.rmtree(made, ignore_errors=True)
    return folder


def _tokenizer(texts: Sequence[str], scratch: Scratch) -> Any:
    try:
        import transformers
        from tokenizers import Tokenizer, decoders, models, pre_tokenizers, trainers
    except ImportError:
        raise _missing() from None
    silence_transformers()
    trained = Tokenizer(models.BPE())
    trained.pre_tokenizer = pre_tokenizers.ByteLevel(add_prefix_space=False)
    trained.decoder = decoders.ByteLevel()
    trainer = trainers.BpeTrainer(
        vocab_size=scratch.vocabulary,
        special_tokens=[_END_OF_TEXT, _TURN, _END_OF_TURN],
        initial_alphabet=pre_tokenizers.ByteLevel.alphabet(),
        show_progress=False,
    )
    trained.train_from_iterator(texts, trainer)
    untyped: Any = transformers
    tokenizer = untyped.PreTrainedTokenizerFast(
        tokenizer_object=trained,
        eos_token=_END_OF_TURN,
        pad_token=_END_OF_TEXT,
        additional_special_tokens=[_TURN],
        model_max_length=scratch.context,
    )
    tokenizer.chat_template = _CHAT_TEMPLATE
    return tokenizer


def _model(scratch: Scratch, tokenizer: Any) -> Any:
    try:
        import torch
        import transformers
    except ImportError:
        raise _missing() from None
    untyped: Any = transformers
    heads = scratch.hidden_size // _HEAD
    config = untyped.Qwen2Config(
        vocab_size=len(tokenizer),
        hidden_size=scratch.hidden_size,
        intermediate_size=scratch.hidden_size * 4,
        num_hidden_layers=scratch.layers,
        num_attention_heads=heads,
        num_key_value_heads=heads // 2 if heads % 2 == 0 else heads,
        max_position_embeddings=scratch.context,
        tie_word_embeddings=False,
        eos_token_id=tokenizer.eos_token_id,
        pad_token_id=tokenizer.pad_token_id,
        bos_token_id=None,
    )
    with torch.random.fork_rng(devices=[]):
        torch.manual_seed(scratch.seed)
        model = untyped.Qwen2ForCausalLM(config)
    model.generation_config = untyped.GenerationConfig(
        eos_token_id=tokenizer.eos_token_id, pad_token_id=tokenizer.pad_token_id, do_sample=True
    )
    return model


def _missing() -> MissingDependencyError:
    return MissingDependencyError(
        "making a model from scratch needs torch, transformers and tokenizers: "
        "pip install 'agentrl[train]'"
    )


def _key(texts: Sequence[str], scratch: Scratch) -> str:
    digest = hashlib.sha256(f"{_FORMAT} {scratch.model_dump_json()}".encode())
    for text in texts:
        data = text.encode("utf-8", "surrogatepass")
        digest.update(b"%d:" % len(data) + data)
    return f"scratch-{digest.hexdigest()[:8]}"


@contextmanager
def _locked(file: Path) -> Iterator[None]:
    with file.open("w") as lock:
        fcntl.flock(lock, fcntl.LOCK_EX)
        yield
