"""The formulas of scorers on language models, against computations by hand."""

import json
import math
from dataclasses import replace
from pathlib import Path
from typing import Any

import pytest

torch = pytest.importorskip("torch")

from agentrl.episode import Episode, Turn  # noqa: E402
from agentrl.errors import DivergedError, UsageError  # noqa: E402
from agentrl.models.scorers.checkpoint import load_backbone  # noqa: E402
from agentrl.models.scorers.course import Course, passes  # noqa: E402
from agentrl.models.scorers.examples import Example  # noqa: E402
from agentrl.models.scorers.lm import LmScorer, squared_error  # noqa: E402
from agentrl.models.scorers.lm import build as build_lm  # noqa: E402
from agentrl.models.scorers.log_ratio import build as build_log_ratio  # noqa: E402
from agentrl.models.scorers.log_ratio import outcome_loss, pair_loss  # noqa: E402
from agentrl.models.scorers.passages import passages  # noqa: E402
from agentrl.models.scratch import scratch_checkpoint  # noqa: E402
from agentrl.suite.model import Scratch  # noqa: E402
from agentrl.suite.reward.progress_models import LmScorerSpec, LogRatioSpec  # noqa: E402
from tests.unit.rewards.episodes import episode  # noqa: E402

TEXTS = ["look", "go north", "take the key", "room 1"]


def made(seed: int) -> Path:
    return scratch_checkpoint(TEXTS, Scratch(hidden_size=32, layers=1, vocabulary=300, seed=seed))


def attempt(name: str, *actions: str, success: float = 1.0) -> Episode:
    turns = tuple(Turn(f"room {n}", action) for n, action in enumerate(actions))
    return replace(episode(name, success=success), turns=turns)


def test_the_loss_of_outcomes_by_hand() -> None:
    """PRIME: -log sigmoid(1) for a success, -log(1 - sigmoid(-2)) for a failure."""
    expected = math.log(1 + math.exp(-1)) + math.log(1 + math.exp(-2))
    found = outcome_loss(torch.tensor([1.0, -2.0]), [1.0, 0.0])
    assert float(found) == pytest.approx(expected, abs=1e-6)


def test_the_loss_of_pairs_by_hand() -> None:
    """DPO: -log sigmoid(3 - 1), and log 2 for equals."""
    expected = math.log(1 + math.exp(-2)) + math.log(2)
    found = pair_loss(torch.tensor([3.0, 1.0, 0.5, 0.5]))
    assert float(found) == pytest.approx(expected, abs=1e-6)


def test_the_squared_error_is_that_of_the_sum_of_turns() -> None:
    """(0.2 + 0.3 - 1)^2 + (0.5 - 0)^2: no turn has a target of its own."""

    def values(_: Any, turns: list[int]) -> list[Any]:
        return [torch.tensor([0.2, 0.3]), torch.tensor([0.5])]

    examples = [Example((), 2, 1.0), Example((), 1, 0.0)]
    found = squared_error(values, examples)  # type: ignore[arg-type]
    assert float(found) == pytest.approx(0.5)


@pytest.mark.parametrize("reads", ["logits", "hidden"])
def test_the_head_reads_the_last_token_of_each_turn(reads: str) -> None:
    spec = LmScorerSpec.model_validate({"reads": reads, "seed": 3})
    scorer = build_lm(spec, made(0), "success")
    one = attempt("a", "look", "go north")
    (read,) = passages(one, scorer._backbone.tokenizer, 999)
    ends = [span.stop - 1 for span in read.spans]

    with torch.no_grad():
        output = scorer._backbone.model(torch.tensor([read.token_ids]), output_hidden_states=True)
        states = output.logits if reads == "logits" else output.hidden_states[-1]
        by_hand = scorer._values.head(states[0, ends]).squeeze(-1).tolist()

    first, second = by_hand
    assert scorer.score(one) == pytest.approx((0.0, first, first + second), abs=1e-5)


def test_a_batch_is_read_as_its_episodes_alone() -> None:
    scorer = build_lm(LmScorerSpec(), made(0), "success")
    some = [attempt("a", "look"), attempt("b", "take the key", "go north", "look")]
    read = [passages(e, scorer._backbone.tokenizer, 999) for e in some]

    with torch.no_grad():
        worth = scorer._values(read, [1, 3])

    for one, values in zip(some, worth, strict=True):
        assert float(values.sum()) == pytest.approx(scorer.score(one)[-1], abs=1e-5)


def test_a_log_ratio_by_hand() -> None:
    strong, weak = made(0), made(1)
    spec = LogRatioSpec(reference=str(weak), learn="none", beta=0.5)
    scorer = build_log_ratio(spec, strong, "success")
    one = attempt("a", "look", "go north")
    backbone = load_backbone(str(strong))
    (read,) = passages(one, backbone.tokenizer, 999)

    def logprob(model: Any, turn: int) -> float:
        with torch.no_grad():
            scores = model(torch.tensor([read.token_ids])).logits[0].log_softmax(-1)
        span = read.spans[turn]
        return sum(float(scores[i - 1, read.token_ids[i]]) for i in range(span.start, span.stop))

    other = load_backbone(str(weak)).model
    gains = [0.5 * (logprob(backbone.model, t) - logprob(other, t)) for t in range(2)]
    assert scorer.score(one) == pytest.approx((0.0, gains[0], sum(gains)), abs=1e-4)
    assert gains[0] != 0.0


def test_pairs_raise_the_better_attempt_above_the_worse() -> None:
    """RTO's reward model is learned as DPO learns."""
    spec = LogRatioSpec(learn="pairs", lr=3e-3, epochs=6, batch=4)
    scorer = build_log_ratio(spec, made(0), "success")
    tasks = [
        replace(e, task_id=f"t{n}", id=f"{e.id}{n}")
        for n in range(6)
        for e in (attempt("a", "take the key"), attempt("b", "look", success=0.0))
    ]

    told = scorer.fit(tasks)

    assert told.error is None  # its numbers rank, and are no outcomes
    assert scorer.score(tasks[0])[-1] > scorer.score(tasks[1])[-1]


def test_what_updates_changed_survives_a_checkpoint() -> None:
    group = [attempt("a", "take the key"), attempt("b", "look", success=0.0)]
    spec = LmScorerSpec(lr=1e-2)
    first, second = (build_lm(spec, made(0), "success") for _ in range(2))
    first.update(group)
    assert first.score(group[0]) != second.score(group[0])

    second.restore(json.loads(json.dumps(first.memory())))

    assert second.score(group[0]) == first.score(group[0])
    first.update(group[::-1])
    second.update(group)
    assert second.score(group[0]) == first.score(group[0])


def test_the_memory_of_another_family_is_refused() -> None:
    other = scratch_checkpoint(["words"], Scratch(hidden_size=32, layers=1, vocabulary=290))
    memory = build_lm(LmScorerSpec(), other, "success").memory()
    scorer: LmScorer = build_lm(LmScorerSpec(), made(0), "success")

    with pytest.raises(UsageError, match="another model family"):
        scorer.restore(memory)


def test_an_outcome_beyond_one_is_no_probability() -> None:
    scorer = build_log_ratio(LogRatioSpec(), made(0), "score")
    scored = [replace(attempt("a", "look"), outcome={"score": 7.0})]

    with pytest.raises(UsageError, match="from 0 to 1"):
        scorer.update(scored)


def test_a_model_compared_with_itself_is_refused() -> None:
    with pytest.raises(UsageError, match="is 0"):
        build_log_ratio(LogRatioSpec(learn="none"), made(0), "success")


def test_a_loss_that_is_no_number_stops_the_course() -> None:
    weight = torch.nn.Parameter(torch.tensor([1.0]))

    with pytest.raises(DivergedError, match="smaller lr"):
        Course(0.1, 2).run([weight], [1, 1], lambda _: (weight * math.inf).sum())


def test_every_example_is_in_one_pass() -> None:
    runs = list(passes([2, 0, 1], [5, 100, 3], 8))
    assert sorted(item for run in runs for item in run) == [0, 1, 2]
    assert [1] in runs  # longer than a pass, and read all the same
