"""Playing groups."""

import asyncio
from collections.abc import Callable
from functools import partial
from typing import Any

from agentrl.agents.llm import LLMAgent
from agentrl.episode import Episode, Status
from agentrl.models.scripted import ScriptedModel
from agentrl.rollout.together import together
from agentrl.suite.model import ScriptedSpec
from agentrl.suite.spec import SuiteSpec
from agentrl.task import Task
from agentrl.training.collect import Collector, Group
from agentrl.training.playground import Playground


def counter(**train: Any) -> SuiteSpec:
    return SuiteSpec.model_validate(
        {
            "name": "counter",
            "env": {"id": "agentrl.testing.worlds:agentrl-testing/Counter-v0"},
            "tasks": {"inline": [{"id": "a"}]},
            "agent": {"model": {"backend": "scripted", "answers": ["up"]}},
            "rollouts": {"retries": 0},
            "train": {"group_size": 3, **train},
        }
    )


def collect(
    tasks: list[Task],
    spec: SuiteSpec,
    emit: Callable[[Episode], None] = lambda _: None,
    finished: dict[str, Episode] | None = None,
) -> list[Group]:
    async def run() -> list[Group]:
        model = ScriptedModel.from_spec(ScriptedSpec(backend="scripted", answers=("up",)))
        await model.start()
        playground = Playground(partial(LLMAgent, model))
        collector = Collector(playground, emit, seed=0, concurrency=4, finished=finished)
        try:
            plays = [collector.group(f"1.0.{n}/{t.id}", t, spec) for n, t in enumerate(tasks)]
            return await together(plays)
        finally:
            await playground.close()
            await model.close()

    return asyncio.run(run())


def test_a_group_has_as_many_episodes_as_the_suite_says() -> None:
    emitted: list[Episode] = []
    (group,) = collect([Task(id="a")], counter(), emitted.append)
    assert [episode.id for episode in group.episodes] == [f"1.0.0/a#{n}" for n in range(3)]
    assert {episode.group_id for episode in group.episodes} == {"1.0.0/a"}
    assert sorted(e.id for e in emitted) == [e.id for e in group.episodes]
    assert group.result.successes == (True,) * 3


def test_a_task_that_is_drawn_twice_makes_two_groups() -> None:
    first, second = collect([Task(id="a"), Task(id="a")], counter())
    assert first.id != second.id
    assert not {e.id for e in first.episodes} & {e.id for e in second.episodes}


def test_attempts_of_a_group_share_their_world() -> None:
    (group,) = collect([Task(id="a")], counter())
    assert len({episode.seed for episode in group.episodes}) == 1


def test_what_infrastructure_took_is_played_again_and_then_left_out() -> None:
    (group,) = collect([Task(id="a", data={"crash_at": 1})], counter())
    assert len(group.episodes) == 9  # three rounds of three
    assert {episode.status for episode in group.episodes} == {Status.INFRA_FAILED}
    assert group.result.rewards == ()


def test_an_episode_that_is_there_already_is_not_played_again() -> None:
    (before,) = collect([Task(id="a")], counter())
    emitted: list[Episode] = []
    known = {before.episodes[1].id: before.episodes[1]}
    (group,) = collect([Task(id="a")], counter(), emitted.append, known)
    assert group.episodes[1] is before.episodes[1]
    assert sorted(e.id for e in emitted) == ["1.0.0/a#0", "1.0.0/a#2"]


def test_a_greedy_episode_gives_the_baseline_and_is_not_trained_on() -> None:
    spec = counter(advantage={"baseline": "greedy"}, algorithm="reinforce")
    (group,) = collect([Task(id="a")], spec)
    assert group.greedy_reward == 1.0
    assert len(group.episodes) == 3
