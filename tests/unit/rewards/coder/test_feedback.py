import asyncio

import pytest

from agentrl.episode import Sampling
from agentrl.models.scripted import ScriptedModel
from agentrl.rewards.coder.evaluation import Evaluation
from agentrl.rewards.coder.feedback import (
    analysis,
    failures,
    human,
    pairs_by_outcome,
    rankings,
    statistics,
    term_statistics,
    told,
)
from agentrl.rewards.coder.scores import Scores
from tests.unit.rewards.coder.episodes import episode

EVALUATION = Evaluation(
    "",
    (
        episode("lost-but-rich", ["spin", "spin"], 0.0),
        episode("lost", ["wait"], 0.0),
        episode("won-but-poor", ["take key", "open door"], 1.0),
        episode("won", ["open door"], 1.0),
    ),
    (
        Scores(({"spin": 2.0, "door": 0.0}, {"spin": 2.0, "door": 0.0})),
        Scores(({"spin": 0.0, "door": 0.0},)),
        Scores(({"spin": 0.0, "door": 0.0}, {"spin": 0.0, "door": 1.0})),
        Scores(({"spin": 0.0, "door": 2.0},)),
    ),
)


def test_the_statistics_of_terms_are_as_by_hand() -> None:
    spin, door, total = term_statistics(EVALUATION)

    # sums per episode: spin 4 0 0 0, door 0 0 1 2, return 4 0 1 2; outcomes 0 0 1 1
    assert (spin.name, spin.mean, spin.low, spin.high) == ("spin", 1.0, 0.0, 4.0)
    assert spin.std == pytest.approx(3**0.5)
    # ranks 4 2 2 2 against 1.5 1.5 3.5 3.5: cov -2 of variances 3 and 4
    assert spin.correlation == pytest.approx(-2 / 12**0.5)
    # ranks 1.5 1.5 3 4 against 1.5 1.5 3.5 3.5: cov 4 of variances 4.5 and 4
    assert door.correlation == pytest.approx(4 / 18**0.5)
    # ranks 4 1 2 3 against 1.5 1.5 3.5 3.5: cov 0
    assert (total.name, total.correlation) == ("return", 0.0)


def test_the_statistics_are_told_term_by_term() -> None:
    said = asyncio.run(told(statistics(), EVALUATION))

    assert "4 recorded episodes" in said
    assert "spin: mean 1, std 1.732, min 0, max 4, rank correlation with success -0.577" in said
    assert "return: mean 1.75" in said


def test_the_summary_of_failures_names_what_is_rewarded_too_much_and_too_little() -> None:
    said = asyncio.run(told(failures(count=1, turns=1), EVALUATION))
    too_much, too_little = said.split("Rewarded too little")

    assert "lost-but-rich: success 0, return 4 (spin 4, door 0)" in too_much
    assert too_much.count("did: spin") == 1
    assert "won-but-poor" in too_little
    assert "did: open door" in too_little


def test_long_texts_are_cut() -> None:
    said = asyncio.run(told(failures(characters=4), EVALUATION))

    assert "did: take ..." in said


def test_a_program_that_orders_episodes_rightly_has_no_failures_to_tell() -> None:
    right = Evaluation(
        "",
        (episode("lost", ["a"], 0.0), episode("won", ["b"], 1.0)),
        (Scores(({"t": 0.0},)), Scores(({"t": 1.0},))),
    )

    assert "exactly as their outcomes" in asyncio.run(told(failures(), right))


def test_rankings_tell_which_preferences_a_program_does_not_share() -> None:
    pairs = [("won", "lost"), ("won-but-poor", "lost-but-rich"), ("won", "nobody")]
    said = asyncio.run(told(rankings(pairs), EVALUATION))

    assert "Of 2 pairs of episodes, the program prefers the better one in 1." in said
    assert "- won-but-poor (return 1) > lost-but-rich (4)" in said


def test_outcomes_give_pairs_within_a_task() -> None:
    assert pairs_by_outcome(EVALUATION.episodes) == [
        ("won-but-poor", "lost-but-rich"),
        ("won-but-poor", "lost"),
        ("won", "lost-but-rich"),
        ("won", "lost"),
    ]
    assert len(pairs_by_outcome(EVALUATION.episodes, most=3)) == 3


def test_a_person_is_quoted() -> None:
    assert asyncio.run(told(human("it spins"), EVALUATION)).endswith("says: it spins")


def test_a_model_may_sum_up_the_failures() -> None:
    asked = []

    def answer(request: object) -> str:
        asked.append(str(request))
        return " It pays for spinning. "

    said = asyncio.run(told(analysis(ScriptedModel(answer), Sampling()), EVALUATION))

    assert said == "An analysis of the program's mistakes: It pays for spinning."
    assert "lost-but-rich" in asked[0]
