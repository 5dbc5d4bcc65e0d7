"""Planning without learning: who knows what claims alone tell, and who knows records."""

import pytest

from agentrl.errors import UsageError
from agentrl.orchestrator.planning import KEEP, Situation
from agentrl.orchestrator.skills.planner import Knows, planner
from agentrl.orchestrator.worker import Descriptor
from agentrl.task import Task

PARTS = {"parts": ["odd", "double", "sum"], "sees": [[], [0], [1]]}
KNOWN = {
    "hasty": Descriptor(tags=("odd double sum",), performance={"right": 0.5}),
    "picker": Descriptor(price_in=5.0, price_out=9.0, tags=("odd",), performance={"right": 0.9}),
    "rest": Descriptor(tags=("double", "sum"), performance={"right": 0.9}),
    "checker": Descriptor(tags=("check",), performance={"right": 0.9}),
}
SURE = """model_id = [1, 2, 2]
subtasks = ["odd", "double", "sum"]
access_list = [[], [0], [1]]"""


def test_one_that_knows_records_asks_who_is_right_most_often() -> None:
    assert planner()(Situation(Task("t", data=PARTS), KNOWN)) == SURE


def test_one_that_knows_claims_asks_anybody_and_shows_too_much_half_the_time() -> None:
    plan = planner("claims")
    said = [plan(Situation(Task(f"t{number}", data=PARTS), KNOWN)) or "" for number in range(400)]

    assert sum("model_id = [0, " in text for text in said) == pytest.approx(200, abs=50)
    assert sum('"all"' in text for text in said) == pytest.approx(200, abs=50)
    assert said[7] == plan(Situation(Task("t7", data=PARTS), KNOWN))


@pytest.mark.parametrize("knows", ["claims", "records"])
def test_nobody_plans_a_part_that_nobody_claims(knows: Knows) -> None:
    some = {"picker": KNOWN["picker"]}

    assert planner(knows)(Situation(Task("t", data=PARTS), some)) is None


@pytest.mark.parametrize(("answer", "keeps"), [(None, False), ("wrong", False), ("7", True)])
def test_with_a_checker_it_plans_again_where_the_answer_was_found_wrong(
    answer: str | None, keeps: bool
) -> None:
    said = planner(check=True)(Situation(Task("t", data=PARTS), KNOWN, answer))

    assert said is not None
    assert (said == KEEP) is keeps
    assert keeps or said.endswith("access_list = [[], [0], [1], [2]]")


def test_knowing_something_else_is_refused() -> None:
    with pytest.raises(UsageError, match="expected one of claims, records"):
        planner("nothing")  # type: ignore[arg-type]
