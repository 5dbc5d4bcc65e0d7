"""How things stand between questions, as numbers."""

import math
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from agentrl.orchestrator.standing import (
    ANSWER_TOKENS,
    CHOICE_FACTS,
    WRONG_ANSWERS,
    Candidate,
    Standing,
    Vote,
    beliefs,
    fit_of,
    skill_of,
)
from agentrl.orchestrator.worker import Descriptor

CHEAP = Descriptor(0.1, 0.2, performance={"math": 0.6, "code": 0.2}, tags=("sort", "odd large"))
DEAR = Descriptor(10.0, 30.0, latency_s=math.e - 1, context_window=8192)
SKILLS = {"a": 0.5, "b": 0.8, "c": 0.9}


def standing(votes: tuple[Vote, ...] = (), **more: Any) -> Standing:
    workers = (Candidate("a", CHEAP, 0.5, 0.25), Candidate("b", DEAR, 0.8))
    usual: dict[str, Any] = {
        "tried": [vote.worker for vote in votes],
        "asks": 4,
        "question_chars": 400,
        "usd": 0.0,
        "voted": 0,
    }
    return Standing(workers, votes, **{**usual, **more})


def named(row: tuple[float, ...]) -> dict[str, float]:
    return dict(zip(CHOICE_FACTS, row, strict=True))


def test_a_partys_evidence_is_that_of_its_workers() -> None:
    """Odds WRONG_ANSWERS p / (1 - p) multiply within a party; parties and 'none' share the rest."""
    first, second = WRONG_ANSWERS * 1.0 * WRONG_ANSWERS * 4.0, WRONG_ANSWERS * 9.0

    found = beliefs([Vote("a", 1), Vote("b", 1), Vote("c", 2)], SKILLS)

    assert found[1] == pytest.approx(first / (1 + first + second))
    assert found[2] == pytest.approx(second / (1 + first + second))


def test_who_says_nothing_or_the_same_again_adds_nothing() -> None:
    once = beliefs([Vote("a", 1)], SKILLS)

    assert beliefs([Vote("a", 1), Vote("a", 1), Vote("b", 0)], SKILLS) == once


@given(st.permutations([Vote("a", 1), Vote("b", 2), Vote("c", 1)]))
def test_the_order_of_answers_does_not_matter(votes: list[Vote]) -> None:
    found = beliefs(votes, SKILLS)

    assert found == pytest.approx({1: found[1], 2: found[2]})
    assert 0 < found[2] < found[1] < found[1] + found[2] < 1


def test_how_well_a_worker_does_is_by_kind_else_the_mean_else_a_half() -> None:
    assert skill_of(CHEAP, "math") == 0.6
    assert skill_of(CHEAP, "law") == pytest.approx(0.4)
    assert skill_of(DEAR, "math") == 0.5


def test_a_worker_fits_by_any_word_of_its_tags() -> None:
    assert fit_of(CHEAP, ["do", "large"]) == fit_of(CHEAP, ["large", "sort", "odd"]) == 1.0
    assert fit_of(CHEAP, ["double"]) == fit_of(DEAR, ["sort"]) == 0.0


def test_asking_tells_of_the_worker() -> None:
    row = named(standing().ask("b"))

    usd = (100 * 10.0 + ANSWER_TOKENS * 30.0) / 1e6
    assert row["ask"] == row["nobody_asked"] == 1.0
    assert row["ask_skill"] == pytest.approx(math.log(4) / 3)
    assert row["ask_price"] == pytest.approx(math.log10(1000 * usd + 1e-3))
    assert row["ask_latency"] == pytest.approx(1.0)
    assert row["ask_room"] == pytest.approx(1.0)  # 8192 tokens hold 400 of them ten times and more
    assert row["vote"] == row["take"] == row["backing"] == row["ask_again"] == 0.0


def test_handing_in_tells_what_speaks_for_it() -> None:
    votes = (Vote("a", 1), Vote("b", 2))
    here = standing(votes, voted=1, usd=0.001)

    vote, take = named(here.vote()), named(here.take("b"))

    assert (vote["vote"], vote["take"], take["vote"], take["take"]) == (1.0, 0.0, 0.0, 1.0)
    assert vote["leads"] < take["leads"] == 1.0
    assert take["supporters"] == 1 / 4
    assert take["backing"] == pytest.approx(take["leader"])
    assert vote["backing"] == pytest.approx(vote["runner_up"])
    assert vote["asked"] == take["asked"] == 2 / 4
    assert take["ask"] == take["ask_skill"] == 0.0


def test_names_do_not_count() -> None:
    one = Standing([Candidate("gpt", DEAR, 0.8)], [], **_begin())
    other = Standing([Candidate("unheard of", DEAR, 0.8)], [], **_begin())

    assert one.ask("gpt") == other.ask("unheard of")


def test_further_workers_change_nothing_for_those_that_are_there() -> None:
    few = standing().ask("a")
    more = Standing(
        [Candidate("new", DEAR, 0.99), Candidate("a", CHEAP, 0.5, 0.25)], [], **_begin()
    ).ask("a")

    assert few == more


def _begin() -> dict[str, Any]:
    return {"tried": [], "asks": 4, "question_chars": 400, "usd": 0.0, "voted": 0}
