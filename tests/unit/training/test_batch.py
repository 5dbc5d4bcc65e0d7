"""From episodes to what training reads off them."""

from dataclasses import replace

import pytest

from agentrl.episode import Episode, Generation, Sampling, Status, StopReason, Turn
from agentrl.errors import RecordError
from agentrl.rewards.compose import annotate
from agentrl.suite.reward.spec import RewardSpec
from agentrl.training.batch import make_batch, samples_of


def answered(
    prompt: tuple[int, ...], sampled: tuple[int, ...], sampling: Sampling | None = None
) -> Generation:
    return Generation(
        text="",
        finish_reason="stop",
        model="m",
        sampling=sampling or Sampling(),
        token_ids=sampled,
        logprobs=(-0.5,) * len(sampled),
        prompt_token_ids=prompt,
        weights_version=3,
    )


def episode(name: str, *turns: Turn, status: Status = Status.OK, success: float = 1.0) -> Episode:
    return Episode(
        id=name,
        task_id="t",
        group_id="g",
        seed=0,
        agent="m",
        status=status,
        stop_reason=StopReason.TERMINATED,
        turns=turns,
        outcome={"success": success},
    )


def turn(*generations: Generation, **signals: float) -> Turn:
    return Turn("", "", generations, signals=signals, duration_s=2.0)


GOOD = episode("a", turn(answered((1, 2), (3,))), turn(answered((1, 2, 3, 4), (5, 6))))


def test_an_episode_becomes_a_trajectory_and_its_sequences() -> None:
    batch = make_batch([annotate(RewardSpec(), [GOOD])])
    (trajectory,), (sample,) = batch.trajectories, batch.samples
    assert trajectory.rewards == (0.0, 1.0)
    assert trajectory.success
    assert trajectory.durations == (2.0, 2.0)
    assert trajectory.loglikelihood == pytest.approx(-1.5)
    assert sample.tokens.token_ids == (1, 2, 3, 4, 5, 6)
    assert sample.tokens.sampled == (False, False, True, False, True, True)
    assert sample.weights_version == 3


def test_rewards_stand_on_the_turns_that_earned_them() -> None:
    spec = RewardSpec(terms={"success": 2.0, "progress": 0.5})
    record = episode(
        "a",
        turn(answered((1,), (2,)), progress=1.0),
        turn(answered((1, 2, 3), (4,)), progress=-1.0),
    )
    assert make_batch([annotate(spec, [record])]).trajectories[0].rewards == (0.5, 1.5)


@pytest.mark.parametrize("status", [Status.INFRA_FAILED, Status.UNSCORED, Status.CANCELLED])
def test_an_episode_that_is_not_scored_is_left_out_and_counted(status: Status) -> None:
    batch = make_batch([[GOOD, replace(GOOD, id="b", status=status)]])
    assert [t.episode_id for t in batch.trajectories] == ["a"]
    assert [s.episode_id for s in batch.samples] == ["a"]
    assert batch.excluded == {str(status): 1}


def test_truncated_episodes_are_used_or_excluded_as_the_suite_says() -> None:
    cut = replace(GOOD, id="b", status=Status.TRUNCATED)
    assert len(make_batch([[GOOD, cut]], "use").trajectories) == 2
    excluding = make_batch([[GOOD, cut]], "exclude")
    assert [t.episode_id for t in excluding.trajectories] == ["a"]
    assert excluding.excluded == {"truncated": 1}


def test_an_episode_in_which_the_model_said_nothing_teaches_nothing() -> None:
    batch = make_batch([[episode("a")]])
    assert not batch.trajectories
    assert batch.excluded == {"no_answer": 1}


def test_an_episode_whose_template_rewrites_turns_has_a_sample_a_turn() -> None:
    record = episode("a", turn(answered((1, 2), (3,))), turn(answered((9, 4), (5,))))
    assert [s.tokens.token_ids for s in samples_of(record)] == [(1, 2, 3), (9, 4, 5)]


def test_the_seed_of_a_turn_does_not_make_it_sampled_differently() -> None:
    record = episode(
        "a",
        turn(answered((1,), (2,), Sampling(temperature=0.7, seed=1))),
        turn(answered((1, 2, 3), (4,), Sampling(temperature=0.7, seed=2))),
    )
    assert samples_of(record)[0].sampling == Sampling(temperature=0.7)


def test_answers_sampled_in_different_ways_are_refused() -> None:
    record = episode(
        "a",
        turn(answered((1,), (2,), Sampling(temperature=0.7))),
        turn(answered((1, 2, 3), (4,), Sampling(temperature=0.9))),
    )
    with pytest.raises(RecordError, match="2 different ways"):
        samples_of(record)


def test_an_answer_without_a_prompt_is_refused() -> None:
    with pytest.raises(RecordError, match="no prompt before it"):
        samples_of(episode("a", turn(answered((), (2,)))))


def test_an_episode_recorded_without_tokens_is_refused() -> None:
    bare = replace(answered((1,), (2,)), token_ids=None)
    with pytest.raises(RecordError, match="which training needs"):
        make_batch([[episode("a", turn(bare))]])


def test_the_terms_that_are_compared_turn_by_turn_are_told_apart() -> None:
    spec = RewardSpec.model_validate({"terms": {"success": 2.0, "progress": 0.5}})
    record = episode(
        "a",
        turn(answered((1,), (2,)), progress=1.0),
        turn(answered((1, 2, 3), (4,)), progress=-1.0),
    )
    batch = make_batch([annotate(spec, [record])], turn_terms=("progress",))
    assert batch.trajectories[0].turn_rewards == (0.5, -0.5)
