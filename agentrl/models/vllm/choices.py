"""Which tokens vLLM lets a constrained answer choose from, step by step.

vLLM masks with xgrammar, so the same library tells here what its mask was: at each step every
token whose bytes continue some choice, in any tokenisation, and the end-of-turn tokens where a
choice is complete.
"""

from collections.abc import Sequence
from functools import lru_cache
from typing import Any

from agentrl.errors import MissingDependencyError, ModelError, UsageError
from agentrl.models.checkpoint import resolve_checkpoint

_KEPT_GRAMMARS = 1024


class ChoiceMasks:
    """The allowed tokens of one checkpoint's constrained answers. Safe to use from threads."""

    def __init__(self, checkpoint: str, end_ids: frozenset[int]) -> None:
        """
        Args:
            checkpoint: folder or name, as vLLM serves it.
            end_ids: tokens that end an answer.

        Raises:
            MissingDependencyError: xgrammar, which comes with vLLM, is not installed.
        """
        try:
            import xgrammar
        except ImportError:
            raise MissingDependencyError(
                "recording constrained answers of vLLM needs xgrammar: pip install 'agentrl[vllm]'"
            ) from None
        self._ends = sorted(end_ids)
        info = _tokenizer_info(checkpoint)
        self._vocabulary: int = info.vocab_size
        self._compiler = xgrammar.GrammarCompiler(info, cache_enabled=False)
        self._compiled = lru_cache(_KEPT_GRAMMARS)(self._compile)

    def allowed(
        self, choices: tuple[str, ...], token_ids: Sequence[int]
    ) -> tuple[tuple[int, ...], ...]:
        """Return for each sampled token the ids that it was chosen from, in ascending order.

        Raises:
            ModelError: a token was not allowed, so the server did not keep to the choices.
        """
        import xgrammar

        matcher = xgrammar.GrammarMatcher(
            self._compiled(choices), override_stop_tokens=list(self._ends)
        )
        steps = []
        for position, token in enumerate(token_ids):
            steps.append(_next_tokens(matcher, self._vocabulary))
            if not matcher.accept_token(token):
                raise ModelError(
                    f"vLLM sampled token {token} at position {position} of a constrained answer, "
                    f"which continues none of its {len(choices)} choices"
                )
        return tuple(steps)

    def _compile(self, choices: tuple[str, ...]) -> Any:
        return self._compiler.compile_grammar(choice_grammar(choices))


def choice_grammar(choices: Sequence[str]) -> str:
    r"""Return the choices as an EBNF grammar.

    Raises:
        UsageError: there is no choice, so that no answer would be allowed.

    >>> choice_grammar(["go", 'say "hi"'])
    'root ::= "go" | "say \\"hi\\""'
    """
    if not choices:
        raise UsageError(
            "choices is empty, so no answer is allowed; give at least one choice, or None to "
            "allow any answer"
        )
    return "root ::= " + " | ".join(f'"{_escaped(choice)}"' for choice in choices)


def _escaped(text: str) -> str:
    return "".join(
        f"\\{char}" if char in '\\"' else char if char.isprintable() else f"\\U{ord(char):08x}"
        for char in text
    )


def _next_tokens(matcher: Any, vocabulary: int) -> tuple[int, ...]:
    import numpy as np
    import xgrammar

    mask = xgrammar.allocate_token_bitmask(1, vocabulary)
    if not matcher.fill_next_token_bitmask(mask):
        return tuple(range(vocabulary))
    bits = np.unpackbits(mask.numpy().view(np.uint8), bitorder="little")
    return tuple(np.flatnonzero(bits[:vocabulary]).tolist())


def _tokenizer_info(checkpoint: str) -> Any:
    import xgrammar
    from transformers import AutoConfig, AutoTokenizer

    folder = resolve_checkpoint(checkpoint)
    config = AutoConfig.from_pretrained(folder).get_text_config()
    return xgrammar.TokenizerInfo.from_huggingface(
        AutoTokenizer.from_pretrained(folder), vocab_size=config.vocab_size
    )
