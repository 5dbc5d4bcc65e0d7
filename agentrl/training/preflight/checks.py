"""The checks, each a question about sample episodes."""

from collections import Counter
from collections.abc import Sequence

from torch import Tensor

from agentrl.episode import Episode, Status, Turn
from agentrl.rewards.check import unmet_terms
from agentrl.suite.spec import SuiteSpec
from agentrl.training.collect import Group
from agentrl.training.feed import all_equal
from agentrl.training.preflight.finding import Finding, Verdict
from agentrl.training.sample import Batch

_SHOWN = 60
_ERROR = 200


def check_episodes(episodes: Sequence[Episode], spec: SuiteSpec) -> Finding:
    """Look at how the sample episodes ended."""
    assert spec.train is not None
    counts = Counter(str(episode.status) for episode in episodes)
    says = ", ".join(f"{count} {status}" for status, count in counts.most_common())
    says = f"of {len(episodes)}, {says}"
    failed = next((e for e in episodes if not e.status.scored), None)
    if failed is None:
        # Before supervised training it is the expert who shows that there are turns enough.
        if counts[str(Status.TRUNCATED)] == len(episodes) and spec.train.sft is None:
            return Finding(
                "episodes",
                Verdict.WARNING,
                f"{says}: none came to an end by itself",
                "raise limits.max_turns or agent.sampling.max_tokens if that is not meant",
            )
        return Finding("episodes", Verdict.OK, says)
    first = says
    if failed.error is not None:
        first += f"; the first failure: {_short(failed.error.message, _ERROR)}"
    if any(episode.status.scored for episode in episodes):
        remedy = "such episodes are left out of training; mend the cause"
        return Finding("episodes", Verdict.WARNING, first, remedy)
    return Finding("episodes", Verdict.PROBLEM, first, "nothing can be learnt until it is mended")


def check_parser(episodes: Sequence[Episode], spec: SuiteSpec) -> Finding:
    """Look at whether the parser found an action in the model's answers."""
    turns = [turn for episode in episodes for turn in episode.turns if turn.generations]
    failed = [turn for turn in turns if not _parsed(turn)]
    parser = spec.agent.parser
    if not turns:
        return Finding("parser", Verdict.OK, "there was no answer to read")
    says = f"'{parser}' read {len(turns) - len(failed)} of {len(turns)} answers"
    if len(failed) < len(turns):
        return Finding("parser", Verdict.OK, says)
    example = _short(failed[0].generations[-1].text, _SHOWN)
    return Finding(
        "parser",
        Verdict.WARNING,
        f"{says}, such as {example!r}",
        "say in agent.prompt how to answer, take the agent.parser that fits how the model answers, "
        "or have it imitate an expert first (train.sft)",
    )


def check_expert(episodes: Sequence[Episode]) -> Finding:
    """Look at whether the expert, speaking as the agent must, is understood and succeeds."""
    solved = [e for e in episodes if e.outcome.get("success", 0.0) >= 1.0]
    misread = [turn for e in episodes for turn in e.turns if turn.generations and not _parsed(turn)]
    says = f"solved {len(solved)} of {len(episodes)} tasks"
    if misread:
        example = _short(misread[0].generations[-1].text, _SHOWN)
        return Finding(
            "expert",
            Verdict.PROBLEM,
            f"{says}, and its answer {example!r} was not understood",
            "take another agent.parser",
        )
    if not solved:
        return Finding(
            "expert",
            Verdict.PROBLEM,
            says,
            "raise limits.max_turns, or take another train.sft.source: there is nothing to imitate",
        )
    return Finding("expert", Verdict.OK, says)


def check_mask(batch: Batch) -> Finding:
    """Look at whether there are tokens to learn from."""
    total = sum(len(sample.tokens.token_ids) for sample in batch.samples)
    sampled = sum(sum(sample.tokens.sampled) for sample in batch.samples)
    free = sum(
        was and (allowed is None or len(allowed) > 1)
        for sample in batch.samples
        for was, allowed in zip(sample.tokens.sampled, sample.tokens.allowed, strict=True)
    )
    says = f"{sampled:,} of {total:,} tokens were sampled, {free:,} of them with an alternative"
    if free:
        return Finding("mask", Verdict.OK, says)
    return Finding(
        "mask",
        Verdict.PROBLEM,
        says,
        "the model had nothing to choose: check env.options, agent.constrain and "
        "agent.sampling.max_tokens",
    )


def check_prefix(batch: Batch) -> Finding:
    """Look at whether each prompt begins with all that was said before."""
    sequences = Counter(sample.episode_id for sample in batch.samples)
    broken = [name for name, count in sequences.items() if count > 1]
    if not broken:
        return Finding("prefix", Verdict.OK, "every episode is one sequence of tokens")
    most = max(sequences.values())
    return Finding(
        "prefix",
        Verdict.WARNING,
        f"{len(broken)} of {len(sequences)} episodes fall into several sequences, up to {most}, so "
        f"their prompts are computed several times",
        "where agent.history is 'stop', the chat template rewrites what was said before (such as "
        "thoughts that it removes): take one that does not",
    )


def check_rewards(groups: Sequence[Group], spec: SuiteSpec) -> Finding:
    """Look at whether rewards differ between episodes of a task."""
    rewards = [episode.reward for group in groups for episode in group.scored]
    if not rewards:
        return Finding("rewards", Verdict.OK, "no episode has one")
    known = [group for group in groups if group.scored]
    apart = sum(not all_equal(group) for group in known)
    low, high = min(rewards), max(rewards)
    says = f"from {low:g} to {high:g}; they differ within {apart} of {len(known)} tasks"
    if apart:
        return Finding("rewards", Verdict.OK, says)
    assert spec.train is not None
    if spec.train.sft is not None:
        says += ", before supervised training"
        return Finding("rewards", Verdict.OK, says)
    return Finding(
        "rewards",
        Verdict.WARNING,
        says,
        "a group of equal rewards teaches nothing: take tasks that succeed sometimes, a reward "
        "with more values (reward.terms), a larger train.group_size, or train.sft",
    )


def check_terms(episodes: Sequence[Episode], spec: SuiteSpec) -> Finding:
    """Look at whether every term of the reward is something that an episode tells."""
    unmet = unmet_terms(spec.reward, episodes)
    if not unmet:
        return Finding("terms", Verdict.OK, f"{', '.join(spec.reward.terms)} are told")
    return Finding(
        "terms",
        Verdict.WARNING,
        f"{', '.join(map(repr, unmet))}: no episode tells of it, as a signal or a result",
        "look for a typo in reward.terms; `agentrl envs` lists what an environment tells",
    )


def check_gap(trainer: Tensor, sampler: Tensor, tolerance: float) -> Finding:
    """Look at whether trainer and sampler find the same tokens equally likely.

    Args:
        trainer: log-probabilities, ``[tokens]``.
        sampler: the recorded ones, ``[tokens]``.
        tolerance: the largest mean difference that is rounding.
    """
    gaps = (trainer - sampler).abs()
    mean, worst = float(gaps.mean()), float(gaps.max())
    says = (
        f"log-probabilities of trainer and sampler differ by {mean:.1e} on average, {worst:.1e} "
        f"at most, over {len(gaps):,} tokens"
    )
    if mean <= tolerance:
        return Finding("gap", Verdict.OK, says)
    return Finding(
        "gap",
        Verdict.PROBLEM,
        says,
        f"more than policy.sync_tolerance = {tolerance:g}: the sampler has other weights, another "
        f"number format or other sampling settings than the trainer",
    )


def _parsed(turn: Turn) -> bool:
    return turn.signals.get("format_ok", 1.0) >= 1.0


def _short(text: str, most: int) -> str:
    return text if len(text) <= most else f"{text[:most]}..."
