"""Episodes with a real, if untrained, transformers model."""

import asyncio
from collections.abc import Sequence
from pathlib import Path
from typing import Any

import pytest

from agentrl.agents.base import Action, View
from agentrl.agents.build import build_agent
from agentrl.agents.tokens import TokenSequence, token_sequences
from agentrl.episode import Episode, Status, StopReason, Turn
from agentrl.errors import ContextFullError
from agentrl.models.build import build_model
from agentrl.models.scratch import build_checkpoint
from agentrl.suite.model import Scratch
from agentrl.suite.spec import AgentSpec

torch = pytest.importorskip("torch", reason="needs torch: pip install 'agentrl[train]'")
pytest.importorskip("transformers", reason="needs transformers: pip install 'agentrl[train]'")

ACTIONS = ("go north", "go south", "take lamp", "go north quickly")
VIEWS = [View(f"You are in room {number}.", ACTIONS) for number in range(6)]
CONTEXT = 160


@pytest.fixture(scope="module")
def checkpoint(tmp_path_factory: pytest.TempPathFactory) -> Path:
    texts = [view.observation for view in VIEWS] + list(ACTIONS)
    scratch = Scratch(hidden_size=32, layers=1, vocabulary=300, context=CONTEXT)
    return build_checkpoint(tmp_path_factory.mktemp("model") / "tiny", texts, scratch)


def play(checkpoint: Path, views: Sequence[View], **agent: Any) -> Episode:
    """Play an episode of these views with an agent of these settings; return its record."""
    model = {"backend": "transformers", "checkpoint": str(checkpoint), "device": "cpu"}
    spec = AgentSpec.model_validate({"model": model, "prompt": "", **agent})
    assert spec.model is not None
    acting = build_agent(spec, build_model(spec.model))

    async def act() -> list[Action | None]:
        await acting.start()
        try:
            session = acting.session("task#0", "", seed=3)
            return [await session.act(view) for view in views]
        finally:
            await acting.close()

    turns = tuple(
        Turn(view.observation, action.text, action.generations, action.signals)
        for view, action in zip(views, asyncio.run(act()), strict=True)
        if action is not None
    )
    status, reason = Status.OK, StopReason.TERMINATED
    return Episode("task#0", "task", "task", 0, acting.name, status, reason, turns=turns)


def recomputed(checkpoint: Path, sequence: TokenSequence) -> list[float]:
    """Return each sampled token's log-probability among those allowed, in one forward pass."""
    from transformers import AutoModelForCausalLM

    model: Any = AutoModelForCausalLM.from_pretrained(checkpoint, dtype=torch.float32)
    with torch.no_grad():
        logits = model(torch.tensor([sequence.token_ids])).logits[0]
    logprobs = []
    for index, (token, sampled) in enumerate(
        zip(sequence.token_ids, sequence.sampled, strict=True)
    ):
        if sampled:
            row = logits[index - 1]
            allowed = sequence.allowed[index]
            total = row if allowed is None else row[list(allowed)]
            logprobs.append(float(row[token] - total.logsumexp(0)))
    return logprobs


def recorded(sequence: TokenSequence) -> list[float]:
    pairs = zip(sequence.logprobs, sequence.sampled, strict=True)
    return [logprob for logprob, sampled in pairs if sampled]


@pytest.mark.parametrize("constrain", [False, True])
def test_training_recomputes_what_was_recorded_over_a_whole_episode(
    checkpoint: Path, constrain: bool
) -> None:
    episode = play(checkpoint, VIEWS[:3], constrain=constrain, sampling={"max_tokens": 12})
    (sequence,) = token_sequences(episode)
    assert recorded(sequence) == pytest.approx(recomputed(checkpoint, sequence), abs=1e-3)
    assert set(sequence.turns) == {0, 1, 2}


@pytest.mark.parametrize("parser", ["plain", "action_tag", "fenced", "tool_call"])
def test_a_constrained_model_acts_legally_in_every_form(checkpoint: Path, parser: str) -> None:
    views = VIEWS[:1]
    sampling = {"max_tokens": 100}
    episode = play(checkpoint, views, constrain=True, parser=parser, sampling=sampling)
    assert all(turn.action in ACTIONS for turn in episode.turns)
    assert [turn.signals for turn in episode.turns] == [{"constrained": 1.0}]


def test_the_same_seed_plays_the_same_episode(checkpoint: Path) -> None:
    first, second = (play(checkpoint, VIEWS[:2], sampling={"max_tokens": 8}) for _ in range(2))
    assert token_sequences(first) == token_sequences(second)


def test_a_conversation_that_outgrows_the_window_stops(checkpoint: Path) -> None:
    with pytest.raises(ContextFullError, match=f"context window of {CONTEXT}; set 'history"):
        play(checkpoint, VIEWS, sampling={"max_tokens": 60})


def test_or_it_forgets_its_oldest_turns_and_begins_a_new_sequence(checkpoint: Path) -> None:
    episode = play(checkpoint, VIEWS, history="drop_oldest", sampling={"max_tokens": 60})
    sequences = token_sequences(episode)
    assert len(episode.turns) == len(VIEWS)
    assert 1 < len(sequences) <= len(VIEWS)
    assert all(len(sequence.token_ids) <= CONTEXT for sequence in sequences)
