import json
from dataclasses import replace

import pytest

from agentrl.episode import Episode, Status, StopReason
from agentrl.errors import UsageError
from agentrl.runs.compare import Comparison, RunEpisodes, compare


def episode(task: str, success: float, attempt: int = 0, seed: int = 1) -> Episode:
    return Episode(
        id=f"{task}/{attempt}",
        task_id=task,
        group_id=task,
        seed=seed,
        agent="a",
        status=Status.OK,
        stop_reason=StopReason.TERMINATED,
        outcome={"success": success},
        attempt=attempt,
    )


def run(name: str, episodes: list[Episode], suite: str = "s") -> RunEpisodes:
    return RunEpisodes(name, suite, iter(episodes))


def compared(baseline: list[Episode], other: list[Episode], suite: str = "s") -> Comparison:
    return compare([run("old", baseline), run("new", other, suite)])


def test_a_run_is_set_against_the_first_task_by_task() -> None:
    found = compared(
        [episode("a", 0.0), episode("b", 1.0), episode("c", 0.0), episode("d", 0.0)],
        [episode("a", 1.0), episode("b", 0.0), episode("c", 1.0), episode("d", 0.0)],
    )
    difference = found.runs[1].difference

    assert found.baseline == "old"
    assert found.runs[0].difference is None
    assert difference is not None
    assert difference.mean == pytest.approx(0.25)
    assert difference.low is not None
    assert difference.high is not None
    assert difference.low < 0.25 < difference.high
    assert (difference.wins, difference.ties, difference.losses) == (2, 1, 1)
    assert found.tasks["b"] == (1.0, 0.0)
    assert found.warnings == ()


def test_an_episode_without_a_result_takes_its_task_out_of_the_pairs() -> None:
    lost = replace(episode("a", 0.0), status=Status.INFRA_FAILED, outcome={})
    found = compared([episode("a", 1.0), episode("b", 1.0)], [lost, episode("b", 1.0)])
    difference = found.runs[1].difference

    assert difference is not None
    assert difference.common_tasks == 1
    assert difference.mean == 0.0
    assert difference.low is None
    assert found.tasks["a"] == (1.0, None)
    assert any("1 episodes of new are not scored" in warning for warning in found.warnings)


def test_runs_without_a_common_task_have_no_difference() -> None:
    difference = compared([episode("a", 1.0)], [episode("b", 1.0)]).runs[1].difference

    assert difference is not None
    assert (difference.common_tasks, difference.mean) == (0, None)


@pytest.mark.parametrize(
    ("other", "suite", "warning"),
    [
        ([episode("a", 1.0)], "t", "new ran suite 't', old 's'"),
        ([episode("a", 1.0), episode("a", 0.0, 1)], "s", "attempts at a task differ: 2 in new"),
        ([episode("a", 1.0), episode("b", 0.0)], "s", "1 tasks are only in new, such as 'b'"),
        ([episode("a", 1.0, seed=2)], "s", "1 of 1 common tasks had another seed in new"),
    ],
)
def test_what_makes_a_comparison_unfair_is_said(
    other: list[Episode], suite: str, warning: str
) -> None:
    found = compared([episode("a", 0.0)], other, suite)

    assert any(said.startswith(warning) for said in found.warnings), found.warnings


def test_an_interval_without_width_is_not_sold_as_certainty() -> None:
    found = compared([episode("a", 0.0), episode("b", 0.0)], [episode("a", 1.0), episode("b", 1.0)])

    assert "not certainty" in found.warnings[0]


def test_three_runs_are_all_set_against_the_first() -> None:
    rates = {"x": 0.0, "y": 1.0, "z": 0.5}
    runs = [run(name, [episode("a", x), episode("b", x)]) for name, x in rates.items()]
    found = compare(runs)

    assert [r.difference and r.difference.mean for r in found.runs] == [None, 1.0, 0.5]


def test_a_comparison_is_json() -> None:
    record = compared([episode("a", 0.0)], [episode("a", 1.0)]).to_json()

    assert json.loads(json.dumps(record, allow_nan=False))["tasks"] == {"a": [0.0, 1.0]}


def test_one_run_is_no_comparison() -> None:
    with pytest.raises(UsageError, match="at least one other run, got 1 run"):
        compare([run("old", [])])
