import pytest
from hypothesis import given
from hypothesis import strategies as st

from agentrl.errors import UsageError
from agentrl.models.trie import TrieNode, build_trie, choice_trie

END = 0


class Letters:
    """A tokenizer whose tokens are code points."""

    end_of_turn_id = END

    def encode_plain(self, text: str) -> tuple[int, ...]:
        return tuple(map(ord, text))


def sentences(node: TrieNode, prefix: tuple[int, ...] = ()) -> set[tuple[int, ...]]:
    if not node.children:
        return {prefix}
    return {s for token, child in node.children.items() for s in sentences(child, (*prefix, token))}


def test_choices_that_share_a_beginning_share_its_tokens() -> None:
    root = choice_trie(["go east", "go west"], Letters())
    node = root
    for letter in "go ":
        assert node.allowed == (ord(letter),)
        node = node.children[ord(letter)]
    assert node.allowed == (ord("e"), ord("w"))


def test_a_choice_that_begins_another_may_end_or_go_on() -> None:
    root = choice_trie(["a", "ab"], Letters())
    assert root.children[ord("a")].allowed == (END, ord("b"))


def test_an_empty_choice_ends_the_turn_at_once() -> None:
    assert choice_trie(["", "x"], Letters()).allowed == (END, ord("x"))


def test_no_choice_at_all_is_refused() -> None:
    with pytest.raises(UsageError, match=r"choices is empty.*at least one choice"):
        choice_trie([], Letters())


@given(st.lists(st.text(alphabet="abé雪\U0001f600", max_size=5), min_size=1, max_size=12))
def test_the_trie_says_exactly_the_choices(choices: list[str]) -> None:
    expected = {(*map(ord, choice), END) for choice in choices}
    assert sentences(choice_trie(choices, Letters())) == expected


def test_repeated_sequences_count_once() -> None:
    assert build_trie([(1, 2), (1, 2)]) == build_trie([(1, 2)])
