"""What a step's episodes show, as metrics."""

from typing import Any

import pytest

from agentrl.episode import Episode, Generation, Sampling, Status, StopReason, Turn, Usage
from agentrl.training.metrics import Metrics, described
from agentrl.training.observed import note_episodes


def answer(prompt: int, sampled: int, version: int = 0) -> Generation:
    return Generation(
        text="",
        finish_reason="stop",
        model="m",
        sampling=Sampling(),
        usage=Usage(prompt, sampled),
        weights_version=version,
    )


def episode(*turns: Turn, status: Status = Status.OK, **more: Any) -> Episode:
    return Episode(
        id="e",
        task_id="t",
        group_id="g",
        seed=0,
        agent="m",
        status=status,
        stop_reason=StopReason.TERMINATED,
        turns=turns,
        **more,
    )


def turn(*generations: Generation, format_ok: float | None = None, **terms: float) -> Turn:
    signals = {} if format_ok is None else {"format_ok": format_ok}
    return Turn("", "", generations, signals=signals, terms=terms)


def seen(*episodes: Episode, version: int = 0) -> dict[str, float]:
    metrics = Metrics()
    note_episodes(metrics, episodes, version)
    return metrics.result()


def test_rewards_are_described_by_mean_spread_and_bounds() -> None:
    shown = seen(*(episode(turn(success=reward)) for reward in (0.0, 1.0, 2.0, 1.0)))
    assert shown["reward/mean"] == 1.0
    assert shown["reward/std"] == pytest.approx(0.5**0.5)
    assert (shown["reward/min"], shown["reward/max"]) == (0.0, 2.0)


def test_one_episode_has_no_spread() -> None:
    assert seen(episode(turn(success=3.0)))["reward/std"] == 0.0


def test_each_term_is_summed_over_turns_and_averaged_over_episodes() -> None:
    shown = seen(
        episode(turn(rise=1.0), turn(rise=1.0, success=4.0)),
        episode(turn(rise=-1.0), turn(success=0.0)),
    )
    assert shown["reward/term/rise"] == 0.5
    assert shown["reward/term/success"] == 2.0
    assert shown["reward/mean"] == 2.5


def test_a_term_that_an_episode_does_not_have_added_nothing_to_it() -> None:
    """So the means of all terms add up to the mean reward."""
    shown = seen(episode(turn(success=1.0, invalid=-0.5)), episode(turn(success=1.0)))
    assert shown["reward/mean"] == 0.75
    assert shown["reward/term/success"] + shown["reward/term/invalid"] == 0.75


def test_an_episode_succeeds_wholly_or_not() -> None:
    outcomes: list[dict[str, float]] = [{"success": 1.0}, {"success": 0.5}, {"success": 0.0}]
    shown = seen(*(episode(outcome=outcome) for outcome in outcomes))
    assert shown["success/mean"] == pytest.approx(1 / 3)


def test_where_no_outcome_tells_success_there_is_no_rate() -> None:
    assert "success/mean" not in seen(episode(outcome={"score": 1.0}))


def test_turns_are_counted() -> None:
    shown = seen(episode(turn()), episode(turn(), turn(), turn()))
    assert (shown["turns/mean"], shown["turns/max"]) == (2.0, 3.0)


def test_the_share_of_turns_that_did_not_parse_is_over_turns() -> None:
    shown = seen(
        episode(turn(format_ok=0.0)),
        episode(turn(format_ok=1.0), turn(), turn(format_ok=1.0)),
    )
    assert shown["format/failures"] == 0.25


def test_episodes_are_counted_by_status() -> None:
    statuses = (Status.OK, Status.OK, Status.TRUNCATED, Status.INFRA_FAILED, Status.UNSCORED)
    shown = seen(*(episode(turn(), status=status) for status in statuses))
    assert shown["episodes/ok"] == 2.0
    assert shown["episodes/truncated"] == 1.0
    assert shown["episodes/infra_failed"] == 1.0
    assert shown["episodes/unscored"] == 1.0
    assert "episodes/cancelled" not in shown


def test_attempts_that_were_begun_again_are_counted() -> None:
    assert seen(episode(tries=3), episode(), episode(tries=2))["episodes/retried"] == 3.0


@pytest.mark.parametrize("status", [Status.INFRA_FAILED, Status.UNSCORED, Status.CANCELLED])
def test_an_episode_that_is_not_scored_says_nothing_of_rewards(status: Status) -> None:
    lost = episode(
        turn(answer(5, 2), format_ok=0.0, success=9.0),
        turn(),
        status=status,
        outcome={"success": 1},
    )
    good = episode(turn(format_ok=1.0, success=1.0), outcome={"success": 0.0})
    shown = seen(lost, good)
    assert (shown["reward/mean"], shown["reward/std"], shown["reward/max"]) == (1.0, 0.0, 1.0)
    assert shown["success/mean"] == shown["format/failures"] == 0.0
    assert shown["turns/max"] == 1.0


def test_without_a_scored_episode_there_is_no_reward() -> None:
    shown = seen(episode(turn(success=1.0), status=Status.UNSCORED))
    assert not any(name.startswith(("reward/", "success/", "turns/")) for name in shown)
    assert shown["episodes/unscored"] == 1.0


def test_tokens_are_counted_whatever_became_of_the_episode() -> None:
    shown = seen(
        episode(turn(answer(10, 3), answer(14, 2)), turn(answer(20, 1))),
        episode(turn(answer(7, 4)), status=Status.INFRA_FAILED),
    )
    assert shown["tokens/sampled"] == 10.0
    assert shown["tokens/prompt"] == 51.0


def test_staleness_is_how_many_updates_the_weights_of_a_token_lag() -> None:
    """One token is three updates old, three tokens are one."""
    shown = seen(episode(turn(answer(1, 1, version=4)), turn(answer(1, 3, version=6))), version=7)
    assert shown["staleness/mean"] == pytest.approx((3 + 3 * 1) / 4)
    assert shown["staleness/max"] == 3.0


def test_fresh_weights_are_not_stale() -> None:
    shown = seen(episode(turn(answer(1, 2, version=5))), version=5)
    assert (shown["staleness/mean"], shown["staleness/max"]) == (0.0, 0.0)


def test_without_answers_nothing_is_said_of_tokens() -> None:
    assert not any(name.startswith(("tokens/", "staleness/")) for name in seen(episode(turn())))


def test_no_episodes_show_only_that_none_was_retried() -> None:
    assert seen() == {"episodes/retried": 0.0}


def test_every_metric_is_documented() -> None:
    shown = seen(
        *(
            episode(turn(answer(1, 1), format_ok=1.0, rise=1.0), outcome={"success": 1.0}, status=s)
            for s in Status
        )
    )
    assert all(described(name).matches(name) for name in shown)
