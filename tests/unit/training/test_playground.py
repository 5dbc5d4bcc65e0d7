"""Where the policy plays."""

import asyncio
from functools import partial

import pytest

from agentrl.agents.llm import LLMAgent
from agentrl.models.scripted import ScriptedModel
from agentrl.rollout.local import LocalPlayer
from agentrl.suite.model import ScriptedSpec
from agentrl.suite.spec import SuiteSpec
from agentrl.training.playground import Playground


def rules(max_turns: int) -> SuiteSpec:
    return SuiteSpec.model_validate(
        {
            "name": "counter",
            "env": {"id": "agentrl.testing.worlds:agentrl-testing/Counter-v0"},
            "tasks": {"inline": [{"id": "a"}]},
            "agent": {"model": {"backend": "scripted", "answers": ["up"]}},
            "limits": {"max_turns": max_turns},
        }
    )


@pytest.fixture
def players(monkeypatch: pytest.MonkeyPatch) -> dict[str, int]:
    """Return how many players were started and closed."""
    counts = {"started": 0, "closed": 0}
    start, close = LocalPlayer.start, LocalPlayer.close

    async def started(player: LocalPlayer) -> None:
        counts["started"] += 1
        await asyncio.sleep(0)
        await start(player)

    async def closed(player: LocalPlayer) -> None:
        counts["closed"] += 1
        await close(player)

    monkeypatch.setattr(LocalPlayer, "start", started)
    monkeypatch.setattr(LocalPlayer, "close", closed)
    return counts


def playground() -> Playground:
    model = ScriptedModel.from_spec(ScriptedSpec(backend="scripted", answers=("up",)))
    return Playground(partial(LLMAgent, model))


async def borrow(ground: Playground, max_turns: int) -> None:
    async with ground.rollout(rules(max_turns)):
        await asyncio.sleep(0.001)


def test_who_asks_for_the_same_rules_at_once_shares_a_player(players: dict[str, int]) -> None:
    async def run() -> None:
        ground = playground()
        await asyncio.gather(*(borrow(ground, 5) for _ in range(8)))
        await ground.close()

    asyncio.run(run())
    assert players == {"started": 1, "closed": 1}


def test_rules_that_nobody_plays_by_any_more_are_given_up(players: dict[str, int]) -> None:
    async def run() -> None:
        ground = playground()
        for max_turns in range(1, 11):
            await borrow(ground, max_turns)
        assert players["started"] == 10
        assert players["started"] - players["closed"] <= 4
        await ground.close()

    asyncio.run(run())
    assert players["started"] == players["closed"]


def test_a_player_in_use_is_never_closed(players: dict[str, int]) -> None:
    async def run() -> None:
        ground = playground()
        async with ground.rollout(rules(1)):
            for max_turns in range(2, 12):
                await borrow(ground, max_turns)
            closed = players["closed"]
            await borrow(ground, 1)
            assert players["started"] == 11  # the first was still there
            assert closed == players["closed"]
        await ground.close()

    asyncio.run(run())
    assert players["started"] == players["closed"]


def test_another_temperature_is_another_rule(players: dict[str, int]) -> None:
    async def run() -> None:
        ground = playground()
        async with (
            ground.rollout(rules(1)) as warm,
            ground.rollout(rules(1), temperature=0) as cold,
        ):
            assert warm is not cold
        await ground.close()

    asyncio.run(run())
