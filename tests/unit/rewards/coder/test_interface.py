import json

import pytest

from agentrl.rewards.coder.interface import episode_view, interface
from tests.unit.rewards.coder.episodes import episode

SHOWN = {
    "task": "task-1",
    "turns": [
        {"observation": "room 0", "action": "go", "result": "room 1", "signals": {"moved": 1.0}},
        {"observation": "room 1", "action": "stop", "result": "room 2", "signals": {"moved": 1.0}},
    ],
}


def test_a_program_sees_what_was_seen_and_done_and_nothing_else() -> None:
    assert episode_view(episode("e-9", ["go", "stop"], success=1.0)) == SHOWN


def test_the_outcome_is_shown_only_when_asked_for() -> None:
    view = episode_view(episode("e-9", ["go", "stop"], success=1.0), outcome=True)

    assert view == {**SHOWN, "outcome": {"success": 1.0}}


def test_a_view_is_plain_json_and_no_part_of_the_record() -> None:
    record = episode("e-9", ["go"])
    view = episode_view(record)
    view["turns"][0]["signals"]["moved"] = 99.0

    assert record.turns[0].signals == {"moved": 1.0}
    assert json.loads(json.dumps(view)) == view


@pytest.mark.parametrize("outcome", [False, True])
def test_the_text_for_models_tells_of_the_outcome_only_where_it_is_shown(outcome: bool) -> None:
    text = interface(outcome=outcome)

    assert ('episode["outcome"]' in text) == outcome
    for key in ("task", "turns", "observation", "action", "result", "signals"):
        assert f'["{key}"]' in text
