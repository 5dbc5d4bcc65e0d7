"""From actions to rows of numbers."""

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from agentrl.agents.choice.layout import Layout, check_facts, ngrams
from agentrl.envs.base import Choices
from agentrl.errors import UsageError

TEXTS = st.text(max_size=60)


def choices(*facts: tuple[float, ...], text: str = "What is 2 + 2?") -> Choices:
    names = tuple(f"action {number}" for number in range(len(facts)))
    return Choices(text, names, tuple(f"words {name}" for name in names), facts)


def test_a_row_is_facts_then_the_text_then_an_actions_words() -> None:
    layout = Layout(("price", "skill"), text=4, words=3)

    rows = layout.rows(choices((1.0, 2.0), (3.0, 4.0)))

    assert rows.shape == (2, layout.columns) == (2, 9)
    assert rows[:, :2].tolist() == [[1.0, 2.0], [3.0, 4.0]]
    assert rows[0, 2:6].tolist() == rows[1, 2:6].tolist() == ngrams("What is 2 + 2?", 4).tolist()
    assert rows[1, 6:].tolist() == ngrams("words action 1", 3).tolist()


def test_what_an_action_is_called_is_not_in_its_row() -> None:
    layout = Layout(("price",), text=4, words=3)
    called = Choices("q", ("ask GPT-4o",), ("maths",), ((1.0,),))
    otherwise = Choices("q", ("ask Model 7",), ("maths",), ((1.0,),))

    assert layout.rows(called).tolist() == layout.rows(otherwise).tolist()


@given(TEXTS, st.integers(1, 16))
def test_a_text_has_length_1_unless_there_is_nothing_in_it(text: str, columns: int) -> None:
    length = float(np.linalg.norm(ngrams(text, columns)))

    assert length == pytest.approx(1.0, abs=1e-6) or length == 0.0


def test_words_count_and_which_follows_which_but_not_their_case() -> None:
    assert ngrams("Sort them", 64).tolist() == ngrams("sort THEM", 64).tolist()
    assert ngrams("sort them", 64).tolist() != ngrams("them sort", 64).tolist()
    assert not ngrams("", 64).any()


def test_other_facts_than_the_policy_knows_are_told_by_name() -> None:
    layout = Layout(("price", "skill"))

    check_facts(layout, ("price", "skill"), "ChoiceEnv")
    with pytest.raises(UsageError, match=r"ChoiceEnv does not tell skill; .* not know speed"):
        check_facts(layout, ("price", "speed"), "ChoiceEnv")
    with pytest.raises(UsageError, match="their order differs"):
        check_facts(layout, ("skill", "price"), "ChoiceEnv")


def test_another_number_of_facts_is_refused() -> None:
    with pytest.raises(UsageError, match=r"goes by 1 facts of every action, .* tells 2"):
        Layout(("price",)).rows(choices((1.0, 2.0)))
