"""An episode's tokens as training sequences, from what was recorded and nothing else."""

from collections.abc import Iterator
from dataclasses import dataclass
from itertools import chain

from agentrl.episode import Episode, Generation
from agentrl.errors import RecordError


@dataclass(frozen=True, slots=True)
class TokenSequence:
    """Tokens that follow each other as the model saw them; every field has one entry a token."""

    token_ids: tuple[int, ...]
    sampled: tuple[bool, ...]
    """Whether the model sampled the token; the others are the prompt's."""
    logprobs: tuple[float, ...]
    """Recorded log-probability; 0.0 where the token was not sampled."""
    allowed: tuple[tuple[int, ...] | None, ...]
    """The ids that the token was chosen from; None where any was possible, or it is the
    prompt's."""
    turns: tuple[int, ...]
    """Index in ``Episode.turns`` of the turn that the token was sampled in, or that its prompt
    was made for."""


def token_sequences(episode: Episode) -> tuple[TokenSequence, ...]:
    """Return the sequences that an episode trains.

    Consecutive answers of a model share a sequence where each prompt begins with the prompt and
    the answer before it; else a new sequence begins. An episode without generations, such as an
    expert's, has none.

    Raises:
        RecordError: an answer was recorded without tokens or log-probabilities, or with another
            number of them.
    """
    groups: list[list[_Answer]] = []
    for answer in _answers(episode):
        if groups and _continues(groups[-1][-1], answer):
            groups[-1].append(answer)
        else:
            groups.append([answer])
    return tuple(_sequence(group) for group in groups)


@dataclass(frozen=True, slots=True)
class _Answer:
    turn: int
    model: str
    prompt: tuple[int, ...]
    sampled: tuple[int, ...]
    logprobs: tuple[float, ...]
    allowed: tuple[tuple[int, ...] | None, ...]

    @property
    def token_ids(self) -> tuple[int, ...]:
        return self.prompt + self.sampled


def _answers(episode: Episode) -> Iterator[_Answer]:
    for index, turn in enumerate(episode.turns):
        for generation in turn.generations:
            yield _answer(generation, index, f"episode {episode.id!r}, turn {index}")


def _answer(generation: Generation, turn: int, where: str) -> _Answer:
    sampled, prompt = generation.token_ids, generation.prompt_token_ids
    logprobs = generation.logprobs
    if sampled is None or prompt is None or logprobs is None:
        raise RecordError(
            f"{where}: the answer of model {generation.model!r} has no tokens and "
            f"log-probabilities, which training needs; run the suite with a model that records "
            f"them (backend 'transformers' or 'vllm')"
        )
    allowed = generation.allowed or (None,) * len(sampled)
    if not len(sampled) == len(logprobs) == len(allowed):
        raise RecordError(
            f"{where}: {len(sampled)} sampled tokens with {len(logprobs)} log-probabilities and "
            f"{len(allowed)} sets of allowed tokens, expected as many of each; the record is "
            f"damaged"
        )
    return _Answer(turn, generation.model, prompt, sampled, logprobs, allowed)


def _continues(before: _Answer, answer: _Answer) -> bool:
    known = before.token_ids
    return answer.model == before.model and answer.prompt[: len(known)] == known


def _sequence(answers: list[_Answer]) -> TokenSequence:
    parts = []
    known = 0
    for answer in answers:
        parts.append(_part(answer, len(answer.prompt) - known))
        known = len(answer.token_ids)
    return TokenSequence(
        token_ids=answers[-1].token_ids,
        sampled=tuple(chain.from_iterable(part.sampled for part in parts)),
        logprobs=tuple(chain.from_iterable(part.logprobs for part in parts)),
        allowed=tuple(chain.from_iterable(part.allowed for part in parts)),
        turns=tuple(chain.from_iterable(part.turns for part in parts)),
    )


def _part(answer: _Answer, new: int) -> TokenSequence:
    """Return the last ``new`` tokens of an answer's prompt, and the answer."""
    count = len(answer.sampled)
    return TokenSequence(
        token_ids=answer.token_ids[len(answer.prompt) - new :],
        sampled=(False,) * new + (True,) * count,
        logprobs=(0.0,) * new + answer.logprobs,
        allowed=(None,) * new + answer.allowed,
        turns=(answer.turn,) * (new + count),
    )
