import asyncio
import json
from collections.abc import Callable
from typing import Any

import pytest

from agentrl.episode import Episode, Status
from agentrl.errors import ContextFullError, ModelError, UsageError
from agentrl.models.base import Request
from agentrl.models.scripted import ScriptedModel
from agentrl.rewards.novelty.embedding import HashedNgrams
from agentrl.rewards.novelty.oni.knowledge import Classifier, Ranking, Table
from agentrl.rewards.novelty.oni.labeler import IntrinsicLabeler, build
from agentrl.rewards.novelty.oni.question import Question, reading, wording
from agentrl.rewards.novelty.trail import digest
from agentrl.suite.reward.intrinsic import IntrinsicLabelSpec
from agentrl.suite.reward.novelty import EmbeddingSpec
from tests.unit.rewards.novelty.episodes import walk

HELPFUL = ("key", "door")


def helpful(request: Request) -> str:
    """Find keys and doors helpful, and of two texts the one that has them."""
    text = request.messages[0].content
    if 'number="2"' in text:
        first, second = text.split('number="2"')
        has = [any(word in half for word in HELPFUL) for half in (first, second)]
        return f"Choose {0 if has[0] == has[1] else 1 if has[0] else 2}"
    return (
        "I think so: yes" if any(word in text.split("<message>")[1] for word in HELPFUL) else "No."
    )


def made(
    answers: Callable[[Request], str] | list[str] = helpful,
    *,
    latency_s: float = 0.0,
    **options: Any,
) -> IntrinsicLabeler:
    spec = IntrinsicLabelSpec.model_validate(
        {
            "kind": "intrinsic",
            "model": {"backend": "scripted", "answers": ["yes"]},
            "goal": "leave the house",
            **options,
        }
    )
    return build("helps", spec, ScriptedModel(answers, latency_s=latency_s))


def facts(episode: Episode, name: str = "helps") -> list[float]:
    return [turn.signals[name] for turn in episode.turns]


WALK = walk("a hall", "a key", "a hall", "a key", "the door")


def test_what_is_not_known_yet_is_no_bonus_and_said_to_be_unknown() -> None:
    async def run() -> None:
        labeler = made()
        (first,) = await labeler.label([WALK])
        assert facts(first) == [0.0] * 4
        assert facts(first, "helps/known") == [0.0] * 4

        await labeler.queue.settled()
        (later,) = await labeler.label([WALK])
        assert facts(later) == [1.0, 0.0, 0.0, 1.0]
        assert facts(later, "helps/known") == [1.0] * 4
        await labeler.close()

    asyncio.run(run())


def test_labeling_does_not_wait_for_the_model() -> None:
    async def run() -> None:
        labeler = made(latency_s=30)
        async with asyncio.timeout(1):
            await labeler.label([WALK])
            await labeler.label([WALK])
            await asyncio.sleep(0)
            await labeler.close()
        assert labeler.queue.answered == 0
        assert labeler.queue.waiting == 0
        await labeler.close()

    asyncio.run(run())


def test_a_text_is_asked_about_once_however_often_it_is_seen() -> None:
    asked: list[str] = []

    def answer(request: Request) -> str:
        asked.append(request.messages[0].content)
        return "yes"

    async def run() -> None:
        labeler = made(answer)
        for _ in range(3):
            await labeler.label([WALK, WALK])
            await labeler.queue.settled()
        await labeler.close()

    asyncio.run(run())

    assert len(asked) == 3
    assert all("leave the house" in text for text in asked)


@pytest.mark.parametrize(
    ("repeats", "expected"),
    [("once", [1, 0, 0, 1]), ("root", [1, 0, 2**-0.5, 1]), ("all", [1, 0, 1, 1])],
)
def test_a_text_that_comes_again_is_worth_what_the_suite_says(
    repeats: str, expected: list[float]
) -> None:
    async def run() -> list[float]:
        labeler = made(repeats=repeats)
        await labeler.label([WALK])
        await labeler.queue.settled()
        (labeled,) = await labeler.label([WALK])
        await labeler.close()
        return facts(labeled)

    assert asyncio.run(run()) == pytest.approx(expected)


def test_when_too_many_wait_the_oldest_are_dropped_and_counted() -> None:
    async def run() -> None:
        labeler = made(queue=2)
        (first, second) = walk("one", "two"), walk("key three", "door four")
        await labeler.label([first])
        await labeler.label([second])
        assert labeler.queue.dropped == 2
        await labeler.queue.settled()
        assert labeler.queue.answered == 2
        assert facts((await labeler.label([second]))[0]) == [1.0]
        assert facts((await labeler.label([first]))[0], "helps/known") == [0.0]
        assert labeler.memory()["dropped"] == 2
        await labeler.close()

    asyncio.run(run())


def test_a_model_that_answers_nonsense_or_fails_labels_nothing_and_is_asked_again() -> None:
    calls = 0

    def answer(request: Request) -> str:
        nonlocal calls
        calls += 1
        if calls == 1:
            raise ModelError("down")
        if calls == 2:
            raise ContextFullError("too long")
        if calls == 3:
            raise KeyError("a bug")
        return "perhaps" if calls < 6 else "yes"

    async def run() -> None:
        labeler = made(answer, concurrency=1)
        for _ in range(4):  # three failures, then one try with a retry, each of no use
            await labeler.label([walk("", "key")])
            await labeler.queue.settled()
        assert labeler.queue.answered == 0
        assert labeler.queue.failed >= 4
        (labeled,) = await labeler.label([walk("", "key")])
        assert labeled.status is Status.OK
        await labeler.queue.settled()
        assert facts((await labeler.label([walk("", "key")]))[0]) == [1.0]
        await labeler.close()

    asyncio.run(run())


def test_a_model_that_cannot_be_used_at_all_is_told_with_the_next_group() -> None:
    def answer(request: Request) -> str:
        raise UsageError("no such model")

    async def run() -> None:
        labeler = made(answer)
        await labeler.label([WALK])
        await labeler.queue.settled()
        with pytest.raises(UsageError, match="no such model"):
            await labeler.label([WALK])
        await labeler.close()

    asyncio.run(run())


@pytest.mark.parametrize("variant", ["hash", "classifier", "ranking"])
def test_what_is_known_survives_json(variant: str) -> None:
    async def run() -> None:
        labeler, again = made(variant=variant, fit_every=1), made(variant=variant)
        for _ in range(3):
            await labeler.label([WALK])
            await labeler.queue.settled()
        again.restore(json.loads(json.dumps(labeler.memory())))
        before, after = await labeler.label([WALK]), await again.label([WALK])

        assert facts(after[0]) == pytest.approx(facts(before[0]))
        assert facts(after[0], "helps/known") == [1.0] * 4
        assert again.queue.answered == labeler.queue.answered
        await labeler.close()
        await again.close()

    asyncio.run(run())


@pytest.mark.parametrize("other", [{"variant": "ranking"}, {"goal": "stay"}])
def test_knowledge_of_another_kind_is_refused(other: dict[str, Any]) -> None:
    with pytest.raises(UsageError, match="were given for"):
        made().restore(made(**other).memory())


def test_an_episode_that_is_not_scored_passes_untouched_and_is_not_asked_about() -> None:
    lost = walk("a", "b", status=Status.INFRA_FAILED)

    async def run() -> None:
        labeler = made()
        assert await labeler.label([lost]) == [lost]
        assert labeler.queue.waiting == 0
        await labeler.close()

    asyncio.run(run())


def ask(text: str) -> Question:
    return Question(digest(text), (text,))


def test_a_classifier_extends_labels_to_texts_without_one() -> None:
    knowledge = Classifier(100, HashedNgrams(EmbeddingSpec(features=256)))
    assert knowledge.value("you see a brass key") is None
    for index in range(10):
        knowledge.take(ask(f"you see a key in corner {index}"), 1.0)
        knowledge.take(ask(f"nothing happens in corner {index}"), 0.0)
    knowledge.fit()

    high, low = knowledge.value("you see a brass key"), knowledge.value("nothing happens here")
    assert high is not None
    assert low is not None
    assert low < 0.3 < 0.7 < high
    assert knowledge.value("you see a key in corner 3") == 1.0


def test_a_classifier_of_one_label_says_nothing() -> None:
    knowledge = Classifier(100, HashedNgrams(EmbeddingSpec()))
    knowledge.take(ask("a"), 1.0)
    knowledge.fit()

    assert knowledge.value("b") is None


def test_a_ranking_gives_the_better_of_two_the_higher_value() -> None:
    knowledge = Ranking(100, HashedNgrams(EmbeddingSpec(features=256)))
    for index in range(30):
        seen = [f"a key number {index}", f"a wall number {index}"]
        for question in knowledge.questions(seen):
            values = ["key" in text for text in question.texts]
            knowledge.take(question, 0.5 if values[0] == values[1] else float(values[0]))
    assert knowledge.value("a key") is None
    knowledge.fit()

    key, wall = knowledge.value("a key"), knowledge.value("a wall")
    assert key is not None
    assert wall is not None
    assert 0 <= wall < 0.5 < key <= 1


def test_a_ranking_asks_again_about_a_text_that_nobody_compared() -> None:
    knowledge = Ranking(100, HashedNgrams(EmbeddingSpec()))

    assert knowledge.questions(["a"]) == []
    (first,) = knowledge.questions(["b"])
    assert sorted(first.texts) == ["a", "b"]
    assert knowledge.questions(["b"]) == [first]
    knowledge.take(first, 1.0)
    assert knowledge.questions(["b"]) == []


def test_the_oldest_labels_are_forgotten() -> None:
    table = Table(2)
    for text in ("a", "b", "c"):
        table.take(ask(text), 1.0)

    assert table.value("a") is None
    assert table.value("b") == table.value("c") == 1.0
    assert table.questions(["a", "c"]) == [ask("a")]


@pytest.mark.parametrize(
    ("answer", "value"), [("Yes", 1.0), ("yes, or rather no.", 0.0), ("NO", 0.0)]
)
def test_the_last_word_of_an_answer_counts(answer: str, value: float) -> None:
    assert reading(ask("x"), answer) == value


def test_a_choice_is_read_as_such() -> None:
    pair = Question("k", ("x", "y"))

    assert [reading(pair, answer) for answer in ("1", "not 1 but 2", "0")] == [1.0, 0.0, 0.5]
    for question, answer in ((pair, "12"), (pair, "both"), (ask("x"), "eyes")):
        with pytest.raises(ValueError, match="it ends"):
            reading(question, answer)


def test_long_texts_are_cut_for_the_model() -> None:
    assert len(wording(ask("x" * 9000), "g")) < 3000
