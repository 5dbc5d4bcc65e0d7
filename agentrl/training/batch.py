"""From episodes to what training reads off them: nothing is tokenised, everything is recorded."""

from collections import Counter
from collections.abc import Collection, Sequence
from dataclasses import replace
from typing import Literal

from agentrl.agents.tokens import token_sequences
from agentrl.episode import Episode, Generation, Sampling, Status
from agentrl.errors import RecordError
from agentrl.training.sample import Batch, Sample, Trajectory

Truncated = Literal["use", "exclude"]


def make_batch(
    groups: Sequence[Sequence[Episode]],
    truncated: Truncated = "use",
    turn_terms: Collection[str] = (),
) -> Batch:
    """Return what the episodes of some groups, whose rewards are composed, teach.

    Episodes that are not scored are left out and counted by status, because nobody knows what they
    were worth; so are truncated ones where the suite excludes them, and those in which the model
    said nothing. Their tokens are what was sampled, by recorded ids alone.

    Args:
        groups: the episodes of each task, as they were drawn together.
        truncated: what to do with episodes that a limit ended.
        turn_terms: the reward terms that are compared turn by turn (credit ``split``).

    Raises:
        RecordError: an episode was recorded without its tokens, or is damaged.
    """
    trajectories: list[Trajectory] = []
    samples: list[Sample] = []
    excluded: Counter[str] = Counter()
    for group in groups:
        for episode in group:
            reason = _reason_to_exclude(episode, truncated)
            if reason is not None:
                excluded[reason] += 1
                continue
            own = samples_of(episode)
            trajectories.append(_trajectory(episode, own, turn_terms))
            samples.extend(own)
    return Batch(tuple(trajectories), tuple(samples), dict(excluded))


def samples_of(episode: Episode) -> list[Sample]:
    """Return the token sequences of an episode, with how they were sampled.

    Raises:
        RecordError: it was recorded without tokens, a sequence does not begin with a prompt, or
            its answers were not sampled alike.
    """
    answers = [generation for turn in episode.turns for generation in turn.generations]
    if not answers:
        return []
    sampling = _sampling(episode, answers)
    version = answers[0].weights_version
    sequences = token_sequences(episode)
    if any(sequence.sampled[0] for sequence in sequences):
        raise RecordError(
            f"episode {episode.id!r}: an answer has no prompt before it, so the probability of its "
            f"first token cannot be computed; the record is damaged"
        )
    return [Sample(episode.id, sequence, sampling, version) for sequence in sequences]


def _reason_to_exclude(episode: Episode, truncated: Truncated) -> str | None:
    if not episode.status.scored:
        return str(episode.status)
    if episode.status is Status.TRUNCATED and truncated == "exclude":
        return "truncated"
    if not any(turn.generations for turn in episode.turns):
        return "no_answer"
    return None


def _trajectory(
    episode: Episode, samples: Sequence[Sample], turn_terms: Collection[str]
) -> Trajectory:
    by_turn = (
        sum([value for name, value in turn.terms.items() if name in turn_terms])
        for turn in episode.turns
    )
    return Trajectory(
        episode_id=episode.id,
        group_id=episode.group_id,
        rewards=episode.rewards,
        turn_rewards=tuple(by_turn) if turn_terms else (),
        success=episode.outcome.get("success", 0.0) >= 1.0,
        durations=tuple(turn.duration_s for turn in episode.turns),
        loglikelihood=sum(sum(sample.tokens.logprobs) for sample in samples),
    )


def _sampling(episode: Episode, answers: Sequence[Generation]) -> Sampling:
    """Return how the episode was sampled; the seed is left out, as it differs from turn to turn."""
    kinds = {replace(answer.sampling, seed=None) for answer in answers}
    if len(kinds) > 1:
        raise RecordError(
            f"episode {episode.id!r}: its answers were sampled in {len(kinds)} different ways, "
            f"expected one for a whole episode"
        )
    return kinds.pop()
