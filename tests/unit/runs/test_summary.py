import json
from dataclasses import replace

import pytest

from agentrl.episode import Episode, Failure, Generation, Sampling, Status, StopReason, Turn, Usage
from agentrl.runs.stats import wilson_interval
from agentrl.runs.summary import Summary, Timing, summarise


def generation(prompt: int = 10, completion: int = 4, cached: int = 0) -> Generation:
    usage = Usage(prompt, completion, cached)
    return Generation("go", "stop", "m", Sampling(), usage)


def episode(
    task: str = "t", success: float | None = 1.0, attempt: int = 0, group: str = "", turns: int = 2
) -> Episode:
    """Two turns; the first one is not understood and the last one earns the reward."""
    said = [
        Turn(f"room {i}", "go", (generation(),), {"format_ok": float(i > 0)}, 0.0, {"success": 0.0})
        for i in range(turns)
    ]
    said[-1] = replace(said[-1], terms={"success": success or 0.0})
    return Episode(
        id=f"{task}/{attempt}",
        task_id=task,
        group_id=task,
        seed=1,
        agent="a",
        status=Status.OK,
        stop_reason=StopReason.TERMINATED,
        turns=tuple(said),
        outcome={} if success is None else {"success": success, "score": 2 * success},
        task_group=group,
        attempt=attempt,
        cost_usd=0.5,
    )


def failed(task: str, status: Status, message: str = "down", attempt: int = 0) -> Episode:
    return replace(
        episode(task, None, attempt),
        status=status,
        stop_reason=StopReason.ERROR,
        error=Failure("ModelError", message),
        tries=3,
    )


def summary(*episodes: Episode, timing: Timing | None = None) -> Summary:
    return summarise(episodes, run="r", suite="s", timing=timing)


def test_a_failure_of_infrastructure_is_counted_and_never_a_zero() -> None:
    found = summary(
        episode("a"),
        episode("b", 0.0),
        failed("c", Status.INFRA_FAILED),
        failed("d", Status.UNSCORED),
        failed("e", Status.CANCELLED),
    )

    assert found.success.mean == 0.5
    assert (found.success.low, found.success.high) == wilson_interval(1, 2)
    assert found.success.n == found.score.n == found.reward.n == found.scored == 2
    assert found.episodes == {
        "ok": 2,
        "truncated": 0,
        "infra_failed": 1,
        "unscored": 1,
        "cancelled": 1,
    }


def test_an_outcome_of_an_episode_that_does_not_count_is_left_out() -> None:
    found = summary(replace(episode("a"), status=Status.UNSCORED), episode("b", 0.0))

    assert found.success.mean == found.reward.mean == 0.0
    assert found.success.n == 1


def test_a_truncated_episode_counts_as_it_stands() -> None:
    found = summary(replace(episode("a", 0.0), status=Status.TRUNCATED), episode("b"))

    assert found.success.mean == 0.5


@pytest.mark.parametrize("episodes", [[], [failed("a", Status.INFRA_FAILED)]])
def test_nothing_scored_means_null_and_is_still_json(episodes: list[Episode]) -> None:
    record = json.loads(json.dumps(summary(*episodes).to_json(), allow_nan=False))

    assert record["success"] == {"mean": None, "low": None, "high": None, "n": 0, "method": "none"}
    assert record["reward"]["mean"] is record["turns"] is record["steps_per_s"] is None
    assert record["episodes"]["infra_failed"] == len(episodes)


def test_signals_are_means_over_the_turns_that_state_them() -> None:
    silent = replace(episode("b"), turns=(Turn("o", "a"),))
    found = summary(episode("a", turns=4), silent)

    assert found.signals == {"format_ok": 0.75}
    assert found.turns == 2.5


def test_tokens_money_and_retries_of_failures_are_paid_too() -> None:
    found = summary(episode("a"), failed("b", Status.INFRA_FAILED), timing=Timing(duration_s=2.0))

    assert (found.tokens.prompt, found.tokens.completion, found.tokens.cached) == (40, 16, 0)
    assert found.cost_usd == 1.0
    assert found.retries == 2
    assert found.steps_per_s == 2.0
    assert found.tokens_per_s == 8.0


def test_groups_keep_their_own_results_in_order_of_appearance() -> None:
    found = summary(
        episode("a", 1.0, group="hard"),
        episode("b", 0.0, group="easy"),
        episode("c", 0.0, group="hard"),
    )

    assert list(found.groups) == ["hard", "easy"]
    assert found.groups["hard"].success.mean == 0.5
    assert found.groups["easy"].scored == 1


def test_several_attempts_bring_pass_at_k_over_tasks_with_enough_of_them() -> None:
    found = summary(
        episode("a", 1.0, 0),
        episode("a", 0.0, 1),
        episode("b", 1.0, 0),
        failed("b", Status.INFRA_FAILED, attempt=1),
    )

    assert found.attempts == 2
    assert found.pass_at_k[1].mean == pytest.approx((0.5 + 1) / 2)
    assert (found.pass_at_k[2].mean, found.pass_at_k[2].n) == (1.0, 1)
    assert found.pass_hat_k[2].mean == 0.0
    assert list(found.to_json()["pass_at_k"]) == ["1", "2"]


def test_one_attempt_a_task_has_no_pass_at_k() -> None:
    assert summary(episode("a"), episode("b")).pass_at_k == {}


def test_failures_are_counted_by_kind_with_the_first_message() -> None:
    found = summary(
        failed("a", Status.INFRA_FAILED, "first"), failed("b", Status.INFRA_FAILED, "second")
    )

    assert found.failures["ModelError"].count == 2
    assert found.failures["ModelError"].example == "first"
    assert found.stop_reasons == {"error": 2}


def test_an_environment_without_a_score_has_none() -> None:
    found = summary(replace(episode("a"), outcome={"success": 1.0, "resolved": 0.25}))

    assert found.score.mean is None
    assert found.outcome == {"resolved": 0.25}


def test_the_json_object_starts_with_the_names_and_repeats_nothing() -> None:
    record = summary(
        episode("a"), timing=Timing(1.0, {"p50": 0.0, "p99": 0.1, "max": 0.2})
    ).to_json()

    assert list(record)[:3] == ["run", "suite", "agent"]
    assert record["loop_lag_s"] == {"p50": 0.0, "p99": 0.1, "max": 0.2}
    assert json.loads(json.dumps(record)) == record
