"""From a suite's reward section with judges to the rewards of turns."""

import asyncio
import json
from pathlib import Path

import pytest
import yaml

from agentrl.episode import Episode, Status, StopReason, Turn
from agentrl.rewards.appraiser import build_appraiser
from agentrl.suite.reward.spec import RewardSpec
from agentrl.testing.server import Answer, FakeServer, Json, says

REWARD = """
labels:
  care:
    kind: judge
    scope: turn
    model: {{backend: openai, model: fake, base_url: "{url}"}}
    rubric: {{items: [{{name: careful, text: "Is it careful?", points: 10}}]}}
    retries: 0
  best:
    kind: tournament
    scheme: round_robin
    rule: [{{fact: success}}, {{fact: care, reduce: mean, margin: 0.05}}]
terms:
  success: 1.0
  care: 0.1
  best: 2.0
"""


@pytest.fixture(autouse=True)
def _own_cache(monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> None:
    monkeypatch.setenv("AGENTRL_CACHE", str(tmp_path))


def answer(body: Json) -> Answer:
    """Give the points that the judged turn says, or nonsense."""
    judged = body["messages"][1]["content"].split("the turn to judge begins")[1]
    found = [digit for digit in range(10) if f"care {digit}" in judged]
    return says(json.dumps({"scores": {"careful": found[0]}}) if found else "I cannot say")


def episode(name: str, success: float, *actions: str) -> Episode:
    turns = tuple(Turn("a room", action) for action in actions)
    outcome = {"success": success}
    return Episode(
        name, "t", "t#0", 0, "a", Status.OK, StopReason.TERMINATED, turns, outcome=outcome
    )


def test_a_later_label_sees_an_earlier_ones_facts_and_what_cannot_be_judged_earns_nothing() -> None:
    group = [
        episode("a", 1.0, "care 3", "care 5"),
        episode("b", 1.0, "care 9", "care 9"),
        episode("c", 1.0, "care 9", "mumble"),
        episode("d", 0.0, "care 9", "care 9"),
    ]
    with FakeServer(answer) as server:
        spec = RewardSpec.model_validate(yaml.safe_load(REWARD.format(url=server.base_url)))
        appraiser = build_appraiser(spec)

        async def main() -> list[Episode]:
            try:
                return await appraiser.label(group)
            finally:
                await appraiser.close()

        (told,) = appraiser.appraise(spec, [asyncio.run(main())])

    assert [e.status for e in told] == [Status.OK, Status.OK, Status.UNSCORED, Status.OK]
    assert [e.outcome.get("best") for e in told] == [0.5, 1.0, None, 0.0]
    # a: 0.1 * 0.3 on the first turn; 0.1 * 0.5 + success 1 + 2 * 0.5 on the last
    assert told[0].rewards == pytest.approx((0.03, 2.05))
    assert told[1].rewards == pytest.approx((0.09, 3.09))
    assert told[3].rewards == pytest.approx((0.09, 0.09))
    assert all(not turn.terms for turn in told[2].turns)
