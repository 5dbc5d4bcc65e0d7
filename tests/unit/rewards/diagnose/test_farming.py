"""The alarm: it must cry where the reward is farmed, and be silent where training is honest."""

import random
from collections.abc import Callable

import pytest

from agentrl.episode import Episode
from agentrl.rewards.diagnose.diagnosis import Options, diagnose
from agentrl.rewards.diagnose.farming import LEAST_POINTS, farming
from agentrl.rewards.diagnose.recorded import Scored
from tests.unit.rewards.diagnose.episodes import episode, named, scored

SEEDS = range(5)


def run(
    steps: int, reward: Callable[[float], float], outcome: Callable[[float], float], seed: int = 0
) -> list[tuple[int, list[Scored]]]:
    """A training of noisy episodes; both curves are given the share of it that is over."""
    drawn = random.Random(seed)
    found = []
    for step in range(steps):
        share = step / (steps - 1) if steps > 1 else 0.0
        found.append(
            (
                step,
                [
                    scored(
                        f"{step}-{number}",
                        reward(share) + drawn.gauss(0, 0.3),
                        float(drawn.random() < outcome(share)),
                    )
                    for number in range(32)
                ],
            )
        )
    return found


@pytest.mark.parametrize("seed", SEEDS)
def test_a_reward_that_rises_while_the_outcome_falls_is_farmed(seed: int) -> None:
    found = farming(run(30, lambda x: 1 + x, lambda x: 0.6 - 0.5 * x, seed))

    assert found.verdict == "farming"
    assert found.reward is not None
    assert found.reward.slope == pytest.approx(1 / 29, abs=0.01)
    assert found.why.startswith("the return rises (tau +")
    assert "the outcome falls (tau −" in found.why.replace("-", "−")  # noqa: RUF001


@pytest.mark.parametrize("seed", SEEDS)
def test_an_honest_training_raises_no_alarm(seed: int) -> None:
    found = farming(run(30, lambda x: 0.2 + 0.6 * x, lambda x: 0.2 + 0.6 * x, seed))

    assert found.verdict == "clear"


def test_a_reward_that_rises_alone_is_to_be_watched() -> None:
    assert farming(run(30, lambda x: 1 + x, lambda x: 0.4)).verdict == "watch"


def test_where_all_is_solved_the_outcome_need_not_rise() -> None:
    assert farming(run(30, lambda x: 1 + x, lambda x: 0.995)).verdict == "clear"


def test_a_training_that_gets_worse_in_both_is_no_farming() -> None:
    assert farming(run(30, lambda x: 1 - x, lambda x: 0.6 - 0.5 * x)).verdict == "clear"


def test_noise_is_seldom_taken_for_farming() -> None:
    cries = sum(
        farming(run(12, lambda x: 1, lambda x: 0.5, seed)).verdict == "farming"
        for seed in range(200)
    )

    assert cries <= 4


def test_too_few_steps_tell_nothing() -> None:
    found = farming(run(LEAST_POINTS - 1, lambda x: 1 + x, lambda x: 0.6 - 0.5 * x))

    assert found.verdict == "unknown"
    assert found.why == "7 versions of the weights played, and a trend needs 8"


def test_steps_whose_episodes_state_no_outcome_are_no_points() -> None:
    steps = run(10, lambda x: 1 + x, lambda x: 0.5)
    silent = [(99, [scored("e", 5.0, None)])]

    assert farming([*steps, *silent]).points == farming(steps).points


def test_a_record_without_versions_can_be_read_by_its_order() -> None:
    steps = run(40, lambda x: 1 + x, lambda x: 0.7 - 0.6 * x)
    flat = [(0, [one for _, found in steps for one in found])]

    assert farming(flat).why == "one version of the weights played, and a trend needs 8"
    assert farming(flat, "order").verdict == "farming"
    assert len(farming(flat, "order").points) == 32


def test_thousands_of_steps_are_merged_and_none_is_lost() -> None:
    found = farming([(step, [scored(str(step), float(step), 1.0)]) for step in range(1001)])

    assert len(found.points) == 200
    assert sum(point.n for point in found.points) == 1001
    assert found.points[0].at < found.points[-1].at <= 1000


def farmed_record() -> list[Episode]:
    """An agent that learns to please the format and forgets the task."""
    drawn = random.Random(0)
    return [
        episode(
            f"{version}-{number}",
            {"success": float(drawn.random() < 0.7 - 0.05 * version)},
            [{"format_ok": float(drawn.random() < 0.2 + 0.06 * version)} for _ in range(4)],
            task=f"task {number // 4}",
            group=f"{version}/{number // 4}",
            version=version,
        )
        for version in range(12)
        for number in range(32)
    ]


def test_direct_accumulation_is_farmed_where_the_gated_reward_is_not() -> None:
    terms = {"success": 1.0, "format_ok": {"weight": 0.5, "level": 1}}
    direct = named("direct", terms=terms)
    gated = named("gated", terms=terms, gates={"solved": {"mode": "on_success", "level": 1}})

    report = diagnose("run", farmed_record(), [direct, gated], Options())
    summed, closed = report.diagnoses

    assert (summed.farming.verdict, closed.farming.verdict) == ("farming", "clear")
    assert report.versions == 12
    assert closed.reward.correlation.pearson is not None
    assert summed.reward.correlation.pearson is not None
    assert closed.reward.correlation.pearson > summed.reward.correlation.pearson
