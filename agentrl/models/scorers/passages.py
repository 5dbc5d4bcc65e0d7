"""An episode as a language model reads it, and where in it the agent's turns are."""

from collections.abc import Sequence
from dataclasses import dataclass, field

from agentrl.episode import Episode, Generation
from agentrl.errors import UnscoredError, UsageError
from agentrl.models.base import Message
from agentrl.models.chat import HFChatTokenizer


@dataclass(frozen=True, slots=True)
class Span:
    """Tokens that the agent said in a turn."""

    turn: int
    start: int
    """Index of the first in the passage."""
    stop: int
    """Index behind the last."""


@dataclass(slots=True)
class Passage:
    """Tokens that follow each other. Most episodes are one passage; where a chat template drops
    earlier thoughts, each turn is one."""

    token_ids: list[int] = field(default_factory=list)
    spans: list[Span] = field(default_factory=list)

    def say(self, turn: int, prompt: Sequence[int], answer: Sequence[int]) -> None:
        """Add what the agent was told since, and what it said."""
        start = len(self.token_ids) + len(prompt)
        self.token_ids += [*prompt, *answer]
        self.spans.append(Span(turn, start, start + len(answer)))


def passages(episode: Episode, tokenizer: HFChatTokenizer, max_tokens: int) -> list[Passage]:
    """Return what a model reads of an episode.

    Where every turn was recorded with its tokens these are used as they are: what was sampled is
    what is read. Else the observations and actions are written down by the chat template.

    Args:
        episode: with its turns.
        tokenizer: the model's.
        max_tokens: the longest passage that can be read.

    Raises:
        UnscoredError: a passage is longer.
        UsageError: the recorded tokens are those of another model family.
    """
    recorded = _recorded(episode)
    if recorded:
        _check_family(episode, tokenizer)
    found = _as_recorded(episode) if recorded else _written(episode, tokenizer)
    longest = max((len(passage.token_ids) for passage in found), default=0)
    if longest > max_tokens:
        raise UnscoredError(
            f"episode {episode.id!r} has {longest} tokens, the scorer reads at most {max_tokens}; "
            f"raise its max_tokens"
        )
    return found


def _recorded(episode: Episode) -> bool:
    return all(
        turn.generations
        and all(g.token_ids and g.prompt_token_ids is not None for g in turn.generations)
        for turn in episode.turns
    )


def _as_recorded(episode: Episode) -> list[Passage]:
    found: list[Passage] = []
    for turn, generation in _answers(episode):
        prompt = list(generation.prompt_token_ids or ())
        known = found[-1].token_ids if found else []
        if not found or prompt[: len(known)] != known:
            found.append(Passage())
            known = []
        found[-1].say(turn, prompt[len(known) :], generation.token_ids or ())
    return found


def _answers(episode: Episode) -> list[tuple[int, Generation]]:
    return [(index, g) for index, turn in enumerate(episode.turns) for g in turn.generations]


def _check_family(episode: Episode, tokenizer: HFChatTokenizer) -> None:
    """Refuse tokens that do not spell, in this tokenizer, what the agent said."""
    said = [g for _, g in _answers(episode) if g.text.strip()]
    if said and not any(_spells(tokenizer, g) for g in said):
        raise UsageError(
            f"episode {episode.id!r} was recorded with the tokens of model {said[0].model!r}, "
            f"which is of another model family than the scorer: its tokens do not spell what was "
            f"said; fit a scorer on a model of that family with 'agentrl train SUITE --progress "
            f"RUN'"
        )


def _spells(tokenizer: HFChatTokenizer, generation: Generation) -> bool:
    try:
        return generation.text.strip() in tokenizer.decode(generation.token_ids or ())
    except (OverflowError, IndexError, TypeError, ValueError):  # no such token
        return False


def _written(episode: Episode, tokenizer: HFChatTokenizer) -> list[Passage]:
    chat: list[Message] = []
    found: list[Passage] = []
    shown = ""
    for index, turn in enumerate(episode.turns):
        chat.append(Message("user", turn.observation))
        prompt = tokenizer.render(chat, generation_prompt=True)
        if found and prompt.startswith(shown):
            news = _after_end(tokenizer.encode(prompt[len(shown) :]), tokenizer)
        else:
            found.append(Passage())
            news = tokenizer.encode(prompt)
        answer = (*tokenizer.encode_plain(turn.action), tokenizer.end_of_turn_id)
        found[-1].say(index, news, answer)
        chat.append(Message("assistant", turn.action))
        shown = prompt + turn.action
    return found


def _after_end(news: tuple[int, ...], tokenizer: HFChatTokenizer) -> tuple[int, ...]:
    """Return what follows an answer without the token that ended it, which is there already."""
    return news[1:] if news and news[0] in tokenizer.end_of_turn_ids else news
