"""From what a step drew to what it learns from."""

from typing import Any

import pytest

from agentrl.episode import Episode, Generation, Sampling, Status, StopReason, Turn
from agentrl.errors import RecordError
from agentrl.suite.spec import SuiteSpec
from agentrl.task import Task
from agentrl.training.batch import make_batch
from agentrl.training.collect import Group
from agentrl.training.feed import Draw
from agentrl.training.lesson import Lesson, joined, make_lesson
from agentrl.training.sample import Batch


def spec_with(**train: Any) -> SuiteSpec:
    return SuiteSpec.model_validate(
        {
            "name": "test",
            "env": {"id": "agentrl/Maze-v0"},
            "tasks": {"inline": [{"id": "a"}]},
            "agent": {"kind": "random"},
            "reward": {"terms": {"success": 1.0}},
            "train": {"algorithm": "rloo", **train},
        }
    )


def answer(*, recorded: bool = True) -> Generation:
    return Generation(
        text="",
        finish_reason="stop",
        model="m",
        sampling=Sampling(),
        token_ids=(3,) if recorded else None,
        logprobs=(-0.5,),
        prompt_token_ids=(1, 2),
    )


def episode(
    name: str,
    success: float,
    status: Status = Status.OK,
    generations: tuple[Generation, ...] = (answer(),),
) -> Episode:
    return Episode(
        id=name,
        task_id="t",
        group_id=name.partition("#")[0],
        seed=0,
        agent="m",
        status=status,
        stop_reason=StopReason.TERMINATED,
        turns=(Turn("", "", generations, terms={"success": success}),),
        outcome={"success": success},
    )


def group(name: str, *successes: float, greedy: float | None = None) -> Group:
    episodes = tuple(episode(f"{name}#{n}", success) for n, success in enumerate(successes))
    return Group(name, Task(id=f"task-{name}"), episodes, greedy)


def all_of(*groups: Group) -> Draw:
    return Draw(groups, groups)


def taught(lesson: Lesson | None) -> Lesson:
    assert lesson is not None
    return lesson


def ids(batch: Batch | None) -> list[str]:
    return [trajectory.episode_id for trajectory in batch.trajectories] if batch else []


def shown(name: str) -> Batch:
    """Return a demonstration of one episode."""
    return make_batch([[episode(name, 1.0)]])


def test_a_draw_becomes_the_episodes_of_its_groups() -> None:
    lesson = taught(make_lesson(spec_with(), all_of(group("g", 0, 1), group("h", 1, 0))))
    assert ids(lesson.batch) == ["g#0", "g#1", "h#0", "h#1"]
    assert [t.rewards for t in lesson.batch.trajectories] == [(0.0,), (1.0,), (1.0,), (0.0,)]
    assert [s.episode_id for s in lesson.batch.samples] == ids(lesson.batch)
    assert lesson.drawn == lesson.batch.trajectories
    assert lesson.demonstrations is None
    assert lesson.greedy == {}


def test_an_empty_draw_teaches_nothing() -> None:
    assert make_lesson(spec_with(), Draw((), ())) is None


def test_a_draw_of_which_no_group_was_chosen_teaches_nothing() -> None:
    assert make_lesson(spec_with(), Draw((group("g", 1, 1),), ())) is None


def test_a_group_in_which_the_model_said_nothing_teaches_nothing() -> None:
    silent = Group("g", Task(id="a"), (episode("g#0", 1.0, generations=()), episode("g#1", 0.0)))
    lesson = taught(make_lesson(spec_with(), all_of(silent)))
    assert ids(lesson.batch) == ["g#1"]
    assert lesson.batch.excluded == {"no_answer": 1}
    alone = Group("g", Task(id="a"), silent.episodes[:1])
    assert make_lesson(spec_with(), all_of(alone)) is None


def test_episodes_that_are_not_scored_are_counted_and_not_learnt_from() -> None:
    statuses = (Status.INFRA_FAILED, Status.UNSCORED, Status.OK, Status.UNSCORED)
    mixed = Group(
        "g", Task(id="a"), tuple(episode(f"g#{n}", 1.0, s) for n, s in enumerate(statuses))
    )
    lesson = taught(make_lesson(spec_with(), all_of(mixed)))
    assert ids(lesson.batch) == ["g#2"]
    assert lesson.batch.excluded == {"infra_failed": 1, "unscored": 2}
    assert [t.episode_id for t in lesson.drawn] == ["g#2"]


def test_truncated_episodes_are_learnt_from_as_the_suite_says() -> None:
    cut = Group("g", Task(id="a"), (episode("g#0", 0.0, Status.TRUNCATED), episode("g#1", 1.0)))
    assert ids(taught(make_lesson(spec_with(), all_of(cut))).batch) == ["g#0", "g#1"]
    excluding = taught(make_lesson(spec_with(truncated="exclude"), all_of(cut)))
    assert ids(excluding.batch) == ["g#1"]
    assert excluding.batch.excluded == {"truncated": 1}


def test_where_every_episode_is_excluded_there_is_nothing_to_learn() -> None:
    cut = Group("g", Task(id="a"), (episode("g#0", 0.0, Status.TRUNCATED),))
    assert make_lesson(spec_with(truncated="exclude"), all_of(cut)) is None


def test_baselines_see_the_whole_group_of_which_some_episodes_are_trained_on() -> None:
    whole = group("g", 0, 1, 1)
    part = Group(whole.id, whole.task, whole.episodes[:2])
    lesson = taught(make_lesson(spec_with(), Draw((whole, group("h", 1, 1)), (part,))))
    assert ids(lesson.batch) == ["g#0", "g#1"]
    assert [t.episode_id for t in lesson.drawn] == ["g#0", "g#1", "g#2"]


def test_the_reward_of_a_greedy_episode_comes_by_its_group() -> None:
    draw = all_of(group("g", 0, 1, greedy=0.25), group("h", 0, 1), group("i", 0, 1, greedy=0.0))
    assert taught(make_lesson(spec_with(), draw)).greedy == {"g": 0.25, "i": 0.0}


def test_an_episode_without_its_tokens_is_refused() -> None:
    bare = episode("g#0", 1.0, generations=(answer(recorded=False),))
    with pytest.raises(RecordError, match=r"'g#0'.*which training needs"):
        make_lesson(spec_with(), all_of(Group("g", Task(id="a"), (bare,))))


def test_an_expert_is_shown_for_tasks_that_fail_at_times() -> None:
    spec = spec_with(loss={"imitation": {"coefficient": 0.1}})
    known = {name: shown(f"expert-{name}") for name in ("task-g", "task-h", "task-other")}
    lesson = taught(make_lesson(spec, all_of(group("g", 0, 1), group("h", 1, 1)), known))
    assert ids(lesson.demonstrations) == ["expert-task-g"]


def test_an_expert_is_shown_only_below_the_success_that_the_suite_names() -> None:
    spec = spec_with(loss={"imitation": {"coefficient": 0.1, "below_success": 0.5}})
    known = {name: shown(f"expert-{name}") for name in ("task-g", "task-h")}
    lesson = taught(make_lesson(spec, all_of(group("g", 0, 1), group("h", 0, 0, 1)), known))
    assert ids(lesson.demonstrations) == ["expert-task-h"]


def test_an_expert_is_also_shown_for_a_group_that_was_not_chosen() -> None:
    spec = spec_with(loss={"imitation": {"coefficient": 0.1}})
    lost = group("g", 0, 0)
    chosen = group("h", 0, 1)
    known = {"task-g": shown("expert")}
    assert ids(
        taught(make_lesson(spec, Draw((lost, chosen), (chosen,)), known)).demonstrations
    ) == ["expert"]


@pytest.mark.parametrize("tasks", [None, (), ("task-other",)])
def test_without_a_demonstration_of_a_task_nothing_is_shown(tasks: tuple[str, ...] | None) -> None:
    known = None if tasks is None else {task: shown("expert") for task in tasks}
    spec = spec_with(loss={"imitation": {"coefficient": 0.1}})
    assert taught(make_lesson(spec, all_of(group("g", 0, 1)), known)).demonstrations is None


def test_without_an_imitation_loss_nothing_is_shown() -> None:
    known = {"task-g": shown("expert")}
    assert taught(make_lesson(spec_with(), all_of(group("g", 0, 1)), known)).demonstrations is None


def test_a_task_that_was_drawn_twice_is_shown_once() -> None:
    spec = spec_with(loss={"imitation": {"coefficient": 0.1}})
    task = Task(id="a")
    groups = [Group(name, task, group(name, 0, 1).episodes) for name in ("g", "h")]
    lesson = taught(make_lesson(spec, all_of(*groups), {"a": shown("expert")}))
    assert ids(lesson.demonstrations) == ["expert"]
    assert lesson.demonstrations is not None
    assert len(lesson.demonstrations.samples) == 1


def test_joined_batches_keep_their_order() -> None:
    both = joined([shown("b"), shown("a"), shown("b")])
    assert ids(both) == [s.episode_id for s in both.samples] == ["b", "a"]
