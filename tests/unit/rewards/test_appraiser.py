"""Labels first, then the rewards of a whole batch; both are remembered."""

import asyncio
import json
from collections.abc import Mapping, Sequence
from dataclasses import replace
from typing import Any

from agentrl.episode import Episode, Status, StopReason, Turn
from agentrl.rewards.appraiser import Appraiser
from agentrl.rewards.labeling import unscored, with_outcome, with_signals
from agentrl.suite.reward.spec import RewardSpec

SPEC = RewardSpec.model_validate(
    {
        "terms": {"success": 1.0},
        "cost": {"cheap": {"kind": "linear", "alpha": 0.5, "meter": "spent", "scale": "none"}},
    }
)


def episode(name: str, success: float, spent: float = 0.0) -> Episode:
    return Episode(
        id=name,
        task_id="t",
        group_id="g",
        seed=0,
        agent="m",
        status=Status.OK,
        stop_reason=StopReason.TERMINATED,
        turns=(Turn("", "", signals={"spent": spent}),),
        outcome={"success": success},
    )


class Counts:
    """Labels each episode with how many it has seen before its group."""

    def __init__(self) -> None:
        self.seen = 0
        self.closed = False

    async def label(self, group: Sequence[Episode]) -> list[Episode]:
        labelled = [with_outcome(e, {"seen": float(self.seen)}) for e in group]
        self.seen += len(group)
        return labelled

    def memory(self) -> dict[str, Any]:
        return {"seen": self.seen}

    def restore(self, memory: Mapping[str, Any]) -> None:
        self.seen = memory["seen"]

    async def close(self) -> None:
        self.closed = True


class Gives:
    """Gives up on every episode."""

    async def label(self, group: Sequence[Episode]) -> list[Episode]:
        return [unscored(e, "JudgeError", "said nothing") for e in group]

    def memory(self) -> dict[str, Any]:
        return {}

    def restore(self, memory: Mapping[str, Any]) -> None:
        pass

    async def close(self) -> None:
        pass


def test_a_labeler_that_remembers_sees_groups_in_their_order() -> None:
    appraiser = Appraiser({"seen": Counts()})

    labelled = asyncio.run(
        appraiser.label_all([[episode("a", 1.0), episode("b", 0.0)], [episode("c", 1.0)]])
    )

    assert [[e.outcome["seen"] for e in group] for group in labelled] == [[0.0, 0.0], [2.0]]


def test_an_episode_that_a_label_gives_up_on_has_no_reward() -> None:
    appraiser = Appraiser({"judge": Gives()})

    (group,) = appraiser.appraise(RewardSpec(), [asyncio.run(appraiser.label([episode("a", 1.0)]))])

    assert group[0].status is Status.UNSCORED
    assert group[0].turns[0].terms == {}


def test_a_preview_is_remembered_by_nobody() -> None:
    appraiser = Appraiser()
    batch = [[episode("a", 1.0, spent=10.0), episode("b", 1.0, spent=20.0)]]

    previewed = appraiser.preview(SPEC, batch)

    assert not appraiser.state.windows
    assert appraiser.appraise(SPEC, batch) == previewed
    assert appraiser.state.windows == {"cheap": (10.0, 20.0)}


def test_a_checkpoint_takes_rewards_up_where_they_were() -> None:
    first = Appraiser({"seen": Counts()})
    asyncio.run(first.label([episode("a", 1.0)]))
    first.appraise(SPEC, [[episode("a", 1.0, spent=10.0), episode("b", 1.0, spent=20.0)]])
    again = Appraiser({"seen": Counts()})

    again.restore(json.loads(json.dumps(first.memory())))

    later = [[episode("c", 1.0, spent=12.0)]]
    assert again.appraise(SPEC, later) == first.appraise(SPEC, later)
    assert asyncio.run(again.label([episode("d", 1.0)]))[0].outcome["seen"] == 1.0


def test_labelers_are_closed() -> None:
    labeler = Counts()
    asyncio.run(Appraiser({"seen": labeler}).close())
    assert labeler.closed


def test_signals_are_added_turn_by_turn() -> None:
    two = replace(episode("a", 1.0), turns=(Turn("", ""), Turn("", "")))
    labelled = with_signals(two, [{"new": 1.0}, {"new": 0.5}])
    assert [turn.signals["new"] for turn in labelled.turns] == [1.0, 0.5]
