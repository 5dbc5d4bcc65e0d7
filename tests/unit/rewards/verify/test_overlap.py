"""A text against reference texts."""

import math
import sys

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from agentrl.errors import MissingDependencyError, UsageError
from agentrl.rewards.verify.overlap import _scorer, bleu, word_f1


def test_bleu_by_hand() -> None:
    pytest.importorskip("sacrebleu")
    # 3 of 3 words, 2 of 2 pairs, 1 of 1 triple, and no group of four in a text of three words;
    # four words are asked for, so the brevity penalty is exp(1 - 4/3).
    assert bleu("the cat sat", ["the cat sat down"]) == pytest.approx(math.exp(1 - 4 / 3))


def test_bleu_is_one_for_a_reference_and_nothing_for_nothing() -> None:
    pytest.importorskip("sacrebleu")

    assert bleu("A red door.", ["Something else", "A red door."]) == pytest.approx(1.0)
    assert bleu("", ["x"]) == bleu("  ", ["x"]) == 0.0
    assert bleu("yes", [""]) == 0.0
    with pytest.raises(UsageError, match="there is none"):
        bleu("x", [])


@settings(deadline=None)
@given(st.text(max_size=60), st.text(max_size=60))
def test_overlap_is_a_share(text: str, reference: str) -> None:
    pytest.importorskip("sacrebleu")

    assert 0 <= bleu(text, [reference]) <= 1
    assert 0 <= word_f1(text, reference) <= 1
    assert word_f1(text, text) == 1.0


def test_words_by_hand() -> None:
    assert word_f1("go north now", "Go north!") == pytest.approx(2 * 2 / 5)
    assert word_f1("", "x") == word_f1("x", "") == 0.0


def test_without_sacrebleu_the_way_to_get_it_is_told(monkeypatch: pytest.MonkeyPatch) -> None:
    _scorer.cache_clear()
    monkeypatch.setitem(sys.modules, "sacrebleu.metrics.bleu", None)

    with pytest.raises(MissingDependencyError, match=r"pip install 'agentrl\[rewards\]'"):
        bleu("x", ["x"])
