"""Tests of looking recorded answers up, against playing them."""

import asyncio
from pathlib import Path

import numpy as np
import pytest

from agentrl.errors import RecordError, UsageError
from agentrl.orchestrator.pool import Pool, build_pool
from agentrl.orchestrator.replay.baselines import (
    Result,
    at_random,
    best_model,
    cascade,
    cheapest,
    fixed_policies,
    oracle,
    single,
    undominated,
    vote,
)
from agentrl.orchestrator.replay.recording import Item, Recorded, Recording
from agentrl.orchestrator.replay.table import Table, read_table
from agentrl.orchestrator.replay.zeroeval import read_zeroeval
from agentrl.orchestrator.staged import Escalate, run
from agentrl.orchestrator.topologies import single as ask_one
from agentrl.orchestrator.topologies import vote as ask_several
from agentrl.orchestrator.topology import Plan
from agentrl.suite.orchestrator import PoolSpec
from agentrl.task import Task
from tests.unit.orchestrator.recordings import MODELS, write_zeroeval

PRICES = {"a": (1.0, 10.0), "b": (2.0, 4.0)}


def recording(**answers: Recorded) -> Recording:
    items = {"q": Item("q", "How many?", "18")}
    return Recording("here", items, {(m, "q"): (a,) for m, a in answers.items()}, tuple(answers))


@pytest.fixture(scope="module")
def folder(tmp_path_factory: pytest.TempPathFactory) -> Path:
    return write_zeroeval(tmp_path_factory.mktemp("recording"))


@pytest.fixture(scope="module")
def table(folder: Path) -> Table:
    return read_table(read_zeroeval(folder, ["sums"]), MODELS)


@pytest.fixture(scope="module")
def pool(folder: Path) -> Pool:
    worker = {"kind": "replay", "format": "zeroeval", "says": "graded"}
    workers = dict.fromkeys(MODELS, worker)
    spec = PoolSpec.model_validate({"recordings": str(folder), "workers": workers})
    return build_pool(spec)


def executed(plan: Plan, pool: Pool, table: Table) -> tuple[float, float]:
    """Return what a plan comes to when it is executed: accuracy and USD for a thousand."""

    async def everything() -> tuple[float, float]:
        results = [
            await run(plan, pool, Task(i.id, data={"answer": "18"}), question=i.question)
            for i in table.items
        ]
        right = sum(result.answer == "18" for result in results)
        usd = sum(result.cost_usd for result in results)
        return 100 * right / len(results), 1000 * usd / len(results)

    return asyncio.run(everything())


def test_what_an_answer_costs_and_says_is_read_off_a_recording() -> None:
    both = recording(
        a=Recorded(answer="18", correct=True, tokens_in=100, tokens_out=50),
        b=Recorded(answer="17", correct=False, tokens_in=100, tokens_out=200),
    )

    found = read_table(both, ["b", "a"], prices=PRICES)

    assert found.models == ("b", "a")
    assert found.correct.tolist() == [[False, True]]
    assert found.party.tolist() == [[1, 2]]
    assert found.usd.tolist() == [[pytest.approx(1.0), pytest.approx(0.6)]]
    assert found.tokens_out.tolist() == [[200, 50]]


def test_two_right_answers_agree_however_they_are_written() -> None:
    both = recording(a=Recorded(answer="18", correct=True), b=Recorded(answer="+18.", correct=True))

    assert read_table(both, ["a", "b"], prices=PRICES).party.tolist() == [[1, 1]]


def test_two_answers_from_which_nothing_was_read_do_not_agree() -> None:
    both = recording(a=Recorded(answer="", correct=False), b=Recorded(answer="", correct=False))

    assert read_table(both, ["a", "b"], prices=PRICES).party.tolist() == [[1, 2]]


def test_a_model_without_a_price_is_refused() -> None:
    one = recording(a=Recorded(answer="18", correct=True))

    with pytest.raises(UsageError, match="no price of 'a'"):
        read_table(one, ["a"])


def test_an_answer_that_was_not_graded_is_refused() -> None:
    with pytest.raises(RecordError, match="not graded"):
        read_table(recording(a=Recorded(text="18")), ["a"], prices=PRICES)


def test_a_model_that_was_asked_nothing_leaves_no_item() -> None:
    items = {"q": Item("q")}
    known = Recording("here", items, {("a", "q"): (Recorded(correct=True),)}, ("a", "b"))

    with pytest.raises(RecordError, match="no item was asked of all of a, b"):
        read_table(known, ["a", "b"], prices=PRICES)


@pytest.mark.parametrize("model", range(4))
def test_one_model_comes_to_the_same_looked_up_and_executed(
    model: int, table: Table, pool: Pool
) -> None:
    found = single(table, model)

    assert (found.accuracy, found.usd) == pytest.approx(
        executed(ask_one(MODELS[model]), pool, table)
    )


@pytest.mark.parametrize("models", [(0, 1, 2), (3, 2, 1), (0, 1, 2, 3)])
def test_a_vote_comes_to_the_same_looked_up_and_executed(
    models: tuple[int, ...], table: Table, pool: Pool
) -> None:
    found = vote(table, models)
    plan = ask_several([MODELS[model] for model in models])

    assert (found.accuracy, found.usd) == pytest.approx(executed(plan, pool, table))


@pytest.mark.parametrize("pair", [(2, 3), (1, 2)])
def test_a_cascade_comes_to_the_same_looked_up_and_executed(
    pair: tuple[int, int], table: Table, pool: Pool
) -> None:
    found = cascade(table, pair, 0)
    plan = Escalate(tuple(MODELS[model] for model in pair), "big", agree=1)

    assert (found.accuracy, found.usd) == pytest.approx(executed(plan, pool, table))


def test_the_oracle_asks_the_cheapest_who_is_right(table: Table) -> None:
    two = table.of([0, 1])
    right = [[True, True, False, False], [False] * 4]
    usd = [[5.0, 2.0, 1.0, 1.0], [5.0, 2.0, 1.5, 1.0]]
    made_up = Table(
        two.items, MODELS, two.prices, np.array(right), np.array(usd), two.party, two.tokens_out
    )

    assert oracle(made_up) == Result("oracle", 50.0, 1.5)


def test_nothing_fixed_is_better_than_the_oracle(table: Table) -> None:
    best = oracle(table)

    assert all(one.accuracy <= best.accuracy for one in fixed_policies(table, table))


def test_a_random_model_is_the_mean_of_all(table: Table) -> None:
    singles = [single(table, model) for model in range(4)]

    assert at_random(table).usd == pytest.approx(sum(one.usd for one in singles) / 4)


def test_cheap_models_stand_in_the_order_of_their_skill(table: Table) -> None:
    assert best_model(table) == 0
    assert set(cheapest(table, 3)) == {1, 2, 3}
    accuracies = [single(table, model).accuracy for model in cheapest(table, 3)]
    assert accuracies == sorted(accuracies, reverse=True)


def test_what_is_dearer_and_no_better_is_left_out() -> None:
    good, bad, best = Result("good", 80, 1), Result("bad", 70, 2), Result("best", 90, 3)

    assert undominated([best, bad, good]) == [good, best]
